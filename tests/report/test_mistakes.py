"""Confusion on the page: counts, ids and shares against rows that are counted by hand."""

import re

import pandas as pd
import pytest

from decant.report import mistakes

ROWS = [
    ("a", "scam", "scam"),
    ("b", "scam", "clean"),
    ("c", "clean", "clean"),
    ("d", "clean", "clean"),
    ("e", "scam", "clean"),
]


class Few:
    """What these functions read of Facts."""

    task, several, labels, n, positive = "demo", False, {"scam": "scam", "clean": "clean"}, 5, "scam"
    plots = {"confusion": pd.DataFrame(ROWS, columns=["id", "actual", "predicted"])}
    shipped = {"classes": {"scam": {"support": 3, "recall": 1 / 3, "fpr": 0.0}}}


@pytest.fixture
def found():
    return mistakes.pairs(Few)


def test_each_pair_has_the_ids_of_its_rows(found):
    assert found == {("scam", "scam"): ["a"], ("scam", "clean"): ["b", "e"], ("clean", "clean"): ["c", "d"]}


def test_a_cell_opens_its_own_ids_and_says_how_many_more(found, monkeypatch):
    monkeypatch.setattr(mistakes, "MOST_IDS", 1)
    known = mistakes.cells(found)
    button = mistakes.opener(found, ("scam", "clean"), "2")
    assert known[re.search('data-cell="(\\d+)"', button)[1]] == {"title": "scam, answered clean", "ids": ["b"], "n": 2}


def test_a_cell_without_a_row_opens_nothing(found):
    assert "button" not in mistakes.opener(found, ("clean", "scam"), "0")


def test_the_most_frequent_mistakes_come_first_with_their_share(found):
    assert mistakes.frequent(found, False) == [{"is": "scam", "answered": "clean", "rows": 2, "of the class": "67%"}]
    found |= {("clean", "scam"): ["f", "g", "h"], ("not clean", "clean"): ["i"]}
    assert [(row["is"], row["rows"], row["of the class"]) for row in mistakes.frequent(found, True)] == [
        ("clean", 3, "60%"), ("scam", 2, "67%"), ("not clean", 1, None),
    ]  # fmt: skip


def test_a_list_of_mistakes_is_short(found, monkeypatch):
    monkeypatch.setattr(mistakes, "TOP", 1)
    assert len(mistakes.frequent(found | {("clean", "scam"): ["f"]}, False)) == 1


def test_the_matrix_has_rows_and_shares_of_the_actual_class(found):
    _, box = mistakes.matrix(Few, found)
    assert re.findall(r'<span class="raw">(\d+)</span><span class="share">(\d+)%', box) == [
        ("1", "33"),
        ("2", "67"),
        ("2", "100"),
    ]
    assert re.findall(r'class="sum">(\d+)', box) == ["3", "2"]


def test_yes_or_no_counts_one_class_against_all_others():
    made = mistakes.two_by_two(Few)
    assert re.findall(r"<b>(\d+)</b><small>([a-z ]+)</small><small>([\d.]+)% of (\d)", made) == [
        ("1", "caught", "33.3", "3"), ("2", "missed", "66.7", "3"), ("0", "false alarm", "0.0", "2"), ("2", "left alone", "100.0", "2"),
    ]  # fmt: skip
