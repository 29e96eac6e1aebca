"""What crossfit.json says: everyone's figures over all rows, the spread over the folds, and each pair of contestants."""

from itertools import combinations

import numpy as np
from scipy.stats import t

from decant.crossfit.plan import Plan
from decant.crossfit.pooled import Pooled
from decant.keys import Ranking, bounds, class_keys
from decant.progress import bar
from decant.scoring import drawn, intervals, metrics, tested
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.shipping import CONTESTANT

PRECISION = "average_precision"


def figures(plan: Plan, pooled: Pooled) -> dict:
    """The whole of crossfit.json: folds, rows, n, then contestants, then pairs."""
    settings, said = plan.settings, pooled.said
    confidence, keys = settings.evaluate.confidence, class_keys(said.names)
    head = settings.decision.head
    groups = settings.heads[head].groups if head else {}
    rule = rule_of(settings.decision)
    found = tested.figures(said, heads_of(settings.heads), rule.single, groups, settings.soften.bins, confidence)
    precision = drawn.draws(said.gold, said.scores, pooled.together)
    for name, entry in found.items():
        for column, key in enumerate(keys.values()):
            if PRECISION in entry["classes"][key]:
                ends = drawn.ends(precision[name][:, column], confidence)
                entry["classes"][key] |= zip(bounds(PRECISION), ends, strict=True)
        entry["over_folds"] = over_folds([of_rows(pooled, name, number) for number in range(plan.folds)], confidence)
    shipped = CONTESTANT[settings.ship]
    entries = {"folds": plan.folds, "rows": plan.rows, "n": len(said.gold), "contestant": shipped}
    return entries | found | {"paired": pairs(said, shipped, confidence)}


def pairs(said: tested.Said, shipped: str, confidence: float) -> dict[str, dict]:
    """Contestant -> minus_<another> -> their difference, each pair once; class by class where one of them ships."""
    order = [shipped, *(name for name in said.answers if name != shipped)]
    found: dict[str, dict] = {}
    for ours, theirs in bar(list(combinations(order, 2)), what="pairs", unit="pair"):
        sides = [(said.answers[name], said.scores[name]) for name in (ours, theirs)]
        entry = intervals.against(list(class_keys(said.names).values()), said.gold, *sides, confidence)
        if ours != shipped:
            del entry["classes"]
        found.setdefault(ours, {})[f"minus_{theirs}"] = entry
    return found


def of_rows(pooled: Pooled, name: str, fold: int | None = None) -> dict[str, float]:
    """The figures of a contestant that are compared: of all rows, or of those of one fold; of a class as <key>.fpr."""
    rows = np.ones(len(pooled.ids), dtype=bool) if fold is None else pooled.fold == fold
    gold, answers, scores = pooled.said.gold[rows], pooled.said.answers[name][rows], pooled.said.scores[name][rows]
    whole = metrics.summary(gold, answers)
    found = {key: whole[key] for key in ("accuracy", "macro_f1")} | metrics.ranking(gold, scores)
    classes = metrics.per_class(pooled.said.names, gold, answers, scores, 0.95)  # its intervals are not used
    for key, entry in classes.items():
        found[f"{key}.fpr"] = entry["fpr"]
        if PRECISION in entry:
            found[f"{key}.{PRECISION}"] = entry[PRECISION]
    return found


def over_folds(each: list[dict[str, float]], confidence: float) -> dict[str, float]:
    """Mean of the folds' figures, with the interval that Student's t gives for so few of them.

    It also holds what another draw of train rows and another course of training would change, which an interval over the
    rows of fixed models does not.
    """
    keys = [key for key in ("accuracy", "macro_f1", *Ranking._fields) if all(key in fold for fold in each)]
    return intervals.flat({key: mean([fold[key] for fold in each], confidence) for key in keys})


def mean(values: list[float], confidence: float) -> intervals.Figure:
    """The mean of the folds, low and high."""
    half = t.ppf((1 + confidence) / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values)), float(np.mean(values) - half), float(np.mean(values) + half)
