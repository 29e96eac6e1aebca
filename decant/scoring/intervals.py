"""Intervals of a contestant's figures, and of what it has over another on the same rows, from counts: nothing is drawn.

gold, answers: (n, k) booleans over the k classes; scores: (n, k). Every figure is (value, low, high).

What a figure speaks of: the population that the n rows are drawn from, one after the other. A macro average runs over
the classes that these rows hold (an AUC's over those that they hold both sides of), and its interval is about the
population's average over those same classes. A rare label that no row holds is no part of the estimate and none of the
promise: nothing in the sample says how well it would be found.

How: one row's influence on the figure (the infinitesimal jackknife), with half of the row's own weight taken out of the
denominator, gives the standard error; Student's t with n - 1 degrees of freedom the quantile. A figure in 0..1 gets
Wilson's score interval for the number of plain trials that would have this error (Korn and Graubard 1998 do so for
surveys; the influence of F1 is that of Takahashi et al. 2022), an AUC's influence is its placement (DeLong et al. 1988).
Against false certainty in small samples each class gets a fraction of an imaginary row: each way to be right or wrong
that the sample lacks has some weight (Agresti and Coull 1998, for one share). So no interval is a point, not even
where all rows are right or two contestants always agree. The percentile bootstrap did collapse there: its 95 % of macro
F1 were 90 to 94 % at 25 and 50 rows, and 46 % of classifiers near 1. `python -m benchmarks.coverage` has both.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest, rankdata, t

from decant.keys import bounds
from decant.scoring.metrics import binomial_interval

# Imaginary rows per class, each of these weight: right, false alarm, miss; and for a pair, where each is right alone.
ALONE, APART = 0.1, 0.05  # half of it covered 91 % at 25 rows, one class rare; twice as much 98 % with 18 rare labels
ROWS = np.array([[True, True], [False, True], [True, False]])  # gold, answer
DISAGREEMENTS = np.array([[True, True, False], [True, False, True], [False, True, False], [False, False, True]])
# Of a row that ranks last instead of first. 0 covered 91 % of areas of .993; 0.05 made intervals half as wide again
SLIP = 0.0125

Figure = tuple[float, float, float]  # value, low, high


class Changes(NamedTuple):
    """Rows that one contestant has wholly right and another has not."""

    mended: int
    broken: int
    mcnemar_p: float


# Shares of counts: gold and answer of a cell -> what it adds to the numerator, and to the denominator.
SHARES = {
    "precision": (lambda gold, answer: gold & answer, lambda gold, answer: answer),
    "recall": (lambda gold, answer: gold & answer, lambda gold, answer: gold),
    "f1": (lambda gold, answer: 2 * (gold & answer), lambda gold, answer: gold.astype(int) + answer),
    "fpr": (lambda gold, answer: ~gold & answer, lambda gold, answer: ~gold),
}


def headline(
    gold: np.ndarray, contestants: dict[str, tuple[np.ndarray, np.ndarray]], confidence: float
) -> dict[str, dict[str, Figure]]:
    """accuracy (exact), macro_f1, micro_auc and macro_auc of each contestant, given its answers and scores.

    The AUCs are absent where no class has both positives and negatives.
    """
    both = gold.any(axis=0) & ~gold.all(axis=0)
    result = {}
    for name, (answers, scores) in contestants.items():
        right = int((gold == answers).all(axis=1).sum())
        exact = binomial_interval(right, len(gold), confidence)
        result[name] = {
            "accuracy": (right / len(gold), *exact),
            "macro_f1": macro_f1(gold, answers, confidence),
        }
        if both.any():
            for key, pooled in (("micro_auc", True), ("macro_auc", False)):
                result[name][key] = area(gold[:, both], scores[:, both], pooled, confidence)
    return result


def differences(
    gold: np.ndarray,
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    confidence: float,
) -> dict[str, Figure]:
    """Ours minus theirs (answers and scores each) in the figures of `headline`, on the same rows."""
    present = _present(gold)
    both = gold.any(axis=0) & ~gold.all(axis=0)
    result = {
        "accuracy": accuracy_difference(gold, ours[0], theirs[0], confidence),
        "macro_f1": share_difference("f1", gold[:, present], ours[0][:, present], theirs[0][:, present], confidence),
    }
    if both.any():
        for key, pooled in (("micro_auc", True), ("macro_auc", False)):
            sides = (scores[:, both] for _, scores in (ours, theirs))
            result[key] = area_difference(gold[:, both], *sides, pooled, confidence)
    return result


def class_differences(
    keys: list[str], gold: np.ndarray, ours: np.ndarray, theirs: np.ndarray, confidence: float
) -> dict[str, dict[str, Figure]]:
    """Per class (keys: one per column) precision, recall, f1 and fpr of our answers minus theirs.

    A figure that either side has no cell for (the precision of a class never answered) is left out.
    """
    result = {}
    for column, key in enumerate(keys):
        cells = [part[:, [column]] for part in (gold, ours, theirs)]
        result[key] = {}
        for name, (_, whole) in SHARES.items():
            if all(whole(cells[0], answers).any() for answers in cells[1:]):
                result[key][name] = share_difference(name, *cells, confidence)
    return result


def against(
    keys: list[str],
    gold: np.ndarray,
    ours: tuple[np.ndarray, np.ndarray],
    theirs: tuple[np.ndarray, np.ndarray],
    confidence: float,
) -> dict:
    """Everything that paired.json says of one pair. keys: of the classes, one per column."""
    classes = class_differences(keys, gold, ours[0], theirs[0], confidence)
    return {
        "n": len(gold),
        **flat(differences(gold, ours, theirs, confidence)),
        **changes(gold, ours[0], theirs[0])._asdict(),
        "classes": {key: flat(figures) for key, figures in classes.items()},
    }


def changes(gold: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> Changes:
    """Rows that ours mends and breaks, against theirs, and McNemar's exact two-sided p; 1 where they never differ so."""
    one, other = ((gold == answers).all(axis=1) for answers in (ours, theirs))
    mended, broken = int((one & ~other).sum()), int((other & ~one).sum())
    p = binomtest(mended, mended + broken).pvalue if mended + broken else 1.0
    return Changes(mended, broken, float(p))


def flat(figures: dict[str, Figure]) -> dict[str, float]:
    """As metrics files have them: name, name_low, name_high."""
    return {
        key: float(value)
        for name, triple in figures.items()
        for key, value in zip((name, *bounds(name)), triple, strict=True)
    }


def macro_f1(gold: np.ndarray, answers: np.ndarray, confidence: float) -> Figure:
    """Over the classes that gold holds (all, if it holds none); of a single column, the F1 of that class."""
    present = _present(gold)
    gold, answers = gold[:, present], answers[:, present]
    plain = _share("f1", gold, answers, 0.0, ROWS)[0].mean()
    smooth, influence, imaginary = _share("f1", gold, answers, ALONE, ROWS)
    variance = (influence**2).sum() + ALONE * (imaginary**2).sum()
    # no more trials than rows: of n rows that are all right this leaves 3.8 / n, as of a share
    variance = max(variance, smooth.mean() * (1 - smooth.mean()) / len(gold))
    return _wilson(plain, smooth.mean(), variance, len(gold), confidence)


def area(gold: np.ndarray, scores: np.ndarray, pooled: bool, confidence: float) -> Figure:
    """ROC AUC, the mean over classes or of all cells pooled; every class has positives and negatives."""
    areas, deviations, there = _placements(gold, scores, pooled)
    slips = SLIP * (1 / there.sum(axis=0) + 1 / (~there).sum(axis=0))
    smooth = ((areas + slips / 2) / (1 + slips)).mean()
    variance = _area_variance(deviations, there, len(gold), SLIP)
    return _wilson(areas.mean(), smooth, variance, len(gold), confidence)


def accuracy_difference(gold: np.ndarray, ours: np.ndarray, theirs: np.ndarray, confidence: float) -> Figure:
    """Share of rows with every class right, ours minus theirs."""
    right = ((gold == answers).all(axis=1)[:, None] for answers in (ours, theirs))
    return share_difference("recall", np.ones((len(gold), 1), dtype=bool), *right, confidence)


def share_difference(name: str, gold: np.ndarray, ours: np.ndarray, theirs: np.ndarray, confidence: float) -> Figure:
    """The mean over columns of a share of SHARES, ours minus theirs.

    Where one side is never right alone, the error of the rows says little about the other end, as 0 of n says little
    about a share: the interval reaches at least as far as if all that differs were rows of one kind, whose number
    varies as Poisson's. With two that always agree it reaches as far as the score interval of Tango (1998).
    """
    sides = [_share(name, gold, answers, 0.0, DISAGREEMENTS[:, [0, 1]])[0].mean() for answers in (ours, theirs)]
    value = sides[0] - sides[1]
    _, influence, apart = _share(name, gold, ours, APART, DISAGREEMENTS[:, [0, 1]])
    _, their_influence, their_apart = _share(name, gold, theirs, APART, DISAGREEMENTS[:, [0, 2]])
    apart = apart - their_apart
    variance = ((influence - their_influence) ** 2).sum() + APART * (apart**2).sum()
    # one row's worth, as often as gold holds each class; among several, what one misses is a false alarm of another
    sizes = np.abs(apart).max(axis=0)
    if len(sizes) > 1:
        sizes = np.abs(apart[:2]).max(axis=0) + np.abs(apart[2:]).max(axis=0)
    step = np.average(sizes, weights=gold.sum(axis=0) if gold.any() else None)
    q = _quantile(len(gold), confidence)

    def reach(value: float) -> float:
        """How far up the interval goes."""
        rest = q**2 * step**2 / 4 + step * value
        alone = value + q**2 * step / 2 + q * np.sqrt(rest) if rest >= 0 else value
        return min(max(value + q * np.sqrt(variance), alone), 1.0)

    return float(value), float(-reach(-value)), float(reach(value))


def area_difference(gold: np.ndarray, ours: np.ndarray, theirs: np.ndarray, pooled: bool, confidence: float) -> Figure:
    """ROC AUC of our scores minus that of theirs; every class has positives and negatives."""
    areas, deviations, there = _placements(gold, ours, pooled)
    their_areas, their_deviations, _ = _placements(gold, theirs, pooled)
    value = areas.mean() - their_areas.mean()
    variance = _area_variance(deviations - their_deviations, there, len(gold), SLIP / 4)
    half = _quantile(len(gold), confidence) * np.sqrt(variance)
    return float(value), float(max(value - half, -1.0)), float(min(value + half, 1.0))


def _present(gold: np.ndarray) -> np.ndarray:
    return gold.any(axis=0) if gold.any() else np.ones(gold.shape[1], dtype=bool)


@cache
def _quantile(n: int, confidence: float) -> float:
    return float(t.ppf((1 + confidence) / 2, max(n - 1, 1)))


def _share(
    name: str, gold: np.ndarray, answers: np.ndarray, weight: float, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares (k,), the influence of each row on their mean (n,), and that of each imaginary row of each class (rows, k).

    rows: (rows, 2) gold and answer of the imaginary rows, whose weight is added to the counts.
    """
    part, whole = (count(gold, answers).astype(float) for count in SHARES[name])
    more, most = (count(rows[:, 0], rows[:, 1]).astype(float)[:, None] for count in SHARES[name])
    total = whole.sum(axis=0) + weight * most.sum()
    share = np.divide(part.sum(axis=0) + weight * more.sum(), total, out=np.zeros(gold.shape[1]), where=total > 0)
    own = np.maximum(total - whole / 2, 0.5)
    influence = ((part - share * whole) / own).mean(axis=1)
    return share, influence, (more - share * most) / np.maximum(total, 0.5) / gold.shape[1]


def _placements(gold: np.ndarray, scores: np.ndarray, pooled: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Areas per column, each cell's placement minus the area, and gold; one column of all n * k cells where pooled.

    The placement of a positive is the share of negatives below it, of a negative the share of positives above it.
    """
    if pooled:
        gold, scores = gold.reshape(-1, 1), scores.reshape(-1, 1)
    placed = np.empty(gold.shape)
    for column, there in enumerate(gold.T):
        score = scores[:, column]
        ranks = rankdata(score)
        placed[there, column] = (ranks[there] - rankdata(score[there])) / (~there).sum()
        placed[~there, column] = 1 - (ranks[~there] - rankdata(score[~there])) / there.sum()
    areas = placed.mean(axis=0, where=gold)
    return areas, placed - areas, gold


def _area_variance(deviations: np.ndarray, there: np.ndarray, n: int, slip: float) -> float:
    """Of the mean area over columns. A class of one positive shows no spread of positives: each class borrows one row's
    worth of what the cells of all classes spread, and a slip."""
    positives, negatives = there.sum(axis=0), (~there).sum(axis=0)
    columns = there.shape[1]
    influence = deviations / np.where(there, positives - 0.5, negatives - 0.5) / columns
    spread = ((deviations[side] ** 2).mean() + slip for side in (there, ~there))
    borrowed = sum(one * (1 / count**2).sum() for one, count in zip(spread, (positives, negatives), strict=True))
    return float((influence.reshape(n, -1).sum(axis=1) ** 2).sum() + borrowed / columns**2)


def _wilson(value: float, smooth: float, variance: float, n: int, confidence: float) -> Figure:
    """The value, and the score intervals around it and around the estimate with imaginary rows, as one that holds both.

    smooth: that estimate, never 0 or 1, to which the variance belongs.
    """
    q = _quantile(n, confidence)
    trials = smooth * (1 - smooth) / variance
    ends = [value]
    for centre in np.clip((value, smooth), 0.0, 1.0):
        middle = (centre + q**2 / trials / 2) / (1 + q**2 / trials)
        half = q / (1 + q**2 / trials) * np.sqrt(centre * (1 - centre) / trials + q**2 / trials**2 / 4)
        ends += [middle - half, middle + half]
    return float(value), float(max(min(ends), 0.0)), float(min(max(ends), 1.0))
