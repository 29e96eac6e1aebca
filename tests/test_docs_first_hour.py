"""docs/first-hour.md: every example of a shape is prepared as it stands there, and the table names formats and columns."""

import re
from typing import get_args

import pytest
from graph import ROOT
from rawtask import YAML_SAFE, metrics, prepared
from shapefiles import EXAMPLES, put

from decant.data import rawfiles
from decant.settings.source import Format

PAGE = (ROOT / "docs/first-hour.md").read_text(encoding="utf-8")
SHAPES = {
    title: (text, YAML_SAFE.load(block))
    for title, text, block in re.findall(
        r"^### ([^\n]+)\n(?:(?!^###).)*?^```text\n(.*?)^```\n\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    )
}
ROWS = dict(re.findall(r"^\| [^|]+ \| `(\w+)` \| ([^|]+) \|$", PAGE, re.MULTILINE))
# title -> the answers of its rows
ANSWERS = {
    "A folder per class": ["business", "sport"],
    "Texts beside labels": ["glad", "sad", "glad"],
    "JSON in one piece": ["greet", "part", "oos", "greet"],
    "fastText": ["cheese|sauce", "oven"],
    "TREC": ["DESC", "HUM"],
    "Label Studio": ["good", "bad"],
    "doccano": ["spam", "ham"],
    "Prodigy": ["insult", "other"],
    "Rasa": ["greet", "greet", "part"],
    "Several annotators of a row": ["rude", "fine"],
    "Bad rows": ["spam", "ham"],
}


def test_every_section_of_a_shape_has_an_example_with_its_answers():
    assert list(SHAPES) == re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == list(ANSWERS)


def files(text: str) -> dict[str, str]:
    """The files of an example, as `head` shows several."""
    parts = re.split(r"^==> (\S+) <==\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("title", SHAPES)
def test_the_example_is_prepared_as_it_stands_there(workspace, title):
    text, block = SHAPES[title]
    (name, head), *_ = block["heads"].items()
    rule = "thresholds" if head["kind"] == "sigmoid" else "argmax"
    source = {"id": None} | block["source"]
    frame = prepared(workspace, files(text), source, heads=block["heads"], decision={"rule": rule, "head": name})
    assert frame["answer"].tolist() == ANSWERS[title]
    assert frame["split"].ne("").all() == ("splits" in source)


def test_bad_rows_and_agreement_are_where_the_page_says(workspace):
    for title, key in (("Bad rows", "rows_bad"), ("Several annotators of a row", "agreement")):
        text, block = SHAPES[title]
        decision = {"rule": "argmax", "head": "kind"}
        prepared(workspace, files(text), block["source"], heads=block["heads"], decision=decision)
        assert f"({key!r})".replace("'", "`") in PAGE
        assert metrics(workspace)[key]


def test_the_table_names_every_format_that_is_no_table():
    assert set(ROWS) | {"csv", "tsv", "xlsx", "jsonl", "parquet"} == set(get_args(Format))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_columns_of_the_table_are_those_that_are_read(tmp_path, example):
    made, names, form, _ = EXAMPLES[example]
    put(tmp_path, made)
    found = {name for file, kind in rawfiles.files(tmp_path, names, form).items()
             for batch in rawfiles.batches(file, kind) for name in batch.columns}  # fmt: skip
    said = set(re.findall(r"`(\w+)`", ROWS[form]))
    assert said - found <= ({"split"} if form == "json" else set())
    assert found == said or "its fields" in ROWS[form]
