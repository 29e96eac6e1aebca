"""Two settings on the same rows: signs, intervals, and what cannot be compared."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from crossfitting import pooled

from decant.crossfit import figures, words
from decant.crossfit.compare import compare, refuse_others, refuse_same
from decant.errors import DataError, ParamsError
from decant.settings.heads import HeadSettings
from decant.settings.params import read, read_all

FOLDS = 4


@pytest.fixture
def plans(workspace):
    settings = read("demo")
    made = [
        SimpleNamespace(task="demo", name=name, folds=FOLDS, rows="development", settings=settings, key=name)
        for name in ("a", "b")
    ]
    return tuple(made)


def test_the_second_minus_the_first_contestant_by_contestant(plans):
    found = compare(plans, (pooled(quality=1.0), pooled(quality=2.0)))
    better = found["contestants"]["student_int8"]
    assert not better["same"]
    for measure in ("accuracy", "macro_f1", "micro_auc", "macro_auc", "scam.average_precision"):
        cell = better["measures"][measure]
        assert cell["difference"] == pytest.approx(cell["second"] - cell["first"])
        assert 0 < cell["low"] < cell["difference"] < cell["high"], measure
        assert cell["folds_low"] < cell["difference"] < cell["folds_high"], measure
        assert cell["folds_higher"] == FOLDS
    assert better["measures"]["scam.fpr"]["difference"] < 0
    assert found["contestants"]["linear"]["same"]
    assert found["n"] == 400


def test_what_is_the_same_differs_by_nothing_and_its_interval_holds_nothing(plans):
    found = compare(plans, (pooled(), pooled()))
    for entry in found["contestants"].values():
        assert entry["same"]
        for cell in entry["measures"].values():
            assert cell["difference"] == 0
            assert cell["low"] <= 0 <= cell["high"]


def test_other_rows_are_refused():
    first, second = pooled(), pooled()
    second.ids[3] = "another"
    with pytest.raises(
        DataError, match=r"other rows: 1 are in the first alone, 1 in the second alone, e\.g\. 'another'"
    ):
        refuse_others(first, second)


def test_other_labels_are_refused():
    first, second = pooled(), pooled()
    gold = second.said.gold.copy()
    gold[5] = np.roll(gold[5], 1)
    with pytest.raises(DataError, match=r"other labels for 1 rows, e\.g\. 'r0005'"):
        refuse_others(first, replace(second, said=second.said._replace(gold=gold)))


def test_other_classes_are_refused():
    first, second = pooled(), pooled()
    with pytest.raises(DataError, match="between other classes: scam, crypto, clean; scam, coins, clean"):
        refuse_others(first, replace(second, said=second.said._replace(names=["scam", "coins", "clean"])))


def test_two_names_of_one_run_are_refused(plans):
    plans[1].key = plans[0].key
    with pytest.raises(
        ParamsError, match="a and b are one run of demo: nothing differs between them that its road reads"
    ):
        refuse_same(*plans)


def test_a_contestant_that_only_one_has_is_named(plans):
    first, second = pooled(), pooled(quality=2.0)
    for part in (second.said.answers, second.said.scores, second.said.chances):
        part["teacher_mpnet_13"] = part["linear"]
    found = compare(plans, (first, second))
    assert found["alone"] == [[], ["teacher_mpnet_13"]]
    told = words.comparison(plans, found, [{"teacher": 2.0, "distil": 1.0}, {"teacher": None, "distil": 3.0}])
    assert "in B alone: teacher_mpnet_13" in told
    assert "the same in both: linear" in told
    assert "A: processor minutes of training in all folds: 3.0 (teacher 2.0, distil 1.0)" in told
    assert "not known of teacher" in told
    assert "FPR of scam" in told


def test_the_interval_over_folds_is_students():
    value, low, high = figures.mean([0.8, 0.82, 0.84, 0.86], 0.95)
    assert value == pytest.approx(0.83)
    assert (high - value) == pytest.approx(3.182446 * np.std([0.8, 0.82, 0.84, 0.86], ddof=1) / 2, rel=1e-5)
    assert high - value == pytest.approx(value - low)


def test_the_figures_are_those_of_test_and_each_pair_stands_once(plans):
    heads = {"kind": HeadSettings(kind="softmax", labels=["scam", "crypto", "clean"])}
    plans[0].settings = read_all()[1]["demo"].model_copy(update={"heads": heads})
    found = figures.figures(plans[0], pooled(quality=2.0))
    assert (found["folds"], found["rows"], found["n"], found["contestant"]) == (
        FOLDS,
        "development",
        400,
        "student_int8",
    )
    scam = found["student_int8"]["classes"]["scam"]
    assert scam["average_precision_low"] < scam["average_precision"] < scam["average_precision_high"]
    assert found["student_int8"]["macro_f1"] > found["student_int8"]["over_folds"]["macro_f1_low"]
    assert list(found["paired"]) == ["student_int8"]
    assert found["paired"]["student_int8"]["minus_linear"]["macro_f1_low"] > 0
