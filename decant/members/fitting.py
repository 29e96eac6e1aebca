"""Fitting linear heads: logistic regression per softmax head and sigmoid label, ridge per regression head.

A candidate says how strongly weights are held back, by which penalty, what a class weighs in the loss, and whether the
fit rows are resampled until all classes are equally frequent. Weights and resampling show the model other class shares
than the data have, and so it finds rare classes too likely. Temperatures do not undo that: they stretch log-odds, and
this moves them. Thresholds are tuned on the moved scores, and the metric nll sees the move: it takes such a candidate
only where that costs less than it brings (on scam's 3,385 posts for one head of two, 0.213 by smote against 0.217).
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.class_weight import compute_sample_weight

from decant.errors import DataError, ParamsError
from decant.heads import Head
from decant.members.linear import Weights

ITERATIONS = 1000  # of a solver; no candidate, since a fit that has converged does not change with more of them
ORDERS = 10  # of the features, among which liblinear's iterations are shared
NEIGHBOURS = 5  # of a row, between which SMOTE draws a new one; fewer where a class has no more rows


@dataclass(frozen=True)
class Candidate:
    strength: float  # C of the logistic regression, 1 / alpha of the ridge
    penalty: str = "l2"  # or l1
    class_weight: str = "none"  # or balanced
    resampling: str = "none"  # or over, under, smote

    def record(self) -> dict[str, float | str]:
        """As the metrics show it."""
        shown = {"penalty": self.penalty, "class_weight": self.class_weight, "resampling": self.resampling}
        return {"C": self.strength} | shown


def fit(
    features, targets: np.ndarray, heads: tuple[Head, ...], chosen: dict[str, Candidate], seed: int, where: str
) -> Weights:
    """All heads (head -> its candidate) on the same features, (n, features) and (n, w), side by side."""
    parts = [next(fit_head(features, targets, head, [chosen[head.name]], seed, where)) for head in heads]
    return Weights(np.concatenate([coef for _, coef, _ in parts], axis=1), np.concatenate([bias for *_, bias in parts]))


def fit_head(
    features, targets: np.ndarray, head: Head, candidates: list[Candidate], seed: int, where: str
) -> Iterator[tuple[Candidate, np.ndarray, np.ndarray]]:
    """Each candidate with its coef (features, w of the head) and intercept, those that resample alike together.

    A class without any row, or a label that every row has, gets its log-odds (one row at most) and no weights.
    where: task and rows, for errors. Raises DataError (a class too small for smote), ParamsError (no convergence).
    """
    if not head.labels:
        for candidate in candidates:
            model = Ridge(alpha=1 / candidate.strength).fit(features, targets[:, head.start])
            yield candidate, model.coef_.reshape(-1, 1), np.array([model.intercept_])
        return
    own = targets[:, head.slice]
    for how in dict.fromkeys(candidate.resampling for candidate in candidates):
        twins: dict[Candidate, list[Candidate]] = {}
        for candidate in candidates:
            if candidate.resampling == how:
                # balanced weights of classes that are equally frequent are 1: one model, fitted once
                same = candidate if how == "none" else replace(candidate, class_weight="none")
                twins.setdefault(same, []).append(candidate)
        sets = [
            (columns, *resampled(features, answers, how, seed, f"{where}: head {head.name}", names))
            for columns, answers, names in head.questions(own)
            if len(np.unique(answers)) > 1  # nothing can be learnt from a single answer
        ]
        for candidate, group in twins.items():
            coef = np.zeros((features.shape[1], own.shape[1]))
            intercept = np.log((own.sum(axis=0) + 1e-3) / (len(own) - own.sum(axis=0) + 1e-3))
            for columns, rows, answers in sets:
                weights, bias = solve(rows, answers, candidate, seed, f"{where}: head {head.name}")
                if len(columns) == 2:  # scikit-learn keeps one row for two classes: the second against the first
                    weights, bias = np.concatenate([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
                coef[:, columns], intercept[columns] = weights.T, bias
            for twin in group:
                yield twin, coef, intercept


def resampled(features, answers: np.ndarray, how: str, seed: int, where: str, names: list[str]) -> tuple:
    """(n, features) sparse and (n,) -> the same for as many rows of each class: repeats, a choice, or synthetic rows.

    Raises DataError: smote where a class has one row, and so no neighbour.
    """
    if how == "none":
        return features, answers
    classes, counts = np.unique(answers, return_counts=True)
    if how == "over":
        return RandomOverSampler(random_state=seed).fit_resample(features, answers)
    if how == "under":
        return RandomUnderSampler(random_state=seed).fit_resample(features, answers)
    if counts.min() < 2:
        raise DataError(
            f"{where}: {names[classes[counts.argmin()]]!r} has 1 row of {len(answers):,}, and smote draws new rows between "
            "two. Take smote out of resampling, or give the class more rows"
        )
    neighbours = min(NEIGHBOURS, int(counts.min()) - 1)
    return SMOTE(random_state=seed, k_neighbors=neighbours).fit_resample(features, answers)


def solve(features, answers: np.ndarray, candidate: Candidate, seed: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """coef (k, features) and intercept (k,) of a logistic regression over k classes; one row where there are two.

    l2 is the multinomial model. l1 asks of each class whether it is that one or another (liblinear): on 3,000 tweets of
    three classes 0.2 to 0.6 s a fit, where saga's multinomial l1 took 13 s at C 1 and did not converge from C 3 on.

    Raises ParamsError: not converged. Such a fit is not the model that its candidate says.
    """
    weights = compute_sample_weight("balanced", answers) if candidate.class_weight == "balanced" else None
    try:
        if candidate.penalty == "l2":
            models = [converged(LogisticRegression(max_iter=ITERATIONS), candidate, features, answers, weights)]
        else:
            classes = np.unique(answers)
            asked = classes if len(classes) > 2 else classes[1:]
            models = [lasso(features, answers == label, candidate, weights, seed) for label in asked]
    except ConvergenceWarning:
        settings = ", ".join(f"{key} {value}" for key, value in candidate.record().items())
        raise ParamsError(
            f"{where}: {settings}: no end after {ITERATIONS:,} iterations, and a fit that stops early is not the model its "
            "C says. Take this C out of strengths (the probe's: probe_strengths), or its penalty out of penalties"
        ) from None
    return np.concatenate([model.coef_ for model in models]), np.concatenate([model.intercept_ for model in models])


def lasso(features, answers: np.ndarray, candidate: Candidate, weights: np.ndarray | None, seed: int):
    """A fitted LogisticRegression with l1 between two answers.

    liblinear takes the features in random order, and in some orders it stalls: 3 of 288 fits on 80 posts, for 1,000
    iterations as for 20,000; in others they ended within 16. On 21,000 tweets none took more than 19. So the iterations
    are shared among several orders.

    Raises ConvergenceWarning: no end in any of them.
    """
    for order in range(ORDERS):
        model = LogisticRegression(
            l1_ratio=1, solver="liblinear", max_iter=ITERATIONS // ORDERS, random_state=seed + order
        )
        try:
            return converged(model, candidate, features, answers, weights)
        except ConvergenceWarning:
            if order == ORDERS - 1:
                raise


def converged(model: LogisticRegression, candidate: Candidate, features, answers: np.ndarray, weights):
    """The model fitted with the candidate's C; raises ConvergenceWarning, whatever the filters of warnings are."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        return model.set_params(C=candidate.strength).fit(features, answers, sample_weight=weights)
