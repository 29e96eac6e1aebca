"""golden.json: a bundle that answers its texts otherwise than when it was built is told apart, text by text."""

import json

import pytest
from bundles import write_bundle
from graph import ROOT

from decant.errors import BundleError
from decant.files import digest, read_json, write_json
from decant.shipped import golden


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


def edit(bundle, change) -> None:
    """Change golden.json, and list its new digest: nobody else would notice."""
    content = read_json(bundle / golden.FILE)
    change(content["texts"][3])
    write_json(bundle / golden.FILE, content)
    record = read_json(bundle / "decant.json")
    record["files"][golden.FILE] = digest(bundle / golden.FILE)
    write_json(bundle / "decant.json", record)


def test_a_bundle_answers_its_own_texts(bundle):
    assert golden.check(bundle) == 60
    found = read_json(bundle / golden.FILE)["texts"]
    assert list(found[0]) == ["text", "alone", "ids", "logits", "answer"]
    assert [one["text"] for one in found] == json.loads((ROOT / "stages/golden.json").read_text(encoding="utf-8"))
    assert max(len(one["ids"]) for one in found) == 48, "over-long texts are among them"
    assert {len(one["logits"]) for one in found} == {5}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda one: one["ids"].append(3), r"text 3 has ids \[", id="ids"),
        pytest.param(lambda one: one.update(answer="scam"), "text 3 has answer scam", id="answer"),
        pytest.param(lambda one: one.update(alone=not one["alone"]), "text 3 has alone", id="alone"),
        pytest.param(lambda one: one["logits"].__setitem__(0, 9.0), r"logits of text 3 are \d", id="logits"),
    ],
)
def test_another_answer_is_named(bundle, change, words):
    edit(bundle, change)
    with pytest.raises(BundleError, match=rf"golden\.json: .*{words}"):
        golden.check(bundle)


NO_TEXTS = {
    "cut off": '{"texts": [{"te',
    "nested": "[" * 100_000,
    "a list": "[]",
    "no texts": "{}",
    "texts that are numbers": '{"texts": [1, 2]}',
    "a text without logits": '{"texts": [{"text": "x"}]}',
    "logits in words": '{"texts": [{"text": "x", "logits": ["one"]}]}',
    "logits that are no numbers": '{"texts": [{"text": "x", "logits": [NaN]}]}',
    "a text that is a list": '{"texts": [{"text": [], "logits": [0.5]}]}',
}


@pytest.mark.bad_input
@pytest.mark.parametrize("content", NO_TEXTS.values(), ids=NO_TEXTS)
def test_texts_of_another_form_are_refused(tmp_path, content):
    (tmp_path / golden.FILE).write_text(content, encoding="utf-8")
    with pytest.raises(BundleError, match=r"golden\.json: no golden texts \("):
        golden.kept(tmp_path / golden.FILE)


def test_a_logit_within_the_tolerance_is_no_difference(bundle):
    edit(bundle, lambda one: one["logits"].__setitem__(0, one["logits"][0] + 0.01))
    assert golden.check(bundle, tolerance=0.011) == 60
    with pytest.raises(BundleError, match=r"1\.00e-02 off, 9\.00e-03 is allowed"):
        golden.check(bundle, tolerance=0.009)


def test_a_bundle_of_before_has_none(bundle):
    record = read_json(bundle / "decant.json")
    del record["files"][golden.FILE]
    write_json(bundle / "decant.json", record)
    with pytest.raises(BundleError, match=r"golden\.json: not one of the bundle's files"):
        golden.check(bundle)
