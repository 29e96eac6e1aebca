"""Heads: named slices of one logits vector, and the kinds of them: softmax, sigmoid and regression.

Shipped with the classifier: numpy only; what torch adds to a kind is in decant/training/losses.py. Shapes: n rows, w =
width of all heads together, o = outputs of one head (its logits), k = its labels.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from decant.errors import DataError

Groups = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Head:
    """What all kinds have in common: a name, labels, and a place in the logits.

    A head without labels says a number: it has no probabilities, no temperature, and no part in the decision.
    """

    name: str
    labels: tuple[str, ...]
    start: int  # first logit
    groups: Groups = ()  # coarse group, its labels; only reported

    kind: ClassVar[str]  # its name in params.yaml
    least: ClassVar[int]  # labels that it needs; 0: it may have none
    several: ClassVar[bool] = False  # any number of its labels may hold in a row, and each has a column of its own
    rule: ClassVar[str | None] = None  # the decision rule that reads a head of this kind alone

    @property
    def outputs(self) -> tuple[str, ...]:
        """A name for each of its logits."""
        return self.labels or (self.name,)

    @property
    def stop(self) -> int:
        return self.start + len(self.outputs)

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def columns(self) -> list[str]:
        """Its columns of the prepared table."""
        return [f"{self.name}.{label}" for label in self.labels] if self.several else [self.name]

    @property
    def shares(self) -> str:
        """The column with the share of the annotators behind each label, where a task learns those."""
        return f"{self.name}/shares"

    @property
    def cells(self) -> str:
        """The type of these columns, as Arrow names it."""
        if self.several:
            return "bool"
        return "string" if self.labels else "double"

    def record(self) -> dict:
        """As `layout` reads it."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "groups": {name: list(own) for name, own in self.groups},
        }

    def of_labels(self, chances: np.ndarray) -> np.ndarray:
        """How likely each label is: (n, o) probabilities -> (n, k). One output is one label, unless a kind says otherwise."""
        return chances


class Softmax(Head):
    """One of its labels holds in every row."""

    kind, least, rule = "softmax", 2, "argmax"

    def targets(self, frame, file: str) -> np.ndarray:
        """Labels in the form of outputs, (n, o): one-hot, from the columns of a pandas table. file: for the error.

        Raises DataError for a label that the head does not have.
        """
        matrix = frame[self.name].to_numpy()[:, None] == np.array(self.labels, dtype=object)
        unknown = ~matrix.any(axis=1)
        if unknown.any():
            row = frame.iloc[int(unknown.argmax())]
            raise DataError(
                f"{file}: row {row['id']}: head {self.name} has no label {row[self.name]!r}; it has {list(self.labels)}"
            )
        return matrix

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def logits(self, chances: np.ndarray) -> np.ndarray:
        """The inverse of `probabilities`, up to a constant."""
        return np.log(_inside(chances))

    def answers(self, logits: np.ndarray) -> np.ndarray:
        """(n, k) booleans: the likeliest label."""
        return logits.argmax(axis=1)[:, None] == np.arange(len(self.labels))

    def prior(self, shares: np.ndarray) -> np.ndarray:
        """Logits (o,) of who knows nothing but the share of each output in the targets."""
        return np.log(shares + 1e-7)

    def nll(self, logits: np.ndarray, targets: np.ndarray) -> float:
        """Mean negative log likelihood of a row."""
        top = logits.max(axis=1, keepdims=True)
        rows = targets * (logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True)))
        return float(-rows.sum(axis=1).mean())

    def miss(self, chances: np.ndarray, targets: np.ndarray) -> float:
        """The same from probabilities: what a vote keeps low."""
        return -float((targets * np.log(_inside(chances))).sum(axis=1).mean())

    def brier(self, chances: np.ndarray, targets: np.ndarray) -> float:
        """Squared distance between probabilities and labels, summed over the head."""
        return float(((chances - targets) ** 2).sum(axis=1).mean())

    def certainty(self, chances: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is claimed and whether it holds, (n,) each: the likeliest label."""
        best, rows = chances.argmax(axis=1), np.arange(len(chances))
        return chances[rows, best], targets[rows, best]

    def questions(self, targets: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, list[str]]]:
        """The separate regressions of a linear head: outputs, the answer of each row (n,), the answers' names. Here one."""
        answers = targets.argmax(axis=1)
        return [(np.unique(answers), answers, list(self.labels))]


class Sigmoid(Head):
    """Any of its labels may hold, each on its own."""

    kind, least, several, rule = "sigmoid", 1, True, "thresholds"

    def targets(self, frame, file: str) -> np.ndarray:
        """(n, o) 0 or 1 per label. file: for the error of other kinds."""
        return frame[self.columns].to_numpy()

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        small = np.exp(-np.abs(logits))  # cannot overflow, on either side
        return np.where(logits >= 0, 1, small) / (1 + small)

    def logits(self, chances: np.ndarray) -> np.ndarray:
        safe = _inside(chances)
        return np.log(safe) - np.log1p(-safe)

    def answers(self, logits: np.ndarray) -> np.ndarray:
        """(n, k) booleans: every label over 0.5."""
        return logits > 0

    def prior(self, shares: np.ndarray) -> np.ndarray:
        return np.log(shares + 1e-7) - np.log(1 - shares + 1e-7)

    def nll(self, logits: np.ndarray, targets: np.ndarray) -> float:
        """Mean negative log likelihood of a row and output."""
        return float((np.logaddexp(0, logits) - targets * logits).mean())

    def miss(self, chances: np.ndarray, targets: np.ndarray) -> float:
        """Mean negative log likelihood of a row, from probabilities: what a vote keeps low."""
        safe = _inside(chances)
        hit = (targets * np.log(safe)).sum(axis=1)
        return -float((hit + ((1 - targets) * np.log1p(-safe)).sum(axis=1)).mean())

    def brier(self, chances: np.ndarray, targets: np.ndarray) -> float:
        """Squared distance between probabilities and labels, per output."""
        return float(((chances - targets) ** 2).mean())

    def certainty(self, chances: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is claimed and whether it holds, (n * o,) each: every output."""
        return chances.ravel(), targets.ravel()

    def questions(self, targets: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, list[str]]]:
        """As of Softmax: one for each output."""
        return [
            (np.array([place]), column.astype(int), [f"not {output}", output])
            for place, (output, column) in enumerate(zip(self.outputs, targets.T, strict=True))
        ]


class Regression(Head):
    """A number, as it is: it has no labels."""

    kind, least = "regression", 0

    def targets(self, frame, file: str) -> np.ndarray:
        """(n, 1) the number. file: for the error of other kinds."""
        return frame[self.columns].to_numpy()

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        return logits

    def logits(self, chances: np.ndarray) -> np.ndarray:
        return chances

    def prior(self, shares: np.ndarray) -> np.ndarray:
        """The mean number."""
        return shares

    def miss(self, chances: np.ndarray, targets: np.ndarray) -> float:
        """Mean squared error."""
        return float(((chances - targets) ** 2).mean())


KINDS = {head.kind: head for head in (Softmax, Sigmoid, Regression)}


def layout(heads: dict[str, dict]) -> tuple[Head, ...]:
    """The heads in order, each with its place in the logits.

    heads: name -> {"kind": ..., "labels": [...]}, as in a bundle's decant.json; "groups" where there are some.
    """
    placed, start = [], 0
    for name, head in heads.items():
        groups = tuple((group, tuple(labels)) for group, labels in head.get("groups", {}).items())
        placed.append(KINDS[head["kind"]](name, tuple(head["labels"]), start, groups))
        start = placed[-1].stop
    return tuple(placed)


def records(heads: tuple[Head, ...]) -> dict[str, dict]:
    """What `layout` reads."""
    return {head.name: head.record() for head in heads}


def width(heads: tuple[Head, ...]) -> int:
    """Logits of all heads together."""
    return heads[-1].stop


def labelled(heads: tuple[Head, ...]) -> tuple[Head, ...]:
    """Those that have labels, and so probabilities and a temperature."""
    return tuple(head for head in heads if head.labels)


def likely(heads: tuple[Head, ...]) -> list[int]:
    """The outputs that are probabilities, as columns of the logits."""
    return [column for head in labelled(heads) for column in range(head.start, head.stop)]


def probabilities(logits: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """Softmax, sigmoid or identity per head: (n, w) logits -> (n, w) float64."""
    logits = np.asarray(logits, dtype=np.float64)
    result = np.empty_like(logits)
    for head in heads:
        result[:, head.slice] = head.probabilities(logits[:, head.slice])
    return result


def logits_of(chances: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """The inverse of `probabilities` (softmax up to a constant): (n, w) -> (n, w) float64."""
    result = np.array(chances, dtype=np.float64)
    for head in heads:
        result[:, head.slice] = head.logits(result[:, head.slice])
    return result


def tempered(logits: np.ndarray, heads: tuple[Head, ...], temperatures: dict[str, float]) -> np.ndarray:
    """Logits of each head divided by its temperature; numbers have none."""
    result = np.array(logits, dtype=np.float64)
    for head in labelled(heads):
        result[:, head.slice] /= temperatures[head.name]
    return result


def _inside(chances: np.ndarray) -> np.ndarray:
    """Away from 0 and 1, whose logarithms are not finite."""
    return np.clip(chances, 1e-7, 1 - 1e-7)
