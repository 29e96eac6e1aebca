"""ONNX: the file is the student with its temperatures inside, in any shape, from any folder; int8 stays close to it."""

import shutil
import subprocess
import sys
from typing import get_args

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import tiny
import torch
from graph import ROOT
from onnx import numpy_helper
from ruamel.yaml import YAML
from transformers import DistilBertConfig, DistilBertModel

from decant import paths, tables
from decant.errors import BudgetError, ParityError
from decant.files import read_json, write_json
from decant.heads import layout, probabilities, tempered
from decant.models import encoder, int8, onnx_graph
from decant.models.model import build, load, padded, predict
from decant.scoring import calibration
from decant.settings.quantize import Quantize
from decant.shipped.model import Model
from stages import export, quantize

DESCRIBED = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    "urgency": {"kind": "regression", "labels": []},
}
HEADS = layout(DESCRIBED)
LENGTH = 48  # tokens, as tiny.shrink sets it
RECIPES = list(get_args(get_args(Quantize.model_fields["recipes"].annotation)[0]))  # all that params may name
DYNAMIC = [recipe for recipe in RECIPES if recipe != "static"]  # whose bytes depend on no text


@pytest.fixture(scope="module")
def student(tiny_encoder, texts, tmp_path_factory):
    """A folder as distil leaves it: random, but with answers that differ from text to text."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("student")
    tokenizer = encoder.load_tokenizer(tiny_encoder)
    model = build(encoder.load_weights(tiny_encoder), HEADS, "mean", 0.1, np.zeros(5))
    states = predict(model, tokenizer, texts, LENGTH, "test")[1]
    with torch.no_grad():
        model.classifier.weight.copy_(torch.randn(5, tiny.WIDTH) / torch.from_numpy(states.std(axis=0)))
        model.classifier.bias.copy_(-model.classifier.weight @ torch.from_numpy(states.mean(axis=0)))
    model.save_pretrained(folder)
    encoder.save_tokenizer(tokenizer, folder, LENGTH)
    write_json(folder / "student.json", {"parameters": 1, "vocabulary": 2})
    return folder


@pytest.fixture(scope="module")
def exported(student, tmp_path_factory):
    """The student as ONNX, without temperatures."""
    file = tmp_path_factory.mktemp("onnx") / "model.onnx"
    onnx_graph.to_onnx(load(student), file, 18, LENGTH, 0)
    return file


def run(file, ids, pad=0):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {name: tensor.numpy() for name, tensor in padded(ids, pad).items()})[0]


def change(source, target, name, edit):
    """A copy of an ONNX file with one initializer changed."""
    proto = onnx.load(str(source))
    tensor = next(one for one in proto.graph.initializer if one.name == name)
    tensor.CopyFrom(numpy_helper.from_array(edit(numpy_helper.to_array(tensor).copy()), name))
    onnx.save(proto, str(target))


def broken_weight(values):
    values[0, 0] += 0.5
    return values


def not_a_number(values):
    values[0, 0] = np.nan
    return values


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "tokens"), [(1, 3), (2, 16), (7, 40), (1, LENGTH)], ids=lambda size: str(size))
def test_every_shape_gives_the_logits_of_torch(student, exported, rows, tokens):
    rng = np.random.default_rng(rows)
    lengths = [tokens, *rng.integers(3, tokens + 1, rows - 1)]  # the shorter ones are padded
    ids = [rng.integers(5, 200, length).tolist() for length in lengths]
    with torch.inference_mode():
        wanted = load(student)(**padded(ids, 0))["logits"].numpy()
    np.testing.assert_allclose(run(exported, ids), wanted, atol=1e-4)


def test_padding_does_not_reach_the_logits(exported):
    short, long = [9, 8, 7], list(range(5, 45))
    np.testing.assert_allclose(run(exported, [short, long])[0], run(exported, [short])[0], atol=1e-5)


def test_the_graph_has_two_inputs_and_one_output(exported):
    proto = onnx.load(str(exported))
    assert [part.name for part in proto.graph.input] == ["input_ids", "attention_mask"]
    assert [part.name for part in proto.graph.output] == ["logits"]
    assert [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")] == [18]
    assert "Dropout" not in {node.op_type for node in proto.graph.node}
    for part in proto.graph.input:
        assert part.type.tensor_type.elem_type == onnx.TensorProto.INT64
        assert all(dim.dim_param for dim in part.type.tensor_type.shape.dim)


def test_the_file_holds_no_metadata_and_no_local_path(exported):
    proto = onnx.load(str(exported))
    parts = [proto, proto.graph, *proto.functions]
    for graph in (proto.graph, *proto.functions):
        parts += graph.node
    parts += [*proto.graph.input, *proto.graph.output, *proto.graph.initializer]
    assert not [part for part in parts if part.metadata_props or part.doc_string]
    assert not proto.graph.value_info
    content = exported.read_bytes()
    for trace in (str(ROOT).encode(), sys.prefix.encode(), b".py", b"stack_trace", b"site-packages", b"/tmp"):
        assert trace not in content
    assert [path.name for path in exported.parent.iterdir()] == ["model.onnx"]  # no external data


def test_another_folder_gives_the_same_bytes(student, exported, tmp_path):
    """The exporter writes the paths and lines of the code into the file; they differ from checkout to checkout."""
    for name in ("decant", "stages"):
        shutil.copytree(ROOT / name, tmp_path / "elsewhere" / name, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import sys; from stages.export import to_onnx, load; to_onnx(load(sys.argv[1]), sys.argv[2], 18, 48, 0)"
    file = tmp_path / "other.onnx"
    command = [sys.executable, "-c", "import torch; torch.set_num_threads(1); " + code, student, file]
    subprocess.run(command, cwd=tmp_path / "elsewhere", check=True, capture_output=True)
    assert file.read_bytes() == exported.read_bytes()


def test_texts_may_be_shorter_than_the_exporters_example(student, tmp_path):
    """max_length 8 is allowed; the example that the exporter traces must fit in it."""
    onnx_graph.to_onnx(load(student), tmp_path / "model.onnx", 18, 8, 0)
    ids = [[5, 6, 7], [8, 9]]
    with torch.inference_mode():
        wanted = load(student)(**padded(ids, 0))["logits"].numpy()
    np.testing.assert_allclose(run(tmp_path / "model.onnx", ids), wanted, atol=1e-4)


# --- the stage --------------------------------------------------------------------------------------------------------


def tree_of(workspace):
    return YAML(typ="safe", pure=True).load((workspace / "params.yaml").read_text(encoding="utf-8"))


def configure(workspace, **sections):
    tree = tree_of(workspace)
    for name, values in sections.items():
        tree["demo"][name] = values
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)


@pytest.fixture
def task(workspace, student, texts):
    """What export and quantize read: the student and its tables, labelled as it would at half its certainty."""
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    shutil.copytree(student, workspace / "models" / "demo" / "student")
    raw = predict(load(student), encoder.load_tokenizer(student), texts, LENGTH, "test")[0]
    chances = probabilities(raw / 2, HEADS)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"id": [str(row) for row in range(200)], "text": texts, "linear": texts, "urgency": chances[:, 4]}
    )
    frame["scam"] = np.where(rng.random(200) < chances[:, 1], "scam", "honest")
    frame["topic.crypto"], frame["topic.money"] = (rng.random(200) < chances[:, column] for column in (2, 3))
    (workspace / "data" / "demo").mkdir(parents=True)
    frame.to_parquet(paths.split_file("demo", "calib"))
    for split in ("train", "valid"):
        frame[:60].to_parquet(paths.split_file("demo", split))
    return workspace


def written(task):
    return sorted(path.name for path in (task / "models" / "demo" / "onnx").glob("*"))


def test_the_stage_folds_the_temperatures_into_the_file(task, student, texts):
    export.main("demo")
    raw = predict(load(student), encoder.load_tokenizer(student), texts, LENGTH, "test")[0]
    targets = tables.targets(tables.load("demo", "calib", HEADS), HEADS)
    fitted = calibration.temperatures(raw, targets, HEADS)
    assert all(1.3 < value < 3.5 for value in fitted.values())  # planted: 2
    file = task / "models" / "demo" / "onnx" / "model.onnx"
    found = Model(file, student / "tokenizer.json", LENGTH).logits(texts)
    np.testing.assert_allclose(found, tempered(raw, HEADS, fitted), atol=1e-4)
    np.testing.assert_allclose(found[:, 4], raw[:, 4], atol=1e-4)  # a regression head has no temperature
    metrics = read_json(task / "metrics" / "demo" / "export.json")
    assert metrics["bytes"] == file.stat().st_size
    assert metrics["rows"] == 120
    assert float(metrics["max_difference"]) < 1e-4
    for name, value in fitted.items():
        entry = metrics["calibration"][name]
        assert entry["temperature"] == pytest.approx(value, abs=1e-4)
        assert entry["nll_after"] < entry["nll_before"]
    assert written(task) == ["model.onnx"]


def test_fold_divides_each_head_by_its_own_temperature(student):
    plain, folded = load(student), load(student)
    export.fold(folded, HEADS, {"scam": 2.0, "topic": 0.5})
    factor = torch.tensor([0.5, 0.5, 2, 2, 1])
    torch.testing.assert_close(folded.classifier.bias, plain.classifier.bias * factor)
    torch.testing.assert_close(folded.classifier.weight, plain.classifier.weight * factor[:, None])


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(broken_weight, id="one weight changed"),
        pytest.param(not_a_number, id="one weight not a number"),
        pytest.param(lambda values: values * 2, id="the temperatures of another run"),
    ],
)
def test_a_file_unlike_torch_stops_the_stage(task, exported, monkeypatch, edit):
    """Planted: an exporter that writes another model. With temperatures of 1, `exported` is right but for the edit."""
    monkeypatch.setattr(calibration, "temperatures", lambda *_: {"scam": 1.0, "topic": 1.0})
    monkeypatch.setattr(
        export, "to_onnx", lambda model, file, *_: change(exported, file, "model.classifier.weight", edit)
    )
    with pytest.raises(ParityError, match=r"demo: ONNX and torch differ by .* in a logit, demo\.export\.tolerance"):
        export.main("demo")
    assert written(task) == []
    assert not (task / "metrics" / "demo" / "export.json").exists()


def test_the_planted_file_passes_without_its_defect(task, exported, monkeypatch):
    monkeypatch.setattr(calibration, "temperatures", lambda *_: {"scam": 1.0, "topic": 1.0})
    monkeypatch.setattr(export, "to_onnx", lambda model, file, *_: shutil.copy(exported, file))
    export.main("demo")
    assert written(task) == ["model.onnx"]


def test_a_runtime_that_reads_other_tokens_stops_the_stage(task, exported, monkeypatch):
    """Planted: the shipped runtime cuts texts at 8 tokens, the training code at 48."""
    monkeypatch.setattr(calibration, "temperatures", lambda *_: {"scam": 1.0, "topic": 1.0})
    monkeypatch.setattr(export, "to_onnx", lambda model, file, *_: shutil.copy(exported, file))
    monkeypatch.setattr(export, "Model", lambda file, tokenizer, length, threads: Model(file, tokenizer, 8, threads))
    with pytest.raises(ParityError, match="differ by"):
        export.main("demo")
    assert written(task) == []


def test_a_model_that_runs_in_half_precision_is_not_exported(student, tmp_path):
    """As a model runs that has just been trained in bf16."""
    model = load(student)
    model.forward = torch.autocast("cpu", dtype=torch.bfloat16)(model.forward)
    with pytest.raises(ParityError, match=r"model\.onnx: \d+ casts to half precision; .* Save it, and load it again"):
        onnx_graph.to_onnx(model, tmp_path / "model.onnx", 18, LENGTH, 0)
    assert not (tmp_path / "model.onnx").exists()


# --- int8 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ids(student, texts):
    return encoder.encode(encoder.load_tokenizer(student), texts, LENGTH)


@pytest.fixture(scope="module")
def quantized(exported, ids, tmp_path_factory):
    folder = tmp_path_factory.mktemp("int8")
    for recipe in RECIPES:
        int8.quantize(exported, folder / f"{recipe}.onnx", recipe, 8, ids)
    return folder


def test_a_weight_that_the_quantizer_passes_over_is_refused(exported, tmp_path):
    """Planted: a weight that is transposed in the graph, as a cast one is."""
    proto = onnx.load(str(exported))
    weights = {tensor.name: tensor for tensor in proto.graph.initializer}
    place, node = next(
        (place, node)
        for place, node in enumerate(proto.graph.node)
        if node.op_type == "MatMul" and node.input[1] in weights
    )
    tensor = weights[node.input[1]]
    turned = numpy_helper.from_array(numpy_helper.to_array(tensor).T.copy(), "turned")
    proto.graph.initializer.append(turned)
    proto.graph.node.insert(place, onnx.helper.make_node("Transpose", ["turned"], ["back"], perm=[1, 0]))
    node.input[1] = "back"
    onnx.save(proto, str(tmp_path / "model.onnx"))
    with pytest.raises(ParityError, match=f"channel: 1 products have kept their weights in fp32, {node.name} first"):
        int8.quantize(tmp_path / "model.onnx", tmp_path / "int8.onnx", "channel", 8, [])


def products(file):
    return [node.op_type for node in onnx.load(str(file)).graph.node if node.op_type in ("MatMul", "Gemm")]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_changes_the_numbers_and_keeps_most_answers(student, exported, quantized, texts, recipe):
    fp32, small = (
        probabilities(Model(file, student / "tokenizer.json", LENGTH).logits(texts), HEADS)
        for file in (exported, quantized / f"{recipe}.onnx")
    )
    assert not np.allclose(fp32, small, atol=1e-5)
    assert np.abs(fp32 - small)[:, :4].mean() < 0.05
    assert ((fp32 > 0.5) == (small > 0.5))[:, :4].all(axis=1).mean() > 0.8
    assert (quantized / f"{recipe}.onnx").stat().st_size < 0.6 * exported.stat().st_size


def test_the_recipes_differ(quantized):
    assert len({(quantized / f"{recipe}.onnx").read_bytes() for recipe in RECIPES}) == len(RECIPES)


def test_weights_are_signed_and_attention_products_are_left_alone(quantized):
    proto = onnx.load(str(quantized / "channel.onnx"))
    kinds = {tensor.data_type for tensor in proto.graph.initializer}
    assert onnx.TensorProto.INT8 in kinds
    # of three layers, scores and mixtures stay: two products of activations each
    assert products(quantized / "channel.onnx") == ["MatMul"] * 6
    assert len([node for node in proto.graph.node if node.op_type == "MatMulInteger"]) == 3 * 6 + 1


@pytest.mark.parametrize("recipe", ["static", "channel"])
def test_quantizing_twice_gives_the_same_bytes(exported, quantized, ids, tmp_path, recipe):
    int8.quantize(exported, tmp_path / "again.onnx", recipe, 8, ids)
    assert (tmp_path / "again.onnx").read_bytes() == (quantized / f"{recipe}.onnx").read_bytes()


def spared(file, names):
    """Weight shapes of the named products."""
    graph = onnx.load(str(file)).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    return [next(shapes[name] for name in node.input if name in shapes) for node in graph.node if node.name in names]


def test_the_last_feed_forward_product_of_each_layer_is_found(exported):
    """The tiny encoder: three layers, 32 wide, 64 in between."""
    names = int8.last_feed_forward(exported)
    assert len(names) == 3
    assert spared(exported, names) == [(64, 32)] * 3


def test_it_is_found_in_a_distilbert_too(tmp_path):
    torch.manual_seed(0)
    config = DistilBertConfig(vocab_size=90, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=64)
    model = build(DistilBertModel(config), HEADS, "cls", 0.1, np.zeros(5))
    onnx_graph.to_onnx(model, tmp_path / "model.onnx", 18, LENGTH, 0)
    names = int8.last_feed_forward(tmp_path / "model.onnx")
    assert spared(tmp_path / "model.onnx", names) == [(24, 16)] * 2


def test_the_spared_products_stay_fp32(quantized):
    assert len(products(quantized / "channel_ffn_fp32.onnx")) == len(products(quantized / "channel.onnx")) + 3


@pytest.fixture
def ready(task, exported):
    """The task with its fp32 file, as quantize finds it."""
    (task / "models" / "demo" / "onnx").mkdir()
    shutil.copy(exported, task / "models" / "demo" / "onnx" / "model.onnx")
    return task


def test_the_recipe_closest_to_fp32_ships_where_no_gap_is_allowed(ready, quantized):
    configure(ready, quantize={"recipes": DYNAMIC, "max_gap": 0})
    quantize.main("demo")
    metrics = read_json(ready / "metrics" / "demo" / "quantize.json")
    differences = {recipe: entry["mean_difference"] for recipe, entry in metrics["recipes"].items()}
    assert list(differences) == DYNAMIC
    assert differences[metrics["recipe"]] == min(differences.values())
    shipped = ready / "models" / "demo" / "onnx" / "model_quantized.onnx"
    assert shipped.read_bytes() == (quantized / f"{metrics['recipe']}.onnx").read_bytes()
    assert metrics["bytes"] == shipped.stat().st_size
    assert metrics["bytes_fp32"] == (ready / "models" / "demo" / "onnx" / "model.onnx").stat().st_size
    assert metrics["n"] == 60


@pytest.mark.parametrize("order", [["static", "channel"], ["channel", "static"]])
def test_a_preferred_recipe_ships_if_its_gap_is_allowed(ready, order):
    configure(ready, quantize={"recipes": order, "max_gap": 1.0})  # more than any difference: the order alone decides
    quantize.main("demo")
    metrics = read_json(ready / "metrics" / "demo" / "quantize.json")
    assert metrics["recipe"] == order[0]
    measured = {recipe: entry["mean_difference"] for recipe, entry in metrics["recipes"].items()}
    near, far = sorted(order, key=measured.get)
    gap = measured[far] - measured[near]
    assert gap > 0
    for allowed, wanted in ((gap / 2, near), (gap * 1.01, far)):
        configure(ready, quantize={"recipes": [far, near], "max_gap": allowed})
        quantize.main("demo")
        assert read_json(ready / "metrics" / "demo" / "quantize.json")["recipe"] == wanted


def test_a_preferred_recipe_that_answers_otherwise_is_passed_over(ready, monkeypatch):
    """Planted: a quantizer whose static files have their last layer turned round, where no gap is too wide."""
    real = quantize.quantize

    def wrong(source, file, recipe, *how):
        if recipe == "static":
            change(source, file.with_suffix(".turned"), "model.classifier.weight", lambda values: -values)
            source = file.with_suffix(".turned")
        real(source, file, recipe, *how)

    monkeypatch.setattr(quantize, "quantize", wrong)
    configure(ready, quantize={"recipes": ["static", "channel"], "max_gap": 1.0, "min_agreement": 0.9})
    quantize.main("demo")
    metrics = read_json(ready / "metrics" / "demo" / "quantize.json")
    assert metrics["recipes"]["static"]["agreement"] < 0.9 <= metrics["recipes"]["channel"]["agreement"]
    assert metrics["recipe"] == "channel"


def batched_logits(file, ids):
    """Rows of unlike length in one batch, padded; and each alone."""
    longest = max(map(len, ids))
    rows = np.array([row + [0] * (longest - len(row)) for row in ids])
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    alone = [run(file, [row])[0] for row in ids]
    return session.run(["logits"], {"input_ids": rows, "attention_mask": mask})[0], np.stack(alone)


def test_only_the_static_recipe_answers_each_row_of_a_batch_as_alone(quantized, ids):
    few = sorted(ids, key=len)[::6]
    together, alone = batched_logits(quantized / "static.onnx", few)
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert int8.answers_alone(quantized / "static.onnx")
    for recipe in set(RECIPES) - {"static"}:
        together, alone = batched_logits(quantized / f"{recipe}.onnx", few)
        assert np.abs(together - alone).max() > 1e-3, recipe
        assert not int8.answers_alone(quantized / f"{recipe}.onnx"), recipe


@pytest.mark.parametrize("recipe", ["static", "channel_reduced"])
def test_a_table_of_four_bits_is_smaller_and_still_answers(student, exported, quantized, ids, texts, tmp_path, recipe):
    file = tmp_path / "four.onnx"
    int8.quantize(exported, file, recipe, 4, ids)
    kinds = [node.op_type for node in onnx.load(str(file)).graph.node]
    assert kinds.count("GatherBlockQuantized") >= 1
    assert file.stat().st_size < (quantized / f"{recipe}.onnx").stat().st_size
    fp32, small = (
        probabilities(Model(one, student / "tokenizer.json", LENGTH).logits(texts), HEADS) for one in (exported, file)
    )
    assert 0 < np.abs(fp32 - small)[:, :4].mean() < 0.2  # of random weights, .11; .006 of a trained classifier


def test_a_recipe_over_the_budget_does_not_ship(ready, quantized):
    sizes = {recipe: (quantized / f"{recipe}.onnx").stat().st_size for recipe in RECIPES}
    assert min(sizes, key=sizes.get) == "tensor"
    configure(ready, quantize={"recipes": RECIPES, "max_bytes": sizes["tensor"]})
    quantize.main("demo")
    assert read_json(ready / "metrics" / "demo" / "quantize.json")["recipe"] == "tensor"


def test_no_recipe_within_the_budget_stops_the_stage(ready, quantized):
    size = (quantized / "tensor.onnx").stat().st_size
    configure(ready, quantize={"recipes": RECIPES, "max_bytes": size - 1})
    words = rf"smallest int8 file has {size:,} bytes, demo\.quantize\.max_bytes allows {size - 1:,}"
    with pytest.raises(BudgetError, match=words):
        quantize.main("demo")
    assert written(ready) == ["model.onnx"]


def test_an_int8_file_that_answers_otherwise_stops_the_stage(ready, monkeypatch):
    """Planted: a quantizer that turns the last layer round."""
    real = quantize.quantize

    def wrong(source, file, *how):
        change(source, file.with_suffix(".turned"), "model.classifier.weight", lambda values: -values)
        real(file.with_suffix(".turned"), file, *how)

    monkeypatch.setattr(quantize, "quantize", wrong)
    configure(ready, quantize={"min_agreement": 0.9})
    words = (
        r"the best recipe, \w+, answers [\d.]+% of valid as fp32 does, demo\.quantize\.min_agreement asks for 90\.0%"
    )
    with pytest.raises(ParityError, match=words):
        quantize.main("demo")
    assert written(ready) == ["model.onnx"]
