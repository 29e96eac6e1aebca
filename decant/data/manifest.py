"""The manifest of the splits: what split writes down about each one."""

import hashlib
import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from decant.keys import class_keys


def digest_of(ids: Iterable[str]) -> str:
    """sha256 of ids in their order, one a line: what a manifest knows a split by."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def contents(frame: pd.DataFrame, answers: np.ndarray, overall: np.ndarray, names: list[str]) -> dict:
    """One split in the manifest: n, sha256 of its sorted ids, rows per answer, drift of each answer and pair of answers.

    answers (n, k) of its rows, overall (m, k) of all that are in a split.
    """
    ids = frame["id"].tolist()
    n, labels = max(len(ids), 1), list(class_keys(names).values())
    both, all_both = answers.T.astype(int) @ answers.astype(int), overall.T.astype(int) @ overall.astype(int)
    shift = np.abs(both / n - all_both / len(overall)) if len(ids) else np.zeros_like(both, dtype=float)
    pairs = [
        (first, second) for first, second in itertools.combinations(range(len(names)), 2) if all_both[first, second]
    ]
    return {
        "n": len(ids),
        "sha256": digest_of(ids),
        "support": {name: int(both[index, index]) for index, name in enumerate(names)},
        "drift": {name: round(float(shift[index, index]), 4) for index, name in enumerate(labels)},
        "pair_drift": {
            f"{labels[first]}+{labels[second]}": round(float(shift[first, second]), 4) for first, second in pairs
        },
    }
