"""Calibration: one temperature per head, and how far probabilities are from frequencies.

Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

import numpy as np
from scipy.optimize import minimize_scalar

from decant.heads import Head, probabilities, tempered
from decant.keys import Calibrated


def nll(logits: np.ndarray, targets: np.ndarray, head: Head) -> float:
    """Mean negative log likelihood of a softmax or sigmoid head (per label), from the logits of all heads."""
    part, wanted = np.asarray(logits, dtype=np.float64)[:, head.slice], targets[:, head.slice]
    if head.kind == "softmax":
        top = part.max(axis=1, keepdims=True)
        return float(
            -(wanted * (part - top - np.log(np.exp(part - top).sum(axis=1, keepdims=True)))).sum(axis=1).mean()
        )
    return float((np.logaddexp(0, part) - wanted * part).mean())


def temperatures(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...]) -> dict[str, float]:
    """Head -> the temperature in 0.05..20 with the lowest NLL; (n, w) logits and targets of the calibration rows."""
    fitted = {}
    for head in heads:
        if head.kind == "regression":
            continue
        result = minimize_scalar(
            lambda log_t, head=head: nll(logits / np.exp(log_t), targets, head),
            bounds=(np.log(0.05), np.log(20.0)),
            method="bounded",
            options={"xatol": 1e-6},
        )
        # six decimals: enough for any use, and no trailing digits that depend on the machine
        fitted[head.name] = round(float(np.exp(result.x)), 6)
    return fitted


def certainty(chances: np.ndarray, targets: np.ndarray, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """What is claimed and whether it holds: the likeliest label of a softmax head, (n,); every label of a sigmoid head."""
    part, wanted = chances[:, head.slice], targets[:, head.slice]
    if head.kind == "softmax":
        best = part.argmax(axis=1)
        rows = np.arange(len(part))
        return part[rows, best], wanted[rows, best]
    return part.ravel(), wanted.ravel()


def ece(chances: np.ndarray, targets: np.ndarray, head: Head, bins: int) -> float:
    """Expected calibration error over equal-width bins of `certainty`."""
    confidence, truth = certainty(chances, targets, head)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = np.bincount(place, minlength=bins)
    gap = np.bincount(place, weights=confidence - truth, minlength=bins)
    return float(np.abs(gap).sum() / max(total.sum(), 1))


def bins(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], count: int) -> dict[str, list[dict]]:
    """The bins behind the calibration error of each softmax or sigmoid head: bin, n, prob_pred, prob_true; empty ones left out."""
    chances, result = probabilities(logits, heads), {}
    for head in heads:
        if head.kind == "regression":
            continue
        confidence, truth = certainty(chances, targets, head)
        place = np.minimum((confidence * count).astype(int), count - 1)
        result[head.name] = [
            {
                "bin": int(one),
                "n": int((place == one).sum()),
                "prob_pred": round(float(confidence[place == one].mean()), 4),
                "prob_true": round(float(truth[place == one].mean()), 4),
            }
            for one in np.unique(place)
        ]
    return result


def brier(chances: np.ndarray, targets: np.ndarray, head: Head) -> float:
    """Mean squared distance between probabilities and labels: summed over a softmax head, per label of a sigmoid head."""
    squares = (chances[:, head.slice] - targets[:, head.slice]) ** 2
    return float(squares.sum(axis=1).mean() if head.kind == "softmax" else squares.mean())


def report(logits: np.ndarray, targets: np.ndarray, heads: tuple[Head, ...], bins: int) -> dict[str, dict[str, float]]:
    """Per softmax or sigmoid head: nll, ece, brier, n."""
    chances = probabilities(logits, heads)
    return {
        head.name: Calibrated(
            nll=nll(logits, targets, head),
            ece=ece(chances, targets, head, bins),
            brier=brier(chances, targets, head),
        )._asdict()
        | {"n": len(targets)}
        for head in heads
        if head.kind != "regression"
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
