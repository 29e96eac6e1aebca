"""Taxonomy: what every kind of raw label becomes, which rows stay, and which labels nobody knows."""

from pathlib import Path

import numpy as np
import pytest
from rawtask import KIND, TOPIC

from decant.data.batch import Batch
from decant.data.labels import booleans, label_columns, number, raw_labels
from decant.errors import DataError
from decant.heads import layout
from decant.settings.source import Source

KINDS = {"kind": "softmax", "labels": ["ham", "spam"]}
TOPICS = {"kind": "sigmoid", "labels": ["money", "sport"]}
NUMBER = {"kind": "regression", "labels": []}
FLAGS = {"money": "is_money", "sport": "is_sport"}


def found(column: list | dict[str, list], labels: dict, head: dict, ignore: list[str] | None = None):
    """The columns of one head named head, and which rows stay. column: the values of `labels`, or several columns."""
    columns = column if isinstance(column, dict) else {labels["column"]: column}
    heads = layout({"head": head})
    source = Source(files=["rows.csv"], text="text", labels={"head": labels}, ignore=ignore or [])
    return label_columns(Batch(Path("rows.csv"), 1, columns), heads[0], heads, source)


def one_of(values: list, **changes) -> list[str]:
    columns, stays = found(values, KIND | changes, KINDS, ["lang_*", "odd"])
    assert stays.all()
    return columns["head"]


def any_of(column: list | dict[str, list], **changes) -> list[list[bool]]:
    """Money and sport of every row."""
    columns, stays = found(column, TOPIC | changes, TOPICS, ["lang_*"])
    assert list(columns) == ["head.money", "head.sport"]
    assert stays.all()
    return np.array(list(columns.values())).T.tolist()


ONE = {
    "a label": ("ham", "ham"),
    "another name of the class": ("bot", "spam"),
    "blanks around": ("  ham ", "ham"),
    "a list": (["ham"], "ham"),
    "the first class of params wins": (["ham", "bot"], "spam"),
    "the order in the cell does not count": (["bot", "ham"], "spam"),
    "an ignored one beside it": (["odd", "ham", "lang_en"], "ham"),
    "blanks in a list": ([" bot ", ""], "spam"),
    "twice": (["ham", "ham"], "ham"),
}


@pytest.mark.parametrize(("value", "label"), ONE.values(), ids=ONE)
def test_raw_labels_collapse_to_one_class(value, label):
    assert one_of([value]) == [label]


def test_the_priority_is_the_order_of_the_classes_not_of_the_heads_labels():
    assert one_of([["bot", "ham"]], classes={"ham": ["ham"], "spam": ["spam", "bot"]}) == ["ham"]


def test_a_separator_splits_a_cell_of_a_softmax_head_too():
    assert one_of(["ham;bot", " ham ; odd ", ";ham;"], separator=";") == ["spam", "ham", "ham"]


def test_without_classes_the_raw_labels_are_the_heads_labels():
    assert one_of(["spam", "ham"], classes=None) == ["spam", "ham"]
    assert any_of(["sport", "money|sport", ""], classes=None) == [[False, True], [True, True], [False, False]]


VALUES = {
    "whole number": (7, {"7"}),
    "negative": (-1, {"-1"}),
    "whole number stored as float": (7.0, {"7"}),
    "fraction": (0.5, {"0.5"}),
    "boolean": (True, {"True"}),
    "numbers in a list": ([0, 12], {"0", "12"}),
    "null": (None, set()),
    "NaN": (float("nan"), set()),
    "empty": ("", set()),
    "blanks": ("  ", set()),
    "empty list": ([], set()),
    "text": ("a|b", {"a|b"}),
}


@pytest.mark.parametrize(("value", "labels"), VALUES.values(), ids=VALUES)
def test_a_cell_is_a_set_of_labels(value, labels):
    assert raw_labels("rows.csv: row 1", value, None) == labels


SEPARATED = {
    "one": ("sport", [False, True]),
    "two": ("sport|crypto", [True, True]),
    "two of one class": ("money|crypto", [True, False]),
    "none": ("", [False, False]),
    "null": (None, [False, False]),
    "blanks around": (" sport | money ", [True, True]),
    "empty parts": ("|sport||", [False, True]),
    "an ignored one": ("lang_de|sport", [False, True]),
    "only an ignored one": ("lang_de", [False, False]),
    "a list": (["sport", "money"], [True, True]),
    "an empty list": ([], [False, False]),
}


@pytest.mark.parametrize(("cell", "topics"), SEPARATED.values(), ids=SEPARATED)
def test_a_sigmoid_head_takes_any_number_of_labels(cell, topics):
    assert any_of([cell]) == [topics]


TRUE = [True, "TRUE", "true", "True", " yes ", "1", 1, 1.0]
FALSE = [False, "FALSE", "false", "no", "0", 0, 0.0]


def test_boolean_columns_in_every_spelling():
    batch = Batch(Path("rows.csv"), 1, {"flag": [*TRUE, *FALSE]})
    assert booleans(batch, "flag") == [True] * len(TRUE) + [False] * len(FALSE)


def test_boolean_columns_say_which_labels_hold():
    cells = {"is_money": ["TRUE", "FALSE", True], "is_sport": ["yes", 0, 1.0]}
    labels = {"columns": FLAGS}
    columns, stays = found(cells, labels, TOPICS)
    assert columns == {"head.money": [True, False, True], "head.sport": [True, False, True]}
    assert stays.all()


def test_boolean_columns_of_a_softmax_head_follow_its_priority():
    labels = {"columns": {"bot": "b", "ham": "h"}, "classes": {"spam": ["bot"], "ham": ["ham"]}}
    columns, _ = found({"b": ["1", "0"], "h": ["1", "1"]}, labels, KINDS)
    assert columns == {"head": ["spam", "ham"]}


def test_a_regression_head_takes_a_column_of_numbers():
    values = ["0.5", "-1", " 2 ", "1e3", 7, 0.25, "+3"]
    columns, stays = found(values, {"column": "score"}, NUMBER)
    assert columns == {"head": [0.5, -1.0, 2.0, 1000.0, 7.0, 0.25, 3.0]}
    assert stays.all()


def test_a_regression_head_counts_boolean_columns():
    cells = {"is_money": ["TRUE", "FALSE", "1"], "is_sport": [True, False, 0]}
    columns, _ = found(cells, {"columns": FLAGS}, NUMBER)
    assert columns == {"head": [2.0, 0.0, 1.0]}


# -- rows that no class claims -----------------------------------------------------------------------------------------


def test_otherwise_gives_every_row_a_class():
    changes = {"classes": {"spam": ["spam"]}, "otherwise": "ham"}
    assert one_of(["spam", "odd", "", None, ["lang_en"], []], **changes) == ["spam", "ham", "ham", "ham", "ham", "ham"]


def test_drop_marks_the_rows_without_a_label():
    columns, stays = found(["ham", "", "lang_en", "bot"], KIND | {"unlabelled": "drop"}, KINDS, ["lang_*"])
    assert stays.tolist() == [True, False, False, True]
    assert np.array(columns["head"])[stays].tolist() == ["ham", "spam"]
    columns, stays = found(["sport", "", "lang_en"], TOPIC | {"unlabelled": "drop"}, TOPICS, ["lang_*"])
    assert stays.tolist() == [True, False, False]


def test_a_sigmoid_head_may_have_rows_without_a_label_unless_params_say_otherwise():
    assert any_of(["", "sport"], unlabelled="allow") == any_of(["", "sport"]) == [[False, False], [False, True]]
    with pytest.raises(DataError, match=r"row 1: no label of head head; .*source.labels.head.otherwise or unlabelled"):
        any_of(["", "sport"], unlabelled="fail")


REFUSED = {
    "unknown": (["ham", "spma"], {}, "row 2: unknown label 'spma' in column 'kind'; add it to "),
    "other case": (["Ham"], {}, "row 1: unknown label 'Ham'"),
    "unknown beside known": ([["ham", "x"]], {}, "row 1: unknown label 'x'"),
    "two without a separator": (["ham|bot"], {}, "row 1: unknown label 'ham|bot'"),
    "unknown in a cell of several": (["ham;x"], {"separator": ";"}, "row 1: unknown label 'x'"),
    "the first of several unknown": ([["z", "ham", "b"]], {}, "row 1: unknown label 'b'"),
    "wildcards match case": (["LANG_en"], {}, "row 1: unknown label 'LANG_en'"),
    "unknown with otherwise": (["x"], {"classes": {"spam": ["bot"]}, "otherwise": "ham"}, "unknown label 'x'"),
    "no label": (["ham", ""], {}, "row 2: no label of head head"),
    "null": (["ham", None], {}, "row 2: no label of head head"),
    "only ignored": (["ham", "lang_en"], {}, "row 2: ['lang_en'] belongs to no class of head head; add it to"),
    "object": ([{"ham": 1}], {}, "row 1: label is an object, {'ham': 1}, expected text, a number or a list"),
    "null in a list": ([["ham", None]], {}, "row 1: None in a list of labels, expected text or whole numbers"),
    "list in a list": ([["ham", ["bot"]]], {}, "row 1: ['bot'] in a list of labels"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("values", "changes", "words"), REFUSED.values(), ids=REFUSED)
def test_labels_that_nobody_knows_are_refused_with_their_row(values, changes, words):
    with pytest.raises(DataError) as error:
        one_of(values, **changes)
    assert str(error.value).startswith("rows.csv: row ")
    assert words in str(error.value)


def test_the_first_row_with_an_unknown_label_is_named_also_when_it_comes_again():
    with pytest.raises(DataError, match="row 2: unknown label 'x'"):
        one_of(["ham", "x", "ham", "x"])


@pytest.mark.bad_input
@pytest.mark.parametrize("value", ["", None, "maybe", "2", 2, 0.5, float("nan"), float("inf"), [True]])
def test_a_cell_that_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(DataError, match=r"row 2: .* in column 'is_sport', expected true or false, 1 or 0"):
        found({"is_money": ["1", "1"], "is_sport": ["0", value]}, {"columns": FLAGS}, TOPICS)


BAD_NUMBERS = [None, "", "high", float("nan"), float("inf"), "nan", "-inf", "0,5", "1_000", [0.5], True, 10**400, 1e300]


@pytest.mark.bad_input
@pytest.mark.parametrize("value", BAD_NUMBERS, ids=[str(one)[:8] for one in BAD_NUMBERS])
def test_a_target_that_is_no_finite_number_is_refused(value):
    with pytest.raises(DataError, match=r"^rows.csv: row 1: found .* where a regression head needs a finite number"):
        number("rows.csv: row 1", value)


def test_two_heads_may_read_one_column_and_know_each_others_labels():
    heads = layout({"kind": KINDS, "topic": TOPICS})
    labels = {"kind": KIND | {"column": "labels"}, "topic": TOPIC | {"column": "labels"}}
    source = Source(files=["rows.csv"], text="text", labels=labels)
    batch = Batch(Path("rows.csv"), 1, {"labels": [["bot", "sport"], ["ham", "crypto"]]})
    assert label_columns(batch, heads[0], heads, source)[0] == {"kind": ["spam", "ham"]}
    assert label_columns(batch, heads[1], heads, source)[0] == {
        "topic.money": [False, True],
        "topic.sport": [True, False],
    }
    other = Source(files=["rows.csv"], text="text", labels=labels | {"topic": TOPIC})
    with pytest.raises(DataError, match="row 1: unknown label 'sport'"):
        label_columns(batch, heads[0], heads, other)
