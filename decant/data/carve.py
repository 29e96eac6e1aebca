"""A stratified part of one split: a split that the data did not bring, or the rows of train that quick trials leave out.

Rows that belong together stay whole, and the shares of the answers may drift by no more than params allow.
"""

import numpy as np
import pandas as pd

from decant.data.stratify import stratify
from decant.errors import DataError
from decant.paths import SPLITS
from decant.settings.split import Split


def carve(
    task: str,
    home: np.ndarray,
    free: np.ndarray,
    was_test: np.ndarray,
    settings: Split,
    answers: np.ndarray,
    spread: np.ndarray,
    together: np.ndarray,
) -> np.ndarray:
    """(n,) splits as indices into SPLITS, given as `home`, with those of settings.carve taken out of them one by one.

    free: rows that may be taken. was_test: rows of a frozen test set; where test is carved, they are test and no other is.
    answers: (n, k), spread: (n, m) booleans to spread evenly, together: (n,) clusters that stay whole.

    Raises DataError: the split is given already, its source has no rows, or the answers drift.
    """
    for name in settings.carve:
        if (home == SPLITS.index(name)).any():
            raise DataError(f"{task}: {task}.split.carve.{name}: the data brings {name} already; take carve.{name} out")
    settled = "test" in settings.carve and was_test.any()
    home = np.where(was_test, SPLITS.index("test"), home) if settled else home.copy()
    for name, part in settings.carve.items():
        if name == "test" and settled:
            continue
        rows = np.flatnonzero((home == SPLITS.index(part.source)) & free)
        if not len(rows):
            raise DataError(f"{task}: {task}.split.carve.{name} takes rows from {part.source}, which has none")
        codes, shares = pd.factorize(together[rows])[0], np.array([1 - part.share, part.share])
        taken = stratify(spread[rows], codes, shares, settings.seed) == 1
        if taken.all() or not taken.any():
            raise DataError(
                f"{task}: {task}.split.carve.{name} would take {int(taken.sum())} of the {len(rows)} rows of {part.source}; "
                "both need some. Rows that belong together stay whole: change the share, or carve from a larger split"
            )
        for side, where in ((taken, f"in {name}"), (~taken, f"in what carve.{name} leaves of {part.source}")):
            shift = drift(answers[rows[side]], answers[rows])
            check_drift(task, where, shift, f"in {part.source}, which it is carved from", settings.max_drift)
        home[rows[taken]] = SPLITS.index(name)
    return home


def spared(place: np.ndarray, settings: Split, spread: np.ndarray, together: np.ndarray) -> np.ndarray:
    """The rows of train, by number, that settings.fast leaves out."""
    rows = np.flatnonzero(place == SPLITS.index("train"))
    if settings.fast == 1 or not len(rows):
        return rows[:0]
    codes, shares = pd.factorize(together[rows])[0], np.array([settings.fast, 1 - settings.fast])
    return rows[stratify(spread[rows], codes, shares, settings.seed) == 1]


def drift(part: np.ndarray, whole: np.ndarray) -> float:
    """Largest difference of an answer's share between two sets of rows (n, k); 0 if the first has none."""
    return float(np.abs(part.mean(axis=0) - whole.mean(axis=0)).max()) if len(part) else 0.0


def check_drift(task: str, where: str, shift: float, whole: str, most: float) -> None:
    """Raises DataError if a split's answers have drifted further than split.max_drift."""
    if shift > most:
        raise DataError(
            f"{task}: the share of an answer {where} differs by {shift:.3f} from that {whole}, {task}.split.max_drift allows "
            f"{most}. Large groups or few rows do that; raise it or merge classes"
        )
