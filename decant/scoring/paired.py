"""How much better one set of models is than another on the same rows: seeds averaged, rows drawn once for both sides.

The interval says what other rows would have given; the seeds are part of the procedure that is judged.
"""

import numpy as np

from decant.problem import Problem
from decant.progress import bar
from decant.scoring.selection import measure

KEYS = ("accuracy", "macro_f1", "micro_auc", "macro_auc")
RESAMPLES = 500  # 20 ms each for 18 labels and 150 rows, per seed and side
# percentiles, so 95 %; with evaluate.confidence in their place, gain would train its teachers again for a new one
TAILS = (2.5, 97.5)


def difference(
    ours: list[np.ndarray],
    theirs: list[np.ndarray],
    targets: np.ndarray,
    problem: Problem,
    seed: int,
    what: str,
) -> dict[str, float]:
    """Per key of KEYS the mean over the seeds of ours minus theirs, and _low and _high, the TAILS of the resamples.

    ours, theirs: logits (n, w), one array per seed, in the same order of seeds. targets: (n, w). A key that the rows do not
    give (an AUC without positives) is left out. what: shown while it runs.
    """

    def gap(rows: np.ndarray) -> dict[str, float]:
        sides = [[measure(logits[rows], targets[rows], problem) for logits in side] for side in (ours, theirs)]
        keys = [key for key in KEYS if all(key in scores for side in sides for scores in side)]
        return {
            key: np.mean([scores[key] for scores in sides[0]]) - np.mean([scores[key] for scores in sides[1]])
            for key in keys
        }

    whole = gap(np.arange(len(targets)))
    draws = np.random.default_rng(seed).integers(len(targets), size=(RESAMPLES, len(targets)))
    drawn = [gap(rows) for rows in bar(draws, what=what, unit="resample")]
    result = {}
    for key, value in whole.items():
        low, high = np.percentile([resample[key] for resample in drawn if key in resample], TAILS)
        result |= {key: value, f"{key}_low": low, f"{key}_high": high}
    return result
