"""What linear, probe and a guess say about rows that they have not seen: the road's own fits, in folds.

Nothing here is tuned on valid or calib: thresholds are .5, and no temperature is fitted.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from decant.errors import DataError
from decant.heads import probabilities
from decant.members import crossfit
from decant.members.fitting import Candidate
from decant.members.linear import Standard, Tfidf, Vectorizer
from decant.settings.baseline import Baseline
from decant.trying.rows import Rows


@dataclass(frozen=True)
class Member:
    """One contestant. n rows, k labels."""

    name: str
    answers: np.ndarray  # (n, k) booleans
    chances: np.ndarray  # (n, k), of rows that it has not seen
    how: str  # what it is, in a few words


def majority(rows: Rows) -> Member:
    """Who always gives the commonest answer, and ranks labels by their shares."""
    answers, counts = np.unique(rows.gold, axis=0, return_counts=True)
    common = answers[counts.argmax()]
    names = [label for label, holds in zip(rows.head.labels, common, strict=True) if holds]
    shape = rows.gold.shape
    return Member(
        "majority",
        np.broadcast_to(common, shape),
        np.broadcast_to(rows.gold.mean(axis=0), shape),
        f"always {' and '.join(names) or 'none of the labels'}",
    )


def linear(rows: Rows, settings: Baseline) -> Member:
    """TF-IDF and logistic regression, both fitted on the other folds.

    Raises DataError: no character n-gram is in as many texts as baseline.min_df says.
    """
    wanted, what = crossfit.vectorizers(settings), "TF-IDF of words and characters"
    try:
        return crossed("linear", what, featured(rows, wanted), candidates(rows, settings), rows, settings)
    except DataError:  # a language that has no blanks between words, or texts of emoji: no word comes twice
        wanted, what = [replace(one, word_ngrams=0) for one in wanted], "TF-IDF of characters, for no word comes twice"
        return crossed("linear", what, featured(rows, wanted), candidates(rows, settings), rows, settings)


def featured(rows: Rows, wanted: list[Vectorizer]) -> Callable:
    """What `crossfit.cross_fit` asks for the features of a fold."""

    def features(fit: np.ndarray, others: np.ndarray) -> Iterable[tuple]:
        for vectorizer in wanted:
            tfidf = Tfidf(vectorizer)
            learnt = tfidf.fit([rows.words[row] for row in fit])
            yield vectorizer, learnt, tfidf.transform([rows.words[row] for row in others])

    return features


def candidates(rows: Rows, settings: Baseline) -> dict[str, list[Candidate]]:
    """Those of params, or the ones of the middle C."""
    grid = crossfit.candidates(settings, (rows.head,))
    strength = middle(settings.strengths)
    return {name: [one for one in every if one.strength == strength or not rows.middle] for name, every in grid.items()}


def probe(rows: Rows, states: np.ndarray, settings: Baseline, encoder: str) -> Member:
    """Logistic regression on an encoder's embeddings (n, h), which have seen no label."""

    def features(fit: np.ndarray, others: np.ndarray) -> Iterable[tuple]:
        own = Standard.fit(states[fit])
        yield None, own.transform(states[fit]), own.transform(states[others])

    strengths = [middle(settings.probe_strengths)] if rows.middle else settings.probe_strengths
    grid = {rows.head.name: [Candidate(strength) for strength in strengths]}
    return crossed("probe", f"embeddings of {encoder}, not fine-tuned", features, grid, rows, settings)


def crossed(name: str, what: str, features, grid: dict, rows: Rows, settings: Baseline) -> Member:
    heads = (rows.head,)
    trials = crossfit.cross_fit(features, rows.targets, heads, grid, rows.fold, settings.seed, name)
    best = crossfit.choose(trials, rows.targets, settings.select)[rows.head.name]
    chances = rows.head.of_labels(probabilities(best.logits, heads))
    tried = "" if len(trials) > 1 else ", the only one tried: classes are many"
    return Member(name, rows.head.answers(best.logits), chances, f"{what}, C {best.candidate.strength:g}{tried}")


def middle(strengths: list[float]) -> float:
    return sorted(strengths)[len(strengths) // 2]
