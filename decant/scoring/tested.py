"""All figures of one contestant after the other, on the same rows: what test.json and crossfit.json say of each."""

from typing import NamedTuple

import numpy as np

from decant.files import slug
from decant.heads import Head, logits_of
from decant.scoring import calibration, intervals, metrics

CHANCES = "chances_"  # in the predictions, before the name of a contestant: its w head outputs, a list in each row


class Said(NamedTuple):
    """What everyone says about n rows."""

    names: list[str]  # the k classes of the decision
    targets: np.ndarray  # (n, w), of all heads
    gold: np.ndarray  # (n, k) booleans
    chances: dict[str, np.ndarray]  # contestant -> (n, w)
    answers: dict[str, np.ndarray]  # contestant -> (n, k) booleans
    scores: dict[str, np.ndarray]  # contestant -> (n, k) in 0..1


def figures(
    said: Said, heads: tuple[Head, ...], single: bool, groups: dict[str, list[str]], bins: int, confidence: float
) -> dict[str, dict]:
    """Contestant -> its figures, those of each head and each class.

    single: one class a row, by the rule. groups: of the decision's head, coarse group -> labels. bins: of the calibration error.
    """
    pairs = {name: (said.answers[name], said.scores[name]) for name in said.answers}
    bounded = intervals.headline(said.gold, pairs, confidence)
    found = {}
    for name, (answers, scores) in pairs.items():
        entry = {"n": len(said.gold)} | metrics.summary(said.gold, answers, single) | metrics.ranking(said.gold, scores)
        entry |= intervals.flat(bounded[name])
        for head, measured in calibration.report(
            logits_of(said.chances[name], heads), said.targets, heads, bins
        ).items():
            entry[slug(f"head_{head}")] = measured
        if groups:
            coarse = [metrics.grouped(groups, said.names, part) for part in (said.gold, answers)]
            entry["coarse"] = {"groups": len(groups)} | metrics.summary(*coarse, single)
        numbers = metrics.regression(heads, said.targets, said.chances[name])
        entry |= {f"head_{key}": errors for key, errors in numbers.items()}
        entry["classes"] = metrics.per_class(said.names, said.gold, answers, scores, confidence)
        found[name] = entry
    return found
