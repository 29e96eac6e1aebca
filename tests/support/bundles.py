"""A bundle whose logits are the sum of what its words add, so that every answer can be told by hand."""

import numpy as np
import onnx
import pandas as pd
import tiny
from onnx import TensorProto, helper, numpy_helper
from transformers import BertConfig

from decant import paths
from decant.files import write_json
from decant.heads import layout
from stages import bundle as stage

WORDS = ["claim", "airdrop", "btc", "salary", "hello", "now"]
# what each word adds to the logits honest, scam, crypto, money, urgency; [CLS] is where a text starts
ADDS = {"[CLS]": [1, -1, -2, -2, 0.25], "airdrop": [-2, 2, 0, 0, 0], "btc": [0, 0, 4, 0, 0], "now": [0, 0, 0, 0, 0.5]}
DESCRIBED = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    "urgency": {"kind": "regression", "labels": []},
}
HEADS = layout(DESCRIBED)


def write_model(file, vocabulary, added=ADDS):
    """An ONNX file whose logits are the sum of what its words add. added: word -> what it adds to each logit."""
    outputs = len(added["[CLS]"])
    adds = np.zeros((len(vocabulary), outputs), dtype=np.float32)
    for word, values in added.items():
        adds[vocabulary[word]] = values
    nodes = [
        helper.make_node("Gather", ["adds", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["each", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in
         ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(adds, "adds"), numpy_helper.from_array(np.array([2]), "last"),
         numpy_helper.from_array(np.array([1]), "middle")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(file))


def write_task(workspace, texts=("hello",)):
    """What the bundle stage reads: a student, an int8 file, thresholds and valid texts (cleaned already)."""
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    models = workspace / "models" / "demo"
    models.mkdir(parents=True)
    tokenizer = tiny.write_tokenizer(
        models / "student", ["0123456789 abcdefghijklmnopqrstuvwxyz .,!?&;<>@", *WORDS * 2]
    )
    write_json(models / "student" / "config.json", {"encoder": BertConfig(vocab_size=len(tokenizer)).to_dict()})
    write_model(models / "onnx" / "model_quantized.onnx", tokenizer.get_vocab())
    write_json(models / "thresholds.json", {"student_int8": {"scam": 0.9, "crypto": 0.6}, "linear": {"scam": 0.1}})
    frame = pd.DataFrame(
        {"id": [str(row) for row in range(len(texts))], "text": texts, "raw": texts, "linear": texts, "scam": "honest"}
    )
    frame = frame.assign(urgency=0.5, **{"topic.crypto": False, "topic.money": False})
    (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
    frame.to_parquet(paths.split_file("demo", "valid"))


def write_bundle(workspace):
    """models/demo/bundle, made by the stage."""
    write_task(workspace)
    stage.main("demo")
    return workspace / "models" / "demo" / "bundle"
