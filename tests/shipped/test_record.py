"""A bundle from anybody: what would make us read outside it, or more than memory holds, is refused before it is read."""

import os

import numpy as np
import onnx
import pytest
from bundles import write_bundle
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

from decant.errors import BundleError
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.shipped import record
from decant.shipped.onnxfile import refuse_external

MODEL = "onnx/model_quantized.onnx"


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


def edit(bundle, **changes) -> None:
    write_json(bundle / "decant.json", read_json(bundle / "decant.json") | changes)


def listed(bundle, **more) -> dict:
    return read_json(bundle / "decant.json")["files"] | more


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "name",
    ["../secret.json", "onnx/../../secret.json", "/etc/hostname", "C:secret.json", "onnx\\..\\x", "", ".", "a\0b"],
    ids=ascii,
)
def test_a_path_out_of_the_folder_is_refused(bundle, name):
    (bundle.parent / "secret.json").write_text("{}", encoding="utf-8")
    edit(bundle, files=listed(bundle) | {name: digest(bundle.parent / "secret.json")})
    with pytest.raises(BundleError, match=r"decant\.json: lists .* which is no path inside the folder"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["tokenizer.json", "onnx", "decant.json"])
def test_a_link_is_refused_and_what_mends_it_is_said(bundle, name):
    outside = bundle.parent / "outside"
    os.rename(bundle / name, outside)
    (bundle / name).symlink_to(outside)
    with pytest.raises(BundleError, match=rf"{name}: a link, .*cp -rL"):
        Bundle(bundle)


def test_a_link_to_the_whole_folder_is_none_of_its_files(bundle, tmp_path):
    (tmp_path / "link").symlink_to(bundle)
    assert Bundle(tmp_path / "link").predict(["btc"])[0]["answer"] == "crypto"


@pytest.mark.bad_input
def test_a_kind_of_model_that_nobody_knows_is_refused(bundle):
    edit(bundle, model="pickle")
    with pytest.raises(BundleError, match=r"model is 'pickle', expected onnx or linear"):
        Bundle(bundle)


@pytest.mark.bad_input
def test_a_linear_bundle_must_list_its_files(bundle):
    edit(bundle, model="linear")
    with pytest.raises(BundleError, match=r"does not list linear/weights\.npy, which would be read unchecked"):
        Bundle(bundle)


@pytest.mark.bad_input
def test_an_onnx_bundle_must_say_how_much_it_reads(bundle):
    edit(bundle, max_length=None)
    with pytest.raises(BundleError, match="max_length is None, expected int"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", record.READ[record.ONNX])
def test_a_file_that_is_read_must_be_listed(bundle, name):
    edit(bundle, files={key: value for key, value in listed(bundle).items() if key != name})
    with pytest.raises(BundleError, match=rf"decant\.json: does not list {name}, which would be read unchecked"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["decant.json", "tokenizer.json", MODEL])
def test_a_file_that_is_too_large_is_not_read(bundle, name, monkeypatch):
    suffix = "." + name.rpartition(".")[2]
    limit = (bundle / name).stat().st_size - 1
    monkeypatch.setattr(record, "LARGEST", record.LARGEST | {name if name in record.LARGEST else suffix: limit})
    with pytest.raises(BundleError, match=rf"{name}: [\d,]+ bytes, a bundle's may have {limit:,}"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"files": ["tokenizer.json"]}, "files is .*expected dict", id="a list of files"),
        pytest.param({"max_length": "96"}, "max_length is '96', expected int", id="a length in words"),
        pytest.param({"max_length": True}, "max_length is True, expected int", id="a length that is true"),
        pytest.param({"cleaning": {"html": True}}, r"cleaning\.mojibake is None", id="half of the cleaning"),
        pytest.param({"thresholds": None}, "thresholds is None, expected dict", id="no thresholds"),
    ],
)
def test_a_record_of_other_types_is_refused(bundle, changes, words):
    edit(bundle, **changes)
    with pytest.raises(BundleError, match=rf"decant\.json: {words}"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize(("key", "value"), [("urls", "drop"), ("repeats", 10**9), ("repeats", -1), ("unicode", "NFKD")])
def test_cleaning_that_we_do_not_know_is_refused(bundle, key, value):
    edit(bundle, cleaning=read_json(bundle / "decant.json")["cleaning"] | {key: value})
    with pytest.raises(BundleError, match=rf"cleaning\.{key} is {value!r}"):
        Bundle(bundle)


@pytest.mark.bad_input
@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "1" * 5000 + "}"], ids=["nested", "a long number"])
def test_json_that_breaks_the_reader_is_refused(bundle, text):
    (bundle / "decant.json").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=r"decant\.json: not JSON"):
        Bundle(bundle)


def test_a_bundle_of_before_is_opened(bundle):
    """Format 1 as it was: no normalizer, no params, no golden texts."""
    old = read_json(bundle / "decant.json")
    for key in ("normalizer", "params", "rows"):
        del old[key]
    del old["files"]["golden.json"]
    write_json(bundle / "decant.json", old)
    (bundle / "golden.json").unlink()
    assert Bundle(bundle).predict(["btc hello"])[0]["answer"] == "crypto"


# --- weights in another file ------------------------------------------------------------------------------------------


def outside(model, folder):
    """The model with its weights in weights.bin beside it."""
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    onnx.save(model, str(folder / MODEL))


@pytest.mark.bad_input
def test_a_model_whose_weights_lie_elsewhere_is_refused(bundle):
    outside(onnx.load(str(bundle / MODEL)), bundle)
    edit(bundle, files=listed(bundle, **{MODEL: digest(bundle / MODEL)}))
    assert (bundle / "onnx/weights.bin").exists()
    with pytest.raises(BundleError, match=rf"{MODEL}: weights in another file, which the bundle does not list"):
        Bundle(bundle)


def test_weights_elsewhere_are_found_wherever_a_tensor_can_be(tmp_path):
    tensor = numpy_helper.from_array(np.ones(4, np.float32), "w")
    tensor.data_location = TensorProto.EXTERNAL
    sparse = helper.make_sparse_tensor(tensor, numpy_helper.from_array(np.arange(4)), [4])
    inner = helper.make_graph([], "inner", [], [], [tensor])
    within = {
        "initializer": helper.make_graph([], "g", [], [], [tensor]),
        "sparse initializer": helper.make_graph([], "g", [], [], sparse_initializer=[sparse]),
        "constant": helper.make_graph([helper.make_node("Constant", [], ["w"], value=tensor)], "g", [], []),
        "branch": helper.make_graph([helper.make_node("If", ["c"], ["w"], then_branch=inner)], "g", [], []),
    }
    for name, graph in within.items():
        content = helper.make_model(graph).SerializeToString()
        with pytest.raises(BundleError, match="weights in another file"):
            refuse_external(name, content)
    nodes = [helper.make_node("Constant", [], ["w"], value=tensor)]
    function = helper.make_function("ours", "f", [], ["w"], nodes, [helper.make_opsetid("", 18)])
    model = helper.make_model(helper.make_graph([], "g", [], []), functions=[function])
    with pytest.raises(BundleError, match="weights in another file"):
        refuse_external("function", model.SerializeToString())


def test_a_model_that_holds_its_weights_is_not_refused(bundle):
    refuse_external(MODEL, (bundle / MODEL).read_bytes())


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "content", [b"\x3a\xff", b"\x3b", b"\x08" + b"\xff" * 12, b"{}", b"\x3a\x02\x0a\x7f"], ids=repr
)
def test_what_is_no_model_is_refused(content):
    with pytest.raises(BundleError, match="not an ONNX file"):
        refuse_external("model.onnx", content)
