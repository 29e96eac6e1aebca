"""paired: the difference between two sets of models on the same rows, with an interval of resampled rows."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from decant.decision import Rule
from decant.heads import layout, probabilities
from decant.problem import Problem
from decant.scoring import paired
from decant.scoring.selection import measure

HEADS = layout({"mood": {"kind": "sigmoid", "labels": ["a", "b", "c"]}})
MOOD = Problem(HEADS, Rule("thresholds", head="mood"), 48)
RNG = np.random.default_rng(0)
TARGETS = (RNG.random((120, 3)) < [0.5, 0.3, 0.2]).astype(np.float32)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(paired, "RESAMPLES", 25)


def logits(skill: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=TARGETS.shape)
    return (skill * (TARGETS - 0.5) + noise).astype(np.float32)


def difference(ours: list[np.ndarray], theirs: list[np.ndarray], targets=TARGETS, seed: int = 13) -> dict:
    return paired.difference(ours, theirs, targets, MOOD, seed, "test")


def test_the_difference_is_that_of_the_means_over_seeds():
    ours, theirs = [logits(3, seed) for seed in (1, 2)], [logits(1, seed) for seed in (3, 4)]
    found = difference(ours, theirs)

    def mean(metric):
        return np.mean([metric(one) for one in ours]) - np.mean([metric(one) for one in theirs])

    assert found["macro_auc"] == pytest.approx(mean(lambda one: roc_auc_score(TARGETS, one, average="macro")))
    assert found["micro_auc"] == pytest.approx(mean(lambda one: roc_auc_score(TARGETS.ravel(), one.ravel())))
    assert found["macro_f1"] == pytest.approx(mean(lambda one: f1_score(TARGETS, one >= 0, average="macro")))
    assert found["accuracy"] == pytest.approx(mean(lambda one: ((one >= 0) == TARGETS).all(axis=1).mean()))
    assert list(found) == [f"{key}{end}" for key in paired.KEYS for end in ("", "_low", "_high")]


def test_the_interval_is_that_of_rows_drawn_once_for_both_sides():
    ours, theirs = [logits(3, 1)], [logits(1, 2)]
    found = difference(ours, theirs)
    draws = np.random.default_rng(13).integers(120, size=(paired.RESAMPLES, 120))
    gaps = [
        roc_auc_score(TARGETS[rows].ravel(), probabilities(ours[0][rows], HEADS).ravel())
        - roc_auc_score(TARGETS[rows].ravel(), probabilities(theirs[0][rows], HEADS).ravel())
        for rows in draws
    ]
    assert [found["micro_auc_low"], found["micro_auc_high"]] == pytest.approx(np.percentile(gaps, [2.5, 97.5]))
    assert found["micro_auc_low"] > 0


def test_equal_models_differ_by_nothing_in_any_resample():
    """Unpaired rows would give this interval the width of the noise."""
    found = difference([logits(2, 1)], [logits(2, 1)])
    assert set(found.values()) == {0.0}


def test_sides_swapped_change_the_sign():
    ours, theirs = [logits(3, 1)], [logits(1, 2)]
    one, other = difference(ours, theirs), difference(theirs, ours)
    for key in paired.KEYS:
        assert one[key] == pytest.approx(-other[key])
        assert one[f"{key}_low"] == pytest.approx(-other[f"{key}_high"])


def test_the_seed_decides_the_rows():
    ours, theirs = [logits(3, 1)], [logits(1, 2)]
    assert difference(ours, theirs) == difference(ours, theirs)
    assert difference(ours, theirs, seed=14)["macro_auc_low"] != difference(ours, theirs)["macro_auc_low"]


def test_a_label_without_positives_leaves_no_auc():
    none = np.zeros((10, 3), dtype=np.float32)
    given = [RNG.normal(size=(10, 3)).astype(np.float32)]
    assert "macro_auc" not in measure(given[0], none, MOOD)
    assert set(difference(given, given, none)) == {
        f"{key}{end}" for key in ("accuracy", "macro_f1") for end in ("", "_low", "_high")
    }


def test_resamples_without_a_label_are_left_out_of_its_interval():
    rare = np.zeros((12, 3), dtype=np.float32)
    rare[0, 0] = 1  # a third of the resamples lack it
    ours, theirs = ([np.random.default_rng(seed).normal(size=(12, 3)).astype(np.float32)] for seed in (1, 2))
    found = difference(ours, theirs, rare)
    assert np.isfinite(found["macro_auc_low"])
    assert found["macro_auc_low"] <= found["macro_auc"] <= found["macro_auc_high"]
