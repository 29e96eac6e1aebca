"""prepare: a label that holds in every row or in none, dates and decimals as labels, texts that are null."""

import datetime
import re
from collections import Counter
from decimal import Decimal

import pytest
from rawtask import JSONL, lines, prepared, row

from decant.data.labels import check_held, held, raw_labels, vector, whole
from decant.errors import DataError
from decant.heads import layout

HEADS = layout(
    {"tags": {"kind": "sigmoid", "labels": ["hot", "new"]}, "area": {"kind": "softmax", "labels": ["x", "y", "z"]}}
)
COLUMNS = {"tags.hot": [True, True, False], "tags.new": [False, True, False], "area": ["x", "x", "y"]}


def counted(columns: dict) -> Counter:
    return sum((held(head, columns) for head in HEADS), Counter())


def test_a_label_that_no_row_has_is_warned_about():
    (warning,) = check_held(counted(COLUMNS), HEADS, 3, "rows.csv")
    assert warning.startswith("rows.csv: no row holds 'z' of head area, so that nothing can be learnt about it")


def test_a_label_that_every_row_has_is_refused_where_others_may_hold_too():
    with pytest.raises(
        DataError,
        match=r"rows\.csv: label 'new' of head tags holds in all 3 rows, .*take it out of source\.labels\.tags",
    ):
        check_held(counted(COLUMNS | {"tags.new": [True] * 3}), HEADS, 3, "rows.csv")
    first, second = check_held(counted(COLUMNS | {"area": ["x"] * 3}), HEADS, 3, "rows.csv")
    assert first.startswith("rows.csv: label 'x' of head area holds in all 3 rows")
    assert "'y', 'z' of head area" in second
    assert (
        len(check_held(counted(COLUMNS | {"tags.new": [True] * 3}), HEADS, 4, "rows.csv")) == 1
    )  # of more rows than have it


def test_prepare_says_it_of_the_rows_of_all_batches(workspace, capsys):
    prepared(workspace, {"rows.jsonl": lines(row(), row(id="2"))}, JSONL)
    assert re.search(r"warning: data/raw/mini: label 'ham' of head kind holds in all 2 rows", capsys.readouterr().err)


def test_texts_that_are_null_are_counted_as_empty_as_those_of_csv_are(workspace):
    frame = prepared(workspace, {"rows.jsonl": lines(row(), row(id="2", text=None), row(id="3", text=...))}, JSONL)
    assert frame["id"].tolist() == ["1"]


VECTORS = {(1, 0, 0): True, (0.0, 1.0): True, (0, 0): True, (0.2, 0.8): True, (1, 1, True): True,
           (1, 0): False, (3, 7): False, (3, 3): False, (1,): False, ("1", "0", "0"): False}  # fmt: skip


@pytest.mark.parametrize("value", VECTORS)
def test_a_vector_is_told_from_a_list_of_labels(value):
    assert vector(value) is VECTORS[value]


def test_a_date_as_a_label_says_what_has_made_it():
    with pytest.raises(
        DataError, match=r"a\.xlsx: row 3: label is the date 2024-03-04, .* Excel has made a date of it"
    ):
        raw_labels("a.xlsx: row 3", datetime.date(2024, 3, 4), None)
    with pytest.raises(
        DataError, match=r"a\.parquet: row 3: label is the date 2024-03-04T00:00:00, .* it is stored as one"
    ):
        raw_labels("a.parquet: row 3", datetime.datetime(2024, 3, 4), None)


def test_decimals_are_the_numbers_that_they_say():
    assert raw_labels("", Decimal("1.00"), None) == {"1"}
    assert raw_labels("", Decimal("1.50"), None) == {"1.5"}
    assert whole(Decimal("NaN")) != whole(Decimal("NaN"))
