"""tokenizer.json of somebody else: what the package tokenizers cannot read, or breaks at, is an error of ours with its file."""

import copy
import json

import pytest
from bundles import write_bundle
from graph import ROOT

from decant.errors import BundleError, EncoderError
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.shipped.tokenfile import reading


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenfile")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder / write_bundle(folder)


@pytest.fixture
def rewritten(bundle):
    """A function: another content of tokenizer.json -> the bundle with it, listed as it is."""
    kept = {name: (bundle / name).read_bytes() for name in ("tokenizer.json", "decant.json")}

    def rewrite(content: str):
        (bundle / "tokenizer.json").write_text(content, encoding="utf-8")
        record = read_json(bundle / "decant.json")
        write_json(
            bundle / "decant.json",
            record | {"files": record["files"] | {"tokenizer.json": digest(bundle / "tokenizer.json")}},
        )
        return bundle

    yield rewrite
    for name, content in kept.items():
        (bundle / name).write_bytes(content)


def replaced(way: str, value: object):
    """A function: the tokenizer as JSON -> that with a value in another place."""

    def change(tokenizer: dict) -> str:
        *before, last = way.split(".")
        inside = changed = copy.deepcopy(tokenizer)
        for key in before:
            inside = inside[int(key) if key.isdigit() else key]
        inside[last] = value
        return json.dumps(changed)

    return change


EMPTY = {"type": "Replace", "pattern": {"Regex": ""}, "content": "x"}
BROKEN = {
    "no bytes": lambda _: "",
    "cut off": lambda tokenizer: json.dumps(tokenizer)[:-20],
    "a list": lambda _: "[]",
    "an empty object": lambda _: "{}",
    "nested without end": lambda _: "[" * 100_000,
    "a model that is a text": replaced("model", "WordPiece"),
    "a model that nobody knows": replaced("model.type", "Unheard"),
    "a vocabulary that is a list": replaced("model.vocab", ["a", "b"]),
    "a number below nothing": replaced("model.vocab", {"a": -1}),
    "no word for the unknown": replaced("model.unk_token", "nowhere"),
    "a normalizer that nobody knows": replaced("normalizer", {"type": "Unheard"}),
    "an expression that is none": replaced("normalizer", EMPTY | {"pattern": {"Regex": "("}}),
    "an expression that fits nothing": replaced("normalizer.normalizers.2.pattern", {"Regex": ""}),  # Rust panics
    "added tokens that are numbers": replaced("added_tokens", [1]),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_bundle_whose_tokenizer_cannot_be_used_is_refused_when_it_is_opened(bundle, rewritten, change):
    content = change(read_json(bundle / "tokenizer.json"))
    with pytest.raises(
        BundleError, match=r"tokenizer\.json: tokenizers cannot read it \(.*\)\. Build the bundle again$"
    ):
        Bundle(rewritten(content))


def test_what_fails_at_one_text_alone_is_an_error_of_ours_too(bundle, rewritten, monkeypatch):
    monkeypatch.setattr("decant.runtime.PROBE", "")
    opened = Bundle(rewritten(replaced("model.unk_token", "nowhere")(read_json(bundle / "tokenizer.json"))))
    with pytest.raises(BundleError, match=r"tokenizer\.json: tokenizers cannot read it \(.*Missing"):
        opened.predict(["\ua66e"])


@pytest.mark.parametrize(
    "error", [KeyError("x"), ValueError("x"), KeyboardInterrupt(), EncoderError("x.json: nothing to read")]
)
def test_any_other_error_passes_as_it_is(error):
    with pytest.raises(type(error)) as caught, reading("x.json", BundleError, "Build the bundle again"):
        raise error
    assert caught.value is error


def test_what_is_right_passes(bundle):
    assert Bundle(bundle).predict(["btc"])[0]["answer"] == "crypto"
