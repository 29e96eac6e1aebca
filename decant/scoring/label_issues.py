"""Labels that are likely to be wrong, by confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning:
Estimating Uncertainty in Dataset Labels", as cleanlab computes it).

A row is contradicted where a model that has not learnt it gives another label more than that label's rows get on average;
so each label has a threshold of its own, and a model that is never sure of a rare label does not make all of its rows wrong.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues

from decant.heads import Head


class Doubt(NamedTuple):
    """A row whose label is probably wrong."""

    row: int  # index into the rows
    given: int  # class that it is labelled as
    suggested: int  # the likeliest class that any row is labelled as
    confidence: float  # its chance, 0..1


def find(chances: np.ndarray, labels: np.ndarray) -> list[Doubt]:
    """The doubtful rows, first the one whose suggested class is farthest ahead of the given one.

    chances: (n, k) of models that have not seen the row (out of fold); each row sums to 1. labels: (n,) the given classes
    as columns of chances. Of a head whose labels may hold together each label is a question of its own: ask with
    (n, 2) chances that it does not hold, and that it does. Rows of one class alone leave nothing to doubt.
    """
    there = np.unique(labels)
    if len(there) < 2:
        return []
    ranked = find_label_issues(
        np.asarray(labels),
        np.asarray(chances, dtype=np.float64),
        filter_by="confident_learning",
        return_indices_ranked_by="normalized_margin",
        n_jobs=1,  # others would be forked, for what takes .3 s of 100,000 rows
    )
    suggested = {row: int(there[chances[row, there].argmax()]) for row in ranked.tolist()}
    return [Doubt(row, int(labels[row]), column, float(chances[row, column])) for row, column in suggested.items()]


@dataclass(frozen=True)
class Issue:
    row: int
    given: tuple[str, ...]
    suggested: tuple[str, ...]
    confidence: float
    """Probability of what is suggested: of the label, or of the surest label that a sigmoid head gains or loses."""
    margin: float
    """How much more probable that is than what is given; the likeliest errors have the largest."""


def issues(head: Head, targets: np.ndarray, chances: np.ndarray) -> list[Issue]:
    """The rows whose label in a head is contradicted, the likeliest error first.

    targets: (n, o) as `Head.targets`. chances: (n, o) probabilities by models that have not learnt these rows. A number has
    no label, and a label that holds in every row or in none is not looked at.
    """
    if not head.labels:
        return []
    found = of_many(head, targets, chances) if head.several else of_one(head, targets, chances)
    return sorted(found, key=lambda issue: (-issue.margin, issue.row))


def of_one(head: Head, targets: np.ndarray, chances: np.ndarray) -> list[Issue]:
    """One of the labels holds."""
    # probabilities of float32 logits sum to 1 only nearly, which cleanlab refuses
    doubts = find(chances / chances.sum(axis=1, keepdims=True), targets.argmax(axis=1))
    return [
        Issue(row, (head.labels[given],), (head.labels[suggested],), best, best - float(chances[row, given]))
        for row, given, suggested, best in doubts
    ]


def of_many(head: Head, targets: np.ndarray, chances: np.ndarray) -> list[Issue]:
    """Any of the labels hold, each a question of its own."""
    flips: dict[int, list[int]] = {}
    for column in range(len(head.labels)):
        for doubt in find(np.stack([1 - chances[:, column], chances[:, column]], 1), targets[:, column].astype(int)):
            flips.setdefault(doubt.row, []).append(column)
    result = []
    for row, columns in flips.items():
        held = targets[row] > 0.5
        other = held.copy()
        other[columns] = ~held[columns]
        best = max(float(chances[row, column] if other[column] else 1 - chances[row, column]) for column in columns)
        names = [
            tuple(name for name, holds in zip(head.labels, row_of, strict=True) if holds) for row_of in (held, other)
        ]
        result.append(Issue(row, *names, best, 2 * best - 1))
    return result
