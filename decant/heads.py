"""Heads: named slices of one logits vector.

Shipped with the classifier: numpy only. Shapes: n rows, w = width of all heads together.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Head:
    name: str
    kind: str  # softmax, sigmoid or regression
    labels: tuple[str, ...]  # empty for regression
    start: int  # first logit

    @property
    def stop(self) -> int:
        return self.start + max(1, len(self.labels))

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)


def layout(heads: dict[str, dict]) -> tuple[Head, ...]:
    """The heads in order, each with its place in the logits.

    heads: name -> {"kind": ..., "labels": [...]}, as in params.yaml and in a bundle's decant.json.
    """
    placed, start = [], 0
    for name, head in heads.items():
        placed.append(Head(name, head["kind"], tuple(head["labels"]), start))
        start = placed[-1].stop
    return tuple(placed)


def width(heads: tuple[Head, ...]) -> int:
    """Logits of all heads together."""
    return heads[-1].stop


def probabilities(logits: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """Softmax, sigmoid or identity per head: (n, w) logits -> (n, w) float64."""
    logits = np.asarray(logits, dtype=np.float64)
    result = np.empty_like(logits)
    for head in heads:
        part = logits[:, head.slice]
        if head.kind == "softmax":
            powers = np.exp(part - part.max(axis=1, keepdims=True))
            result[:, head.slice] = powers / powers.sum(axis=1, keepdims=True)
        elif head.kind == "sigmoid":
            # exp(-|x|) cannot overflow, on either side
            small = np.exp(-np.abs(part))
            result[:, head.slice] = np.where(part >= 0, 1, small) / (1 + small)
        else:
            result[:, head.slice] = part
    return result


def logits_of(chances: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """The inverse of `probabilities` (softmax up to a constant): (n, w) -> (n, w) float64."""
    result = np.array(chances, dtype=np.float64)
    for head in heads:
        if head.kind == "regression":
            continue
        part = np.clip(result[:, head.slice], 1e-7, 1 - 1e-7)
        result[:, head.slice] = np.log(part) if head.kind == "softmax" else np.log(part) - np.log1p(-part)
    return result


def tempered(logits: np.ndarray, heads: tuple[Head, ...], temperatures: dict[str, float]) -> np.ndarray:
    """Logits of each head divided by its temperature; regression heads have none."""
    result = np.array(logits, dtype=np.float64)
    for head in heads:
        if head.kind != "regression":
            result[:, head.slice] /= temperatures[head.name]
    return result
