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


def summary(gold: np.ndarray, answers: np.ndarray, single: bool = False) -> dict[str, float]:
    """accuracy (all classes of a row right), macro, micro and weighted F1, macro precision and recall.

    single: one class a row, by the rule; micro F1 would only repeat the accuracy and is left out.

    Macro averages run over the classes that have at least one gold row: an absent class has no recall.
    """
    tally = counts(gold, answers)
    each = rates(tally)
    # rows without any label (a subgroup of a multi-label task): all classes, whose rates are then 0
    present = gold.any(axis=0) if gold.any() else np.ones(gold.shape[1], dtype=bool)
    support = gold.sum(axis=0) if gold.any() else np.ones(gold.shape[1])
    tp, fp, fn = tally["tp"].sum(), tally["fp"].sum(), tally["fn"].sum()
    found = Summary(
        accuracy=float((gold == answers).all(axis=1).mean()),
        macro_f1=float(each["f1"][present].mean()),
        micro_f1=float(2 * tp / max(2 * tp + fp + fn, 1)),
        weighted_f1=float(np.average(each["f1"], weights=support)),
        macro_precision=float(each["precision"][present].mean()),
        macro_recall=float(each["recall"][present].mean()),
    )._asdict()
    return {key: value for key, value in found.items() if not (single and key == "micro_f1")}


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
