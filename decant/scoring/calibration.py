"""Calibration: one temperature per head, and how far probabilities are from frequencies.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

import numpy as np
from scipy.optimize import minimize_scalar

from decant.heads import Head, labelled, probabilities, tempered
from decant.keys import Calibrated


def nll(logits: np.ndarray, targets: np.ndarray, head: Head) -> float:
    """Mean negative log likelihood of a head with labels, from the logits of all heads."""
    return head.nll(np.asarray(logits, dtype=np.float64)[:, head.slice], targets[:, head.slice])


def temperatures(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...]) -> dict[str, float]:
    """Head -> the temperature in 0.05..20 with the lowest NLL; (n, w) logits and targets of the calibration rows."""
    fitted = {}
    for head in labelled(heads):
        result = minimize_scalar(
            lambda log_t, head=head: nll(logits / np.exp(log_t), targets, head),
            bounds=(np.log(0.05), np.log(20.0)),
            method="bounded",
            options={"xatol": 1e-6},
        )
        # six decimals: enough for any use, and no trailing digits that depend on the machine
        fitted[head.name] = round(float(np.exp(result.x)), 6)
    return fitted


def ece(chances: np.ndarray, targets: np.ndarray, head: Head, bins: int) -> float:
    """Expected calibration error over equal-width bins of the head's certainty."""
    confidence, truth = head.certainty(chances[:, head.slice], targets[:, head.slice])
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = np.bincount(place, minlength=bins)
    gap = np.bincount(place, weights=confidence - truth, minlength=bins)
    return float(np.abs(gap).sum() / max(total.sum(), 1))


def bins(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], count: int) -> dict[str, list[dict]]:
    """The bins behind the calibration error of each head with labels: bin, n, prob_pred, prob_true; empty ones left out."""
    chances, result = probabilities(logits, heads), {}
    for head in labelled(heads):
        confidence, truth = head.certainty(chances[:, head.slice], targets[:, head.slice])
        place = np.minimum((confidence * count).astype(int), count - 1)
        result[head.name] = [
            {
                "bin": int(index),
                "n": int((place == index).sum()),
                "prob_pred": round(float(confidence[place == index].mean()), 4),
                "prob_true": round(float(truth[place == index].mean()), 4),
            }
            for index in np.unique(place)
        ]
    return result


def report(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], bins: int) -> dict[str, dict[str, float]]:
    """Per head with labels: nll, ece, brier, n."""
    chances = probabilities(logits, heads)
    return {
        head.name: Calibrated(
            nll=nll(logits, targets, head),
            ece=ece(chances, targets, head, bins),
            brier=head.brier(chances[:, head.slice], targets[:, head.slice]),
        )._asdict()
        | {"n": len(targets)}
        for head in labelled(heads)
    }


def before_and_after(
    logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], fitted: dict[str, float], bins: int
) -> dict[str, dict[str, float]]:
    """`report` of raw and tempered logits side by side: per head temperature, *_before and *_after."""
    before = report(logits, targets, heads, bins)
    after = report(tempered(logits, heads, fitted), targets, heads, bins)
    return {
        name: {"temperature": fitted[name], "n": len(targets)}
        | {f"{key}_before": before[name][key] for key in Calibrated._fields}
        | {f"{key}_after": after[name][key] for key in Calibrated._fields}
        for name in fitted
    }
