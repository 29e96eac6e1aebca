"""The decision rule: from head outputs to the final answer. Shipped with the classifier: numpy only.

An answer is a boolean matrix (n, k) over the rule's k classes: one true per row for argmax and priority, any
number for thresholds. Gold labels take the same form, so that one set of metrics serves every task.
"""

from dataclasses import dataclass

import numpy as np

from decant.heads import Head


@dataclass(frozen=True)
class Rule:
    name: str  # argmax, thresholds or priority
    head: str | None = None  # that argmax or thresholds read
    order: tuple[str, ...] = ()  # labels that priority tries, first to last
    otherwise: str | None = None  # the answer where priority finds none

    @classmethod
    def read(cls, record: dict) -> "Rule":
        """From a bundle's decant.json, where a key that the rule does not need may be missing."""
        return cls(record["rule"], record.get("head"), tuple(record.get("order", ())), record.get("otherwise"))

    @property
    def single(self) -> bool:
        """Is the answer one class, and not any number of them?"""
        return self.name != "thresholds"

    def record(self) -> dict:
        """As `read` takes it."""
        return {"rule": self.name, "head": self.head, "order": list(self.order), "otherwise": self.otherwise}


def classes(rule: Rule, heads: tuple[Head, ...]) -> list[str]:
    """The final answers, in order."""
    if rule.name == "priority":
        return [*rule.order, rule.otherwise]
    return list(_head(rule, heads).labels)


def evidence(rule: Rule, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    """What thresholds are compared with: (n, w) head outputs -> one column per label that can have a threshold."""
    if rule.name != "priority":
        head = _head(rule, heads)
        return head.of_labels(chances[:, head.slice])
    return np.stack([_chance(label, heads, chances) for label in rule.order], axis=1)


def scores(rule: Rule, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    """How likely each final class is: (n, w) head outputs -> (n, k) in 0..1, for rankings and curves.

    Under a priority rule a label counts only where none before it holds: p2 (1 - p1), and for what remains the product
    of all (1 - p). With p2 alone, a sure scam about crypto would rank first among the posts that are only about crypto.
    """
    label_chances = evidence(rule, heads, chances)
    if rule.name != "priority":
        return label_chances
    free = np.cumprod(1 - label_chances, axis=1)
    return np.column_stack([label_chances[:, :1], label_chances[:, 1:] * free[:, :-1], free[:, -1:]])


def decide(rule: Rule, heads: tuple[Head, ...], chances: np.ndarray, thresholds: dict[str, float]) -> np.ndarray:
    """The answers (n, k). thresholds: label -> least evidence; argmax ignores them."""
    given = evidence(rule, heads, chances)
    names = classes(rule, heads)
    if rule.name == "argmax":
        return np.arange(len(names)) == given.argmax(axis=1)[:, None]
    if rule.name == "thresholds":
        return given >= np.array([thresholds[name] for name in names])
    answers = np.zeros((len(given), len(names)), dtype=bool)
    free = np.ones(len(given), dtype=bool)
    for column, name in enumerate(rule.order):
        answers[:, column] = free & (given[:, column] >= thresholds[name])
        free &= ~answers[:, column]
    answers[:, -1] = free
    return answers


def gold(rule: Rule, heads: tuple[Head, ...], targets: np.ndarray) -> np.ndarray:
    """The right answers (n, k): the rule applied to the labels themselves (0 or 1 in place of probabilities)."""
    return decide(rule, heads, targets, dict.fromkeys(classes(rule, heads), 0.5))


def _head(rule: Rule, heads: tuple[Head, ...]) -> Head:
    return next(head for head in heads if head.name == rule.head)


def _chance(label: str, heads: tuple[Head, ...], chances: np.ndarray) -> np.ndarray:
    head = next(head for head in heads if label in head.labels)
    return head.of_labels(chances[:, head.slice])[:, head.labels.index(label)]
