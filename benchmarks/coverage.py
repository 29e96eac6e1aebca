"""How often the intervals of evaluate hold the true value: python -m benchmarks.coverage [--sets 2000] [--resamples 1000]

Draws data sets from classifiers whose population is known: each class has a score of its own, normal, shifted up where
the class holds; two classifiers share half of their noise, so that they err on the same rows. Three classes exclude each
other, with unequal shares; 18 labels are as rare as those of feelings and may hold together. One more pair always agrees
but for one row in thirty, where only the first is right. Prints per figure the share of data sets whose 95 % interval
holds the population's value (a macro average over the classes that the data set holds), and the mean width, beside those
of the percentile bootstrap that was used before, for macro F1. Good is 93 to 97; above it is too wide, not wrong.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from tqdm import tqdm

from decant.scoring import intervals

CONFIDENCE, SEED = 0.95, 13
SHARED = 0.5  # of the noise of two classifiers' scores
POPULATION, CHUNK = 2_000_000, 100_000  # rows; macro F1 is then known to 0.001, a fiftieth of a width
LOWEST, STEP, BINS = -8.0, 0.005, 4000  # of the population's scores, for areas over any set of classes
THREE = np.array([0.5, 0.3, 0.2])
# of 221 test rows of feelings
FEELINGS = np.array([3, 4, 19, 3, 2, 7, 55, 4, 3, 37, 21, 110, 1, 9, 50, 7, 88, 10]) / 221
SHOWN = ("macro_f1", "macro_f1 difference", "accuracy difference", "micro_auc", "micro_auc difference", "macro_auc",
         "macro_auc difference", "class recall difference", "class precision difference", "class f1 difference",
         "class fpr difference")  # fmt: skip


class Case(NamedTuple):
    name: str
    rows: int
    shares: np.ndarray  # of each class
    several: bool  # any of the classes may hold
    shifts: tuple[float, float]  # of the true class's score, for either classifier
    broken: float = 0.0  # the second is the first, but for this share of rows, where it is wrong


CASES = (
    Case("3 classes", 25, THREE, False, (2.2, 1.8)),
    Case("3 classes", 50, THREE, False, (2.2, 1.8)),
    Case("3 classes", 214, THREE, False, (2.2, 1.8)),
    Case("18 rare labels", 221, FEELINGS, True, (1.5, 1.2)),
    Case("3 classes, weak", 50, THREE, False, (1.0, 0.8)),
    Case("3 classes, near 1", 50, THREE, False, (3.5, 3.0)),
    Case("3 classes, one pair", 214, THREE, False, (2.2, 2.2), 0.03),
    Case("18 rare labels, near 1", 221, FEELINGS, True, (3.0, 2.5)),
)


class Rows(NamedTuple):
    gold: np.ndarray  # (n, k)
    answers: tuple[np.ndarray, np.ndarray]
    scores: tuple[np.ndarray, np.ndarray]


class Truth(NamedTuple):
    """Of the population, for either classifier."""

    accuracy: np.ndarray  # (2,)
    shares: dict[str, np.ndarray]  # of intervals.SHARES: (2, k)
    positives: np.ndarray  # (2, k, bins), per row of the population
    negatives: np.ndarray

    def area(self, usable: np.ndarray, pooled: bool) -> np.ndarray:
        """(2,): over the classes named."""
        sides = [part[:, usable] for part in (self.positives, self.negatives)]
        positives, negatives = (part.sum(axis=1, keepdims=True) if pooled else part for part in sides)
        below = np.cumsum(negatives, axis=2) - negatives / 2
        return ((positives * below).sum(axis=2) / (positives.sum(axis=2) * negatives.sum(axis=2))).mean(axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=2000, help="data sets per case")
    parser.add_argument("--resamples", type=int, default=1000, help="of the percentile bootstrap; 0 leaves it out")
    options = parser.parse_args()
    print(f"{options.sets} data sets each; share of intervals that hold the true value, and their mean width")
    print(f"{'case':24} {'rows':>5} {'figure':28} {'holds':>6} {'width':>6} {'percentile':>11} {'width':>6}")
    for case in CASES:
        for figure, (held, width, held_before, width_before) in measure(case, options.sets, options.resamples).items():
            before = f"{held_before:11.1%} {width_before:6.3f}" if options.resamples and "macro_f1" in figure else ""
            print(f"{case.name:24} {case.rows:5} {figure:28} {held:6.1%} {width:6.3f} {before}".rstrip(), flush=True)


def measure(
    case: Case, sets: int, resamples: int, figures: tuple[str, ...] = SHOWN, rows: int = POPULATION
) -> dict[str, np.ndarray]:
    """Figure -> how often its interval held the truth, mean width, and both of the percentile bootstrap (macro F1 only)."""
    truth = population(case, rows)
    rng = np.random.default_rng(SEED)
    found: dict[str, list[np.ndarray]] = {figure: [] for figure in figures}
    for _ in tqdm(range(sets), desc=f"{case.name}, {case.rows} rows", unit="set", leave=False):
        sample = draw(case, case.rows, rng)
        drawn = percentiles(sample, resamples, rng) if resamples else {}
        for figure, interval, true in estimates(sample, truth, figures):
            ends = (interval[1:], drawn.get(figure, (np.nan, np.nan)))
            found[figure].append(
                [part for low, high in ends for part in (low - 1e-9 <= true <= high + 1e-9, high - low)]
            )
    return {figure: np.mean(values, axis=0) for figure, values in found.items()}


def estimates(rows: Rows, truth: Truth, figures: tuple[str, ...]) -> Iterator[tuple[str, intervals.Figure, float]]:
    """Figure, interval and true value; of a class figure one per class that the rows hold."""
    present = rows.gold.any(axis=0)
    usable = present & ~rows.gold.all(axis=0)
    held = [part[:, usable] for part in (rows.gold, *rows.scores)]
    for figure in figures:
        if figure == "macro_f1":
            true = truth.shares["f1"][:, present].mean(axis=1)
            yield figure, intervals.macro_f1(rows.gold, rows.answers[0], CONFIDENCE), true[0]
        elif figure == "macro_f1 difference":
            true = truth.shares["f1"][:, present].mean(axis=1)
            parts = (part[:, present] for part in (rows.gold, *rows.answers))
            yield figure, intervals.share_difference("f1", *parts, CONFIDENCE), true[0] - true[1]
        elif figure == "accuracy difference":
            yield (
                figure,
                intervals.accuracy_difference(rows.gold, *rows.answers, CONFIDENCE),
                -np.diff(truth.accuracy)[0],
            )
        elif "auc" in figure:
            pooled = figure.startswith("micro")
            true = truth.area(usable, pooled)
            if figure.endswith("difference"):
                yield figure, intervals.area_difference(*held, pooled, CONFIDENCE), true[0] - true[1]
            else:
                yield figure, intervals.area(*held[:2], pooled, CONFIDENCE), true[0]
        else:
            name = figure.split()[1]
            for column in np.flatnonzero(present):
                cells = [part[:, [column]] for part in (rows.gold, *rows.answers)]
                if all(intervals.SHARES[name][1](cells[0], answers).any() for answers in cells[1:]):
                    true = truth.shares[name][:, column]
                    yield figure, intervals.share_difference(name, *cells, CONFIDENCE), true[0] - true[1]


def draw(case: Case, n: int, rng: np.random.Generator) -> Rows:
    k = len(case.shares)
    gold = truths(case, n, rng)
    common = np.sqrt(SHARED) * rng.standard_normal((n, k))
    scores, answers = [], []
    for shift in case.shifts:
        score = common + np.sqrt(1 - SHARED) * rng.standard_normal((n, k)) + shift * gold
        if not case.several:
            score = score + np.log(case.shares) / 2
        scores.append(score)
        answers.append(score >= best_threshold(case.shares, shift) if case.several
                       else np.arange(k) == score.argmax(axis=1)[:, None])  # fmt: skip
    if case.broken:
        wrong = rng.random(n) < case.broken
        other = np.roll(gold, 1, axis=1)
        scores[1], answers[1] = (
            np.where(wrong[:, None], instead, first)
            for instead, first in ((3.0 * other, scores[0]), (other, answers[0]))
        )
    return Rows(gold, tuple(answers), tuple(scores))


def truths(case: Case, n: int, rng: np.random.Generator) -> np.ndarray:
    k = len(case.shares)
    if case.several:
        return rng.random((n, k)) < case.shares
    return np.arange(k) == rng.choice(k, n, p=case.shares)[:, None]


def best_threshold(shares: np.ndarray, shift: float) -> np.ndarray:
    """Of each label, for the highest F1."""
    grid = np.linspace(-2, 6, 801)[:, None]
    hit, false = shares * norm.sf(grid - shift), (1 - shares) * norm.sf(grid)
    return grid[(2 * hit / (hit + false + shares)).argmax(axis=0), 0]


def population(case: Case, rows: int) -> Truth:
    rng = np.random.default_rng(SEED + 1)
    k = len(case.shares)
    cells = {name: np.zeros((2, 2, k)) for name in intervals.SHARES}
    areas = np.zeros((2, 2, k, BINS))  # positives and negatives, classifier, class, bin
    right = np.zeros(2)
    for _ in tqdm(range(rows // CHUNK), desc=f"{case.name}: population", leave=False):
        gold, answers, scores = draw(case, CHUNK, rng)
        for side in (0, 1):
            right[side] += (gold == answers[side]).all(axis=1).sum()
            for name, counts in intervals.SHARES.items():
                for end, count in enumerate(counts):
                    cells[name][end, side] += count(gold, answers[side]).sum(axis=0)
            place = np.clip((scores[side] - LOWEST) / STEP, 0, BINS - 1).astype(int)
            for column in range(k):
                for end, there in enumerate((gold[:, column], ~gold[:, column])):
                    areas[end, side, column] += np.bincount(place[there, column], minlength=BINS)
    shares = {name: part / np.maximum(whole, 1) for name, (part, whole) in cells.items()}
    return Truth(right / rows, shares, *(areas / rows))


def percentiles(rows: Rows, resamples: int, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Macro F1 and its difference, as evaluate had them: the middle 95 % of resamples, each over the classes it holds."""
    n = len(rows.gold)
    weights = rng.multinomial(n, np.full(n, 1 / n), resamples).astype(np.float32)
    support = weights @ rows.gold.astype(np.float32)
    drawn = []
    for answers in rows.answers:
        tp, made = (weights @ part.astype(np.float32) for part in (rows.gold & answers, answers))
        drawn.append(np.nanmean(np.where(support > 0, 2 * tp / np.maximum(made + support, 1), np.nan), axis=1))
    tails = [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2]
    return {
        "macro_f1": tuple(np.percentile(drawn[0], tails)),
        "macro_f1 difference": tuple(np.percentile(drawn[0] - drawn[1], tails)),
    }


if __name__ == "__main__":
    main()
