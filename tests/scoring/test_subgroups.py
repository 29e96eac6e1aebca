"""Subgroups of the test rows: which rows are in which, and their figures."""

import numpy as np
import pandas as pd
import pytest

from decant.scoring import metrics, subgroups

FRAME = pd.DataFrame(
    {
        "length": [10, 39, 40, 99, 100, 250],
        "has_url": [True, False, False, False, False, False],
        "handle": ["ann", "bob", "", "new", "ann", ""],
        "time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", None], utc=True),
    }
)
TRAIN = pd.DataFrame({"handle": ["ann", "bob", "", "zoe"]})
NAMES = ["spam", "ham"]


def rows_of(frame, slices=("handle",), train=TRAIN):
    return {
        group: np.flatnonzero(chosen).tolist() for group, chosen in subgroups.groups(frame, list(slices), train).items()
    }


def test_each_group_has_its_rows():
    assert rows_of(FRAME) == {
        "length_0_40": [0, 1], "length_40_100": [2, 3], "length_100_200": [4], "length_200_up": [5],
        "with_url": [0], "without_url": [1, 2, 3, 4, 5],
        "with_handle": [0, 1, 3, 4], "without_handle": [2, 5],
        "handle_seen_in_train": [0, 1, 4], "handle_unseen_in_train": [3],
        "earlier_half": [0, 1, 2], "later_half": [3, 4],
    }  # fmt: skip


def test_a_row_without_a_handle_is_neither_seen_nor_unseen():
    found = rows_of(FRAME)
    assert not {2, 5} & {*found["handle_seen_in_train"], *found["handle_unseen_in_train"]}


def test_where_train_knows_everyone_there_is_no_group_of_the_seen():
    assert not [
        group for group in rows_of(FRAME, train=pd.DataFrame({"handle": ["ann", "bob", "new"]})) if "train" in group
    ]


def test_a_group_of_all_rows_or_of_none_is_no_group():
    found = rows_of(FRAME.assign(has_url=False, length=20).drop(columns="time"), slices=())
    assert found == {}


def figures(gold, answers, least=2, masks=None):
    masks = masks or {"all_but_one": np.arange(len(gold)) > 0}
    return subgroups.figures(masks, NAMES, gold, answers, least, 0.95)


def test_figures_are_those_of_the_rows_alone():
    draws = np.random.default_rng(2)
    gold = np.eye(2, dtype=bool)[draws.integers(2, size=90)]
    answers = np.where(draws.random(90)[:, None] < 0.8, gold, ~gold)
    chosen = np.arange(90) % 3 == 0
    found = figures(gold, answers, masks={"third": chosen})["third"]
    whole = metrics.summary(gold[chosen], answers[chosen])
    assert (found["n"], found["accuracy"], found["macro_f1"]) == (30, whole["accuracy"], whole["macro_f1"])
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert found["macro_f1_low"] < found["macro_f1"] < found["macro_f1_high"]
    spam = gold[chosen, 0]
    assert found["classes"]["spam"] == {
        "support": spam.sum(),
        "fpr": pytest.approx(answers[chosen, 0][~spam].mean()),
        "recall": pytest.approx(answers[chosen, 0][spam].mean()),
    }


def test_a_small_group_has_its_number_alone():
    gold = np.eye(2, dtype=bool)[[0, 1, 1]]
    assert figures(gold, gold, least=3) == {"all_but_one": {"n": 2}}


def test_a_class_that_a_group_lacks_has_no_recall():
    gold = np.eye(2, dtype=bool)[[0, 1, 1]]
    assert "recall" not in figures(gold, gold)["all_but_one"]["classes"]["spam"]
