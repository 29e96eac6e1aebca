"""Tables that figures are drawn from, against counts of their own."""

import numpy as np
import pandas as pd
import pytest

from decant import decision
from decant.heads import layout
from decant.scoring import curves

NAMES = ["scam", "crypto", "clean"]
ROWS = 3000


@pytest.fixture
def rows():
    """gold (n, 3), one class a row, and scores that know it a little; most of them low, as those of many classes are."""
    draws = np.random.default_rng(5)
    gold = np.arange(3) == draws.choice(3, p=[0.05, 0.2, 0.75], size=ROWS)[:, None]
    return gold, 1 / (1 + np.exp(4 - 3.5 * gold - draws.normal(size=gold.shape)))


def test_one_answer_a_row_makes_one_line_with_its_id():
    gold = np.eye(3, dtype=bool)[[0, 1, 2]]
    answers = np.eye(3, dtype=bool)[[0, 2, 2]]
    found = curves.confusion(["a", "b", "c"], NAMES, gold, answers, single=True)
    assert found.to_dict("list") == {
        "id": ["a", "b", "c"], "actual": ["scam", "crypto", "clean"], "predicted": ["scam", "clean", "clean"],
    }  # fmt: skip


def test_of_several_labels_the_lines_where_neither_holds_are_left_out():
    gold = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0]], dtype=bool)
    answers = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    found = curves.confusion(["a", "b", "c"], NAMES, gold, answers)
    assert list(found.itertuples(index=False, name=None)) == [
        ("a", "scam", "scam"), ("c", "scam", "not scam"), ("a", "not crypto", "crypto"), ("c", "crypto", "crypto"),
    ]  # fmt: skip


def test_several_labels_of_which_each_row_happens_to_have_one_are_several_all_the_same():
    gold = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    answers = np.eye(2, dtype=bool)[[0, 1, 1, 1]]
    found = curves.confusion(["a", "b", "c", "d"], ["joy", "fear"], gold, answers)
    missed = [row.id for row in found.itertuples() if (row.actual, row.predicted) == ("joy", "not joy")]
    assert missed == ["b"]


def test_precision_and_recall_are_spread_evenly_over_recall(rows):
    found = curves.precision_recall(NAMES, *rows)
    for name, part in found.groupby("label", sort=False):
        assert len(part) <= curves.POINTS
        column = NAMES.index(name)
        below = (part["recall"] < 0.5).sum()
        steps = min(curves.POINTS, rows[0][:, column].sum())
        assert below > 0.4 * steps, f"{name}: {below}"
        middle = part.iloc[len(part) // 2]
        said = rows[1][:, column] >= middle["threshold"] - 5e-5
        assert (said & rows[0][:, column]).sum() / rows[0][:, column].sum() == pytest.approx(middle["recall"], abs=0.01)


def test_a_roc_goes_from_nothing_to_everything_and_never_back(rows):
    found = curves.roc(NAMES, *rows)
    for _, part in found.groupby("label"):
        assert part.iloc[[0, -1]][["fpr", "recall"]].to_numpy().tolist() == [[0, 0], [1, 1]]
        assert (part["fpr"].diff().iloc[1:] >= 0).all()
        assert (part["recall"].diff().iloc[1:] >= 0).all()
        assert len(part) <= curves.POINTS


def test_each_threshold_catches_and_costs_what_its_line_says(rows):
    gold, scores = rows
    found = curves.thresholds({"scam": scores[:, 0]}, {"scam": gold[:, 0]}, {"scam": 0.4321})
    assert 50 < len(found) <= curves.STEPS + 1
    for line in found.itertuples():
        said = scores[:, 0] >= line.threshold
        hits, false = (said & gold[:, 0]).sum(), (said & ~gold[:, 0]).sum()
        assert (line.hits, line.false_alarms) == (hits, false)
        assert line.recall == pytest.approx(hits / gold[:, 0].sum(), abs=1e-6)
        assert line.fpr == pytest.approx(false / (~gold[:, 0]).sum(), abs=1e-6)
        assert line.precision == pytest.approx(hits / (hits + false), abs=1e-6)
        assert line.false_per_1000 == pytest.approx(false / ROWS * 1000, abs=0.01)
    assert (found["threshold"].diff().iloc[1:] < 0).all()  # the strictest first
    assert (scores[:, 0] >= 0.4321).sum() in (found["hits"] + found["false_alarms"]).tolist()  # what ships is a step
    assert found["recall"].iloc[-1] == 1


def test_what_an_earlier_label_took_is_no_row_of_a_later_one():
    heads = layout(
        {"scam": {"kind": "softmax", "labels": ["honest", "scam"]}, "topic": {"kind": "sigmoid", "labels": ["crypto"]}}
    )
    rule = decision.Rule("priority", order=("scam", "crypto"), otherwise="clean")
    chances = np.array([[0.1, 0.9, 0.8], [0.7, 0.3, 0.6], [0.5, 0.5, 0.2]])
    found = curves.tried(rule, heads, chances, {"scam": 0.5, "crypto": 0.5})
    assert found["scam"].tolist() == [0.9, 0.3, 0.5]
    assert found["crypto"].tolist() == [-1, 0.6, -1]
    table = curves.thresholds(
        found, {"scam": np.array([1, 0, 0]), "crypto": np.array([0, 1, 0])}, dict.fromkeys(found, 0.5)
    )
    assert table.loc[table["label"] == "crypto", "hits"].tolist() == [1]


def test_the_likeliest_label_has_no_threshold():
    heads = layout({"kind": {"kind": "softmax", "labels": ["a", "b"]}})
    assert curves.tried(decision.Rule("argmax", head="kind"), heads, np.array([[0.1, 0.9]]), {}) == {}
    assert curves.thresholds({}, {}, {}).columns.tolist()[:3] == ["label", "threshold", "recall"]


def test_bins_of_reliability_hold_every_row(rows):
    found = curves.reliability(NAMES, *rows, 10)
    assert found.groupby("label")["n"].sum().eq(ROWS).all()
    first = found[(found["label"] == "scam")].iloc[0]
    low = rows[1][:, 0] < 0.1
    assert (first["n"], first["prob_true"]) == (low.sum(), pytest.approx(rows[0][low, 0].mean(), abs=1e-4))


@pytest.mark.parametrize(
    "values", [np.arange(5000.0), np.r_[np.zeros(4000), np.arange(1000.0)], np.zeros(900)], ids=len
)
def test_thinning_keeps_the_ends_and_spreads_the_rest(values):
    keep = curves.thinned(values, 50)
    assert keep[0] == 0
    assert keep[-1] == len(values) - 1
    assert len(keep) <= 50
    assert (np.diff(keep) > 0).all()
    if np.ptp(values):
        assert np.diff(values[keep]).max() < np.ptp(values) / 15


def test_a_task_without_a_positive_row_has_tables_without_lines():
    gold, scores = np.zeros((4, 3), dtype=bool), np.full((4, 3), 0.2)
    for found in (curves.precision_recall(NAMES, gold, scores), curves.roc(NAMES, gold, scores)):
        assert isinstance(found, pd.DataFrame)
        assert len(found) == 0
        assert "recall" in found
