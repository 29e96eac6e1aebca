"""The physical floor: what a core does at best, against the work that a model asks of it.

The work is the multiply-adds of the ONNX graph's matrix products; the best is measured, by one large product in
onnxruntime (MatMul in fp32, MatMulInteger of u8 and s8). No latency of the model can be below their quotient while
onnxruntime multiplies. All the rest (attention's softmax, GELU, norms, the time between two nodes) comes on top.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from decant.shipped.model import session

ROWS, WIDE = 256, 1024  # of the large product, whose weights stay in the cache of a core
PRODUCT = ROWS * WIDE * WIDE  # multiply-adds
KINDS = {
    "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT32, np.uint8, np.int8),
    "fp32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT, np.float32, np.float32),
}


def multiply_adds(file: Path, tokens: int) -> int:
    """Of one text of so many tokens. file: a classifier in fp32 ONNX, as export writes it.

    A MatMul with weights has a row per token, a Gemm (the last layer) one row, and a MatMul of two activations is half of
    attention: tokens x tokens, as wide as the product before it.
    """
    graph = onnx.load(file, load_external_data=False).graph
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    total = width = 0
    for node in graph.node:
        if node.op_type not in ("MatMul", "Gemm"):
            continue
        shape = weights.get(node.input[1])
        if shape is None:
            total += tokens * tokens * width
        elif node.op_type == "Gemm":
            total += shape[0] * shape[1]
        else:
            width = shape[1]
            total += tokens * shape[0] * shape[1]
    return total


def product(kind: str, threads: int) -> Callable[[object], object]:
    """The large product, ready to run; what it is called with does not count. kind: int8 or fp32."""
    operator, given, made, left, right = KINDS[kind]
    draws = np.random.default_rng(0)
    weights = draws.integers(-100, 100, (WIDE, WIDE)).astype(right)
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", given, [ROWS, WIDE])],
        [helper.make_tensor_value_info("c", made, [ROWS, WIDE])],
        [numpy_helper.from_array(weights, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    opened = session(model.SerializeToString(), threads)
    rows = {"a": draws.integers(0, 200, (ROWS, WIDE)).astype(left)}
    return lambda _: opened.run(None, rows)
