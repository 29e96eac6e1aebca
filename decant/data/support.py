"""Rows that the splits lack: whether each split has enough rows of each answer, and why others are left out.

home (n,): the split where a row would stand, its index in SPLITS, or -1. why (n,): a key of WHY for a row that is in no
split, "" for one that stands where its home is.
"""

import numpy as np

from decant.errors import DataError
from decant.paths import SPLITS
from decant.settings.split import Split

WHY = {  # a row is in no split
    "time": "by split.order: time (a newer row has a like text or the same group)",
    "frozen": "beside frozen test rows (with a like text or the same group)",
    "leaks": "by split.leaks: drop (a later split holds a like text or the same group, or it was test)",
    "fast": "by split.fast",
    "fold": "by split.fold (test rows of the task's own splits)",
}


def standing(home: np.ndarray, why: np.ndarray) -> np.ndarray:
    """(n,) the split where each row stands, -1 for one that is left out."""
    return np.where(why == "", home, -1)


def left_out(why: np.ndarray) -> str:
    """How many rows are in no split, and why."""
    counts = {reason: int((why == reason).sum()) for reason in WHY}
    return ", ".join(f"{count:,} {WHY[reason]}" for reason, count in counts.items() if count)


def check_support(
    task: str,
    answers: np.ndarray,
    names: list[str],
    home: np.ndarray,
    why: np.ndarray,
    published: dict[str, int],
    settings: Split,
) -> None:
    """Raises DataError: a split without rows that no share of 0 asks for, or too few rows of an answer in one.

    answers: (n, k) booleans, names: of the k answers. published: split -> rows that the data put there,
    or empty.
    """
    place = standing(home, why)
    for index, split in enumerate(SPLITS):
        if not (place == index).any():
            if not published.get(split, 1):
                raise DataError(absent(task, split, [name for name in SPLITS if published[name]], settings))
            if lost := left_out(why[(home == index) | (home < 0)]):
                raise DataError(f"{task}: no row is left in {split}; left out: {lost}")
    for column, name in enumerate(names):
        support = np.bincount(place[answers[:, column] & (place >= 0)], minlength=len(SPLITS))
        if support.min() < settings.least:
            short = int(support.argmin())
            lost = left_out(why[answers[:, column] & ((home == short) | (home < 0))])
            lost = f"; left out there: {lost}" if lost else ""
            raise DataError(
                f"{task}: class {name!r} has {int(support.sum())} rows, of which {SPLITS[short]} would get {support.min()}; "
                f"{task}.split.least asks for {settings.least}{lost}. Add rows, merge the class, or lower least"
            )


def absent(task: str, split: str, brought: list[str], settings: Split) -> str:
    """What to do about a split that the data do not bring, for the error. brought: those that they do."""
    parts = {name: f"{part.source}, share: {part.share:g}" for name, part in settings.carve.items()}
    there = {*brought, *parts}
    for name in (other for other in SPLITS if other not in there):
        parts[name] = "valid, share: 0.5" if name == "calib" and "valid" in there else "train, share: 0.15"
    carved = ", ".join(f"{name}: {{source: {part}}}" for name, part in parts.items())
    advice = f", or take them out of a given split by {task}.split, carve: {{{carved}}}" if "train" in brought else ""
    return f"{task}: the data bring {', '.join(brought)}, but no {split}. Name its rows in {task}.source.splits{advice}"
