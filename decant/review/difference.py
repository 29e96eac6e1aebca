"""How much better one revision is than another on the rows that both have, with an interval (`decant.scoring.intervals`)."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from decant.keys import Ranking
from decant.review import answers
from decant.review.figures import OURS, Figure
from decant.review.pairing import Pairing
from decant.scoring import intervals

BETTER, WORSE, NOISE, SAME = "better", "worse", "noise", "same"
CONFIDENCE = 0.95  # where a revision does not say it

Side = tuple[np.ndarray, np.ndarray | None]  # answers (n, k), and scores of the shipped model


@dataclass(frozen=True)
class Difference:
    value: float
    low: float
    high: float

    def verdict(self, side: str = "min") -> str:
        """side: min if more is better, max if less is."""
        if self == Difference(0.0, 0.0, 0.0):
            return SAME
        up, down = (BETTER, WORSE) if side == "min" else (WORSE, BETTER)
        return up if self.low > 0 else down if self.high < 0 else NOISE


class Compared:
    """The rows that both revisions have, as matrices. ships: old and new -> the contestant that the bundle holds."""

    def __init__(self, pairing: Pairing, names: list[str], ships: dict[str, str], confidence: float = CONFIDENCE):
        self.pairing, self.ships, self.confidence = pairing, ships, confidence
        self.names = answers.labels(pairing.old, answers.labels(pairing.new, names))
        self.gold = answers.matrix(pairing.new["answer"], self.names)
        self.side = cache(self._read)

    def difference(self, terms: list[tuple[int, str, Figure]]) -> Difference | None:
        """The sum of sign * figure of contestant, in the new revision minus the old one; None: the rows cannot tell.

        A gate on one figure is one term; one on a difference between two contestants is two. A contestant that answers as
        before adds nothing; where both changed there is no interval of the sum, and it is not judged.
        """
        moved = []
        for sign, contestant, figure in terms:
            old, new = self.side("old", contestant), self.side("new", contestant)
            place = int(figure in Ranking._fields)  # an AUC is of the scores, all else of the answers
            if not len(self.gold) or old is None or new is None or old[place] is None or new[place] is None:
                return None
            if not np.array_equal(old[place], new[place]):
                moved.append((sign, figure, old, new))
        if not moved:
            return Difference(0.0, 0.0, 0.0)
        if len(moved) > 1:
            return None
        sign, figure, old, new = moved[0]
        found = interval(self.names, self.gold, figure, new, old, self.confidence)
        if found is None:
            return None
        value, low, high = found
        return Difference(value, low, high) if sign > 0 else Difference(-value, -high, -low)

    def _read(self, frame: str, contestant: str) -> Side | None:
        table = getattr(self.pairing, frame)
        ours = self.ships[frame]
        contestant = ours if contestant == OURS else contestant
        if contestant not in table:
            return None
        scores = answers.scores(table, len(self.names)) if contestant == ours else None
        return answers.matrix(table[contestant], self.names), scores


def interval(
    names: list[str], gold: np.ndarray, figure: Figure, ours: Side, theirs: Side, confidence: float
) -> intervals.Figure | None:
    """A figure of ours minus theirs, with its ends; None: these rows do not give it."""
    if figure in Ranking._fields:
        both = gold.any(axis=0) & ~gold.all(axis=0)
        sides = (scores[:, both] for _, scores in (ours, theirs))
        return (
            intervals.area_difference(gold[:, both], *sides, figure == "micro_auc", confidence) if both.any() else None
        )
    if figure == "accuracy":
        right = ((gold == given).all(axis=1)[:, None] for given, _ in (ours, theirs))
        return intervals.share_difference("recall", np.ones((len(gold), 1), dtype=bool), *right, confidence)
    if figure == "macro_f1":
        there = gold.any(axis=0) | ~gold.any()  # over the classes that the rows hold
        return intervals.share_difference("f1", *(part[:, there] for part in (gold, ours[0], theirs[0])), confidence)
    name, rate = figure
    cells = [part[:, [names.index(name)]] for part in (gold, ours[0], theirs[0])]
    found = intervals.class_differences(["one"], *cells, confidence)["one"]
    if rate == "fnr" and "recall" in found:
        value, low, high = found["recall"]
        return -value, -high, -low
    return found.get(rate)
