"""int8: the recipes by which a classifier in ONNX becomes small and fast.

Dynamic recipes scale activations at run time, one scale for the whole tensor, so that the answers of a batch depend on its
other rows and on padding; `static` has its scales from texts of train, and answers each row as if it were alone.
"""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

from decant.errors import ParamsError, ParityError

BLOCK = 32  # values that share a scale in a 4-bit table; 128 cost .0105 of mean probability on demo's whole student, 32 .0059, 8 bits .0040
ACTIVATIONS = ("Erf", "Gelu", "Relu", "Sigmoid", "Tanh")
STEPS = ("Add", "Div", "Mul", "Pow", "Sqrt")  # that a GELU is written in


class Rows(CalibrationDataReader):
    """Token ids, one row at a time, without padding: its states would count as a text's."""

    def __init__(self, ids: list[list[int]]):
        self.rows = iter([np.array([row], dtype=np.int64) for row in ids])

    def get_next(self) -> dict[str, np.ndarray] | None:
        row = next(self.rows, None)
        return None if row is None else {"input_ids": row, "attention_mask": np.ones_like(row)}


def quantize(source: Path, file: Path, recipe: str, embedding_bits: int, ids: list[list[int]]) -> None:
    """Write `source`, an fp32 classifier, to `file` by one recipe. ids: of train texts, for the scales of `static`.

    Weights are QInt8 always: unsigned ones ran no faster than fp32 (6.3 against 2.3 ms).
    Activations of `static` are QUInt8: with QInt8 a text took 14.3 ms in place of 1.9.

    Raises ParityError: a product that should be in int8 has kept its weights in fp32.
    """
    logging.getLogger().setLevel(logging.ERROR)  # its advice to pre-process does not hold for this graph
    small_table = embedding_bits == 4
    spared = last_feed_forward(source) if recipe == "channel_ffn_fp32" else []
    operators = ["MatMul"] if small_table else ["MatMul", "Gather"]
    options = {"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT}
    with tempfile.TemporaryDirectory() as folder:
        products = Path(folder) / "products.onnx" if small_table else file
        if recipe == "static":
            quantize_static(
                source,
                products,
                Rows(ids),
                quant_format=QuantFormat.QOperator,
                op_types_to_quantize=operators,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                extra_options=options,
            )
        else:
            quantize_dynamic(
                source,
                products,
                op_types_to_quantize=operators,
                weight_type=QuantType.QInt8,
                per_channel=recipe != "tensor",
                reduce_range=recipe == "channel_reduced",  # 7 bits: no overflow on processors without VNNI
                nodes_to_exclude=spared,
                extra_options=options,
            )
        refuse_fp32(products, recipe, spared)
        if small_table:
            four_bits(products, file)


def refuse_fp32(file: Path, recipe: str, spared: list[str]) -> None:
    """The quantizer passes over, without a word, a weight that is not an initializer itself but made of one."""
    graph = onnx.load(str(file)).graph
    weights = {tensor.name for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}

    def constant(name: str) -> bool:
        made = makers.get(name)
        return name in weights or (made is not None and bool(made.input) and all(map(constant, made.input)))

    left = [node.name for node in graph.node if node.op_type == "MatMul" and constant(node.input[1])]
    if left := sorted(set(left) - set(spared)):
        raise ParityError(
            f"{recipe}: {len(left)} products have kept their weights in fp32, {left[0]} first: the quantizer did not find them. "
            "Each weight of the fp32 file must be an initializer, and not cast or transposed in the graph"
        )


def four_bits(source: Path, file: Path) -> None:
    """The embedding tables in 4 bits, with a scale per BLOCK values of a row."""
    chosen = DefaultWeightOnlyQuantConfig(
        block_size=BLOCK,
        is_symmetric=True,
        quant_format=QuantFormat.QOperator,
        op_types_to_quantize=("Gather",),
        quant_axes=(("Gather", 1),),
        bits=4,
    )
    tables = MatMulNBitsQuantizer(onnx.load(str(source)), algo_config=chosen)
    tables.process()
    tables.model.save_model_to_file(str(file))


def last_feed_forward(source: Path) -> list[str]:
    """The products that read what an activation function gave, each layer's second feed-forward one: outliers gather there.

    Raises ParamsError: there is none.
    """
    graph = onnx.load(str(source)).graph
    weights = {tensor.name for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    products = [node for node in graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    found = [node.name for node in products if activated(node.input[0], makers)]
    if not found:
        raise ParamsError(
            "quantize.recipes: channel_ffn_fp32: no product of this model follows an activation function, so there is nothing to spare"
        )
    return found


def activated(name: str, makers: dict[str, onnx.NodeProto]) -> bool:
    """Is an activation function among the element by element steps that made this tensor?"""
    node = makers.get(name)
    if node is None or node.op_type not in (*ACTIVATIONS, *STEPS):
        return False
    return node.op_type in ACTIVATIONS or any(activated(given, makers) for given in node.input)


def answers_alone(file: Path) -> bool:
    """Does each row of a batch get the answer that it would get alone? Not where a scale is taken from the whole tensor."""
    return all(node.op_type != "DynamicQuantizeLinear" for node in onnx.load(str(file)).graph.node)
