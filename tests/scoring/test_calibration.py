"""Calibration: a planted temperature is found, and what is reported before and after is what scikit-learn says."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from decant.heads import layout, probabilities, tempered
from decant.scoring import calibration

HEADS = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam", "unsure"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)
SOFTMAX, SIGMOID, _ = HEADS


def simulate(seed, rows, temperature=1.0):
    """Logits and targets: labels are drawn from the logits' own probabilities, then the logits are made too large."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (rows, 6))
    chances = probabilities(logits, HEADS)
    targets = np.zeros((rows, 6))
    drawn = (chances[:, SOFTMAX.slice].cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    targets[:, SOFTMAX.slice] = np.arange(3) == drawn[:, None]
    targets[:, SIGMOID.slice] = rng.random((rows, 2)) < chances[:, SIGMOID.slice]
    targets[:, 5] = rng.random(rows)
    logits[:, :5] *= temperature
    return logits, targets


@pytest.mark.parametrize("planted", [0.4, 1.0, 2.5, 8.0])
def test_the_planted_temperature_is_found(planted):
    logits, targets = simulate(0, 20_000, planted)
    found = calibration.temperatures(logits, targets, HEADS)
    assert found == {"scam": pytest.approx(planted, rel=0.05), "topic": pytest.approx(planted, rel=0.05)}


def test_each_head_has_its_own_temperature():
    logits, targets = simulate(1, 20_000)
    logits[:, SOFTMAX.slice] *= 3
    logits[:, SIGMOID.slice] *= 0.5
    found = calibration.temperatures(logits, targets, HEADS)
    assert found == {"scam": pytest.approx(3, rel=0.05), "topic": pytest.approx(0.5, rel=0.05)}


@pytest.mark.parametrize("seed", range(8))
def test_nll_is_never_worse_after_on_the_fit_rows(seed):
    rng = np.random.default_rng(seed)
    logits, targets = simulate(seed, 60, rng.uniform(0.1, 10))
    targets = targets[rng.permutation(60)] if seed % 2 else targets  # also where the logits know nothing
    fitted = calibration.temperatures(logits, targets, HEADS)
    found = calibration.before_and_after(logits, targets, HEADS, fitted, 10)
    assert set(found) == {"scam", "topic"}
    for name, entry in found.items():
        assert entry["nll_after"] <= entry["nll_before"] + 1e-9
        assert entry["temperature"] == fitted[name]
        assert entry["n"] == 60


def test_no_temperature_leaves_its_bounds():
    _, targets = simulate(3, 200)
    right = np.where(targets > 0.5, 1.0, -1.0)
    # at 0.2 the loss of logits that are always right is zero in any float, so the search may stop there
    assert all(0.05 <= one < 0.2 for one in calibration.temperatures(right, targets, HEADS).values())
    assert all(19 < one <= 20 for one in calibration.temperatures(-right, targets, HEADS).values())


def test_nll_is_that_of_sklearn():
    logits, targets = simulate(4, 500)
    chances = probabilities(logits, HEADS)
    wanted = log_loss(targets[:, SOFTMAX.slice].argmax(axis=1), chances[:, SOFTMAX.slice], labels=[0, 1, 2])
    assert calibration.nll(logits, targets, SOFTMAX) == pytest.approx(wanted)
    each = [log_loss(targets[:, column], chances[:, column], labels=[0, 1]) for column in (3, 4)]
    assert calibration.nll(logits, targets, SIGMOID) == pytest.approx(np.mean(each))


def test_nll_of_huge_logits_is_finite():
    _, targets = simulate(5, 10)
    assert calibration.nll(np.full((10, 6), 1e4), targets, SIGMOID) > 1e3
    assert calibration.nll(np.eye(6)[:1] * 1e4, np.eye(6)[1:2], SOFTMAX) == pytest.approx(1e4)


@pytest.mark.parametrize("head", [SOFTMAX, SIGMOID], ids=["softmax", "sigmoid"])
def test_ece_of_calibrated_chances_is_near_zero_and_of_overconfident_ones_large(head):
    logits, targets = simulate(6, 40_000)
    calm = calibration.ece(probabilities(logits, HEADS), targets, head, 10)
    loud = calibration.ece(probabilities(logits * 5, HEADS), targets, head, 10)
    assert calm < 0.01
    assert loud > 0.1


def test_ece_of_a_hand_made_case():
    chances = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.2, 0.6, 0.2], [0.3, 0.3, 0.4]])
    truth = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
    # of two rows at 0.9 one is right (gap 0.4, weight 1/2); 0.6 and 0.4 are right (gaps 0.4 and 0.6, weight 1/4 each)
    assert calibration.ece(chances, truth, SOFTMAX, 10) == pytest.approx(0.4 / 2 + 0.4 / 4 + 0.6 / 4)


def test_ece_counts_certainty_in_the_last_bin():
    chances = np.zeros((4, 6))
    chances[:, 0] = chances[:, 3] = 1.0
    assert calibration.ece(chances, chances, SOFTMAX, 10) == 0
    assert calibration.ece(chances, 1 - chances, SIGMOID, 10) == 1
    mixed = np.array([[1.0, 0, 0], [0.95, 0.05, 0]])
    # wrong at 1, right at 0.95: in one bin the gaps 1 and -0.05 add up before their size is taken
    assert calibration.ece(mixed, np.array([[0, 1, 0], [1, 0, 0]]), SOFTMAX, 10) == pytest.approx(0.95 / 2)


def test_brier_is_that_of_sklearn():
    logits, targets = simulate(7, 500)
    chances = probabilities(logits, HEADS)
    wanted = brier_score_loss(targets[:, SOFTMAX.slice].argmax(axis=1), chances[:, SOFTMAX.slice], labels=[0, 1, 2])
    assert SOFTMAX.brier(chances[:, SOFTMAX.slice], targets[:, SOFTMAX.slice]) == pytest.approx(wanted)
    each = [brier_score_loss(targets[:, column], chances[:, column]) for column in (3, 4)]
    assert SIGMOID.brier(chances[:, SIGMOID.slice], targets[:, SIGMOID.slice]) == pytest.approx(np.mean(each))


@pytest.mark.parametrize("temperature", [0.05, 0.7, 20.0])
def test_tempering_keeps_every_order_and_every_number(temperature):
    logits, _ = simulate(8, 500)
    before = probabilities(logits, HEADS)
    after = probabilities(tempered(logits, HEADS, {"scam": temperature, "topic": temperature}), HEADS)
    np.testing.assert_array_equal(before[:, :3].argmax(axis=1), after[:, :3].argmax(axis=1))
    np.testing.assert_array_equal(before[:, 3:5] > 0.5, after[:, 3:5] > 0.5)
    np.testing.assert_array_equal(before[:, 5], after[:, 5])
    assert not np.allclose(before[:, :5], after[:, :5])


def test_the_report_leaves_regression_out():
    logits, targets = simulate(9, 50)
    found = calibration.report(logits, targets, HEADS, 10)
    assert set(found) == {"scam", "topic"}
    assert all(set(entry) == {"nll", "ece", "brier", "n"} for entry in found.values())
