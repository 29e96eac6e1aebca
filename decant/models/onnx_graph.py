"""A classifier as an ONNX file, fp32."""

from pathlib import Path

import onnx
import torch
from onnx import TensorProto

from decant.errors import ParityError
from decant.models.model import Classifier, padded


class Exported(torch.nn.Module):
    """The classifier with one output: a second one (the pooled state) would confuse transformers.js and Optimum."""

    def __init__(self, model: Classifier):
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids, attention_mask)["logits"]


def to_onnx(model: Classifier, file: Path, opset: int, longest: int, pad: int) -> None:
    """Write `file`: inputs input_ids and attention_mask (n, t) int64, output logits (n, w), any n and t.

    Raises ParityError: the graph would compute in half precision.
    """
    wrapper = Exported(model).eval()  # the wrapper itself: the exporter restores its mode, and train mode keeps dropout
    # two rows of unlike length, in two tensors: torch specialises sizes of 1, and aliases inputs that are one object
    example = padded([[5] * min(16, longest), [5] * 5], pad)
    batch, tokens = torch.export.Dim("batch", min=1), torch.export.Dim("tokens", min=1, max=longest)
    shapes = {"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}}
    program = torch.onnx.export(
        wrapper,
        (example["input_ids"], example["attention_mask"]),
        dynamo=True,
        opset_version=opset,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_shapes=shapes,
        verbose=False,
    )
    proto = program.model_proto
    refuse_half(proto, file)
    # stale shapes of initializers make quantize_dynamic fail, and the stack traces in the metadata hold local paths,
    # which would give every checkout other bytes
    del proto.graph.value_info[:]
    del proto.metadata_props[:]
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for part in (*proto.graph.input, *proto.graph.output, *proto.graph.initializer):
        del part.metadata_props[:]
    del proto.graph.metadata_props[:]
    onnx.checker.check_model(proto)
    onnx.save(proto, str(file))


def refuse_half(proto: onnx.ModelProto, file: Path) -> None:
    """A model that has just been trained in bf16 runs in bf16 still: its weights would be cast in the graph, where no
    quantizer finds them (24 MB of int8 in place of 8, on scam's whole student)."""
    half = (TensorProto.BFLOAT16, TensorProto.FLOAT16)
    casts = [node for node in proto.graph.node if node.op_type == "Cast" and node.attribute[0].i in half]
    if casts:
        raise ParityError(
            f"{file}: {len(casts)} casts to half precision; the model runs as it did in training. Save it, and load it again"
        )
