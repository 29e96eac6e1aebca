"""What two splits share: rows whose text, near-duplicate or group stands in a later split too.

A split is its index in SPLITS, test is the last; -1 is a row that is out. Dropping the earlier row keeps the later split
as it was published.
"""

import itertools

import numpy as np
import pandas as pd

from decant.paths import SPLITS

PAIRS = list(itertools.combinations(range(len(SPLITS)), 2))


def leaking(groups: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(n,) true for a row whose group also stands in a later split."""
    latest = np.full(groups.max() + 1, -1)
    np.maximum.at(latest, groups, place)
    return (place >= 0) & (place < latest[groups])


def leakage(codes: np.ndarray, place: np.ndarray) -> dict[str, int]:
    """Per pair of splits: rows of the later one with a partner in the earlier one. codes: -1 shares nothing."""
    known = codes >= 0
    return {
        f"{SPLITS[early]}_{SPLITS[late]}": int(np.isin(codes[(place == late) & known], codes[(place == early) & known]).sum())
        for early, late in PAIRS
    }  # fmt: skip


def explain(task: str, ids: pd.Series, place: np.ndarray, kinds: dict[str, np.ndarray], was_test: np.ndarray) -> str:
    """What leaks where, for the error of a stage that was told to stop. kinds: name -> codes (n,)."""
    leaks = []
    for kind, codes in kinds.items():
        rows = leaking(np.where(codes >= 0, codes, codes.max() + 1 + np.arange(len(codes))), place)
        if rows.any():
            leaks.append(
                f"{int(rows.sum())} rows share their {kind} with a later split, e.g. ids {list(ids[rows][:3])}"
            )
    old = was_test & (place >= 0) & (place < 3)
    if old.any():
        leaks.append(f"{int(old.sum())} rows were test in a frozen manifest, e.g. ids {list(ids[old][:3])}")
    return (
        f"{task}: {'; '.join(leaks)}. Set {task}.split.leaks to drop or report, mend the split files, or release a frozen "
        "manifest by its sha256 in split.released"
    )
