"""docs/params.md is what decant.settings.reference writes, and that says of a key what the model says."""

import re
from typing import Annotated, Literal

import pytest
from graph import ROOT
from pydantic import Field, TypeAdapter
from ruamel.yaml import YAML

from decant.errors import ParamsError
from decant.settings import reference
from decant.settings.base import Distinct, Ordered, Section, Share

COMMAND = "python -m decant.settings.reference > docs/params.md"
PAGE = (ROOT / "docs/params.md").read_text(encoding="utf-8")
PARAMS, ROAD = ROOT / "params.yaml", ROOT / "dvc.yaml"


def made(params=PARAMS, road=ROAD) -> str:
    return reference.page(params, road)


def test_the_page_is_what_the_model_the_defaults_and_the_map_make():
    assert made() == PAGE, f"docs/params.md is older than what it is made of. Run: {COMMAND}"
    assert COMMAND in PAGE


@pytest.mark.parametrize(
    ("name", "pattern", "planted"),
    [
        ("params.yaml", r"(?m)^    max_unknown: 0\.05", "    max_unknown: 0.06"),
        ("dvc.yaml", r"\[decision, heads, split\]", "[decision, heads, split, tokens]"),
    ],
    ids=["a default", "a stage"],
)
def test_a_page_of_another_default_or_stage_is_seen(tmp_path, name, pattern, planted):
    changed, places = re.subn(pattern, planted, (ROOT / name).read_text(encoding="utf-8"))
    (tmp_path / name).write_text(changed, encoding="utf-8")
    files = {"params.yaml": PARAMS, "dvc.yaml": ROAD} | {name: tmp_path / name}
    assert places == 1
    assert made(files["params.yaml"], files["dvc.yaml"]) != PAGE


def test_every_key_of_the_defaults_has_a_row_with_its_value():
    tree = YAML(typ="safe", pure=True).load(PARAMS.read_text(encoding="utf-8"))
    assert {"tasks", "seeds"} <= set(keys("Of all tasks"))
    assert {*tree["defaults"]} <= set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    for name, section in tree["defaults"].items():
        written = {name} if name in ("ship", "teachers") else set(section)
        own = (
            set(re.findall(r"`(\w+)`", PAGE.split("`defaults` has ")[1].splitlines()[0]))
            if name == "gates"
            else keys(name)
        )
        assert written <= set(own), name
    assert re.search(r"^\| `max_unknown` \| number, 0 to 1 \| `0.05` \| Highest share", PAGE, re.MULTILINE)


def keys(section: str) -> list[str]:
    part = re.split(r"^## ", PAGE.split(f"## {section}\n")[1], flags=re.MULTILINE)[0]
    return re.findall(r"^\| `([^`]+)` \| [^|]+ \| ", part, re.MULTILINE)


def test_every_key_says_what_it_is_for():
    silent = [line for line in PAGE.splitlines() if re.match(r"^\| `.*\|  \|$", line)]
    assert silent == []
    assert len(re.findall(r"^\| `", PAGE, re.MULTILINE)) > 200


class Inner(Section):
    share: Share = 0.5
    """Of <task> in * and `[a]*`."""


class Outer(Section):
    """Every kind of key."""

    either: Literal["one", "two"] | None
    """A choice, or a | in a cell."""
    often: Annotated[list[Annotated[int, Field(gt=1, lt=9)]], Field(min_length=2), Distinct]
    """Several."""
    within: Inner
    """A section."""
    named: Ordered[str, Inner]
    """Sections by name."""
    listed: list[Inner] = []
    """Sections in a list."""


def test_a_row_has_type_range_default_and_docstring_and_sections_inside_follow():
    given = {"often": [2, 3], "within": {"share": 0.25}, "named": {"first": {"share": 0.1}}}
    assert list(reference.rows(Outer, given, "top.")) == [
        "| `top.either` | `one` or `two`; or null | required | A choice, or a \\| in a cell. |",
        "| `top.often` | list: whole number, over 1 and below 9; at least 2, none twice | `[2, 3]` | Several. |",
        '| `top.within` | section | `{"share": 0.25}` | A section. |',
        "| `top.within.share` | number, 0 to 1 | `0.25` | Of &lt;task> in \\* and `[a]*`. |",
        '| `top.named` | mapping to section | `{"first": {"share": 0.1}}` | Sections by name. |',
        "| `top.named.<name>.share` | number, 0 to 1 | `0.5` | Of &lt;task> in \\* and `[a]*`. |",
        "| `top.listed` | list: section | `[]` | Sections in a list. |",
        "| `top.listed[].share` | number, 0 to 1 | `0.5` | Of &lt;task> in \\* and `[a]*`. |",
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (bool, "true or false"),
        (float | int | str, "number or text"),
        (dict[Literal["train", "test"], list[str]], "mapping of `train` or `test` to list: text"),
        (Annotated[float, Field(ge=1)], "number, 1 or more"),
        (Annotated[float, Field(gt=0.4, le=1)], "number, over 0.4 and at most 1"),
        (Annotated[str, Field(min_length=1, max_length=1)], "one character"),
        (Annotated[str, Field(pattern="^[0-9a-f]{64}$")], "sha256, 64 digits from 0 to f"),
        (Annotated[str, Field(pattern="^x+$")], "text like `^x+$`"),
    ],
)
def test_a_type_is_told_in_words(kind, said):
    assert reference.words(TypeAdapter(kind).json_schema()) == said


def test_a_kind_that_nobody_has_words_for_stops_the_page():
    with pytest.raises(KeyError):
        reference.words({"type": "duration"})


def test_the_stages_of_a_key_are_those_that_declare_it_or_have_it_in_their_matrix(tmp_path):
    road = tmp_path / "dvc.yaml"
    road.write_text(
        "stages:\n"
        "  one: {cmd: a, params: [checked/code.json: [one], 'checked/${item.task}.json': [heads]]}\n"
        "  two: {matrix: {seed: '${seeds}'}, cmd: b, params: [checked/shared.json: ['catalogue.${item.encoder}']]}\n"
        "  three: {foreach: '${transfers}', do: {cmd: c, params: ['checked/${item.task}.json': [heads]]}}\n",
        encoding="utf-8",
    )
    wanted = {"heads": ("one", "three"), "seeds": ("two",), "catalogue": ("two",), "transfers": ("three",)}
    assert reference.read_by(road) == wanted


def test_a_params_yaml_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ParamsError, match="missing"):
        made(tmp_path / "params.yaml")
