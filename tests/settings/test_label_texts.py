"""Labels of params.yaml: any text that can be seen, and that a cell of a raw table can hold."""

import copy

import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.errors import ParamsError
from decant.settings import params
from decant.settings.labels import fault

SAFE = YAML(typ="safe", pure=True)
SAFE.sort_base_mapping_type_on_output = False
TREE = SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
GOOD = [
    "no", "on", "1e3", "n", "accuracy", "正面", "😀", "❤️", "a b", "a/b", "two\nlines", "שלום", "<b>", "a|b", "`x`", "a, b", "=1+1",
    "'", "???", "${x}", "x" * 5000, "İ", "a\u200bb", "हिन्दी",
]  # fmt: skip


@pytest.mark.parametrize("label", GOOD, ids=lambda label: ascii(label)[:20])
def test_any_text_that_can_be_seen_is_a_label(label):
    assert fault(label) is None


BAD = {
    "": "is blank",
    " ": "is blank",
    "\n": "is blank",
    "\u3000": "is blank",
    "\u200b": "is blank",
    "\ufeff\u200d": "is blank",
    " spam ": "write 'spam'",
    "spam\u00a0": "has blanks at its ends",
    "a\0b": "control character '\\x00'",
    "a\x1bb": "control character '\\x1b'",
    "a\rb": "control character '\\r'",
    "\ud83d": "is blank",
    "a\ud83d": "control character '\\ud83d'",
}


@pytest.mark.parametrize(("label", "words"), BAD.items(), ids=map(ascii, BAD))
def test_what_nobody_sees_or_no_cell_holds_is_named(label, words):
    assert words in fault(label)


PLACES = {
    "of a head": ({"labels": ["", "scam"]}, {"classes": {"": ["a"], "scam": ["b"]}}, "demo: heads.scam.labels: '' is blank"),
    "apart by blanks at the ends": (
        {"labels": [" scam ", "scam"]},
        {"classes": {" scam ": ["a"], "scam": ["b"]}},
        "demo: heads.scam.labels: ' scam ' has blanks at its ends, and cells are read without them; write 'scam'",
    ),
    "a raw label": (
        {"labels": ["honest", "scam"]},
        {"classes": {"honest": ["clean "], "scam": ["b"]}},
        "demo: source.labels.scam.classes.honest: 'clean ' has blanks at its ends",
    ),
    "a blank raw label": (
        {"labels": ["honest", "scam"]},
        {"classes": {"honest": [" "], "scam": ["b"]}},
        "demo: source.labels.scam.classes.honest: ' ' is blank",
    ),
    "a group": (
        {"labels": ["honest", "scam"], "groups": {"": ["honest", "scam"]}},
        {"classes": {"honest": ["a"], "scam": ["b"]}},
        "demo: heads.scam.groups: '' is blank",
    ),
    "a raw label that is cut": (
        {"labels": ["honest", "scam"]},
        {"separator": ",", "classes": {"honest": ["a, b"], "scam": ["b"]}},
        "demo: source.labels.scam: 'a, b' holds the separator ','",
    ),
    "a class that is cut": (
        {"labels": ["a|b", "c"]},
        {"separator": "|"},
        "demo: source.labels.scam: 'a|b' holds the separator '|'",
    ),
    "an empty separator": (
        {"labels": ["honest", "scam"]},
        {"separator": "", "classes": {"honest": ["a"], "scam": ["b"]}},
        "demo: source.labels.scam.separator: empty",
    ),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES)
def test_a_label_is_checked_wherever_it_stands(tmp_path, case):
    head, source, words = case
    tree = copy.deepcopy(
        {
            key: value
            for key, value in TREE.items()
            if key not in ("scam", "toxicity", "emotion", "feelings", "goemotions")
        }
    )
    tree["demo"]["heads"]["scam"] = {"kind": "softmax"} | head
    tree["demo"]["source"]["labels"]["scam"] = {"column": "kind"} | source
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as stream:
        SAFE.dump(tree, stream)
    with pytest.raises(ParamsError) as error:
        params.read_all(tmp_path / "params.yaml")
    assert words in str(error.value)
