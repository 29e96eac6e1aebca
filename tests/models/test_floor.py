"""The floor: the multiply-adds of a graph as one counts them by hand, and a product that is one."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from decant.models import floor

WIDE, INNER, LABELS = 8, 32, 3


def write(file, layers: int):
    """A graph with the products of a transformer: query, key, value, two of attention, output, two of feed-forward."""
    weights, nodes = {}, []

    def multiply(name: str, shape: tuple[int, int] | None, inputs: list[str]) -> str:
        if shape:
            weights[name] = np.zeros(shape, dtype=np.float32)
        nodes.append(helper.make_node("MatMul", [inputs[0], name if shape else inputs[1]], [f"{name}_out"]))
        return f"{name}_out"

    state = "x"
    for layer in range(layers):
        query, key, value = (multiply(f"{part}{layer}", (WIDE, WIDE), [state]) for part in "qkv")
        mixed = multiply(f"mix{layer}", None, [multiply(f"scores{layer}", None, [query, key]), value])
        state = multiply(f"down{layer}", (INNER, WIDE), [
            multiply(f"up{layer}", (WIDE, INNER), [multiply(f"out{layer}", (WIDE, WIDE), [mixed])])
        ])  # fmt: skip
    weights["head"] = np.zeros((LABELS, WIDE), dtype=np.float32)
    nodes.append(helper.make_node("Gemm", [state, "head"], ["logits"], transB=1))
    graph = helper.make_graph(
        nodes, "layers", [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph), str(file))


@pytest.mark.parametrize(("layers", "tokens"), [(1, 1), (1, 5), (3, 5), (3, 32)])
def test_the_work_of_a_text_is_that_of_its_products(tmp_path, layers, tokens):
    write(tmp_path / "model.onnx", layers)
    each = tokens * (4 * WIDE * WIDE + 2 * WIDE * INNER) + 2 * tokens * tokens * WIDE
    assert floor.multiply_adds(tmp_path / "model.onnx", tokens) == layers * each + LABELS * WIDE


@pytest.mark.parametrize("kind", floor.KINDS)
def test_the_large_product_is_one_of_its_precision(kind):
    (found,) = floor.product(kind, 1)(None)
    assert found.shape == (floor.ROWS, floor.WIDE)
    assert found.dtype == {"int8": np.int32, "fp32": np.float32}[kind]
    assert found.any()
    assert floor.PRODUCT == floor.ROWS * floor.WIDE**2
