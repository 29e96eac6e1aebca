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


def evidence(rule: dict, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    """What thresholds are compared with: (n, w) head outputs -> one column per label that can have a threshold."""
    if rule["rule"] != "priority":
        return chances[:, _head(rule, heads).slice]
    return np.stack([chances[:, _column(label, heads)] for label in rule["order"]], axis=1)


def scores(rule: dict, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    """How likely each final class is: (n, w) head outputs -> (n, k) in 0..1, for rankings and curves.

    Under a priority rule a label counts only where none before it holds: p2 (1 - p1), and for what remains the product
    of all (1 - p). With p2 alone, a sure scam about crypto would rank first among the posts that are only about crypto.
    """
    found = evidence(rule, heads, chances)
    if rule["rule"] != "priority":
        return found
    free = np.cumprod(1 - found, axis=1)
    return np.column_stack([found[:, :1], found[:, 1:] * free[:, :-1], free[:, -1:]])


def decide(rule: dict, heads: tuple[Head, ...], chances: np.ndarray, thresholds: dict[str, float]) -> np.ndarray:
    """The answers (n, k). thresholds: label -> least evidence; argmax ignores them."""
    given = evidence(rule, heads, chances)
    names = classes(rule, heads)
    if rule["rule"] == "argmax":
        return np.arange(len(names)) == given.argmax(axis=1)[:, None]
    if rule["rule"] == "thresholds":
        return given >= np.array([thresholds[name] for name in names])
    answers = np.zeros((len(given), len(names)), dtype=bool)
    free = np.ones(len(given), dtype=bool)
    for column, name in enumerate(rule["order"]):
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
