"""The decision rule: from head outputs to the final answer. Shipped with the classifier: numpy only.

An answer is a boolean matrix (n, k) over the rule's k classes: one true per row for argmax and priority, any
number for thresholds. Gold labels take the same form, so that one set of metrics serves every task.
"""

import numpy as np

from decant.heads import Head


def classes(rule: dict, heads: tuple[Head, ...]) -> list[str]:
    """The final answers, in order."""
    if rule["rule"] == "priority":
        return [*rule["order"], rule["otherwise"]]
    return list(_head(rule, heads).labels)


def scores(rule: dict, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    """How much speaks for each class: (n, w) head outputs -> (n, k) in 0..1.

    What remains under a priority rule scores 1 minus the highest score of the listed labels.
    """
    if rule["rule"] != "priority":
        return chances[:, _head(rule, heads).slice]
    listed = np.stack([chances[:, _column(label, heads)] for label in rule["order"]], axis=1)
    return np.column_stack([listed, 1 - listed.max(axis=1)])


def decide(rule: dict, heads: tuple[Head, ...], chances: np.ndarray, thresholds: dict[str, float]) -> np.ndarray:
    """The answers (n, k). thresholds: label -> least score; argmax ignores them."""
    given = scores(rule, heads, chances)
    names = classes(rule, heads)
    if rule["rule"] == "argmax":
        return np.arange(len(names)) == given.argmax(axis=1)[:, None]
    if rule["rule"] == "thresholds":
        return given >= np.array([thresholds[name] for name in names])
    answers = np.zeros(given.shape, dtype=bool)
    free = np.ones(len(given), dtype=bool)
    for column, name in enumerate(names[:-1]):
        answers[:, column] = free & (given[:, column] >= thresholds[name])
        free &= ~answers[:, column]
    answers[:, -1] = free
    return answers


def gold(rule: dict, heads: tuple[Head, ...], targets: np.ndarray) -> np.ndarray:
    """The right answers (n, k): the rule applied to the labels themselves (0 or 1 in place of probabilities)."""
    return decide(rule, heads, targets, dict.fromkeys(classes(rule, heads), 0.5))


def _head(rule: dict, heads: tuple[Head, ...]) -> Head:
    return next(head for head in heads if head.name == rule["head"])


def _column(label: str, heads: tuple[Head, ...]) -> int:
    return next(head.start + head.labels.index(label) for head in heads if label in head.labels)
