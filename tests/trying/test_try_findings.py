"""Findings of a first answer, and how they look in a terminal."""

import numpy as np
import pytest
from test_try_members import rows

from decant.trying import findings, shown
from decant.trying.members import Member


def told(answers: np.ndarray) -> Member:
    return Member("linear", answers, answers * 0.9 + 0.05, "")


def test_confusions_are_counted_by_pair_with_their_share_of_the_label():
    plain = rows()
    answers = plain.gold.copy()
    sport = np.flatnonzero(plain.gold[:, 0])[:10]
    answers[sport] = [False, True, False]
    found = findings.confusions(plain, told(answers))
    support = int(plain.gold[:, 0].sum())
    assert found.table == [
        {"label": "sport", "answered": "food", "rows": "10", "of the label's": f"{10 / support:.1%}"}
    ]
    assert found.said[-1] == f"missed most: sport, 10 of its {support} rows"


def test_where_all_is_right_nothing_is_confused():
    plain = rows()
    assert findings.confusions(plain, told(plain.gold)).said == ["linear confuses no two classes"]


def test_a_doubt_about_one_of_several_labels_says_which_way():
    plain = rows(several=True)
    chances = plain.gold * 0.9 + 0.05
    chances[7, 0], chances[9, 0] = 1 - chances[7, 0], 1 - chances[9, 0]
    found = findings.doubts(plain, Member("linear", plain.gold, chances, ""))
    pairs = {line["id"]: (line["label"], line["likelier"]) for line in found.table}
    holds = {row: bool(plain.gold[row, 0]) for row in (7, 9)}
    assert pairs == {str(row): (("sport", "not sport") if holds[row] else ("not sport", "sport")) for row in (7, 9)}


@pytest.mark.parametrize(("width", "end"), [("60", "…"), ("400", "end")])
def test_a_text_is_cut_to_the_terminal_and_never_broken_over_lines(monkeypatch, width, end):
    monkeypatch.setenv("COLUMNS", width)
    text = "a long text\nover two lines " * 8 + "end"
    part = findings.Part("Title", [{"id": "1", "label": "food", "text": text}], ["said"])
    lines = shown.lines(part)
    assert lines[:2] == ["", "Title"]
    assert lines[-1] == "  said"
    assert len(lines) == 5
    assert lines[3].startswith("  1   food   a long text over two lines")
    assert lines[3].endswith(end)
    assert len(lines[3]) <= int(width)
