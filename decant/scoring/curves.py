"""What one model's answers and scores look like, as tables to draw from: who was taken for whom, and every threshold.

names: the k classes of the decision rule. gold, answers: (n, k) booleans; scores: (n, k) in 0..1. Rates are rounded to four
decimals here, for these tables are for the eye; the figures themselves are in the metrics files.
"""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from decant import decision
from decant.heads import Head

POINTS = 200  # of a curve: enough for the eye, small in git
STEPS = 100  # of a slider, which a hand can tell apart
DECIMALS = 4


def confusion(
    ids: list[str], names: list[str], gold: np.ndarray, answers: np.ndarray, single: bool = False
) -> pd.DataFrame:
    """One line per row: id, actual, predicted. For several labels one line per label and row where either holds, 'label' or
    'not label': of 28 labels on 5,427 rows all lines were 3.9 MB, nearly all of them 'not' and 'not'.

    single: the rule gives each row one class. Where any may hold, rows that happen to have one each are several all the same.
    """
    told = np.array(ids, dtype=object)
    if single:
        labels = np.array(names, dtype=object)
        columns = {"actual": labels[gold.argmax(axis=1)], "predicted": labels[answers.argmax(axis=1)]}
        return pd.DataFrame({"id": told} | columns)
    parts = [
        pd.DataFrame(
            {
                "id": told[held],
                "actual": np.where(gold[held, c], name, f"not {name}"),
                "predicted": np.where(answers[held, c], name, f"not {name}"),
            }
        )
        for c, name in enumerate(names)
        for held in [gold[:, c].astype(bool) | answers[:, c].astype(bool)]
    ]
    return pd.concat(parts, ignore_index=True)


def precision_recall(names: list[str], gold: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """label, recall, precision, threshold of each label with a gold row, thinned by recall.

    Thinned by the number of the threshold instead, 6 of 200 points on 32 emotions had a recall below .5: most thresholds
    lie among the low scores, where recall hardly moves.
    """
    parts = [pd.DataFrame(columns=["label", "recall", "precision", "threshold"])]
    for column, name in enumerate(names):
        if gold[:, column].any():
            precision, recall, threshold = precision_recall_curve(gold[:, column], scores[:, column])
            keep = thinned(recall[:-1])
            parts.append(points(name, recall=recall[keep], precision=precision[keep], threshold=threshold[keep]))
    return joined(parts)


def roc(names: list[str], gold: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """label, fpr, recall of each label with rows on both sides, thinned by FPR; the first point is 0, 0."""
    parts = [pd.DataFrame(columns=["label", "fpr", "recall"])]
    for column, name in enumerate(names):
        if gold[:, column].any() and not gold[:, column].all():
            fpr, recall, _ = roc_curve(gold[:, column], scores[:, column])  # corners alone
            keep = thinned(fpr)
            parts.append(points(name, fpr=fpr[keep], recall=recall[keep]))
    return joined(parts)


def thresholds(evidence: dict[str, np.ndarray], gold: dict[str, np.ndarray], limits: dict[str, float]) -> pd.DataFrame:
    """What each threshold of a label would catch and cost: label, threshold, recall, precision, fpr, hits, false_alarms
    (rows), and false_per_1000 of all rows. From the strictest one down, thinned evenly along recall and FPR together.

    evidence: label -> (n,) what its threshold is compared with; below 0 where an earlier label has taken the row.
    gold: label -> (n,) booleans. limits: label -> the threshold that ships; the last step over it is always there.
    Each threshold lies on a score, so that `score >= threshold` holds for its own row.
    """
    columns = ["label", "threshold", "recall", "precision", "fpr", "hits", "false_alarms", "false_per_1000"]
    parts = [pd.DataFrame(columns=columns)]
    for name, exact in evidence.items():
        truth, score = gold[name].astype(bool), np.floor(exact * 1e6) / 1e6  # down: a row stays over its own threshold
        order = np.argsort(-score, kind="stable")
        ends = np.flatnonzero(np.r_[np.diff(score[order]) < 0, True])  # the last row of each level of score
        ends = ends[score[order][ends] >= 0]
        hits, false = np.cumsum(truth[order])[ends], np.cumsum(~truth[order])[ends]
        recall, fpr = hits / max(truth.sum(), 1), false / max((~truth).sum(), 1)
        shipped = (score[order][ends] >= limits[name]).sum() - 1
        keep = np.union1d(thinned(recall + fpr, STEPS), [max(shipped, 0)])
        rates = points(
            name,
            threshold=score[order][ends][keep],
            recall=recall[keep],
            precision=(hits / (hits + false))[keep],
            fpr=fpr[keep],
            decimals=6,
        )
        counted = {"hits": hits[keep], "false_alarms": false[keep]}
        per_1000 = {"false_per_1000": np.round(false[keep] / len(score) * 1000, 2)}
        parts.append(rates.assign(**counted, **per_1000)[columns])
    return joined(parts)


def tried(
    rule: decision.Rule, heads: tuple[Head, ...], chances: np.ndarray, limits: dict[str, float]
) -> dict[str, np.ndarray]:
    """Label -> (n,) what its threshold is compared with, as `thresholds` takes it; none under argmax, which has no
    threshold. chances: (n, w) head outputs. Under a priority rule a row that an earlier label has taken is -1."""
    if rule.name == "argmax":
        return {}
    given, free = decision.evidence(rule, heads, chances), np.ones(len(chances), dtype=bool)
    result = {}
    for column, name in enumerate(rule.order if rule.name == "priority" else decision.classes(rule, heads)):
        result[name] = np.where(free, given[:, column], -1.0)
        if rule.name == "priority":
            free &= result[name] < limits[name]
    return result


def reliability(names: list[str], gold: np.ndarray, scores: np.ndarray, bins: int) -> pd.DataFrame:
    """label, prob_pred, prob_true and n of each bin that holds a row."""
    rows = []
    for column, name in enumerate(names):
        place = np.minimum((scores[:, column] * bins).astype(int), bins - 1)
        for index in np.unique(place):
            chosen = place == index
            pred, true = scores[chosen, column].mean(), gold[chosen, column].mean()
            mean = {"prob_pred": round(float(pred), DECIMALS), "prob_true": round(float(true), DECIMALS)}
            rows.append({"label": name} | mean | {"n": int(chosen.sum())})
    return pd.DataFrame(rows, columns=["label", "prob_pred", "prob_true", "n"])


def thinned(values: np.ndarray, most: int = POINTS) -> np.ndarray:
    """Places, in order, of at most `most` of the values (m,), which rise or fall, evenly spread over their range: the first, the last,
    and the middle one of those that lie in the same step."""
    if len(values) <= most:
        return np.arange(len(values))
    low, high = values.min(), values.max()
    step = np.floor((values - low) / max(high - low, 1e-12) * (most - 3)).astype(int)
    begins = np.flatnonzero(np.r_[True, np.diff(step) != 0])
    middles = (begins + np.r_[begins[1:], len(values)] - 1) // 2
    return np.unique(np.r_[0, middles, len(values) - 1])


def points(label: str, decimals: int = DECIMALS, **columns: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"label": label} | {key: np.round(values, decimals) for key, values in columns.items()})


def joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts below one another; the first is empty and has the columns, for a task without any curve."""
    return pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else parts[0]
