"""A bundle that somebody has written to do harm: no end, no sense, too many files. It is refused by name, in no time."""

import copy
import json
import os

import onnx
import pytest
from bundles import write_bundle
from graph import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linear_bundles import write_linear
from onnx import TensorProto, helper

from decant.errors import BundleError
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.shipped import record
from decant.shipped.linear import TERMS, Linear
from decant.shipped.onnxfile import refuse_endless

MODEL = "onnx/model_quantized.onnx"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """One bundle, which each test changes and sets right again."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder / write_bundle(folder)


@pytest.fixture
def changed(bundle, tmp_path):
    """A function: keys of decant.json -> the bundle with them."""
    plain = (bundle / "decant.json").read_bytes()

    def change(**keys):
        write_json(bundle / "decant.json", read_json(bundle / "decant.json") | keys)
        return bundle

    yield change
    (bundle / "decant.json").write_bytes(plain)


SCAM = {"kind": "softmax", "labels": ["honest", "scam"]}
FAULTS = {
    "no heads": ({"heads": {}}, r"heads is \{\}"),
    "a head that is a number": ({"heads": {"scam": 1}}, r"heads\.scam is 1"),
    "a kind that is a list": ({"heads": {"scam": {"kind": ["softmax"], "labels": ["a", "b"]}}}, r"heads\.scam is .*expected a kind"),
    "a kind that nobody knows": ({"heads": {"scam": SCAM | {"kind": "hinge"}}}, r"heads\.scam is .*expected a kind"),
    "labels that are numbers": ({"heads": {"scam": SCAM | {"labels": [1, 2]}}}, r"heads\.scam\.labels is \[1, 2\]"),
    "a label twice": ({"heads": {"scam": SCAM | {"labels": ["a", "a"]}}}, r"heads\.scam\.labels is .*all different"),
    "one label": ({"heads": {"scam": SCAM | {"labels": ["a"]}}}, r"heads\.scam\.labels is .*expected 2 or more"),
    "labels of a number": ({"heads": {"x": {"kind": "regression", "labels": ["a"]}}}, r"heads\.x\.labels is .*expected no"),
    "groups that are a list": ({"heads": {"scam": SCAM | {"groups": ["a"]}}}, r"heads\.scam\.groups is"),
    "no tokens": ({"max_length": 0}, "max_length is 0, expected 1 to"),
    "tokens below nothing": ({"max_length": -1}, "max_length is -1"),
    "tokens without end": ({"max_length": 2**70}, "max_length is 1180591620717411303424"),
    "a runtime that is a text": ({"runtime": "fast"}, "runtime is 'fast'"),
    "no characters": ({"runtime": {"max_characters": 0}}, r"runtime\.max_characters is 0"),
    "a way with long texts that nobody knows": ({"runtime": {"long_texts": "guess"}}, r"runtime\.long_texts is 'guess'"),
    "windows that hardly move": ({"runtime": {"long_texts": "chunk", "overlap": 94}}, r"runtime\.overlap is 94"),
    "a rule that nobody knows": ({"decision": {"rule": "best"}}, r"decision\.rule is 'best'"),
    "a rule that is a list": ({"decision": {"rule": ["argmax"]}}, r"decision\.rule is"),
    "a decision by no head": ({"decision": {"rule": "argmax", "head": "nobody"}}, r"decision\.head is 'nobody'"),
    "a decision by a number": ({"decision": {"rule": "argmax", "head": "urgency"}}, r"decision\.head is 'urgency'"),
    "an order of no labels": ({"decision": {"rule": "priority", "order": [], "otherwise": "x"}}, r"decision\.order is \[\]"),
    "an order of others' labels": ({"decision": {"rule": "priority", "order": ["nobody"], "otherwise": "x"}}, r"decision\.order is"),
    "nothing otherwise": ({"decision": {"rule": "priority", "order": ["scam"]}}, r"decision\.otherwise is None"),
    "a threshold that is missing": ({"thresholds": {"scam": 0.5}}, "thresholds has no 'crypto'"),
    "a threshold that is a text": ({"thresholds": {"scam": "0.5", "crypto": 0.5}}, r"thresholds\.scam is '0\.5'"),
    "a model that is a list": ({"model": ["onnx"]}, r"model is \['onnx'\]"),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize(("keys", "words"), FAULTS.values(), ids=FAULTS)
def test_a_record_that_makes_no_sense_is_refused_by_its_key(changed, keys, words):
    with pytest.raises(BundleError, match=rf"decant\.json: {words}"):
        Bundle(changed(**keys))


def places(value, way=()):
    """The ways to all that a record holds."""
    if way:
        yield way
    if isinstance(value, dict | list):
        for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inside, (*way, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**64) | st.floats() | st.text(max_size=3),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=3), inside, max_size=2),
    max_leaves=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_record_with_anything_in_any_place_is_opened_or_refused(bundle, changed, data):
    found = read_json(bundle / "decant.json")
    mutated = copy.deepcopy(found)
    way = data.draw(st.sampled_from([way for way in places(found) if way[0] not in ("params", "normalizer")]))
    inside = mutated
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = data.draw(JSON)
    (bundle / "decant.json").write_text(json.dumps(mutated), encoding="utf-8")
    try:
        opened = Bundle(bundle)
    except BundleError:
        opened = None
    finally:
        write_json(bundle / "decant.json", found)
    if opened and opened.runtime["max_characters"] > 10 and way[0] not in ("heads", "decision"):
        assert opened.predict(["btc now"])[0].keys() == {"answer", "heads"}


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
def test_a_list_of_very_many_files_is_refused_before_they_are_read(bundle, changed):
    files = read_json(bundle / "decant.json")["files"]
    with pytest.raises(BundleError, match=r"decant\.json: lists 70 files, .*at most 64"):
        Bundle(changed(files={f"{number}.json": "" for number in range(70 - len(files))} | files))


@pytest.mark.bad_input
def test_one_file_by_several_names_is_refused(bundle, changed):
    files = read_json(bundle / "decant.json")["files"]
    with pytest.raises(BundleError, match="one twice"):
        Bundle(changed(files=files | {f"./{'./' * number}{MODEL}": files[MODEL] for number in range(3)}))


def test_files_that_are_too_large_together_are_not_read(bundle, monkeypatch):
    total = sum((bundle / name).stat().st_size for name in read_json(bundle / "decant.json")["files"])
    monkeypatch.setattr(record, "TOTAL", total)
    assert Bundle(bundle)
    monkeypatch.setattr(record, "TOTAL", total - 1)
    monkeypatch.setattr(record, "refuse_external", lambda *_: pytest.fail("a file was read"))
    with pytest.raises(BundleError, match=rf"{total:,} bytes, a bundle may have {total - 1:,}"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["tokenizer.json", "decant.json"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(bundle, name):
    kept = (bundle / name).read_bytes()
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    try:
        with pytest.raises(BundleError, match=rf"{name}: missing"):
            Bundle(bundle)
    finally:
        (bundle / name).unlink()
        (bundle / name).write_bytes(kept)


# --- graphs -----------------------------------------------------------------------------------------------------------


def looping(operator: str):
    return helper.make_graph([helper.make_node(operator, ["n", "yes"], ["x"])], "inner", [], [])


def model_of(*nodes, functions=()) -> bytes:
    return helper.make_model(helper.make_graph(list(nodes), "g", [], []), functions=list(functions)).SerializeToString()


def function(name: str, *operators: str):
    nodes = [helper.make_node(operator, ["x"], ["x"], domain="ours") for operator in operators]
    return helper.make_function("ours", name, ["x"], ["x"], nodes, [helper.make_opsetid("ours", 1)])


@pytest.mark.bad_input
@pytest.mark.parametrize("operator", ["Loop", "Scan", "SequenceMap"])
def test_a_graph_that_loops_is_refused_wherever_it_does(operator):
    node = helper.make_node(operator, ["n", "yes"], ["x"])
    branch = helper.make_node("If", ["c"], ["x"], then_branch=looping(operator), else_branch=looping("Add"))
    within = helper.make_function("ours", "f", ["x"], ["x"], [node], [helper.make_opsetid("", 18)])
    for content in (model_of(node), model_of(branch), model_of(functions=[within])):
        with pytest.raises(BundleError, match=rf"m\.onnx: a {operator}, which may never end"):
            refuse_endless("m.onnx", content)


@pytest.mark.bad_input
def test_functions_that_unfold_without_end_are_refused():
    many = [function("f0", "Relu"), *(function(f"f{number}", *[f"f{number - 1}"] * 2) for number in range(1, 40))]
    with pytest.raises(BundleError, match="functions that call functions"):
        refuse_endless("m.onnx", model_of(helper.make_node("f39", ["x"], ["y"], domain="ours"), functions=many))


def test_what_ends_is_not_refused(bundle):
    calls = helper.make_node("f", ["x"], ["y"], domain="ours")
    branch = helper.make_node("If", ["c"], ["x"], then_branch=looping("Add"), else_branch=looping("Mul"))
    refuse_endless("m.onnx", model_of(calls, branch, functions=[function("f", "Relu"), function("g", "Relu")]))
    refuse_endless("m.onnx", (bundle / MODEL).read_bytes())


def swapped(bundle, changed, model):
    """The bundle with another model, listed as it is; what it held is set back by `restored`."""
    onnx.save(model, str(bundle / MODEL))
    return changed(files=read_json(bundle / "decant.json")["files"] | {MODEL: digest(bundle / MODEL)})


@pytest.fixture
def restored(bundle):
    kept = (bundle / MODEL).read_bytes()
    yield
    (bundle / MODEL).write_bytes(kept)


@pytest.mark.bad_input
def test_a_bundle_that_loops_is_not_opened(bundle, changed, restored):
    model = onnx.load(str(bundle / MODEL))
    model.graph.node.append(helper.make_node("Loop", ["n", "yes"], ["never"], body=looping("Add")))
    with pytest.raises(BundleError, match="a Loop, which may never end"):
        Bundle(swapped(bundle, changed, model))


@pytest.mark.bad_input
def test_a_graph_that_onnxruntime_does_not_open_is_named_in_one_line(bundle, changed, restored):
    model = onnx.load(str(bundle / MODEL))
    model.graph.node.append(helper.make_node("NoSuchOperator", ["each"], ["other"]))
    with pytest.raises(BundleError, match=r"onnxruntime does not open it \(.*NoSuchOper") as caught:
        Bundle(swapped(bundle, changed, model))
    assert "\n" not in str(caught.value)
    cyclic = onnx.load(str(bundle / MODEL))
    del cyclic.graph.node[-1:]
    cyclic.graph.node.extend([helper.make_node("Add", ["b", "kept"], ["a"]), helper.make_node("Relu", ["a"], ["b"])])
    cyclic.graph.output[0].CopyFrom(helper.make_tensor_value_info("a", TensorProto.FLOAT, None))
    with pytest.raises(BundleError, match="onnxruntime does not open it"):
        Bundle(swapped(bundle, changed, cyclic))


# --- linear -----------------------------------------------------------------------------------------------------------


@pytest.mark.bad_input
@pytest.mark.parametrize("kind", ["word", "char"])
def test_runs_without_end_are_refused(tmp_path, kind):
    write_linear(tmp_path)
    told = read_json(tmp_path / TERMS)
    told[kind]["ngrams"] = 10**9
    write_json(tmp_path / TERMS, told)
    with pytest.raises(BundleError, match="runs of more than 64"):
        Linear(tmp_path)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "content", ["[]", "1", "{", "[" * 100_000, '{"intercept": [0], "word": 1}', '{"intercept": {}}']
)
def test_terms_of_another_form_are_refused(tmp_path, content):
    write_linear(tmp_path)
    (tmp_path / TERMS).write_text(content[:100_000], encoding="utf-8")
    with pytest.raises(BundleError, match=r"is not what it should be|has .* terms"):
        Linear(tmp_path)
