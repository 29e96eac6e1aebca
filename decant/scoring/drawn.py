"""Average precision with an interval: clusters of rows drawn with replacement, the same draws for everyone.

The figures of `decant.scoring.intervals` are shares and areas, whose error can be counted. Average precision is neither, so
that it is resampled; n is thousands here, where percentiles hold what they say (they do not at 50 rows).
"""

import numpy as np

RESAMPLES, SEED = 1000, 13
AT_A_TIME = 50  # resamples: 50 times 40,000 rows are 16 MB in float64


def weights(together: np.ndarray, start: int, count: int) -> np.ndarray:
    """(count, n): how often each resample has each row; rows of one cluster come and go together. together: (n,) codes."""
    clusters = int(together.max()) + 1
    drawn = np.stack(
        [
            np.bincount(np.random.default_rng([SEED, number]).integers(clusters, size=clusters), minlength=clusters)
            for number in range(start, start + count)
        ]
    )
    return drawn[:, together]


def average_precision(gold: np.ndarray, scores: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(r,) average precision of one class, as scikit-learn defines it, under each row of weights (r, n); NaN without positives.

    gold: (n,) booleans. scores: (n,); equal ones are one step of the curve.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.r_[np.flatnonzero(np.diff(scores[order])), len(order) - 1]
    weight = weight[:, order].astype(float)
    found = np.cumsum(weight * gold[order], axis=1)[:, ends]
    taken = np.cumsum(weight, axis=1)[:, ends]
    precision = np.divide(found, taken, out=np.zeros_like(found), where=taken > 0)
    total = found[:, -1]
    gained = (np.diff(found, axis=1, prepend=0.0) * precision).sum(axis=1)
    return np.divide(gained, total, out=np.full_like(total, np.nan), where=total > 0)


def draws(gold: np.ndarray, everyone: dict[str, np.ndarray], together: np.ndarray) -> dict[str, np.ndarray]:
    """Contestant -> (RESAMPLES, k) average precision of each class. gold: (n, k) booleans; everyone: contestant -> (n, k) scores."""
    found = {name: np.empty((RESAMPLES, gold.shape[1])) for name in everyone}
    for start in range(0, RESAMPLES, AT_A_TIME):
        weight = weights(together, start, AT_A_TIME)
        for name, scores in everyone.items():
            for column in range(gold.shape[1]):
                part = average_precision(gold[:, column], scores[:, column], weight)
                found[name][start : start + AT_A_TIME, column] = part
    return found


def ends(drawn: np.ndarray, confidence: float) -> tuple[float, float]:
    """The percentiles of resamples (r,), those without a value left out."""
    low, high = np.nanpercentile(drawn, [50 * (1 - confidence), 50 * (1 + confidence)])
    return float(low), float(high)
