"""Splits as stages read them: the rows that split wrote down, in every column, or an error."""

import pandas as pd
import pytest

from decant import paths, tables
from decant.errors import CacheError, DataError
from decant.files import read_json, write_json
from decant.heads import layout

HEADS = layout({"kind": {"kind": "softmax", "labels": ["ham", "spam"]}})
ROWS = pd.DataFrame(
    {
        "id": ["1", "2", "3"],
        "text": ["one", "two ✓", "three"],
        "linear": ["one", "two", "three"],
        "answer": ["ham", "spam", "ham"],
        "kind": ["ham", "spam", "ham"],
        "raw": ["One", "Two ✓", "Three"],
        "time": pd.to_datetime(["2024-01-01", "2024-01-02", None]),
        "length": [3, 5, 5],
    }
)


@pytest.fixture
def split(workspace):
    """data/demo/train.parquet, and the manifest that split would have written."""
    file = paths.split_file("demo", "train")
    file.parent.mkdir(parents=True)
    ROWS.to_parquet(file)
    write_json(paths.metrics("demo", "manifest"), {"rows": {"train": tables.rows_sha256(file)}})
    return file


def test_the_rows_that_split_wrote_are_read(split):
    assert tables.load("demo", "train", HEADS)["text"].tolist() == ROWS["text"].tolist()


OTHERS = {
    "a row of test": lambda rows: pd.concat([rows, rows.tail(1).assign(id="4", text="four")]),
    "a row gone": lambda rows: rows[1:],
    "another order": lambda rows: rows[::-1],
    "an id": lambda rows: rows.assign(id=["1", "2", "33"]),
    "a text": lambda rows: rows.assign(text=["one", "two", "three"]),
    "an answer": lambda rows: rows.assign(answer="ham"),
    "a label under the same answer": lambda rows: rows.assign(kind="ham"),
    "a text before cleaning": lambda rows: rows.assign(raw=rows["text"]),
    "the words of the linear model": lambda rows: rows.assign(linear="one"),
    "a time": lambda rows: rows.assign(time=pd.to_datetime(["2024-01-01", "2024-01-03", None])),
    "a column more": lambda rows: rows.assign(more=1),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_other_rows_than_those_of_the_manifest_are_refused(split, change):
    change(ROWS).to_parquet(split)
    words = r"train\.parquet: rows with sha256 \w{12}…, metrics/demo/manifest\.json has .* for train; .*split@demo"
    with pytest.raises(DataError, match=words):
        tables.load("demo", "train", HEADS)


def test_the_same_rows_stored_in_another_way_are_the_same(split):
    ROWS.to_parquet(split, compression="zstd", row_group_size=1)
    assert len(tables.load("demo", "train", HEADS)) == 3


def test_without_a_manifest_nothing_is_read(split, monkeypatch):
    monkeypatch.setattr(tables, "read_json", read_json)  # else tests/support/fresh.py makes one
    paths.metrics("demo", "manifest").unlink()
    with pytest.raises(CacheError, match=r"metrics/demo/manifest\.json: missing"):
        tables.load("demo", "train", HEADS)


def test_a_manifest_that_cannot_be_read_is_named(split):
    paths.metrics("demo", "manifest").write_text("{", encoding="utf-8")
    with pytest.raises(CacheError, match=r"manifest\.json: not JSON"):
        tables.load("demo", "train", HEADS)
