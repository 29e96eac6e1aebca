"""Quality metrics of answers and scores, for every kind of task in one form.

gold, answers: (n, k) booleans over the k classes of the decision rule; scores: (n, k) in 0..1.
Library code (scikit-learn) computes what it has; keys are those of every metrics file.
"""

import numpy as np
from scipy.stats import beta, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from decant.files import slug
from decant.heads import Head
from decant.keys import BOUNDED, ClassRates, Curves, Ranking, Summary, bounds, class_keys


def counts(gold: np.ndarray, answers: np.ndarray) -> dict[str, np.ndarray]:
    """True/false positives/negatives per class, (k,) each."""
    return {
        "tp": (gold & answers).sum(axis=0),
        "fp": (~gold & answers).sum(axis=0),
        "fn": (gold & ~answers).sum(axis=0),
        "tn": (~gold & ~answers).sum(axis=0),
    }


def rates(tally: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Precision, recall, F1, FPR and FNR per class; 0 where nothing was found or nothing was there (sklearn's rule)."""
    tp, fp, fn, tn = (tally[key].astype(float) for key in ("tp", "fp", "fn", "tn"))

    def share(part, whole):
        return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

    return ClassRates(
        precision=share(tp, tp + fp),
        recall=share(tp, tp + fn),
        f1=share(2 * tp, 2 * tp + fp + fn),
        fpr=share(fp, fp + tn),
        fnr=share(fn, tp + fn),
    )._asdict()


def summary(gold: np.ndarray, answers: np.ndarray) -> dict[str, float]:
    """accuracy (all classes of a row right), macro, micro and weighted F1, macro precision and recall.

    Macro averages run over the classes that have at least one gold row: an absent class has no recall.
    """
    tally = counts(gold, answers)
    each = rates(tally)
    # rows without any label (a subgroup of a multi-label task): all classes, whose rates are then 0
    present = gold.any(axis=0) if gold.any() else np.ones(gold.shape[1], dtype=bool)
    support = gold.sum(axis=0) if gold.any() else np.ones(gold.shape[1])
    tp, fp, fn = tally["tp"].sum(), tally["fp"].sum(), tally["fn"].sum()
    return Summary(
        accuracy=float((gold == answers).all(axis=1).mean()),
        macro_f1=float(each["f1"][present].mean()),
        micro_f1=float(2 * tp / max(2 * tp + fp + fn, 1)),
        weighted_f1=float(np.average(each["f1"], weights=support)),
        macro_precision=float(each["precision"][present].mean()),
        macro_recall=float(each["recall"][present].mean()),
    )._asdict()


def grouped(groups: dict[str, list[str]], names: list[str], values: np.ndarray) -> np.ndarray:
    """(n, k) booleans over classes -> (n, g) over coarse groups of them: true where any class of the group is."""
    return np.stack(
        [values[:, [names.index(label) for label in labels]].any(axis=1) for labels in groups.values()], axis=1
    )


def ranking(gold: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """micro_auc and macro_auc over the classes that have both positives and negatives; absent if none has."""
    usable = gold.any(axis=0) & ~gold.all(axis=0)
    if not usable.any():
        return {}
    return Ranking(
        micro_auc=float(roc_auc_score(gold[:, usable].ravel(), scores[:, usable].ravel())),
        macro_auc=float(roc_auc_score(gold[:, usable], scores[:, usable], average="macro")),
    )._asdict()


def per_class(names: list[str], gold: np.ndarray, answers: np.ndarray, scores: np.ndarray, confidence: float) -> dict:
    """Key of each class: rates with exact intervals, support, roc_auc and average_precision (where both sides exist)."""
    tally = counts(gold, answers)
    each = rates(tally)
    result, keys = {}, class_keys(names)
    for column, name in enumerate(names):
        positives, negatives = int(gold[:, column].sum()), int((~gold[:, column]).sum())
        tp, fp = int(tally["tp"][column]), int(tally["fp"][column])
        entry = {key: float(values[column]) for key, values in each.items()}
        shares = ((tp, tp + fp), (tp, positives), (fp, negatives))
        for key, (hits, trials) in zip(BOUNDED, shares, strict=True):
            if trials:
                entry |= zip(bounds(key), binomial_interval(hits, trials, confidence), strict=True)
        entry["support"] = positives
        if positives and negatives:
            entry |= Curves(
                roc_auc=float(roc_auc_score(gold[:, column], scores[:, column])),
                average_precision=float(average_precision_score(gold[:, column], scores[:, column])),
            )._asdict()
        result[keys[name]] = entry
    return result


def binomial_interval(hits: int, trials: int, confidence: float) -> tuple[float, float]:
    """Clopper-Pearson: the exact two-sided interval of a share."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, trials - hits + 1)) if hits else 0.0
    return low, upper_bound(hits, trials, 1 - tail)


def upper_bound(hits: int, trials: int, confidence: float) -> float:
    """Clopper-Pearson: the exact one-sided upper bound of a share; 1 without any trial."""
    return float(beta.ppf(confidence, hits + 1, trials - hits)) if hits < trials else 1.0


def regression(heads: tuple[Head, ...], targets: np.ndarray, chances: np.ndarray) -> dict[str, dict[str, float]]:
    """Per head without labels: mean absolute error and Spearman's rank correlation (absent where one side is constant)."""
    result = {}
    for head in heads:
        if not head.labels:
            wanted, given = targets[:, head.start], chances[:, head.start]
            result[slug(head.name)] = {"mae": float(np.abs(wanted - given).mean()), "n": len(wanted)}
            if np.ptp(wanted) and np.ptp(given):
                result[slug(head.name)]["spearman"] = float(spearmanr(wanted, given).statistic)
    return result


def bootstrap(
    gold: np.ndarray, contestants: dict[str, tuple[np.ndarray, np.ndarray]], resamples: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """accuracy, macro F1, micro and macro AUC of each contestant (its answers and scores) on the same resampled rows.

    Returns name -> metric -> (resamples,); the AUCs are absent where `ranking` has none. The rows are drawn once for all,
    so that differences between two contestants are paired.
    """
    n = len(gold)
    draws = np.random.default_rng(seed).integers(n, size=(resamples, n))
    # how often each row was drawn, times the row: far cheaper than copying the rows
    weights = np.stack([np.bincount(rows, minlength=n) for rows in draws]).astype(np.float32)
    usable = np.flatnonzero(gold.any(axis=0) & ~gold.all(axis=0))
    result = {}
    for name, (answers, scores) in contestants.items():
        tp, made, support = (weights @ part.astype(np.float32) for part in (gold & answers, answers, gold))
        f1 = 2 * tp / np.maximum(made + support, 1)
        result[name] = {
            "accuracy": weights @ (gold == answers).all(axis=1).astype(np.float32) / n,
            "macro_f1": np.nanmean(np.where(support > 0, f1, np.nan), axis=1),
        }
        if len(usable):
            each = [drawn_auc(gold[:, column], scores[:, column], weights) for column in usable]
            k = len(usable)
            parts = [
                drawn_auc(gold[:, usable].ravel(), scores[:, usable].ravel(), np.repeat(chunk, k, axis=1))
                for chunk in np.array_split(weights, -(-resamples * n * k // 10_000_000))  # 40 MB at a time
            ]
            result[name] |= {"micro_auc": np.concatenate(parts), "macro_auc": np.nanmean(each, axis=0)}
    return result


def drawn_auc(gold: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC AUC of (n,) rows under each line of weights (r, n): (r,), not a number where one side has no weight.

    The share of pairs in which the positive row scores higher, ties counted half.
    """
    order = np.argsort(scores, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])  # of each level of score
    drawn, there = weights[:, order].astype(np.float64), gold[order]
    positive, negative = (np.add.reduceat(drawn * part, begins, axis=1) for part in (there, ~there))
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.divide((positive * below).sum(axis=1), pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
