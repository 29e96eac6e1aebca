"""Choosing among candidates of a linear member: tried on rows that they have not seen, scored, and the best one kept.

A trial's logits are held out, so they serve as soft labels too. Its score picks it, and is a little too good for that.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from decant.heads import Head
from decant.members.fitting import Candidate, fit_head
from decant.members.linear import Vectorizer, Weights
from decant.progress import bar
from decant.scoring import metrics
from decant.settings.baseline import Baseline


@dataclass(frozen=True, eq=False)
class Tried:
    """One candidate of one head."""

    head: Head
    candidate: Candidate
    logits: np.ndarray  # (n, w of the head), of rows that the candidate has not seen
    scores: dict[str, float]  # nll and macro_f1, or squared_error
    vectorizer: Vectorizer | None = None  # of the features, where there is a choice


def vectorizers(settings: Baseline) -> list[Vectorizer]:
    """Every combination, in the order of params."""
    keys = ("word_ngrams", "char_ngrams", "min_df", "max_df", "max_features")
    return [Vectorizer(*values) for values in product(*(getattr(settings, key) for key in keys))]


def candidates(settings: Baseline, heads: tuple[Head, ...]) -> dict[str, list[Candidate]]:
    """Head -> every combination, in the order of params; of a regression head, whose ridge has no more, the strengths."""
    plain = [Candidate(strength) for strength in settings.strengths]
    kinds = product(settings.resampling, settings.class_weights, settings.penalties, settings.strengths)
    every = [Candidate(*reversed(values)) for values in kinds]
    return {head.name: every if head.labels else plain for head in heads}


def tried(
    features, targets: np.ndarray, others, heads: tuple[Head, ...], grid: dict[str, list[Candidate]], seed: int,
    where: str,
) -> Iterator[tuple[Head, Candidate, np.ndarray]]:  # fmt: skip
    """Every head and candidate fitted on features and targets (n, w), with its logits of the other rows' features."""
    for head in heads:
        for candidate, coef, intercept in fit_head(features, targets, head, grid[head.name], seed, where):
            yield head, candidate, Weights(coef, intercept).logits(others)


def cross_fit(
    features_of: Callable[[np.ndarray, np.ndarray], Iterable[tuple]],
    targets: np.ndarray,
    heads: tuple[Head, ...],
    grid: dict[str, list[Candidate]],
    fold: np.ndarray,
    seed: int,
    where: str,
) -> list[Tried]:
    """Try every candidate on each fold, fitted on the others.

    features_of: (fit rows, other rows) -> for each vectorizer: itself, and the features of both; whatever it learns, it
    learns from the fit rows alone. fold: (n,) the fold in which a row is held out. where: task and member, for errors.
    Returns the trials with held-out logits of all rows; vectorizers, heads and candidates in their order of fitting.
    """
    said: dict[tuple, np.ndarray] = {}
    for index in bar(range(fold.max() + 1), what=where, unit="fold"):
        rows, others = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        place = f"{where}, fold {index + 1}"
        for vectorizer, features, other in features_of(rows, others):
            for head, candidate, logits in tried(features, targets[rows], other, heads, grid, seed, place):
                whole = said.setdefault((vectorizer, head, candidate), np.zeros_like(targets[:, head.slice]))
                whole[others] = logits
    return [
        Tried(head, candidate, logits, scores(logits, targets, head), vectorizer)
        for (vectorizer, head, candidate), logits in said.items()
    ]


def scores(logits: np.ndarray, targets: np.ndarray, head: Head) -> dict[str, float]:
    """Of one head's logits (n, w of the head): nll, and macro_f1 of its likeliest label, or of all labels over 0.5.

    targets: (n, w) of all heads. A regression head has its mean squared_error.
    """
    own = targets[:, head.slice]
    if not head.labels:
        return {"squared_error": float(((logits - own) ** 2).mean())}
    f1 = metrics.summary(head.of_labels(own) > 0.5, head.answers(logits))["macro_f1"]
    return {"nll": head.nll(np.asarray(logits, dtype=np.float64), own), "macro_f1": f1}


def loss(figures: dict[str, float], select: str) -> float:
    """What the choice keeps low: the squared error of a number, else the NLL, or what macro F1 lacks to 1."""
    if "squared_error" in figures:
        return figures["squared_error"]
    return figures["nll"] if select == "nll" else 1 - figures["macro_f1"]


def choose(trials: list[Tried], targets: np.ndarray, select: str) -> dict[str, Tried]:
    """Head -> its best trial; the first of equals.

    All heads read one matrix of features, so they share the vectorizer: the one with the lowest mean over heads of the
    best loss, as a share of the loss of a model that knows nothing but how frequent each label is (a number: its mean).
    Shares, because an NLL of 32 labels and a squared error are of unlike size.
    """
    best: dict[tuple[Vectorizer | None, Head], Tried] = {}
    for trial in trials:
        key = (trial.vectorizer, trial.head)
        if key not in best or loss(trial.scores, select) < loss(best[key].scores, select):
            best[key] = trial
    heads = dict.fromkeys(trial.head for trial in trials)
    ignorant = {head: loss(scores(knowing_nothing(targets, head), targets, head), select) for head in heads}
    telling = [head for head in heads if np.ptp(targets[:, head.slice], axis=0).any()]  # one answer only tells nothing
    shares = {
        vectorizer: sum(loss(best[vectorizer, head].scores, select) / ignorant[head] for head in telling)
        for vectorizer in dict.fromkeys(trial.vectorizer for trial in trials)
    }
    shared = min(shares, key=shares.get)
    return {head.name: best[shared, head] for head in heads}


def knowing_nothing(targets: np.ndarray, head: Head) -> np.ndarray:
    """(n, w of the head) the same logits in every row: those of the labels' shares, or the mean number."""
    own = targets[:, head.slice]
    return np.broadcast_to(head.prior(own.mean(axis=0)), own.shape)
