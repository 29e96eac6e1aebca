"""One fold of a cross-fitted road: the rows of a task's own splits, divided anew.

Each row is test in one of the folds. What may not be torn apart, clusters of like texts and groups, goes to one fold whole.
The cut hangs on the rows and on split.seed alone, so that two settings are compared on the same folds.
"""

import numpy as np
import pandas as pd

from decant import paths
from decant.data.stratify import stratify
from decant.data.support import standing
from decant.files import digest
from decant.paths import SPLITS
from decant.settings.split import Fold, Split

TEST = SPLITS.index("test")


def divided(
    home: np.ndarray, why: np.ndarray, spread: np.ndarray, together: np.ndarray, fold: Fold, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) home and (n,) why (see decant.data.support) of the fold, from those of the task's own splits.

    spread: (n, m) booleans to spread evenly. together: (n,) clusters that stay whole. A row that stands in no split of the
    task's own stands in none here.
    """
    place = standing(home, why)
    pooled = place >= 0 if fold.rows == "all" else (place >= 0) & (place < TEST)
    home, why = home.copy(), why.copy()
    why[(place >= 0) & ~pooled] = "fold"

    rows = np.flatnonzero(pooled)
    tested = cut(spread[rows], together[rows], np.full(fold.of, 1 / fold.of), seed) == fold.number
    rest = rows[~tested]
    sizes = np.bincount(place[place >= 0], minlength=len(SPLITS))[:TEST]
    home[rows[tested]] = TEST
    home[rest] = cut(spread[rest], together[rest], sizes / sizes.sum(), seed)
    return home, why


def cut(spread: np.ndarray, together: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """(n,) parts, by their place in shares."""
    return stratify(spread, pd.factorize(together)[0], shares, seed)


def released(task: str, settings: Split) -> list[str]:
    """sha256 of the frozen manifests that keep no row out of train: all, where every row is test in one fold, for then frozen
    rows are learnt from in the others, by models that never ship."""
    if settings.fold and settings.fold.rows == "all":
        return [digest(file) for file in sorted(paths.frozen(task).glob("*.json"))]
    return settings.released
