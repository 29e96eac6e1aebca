"""Which rows of a table a first answer may look at, and in which fold each one is held out.

The rows that are test, or that the split stage would make test, stay closed, as in any stage but evaluate. Like texts,
and rows of one group, share a fold: a copy in the fit rows would make every model look better than it is.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from decant import tables
from decant.data import stratify
from decant.data.leaks import leakage, leaking
from decant.data.lexical import Lexer
from decant.errors import DataError
from decant.heads import Head
from decant.new.blocks import Block
from decant.new.trial import Trial, of
from decant.paths import SPLITS
from decant.settings.heads import heads_of

TEST = SPLITS.index("test")
# Cells are rows times classes. A fit of linear takes .06 ms a cell on one core at C 3 (5,000 rows of 32 classes: 9 s)
ALL_STRENGTHS = 30_000  # cells up to which every C is tried, else the middle one
ALL_FOLDS = 200_000  # cells up to which params' folds are used, else FEW_FOLDS
FEW_FOLDS = 3


@dataclass(frozen=True)
class Rows:
    """The n rows that are looked at, of the head that decides. w: its logits, k: its labels."""

    ids: list[str]
    texts: list[str]  # as encoders read them
    words: list[str]  # as the linear model reads them
    head: Head  # alone: its logits begin at 0
    targets: np.ndarray  # (n, w)
    gold: np.ndarray  # (n, k) booleans
    fold: np.ndarray  # (n,) the fold in which each row is held out
    middle: bool  # only the middle of the candidates of C is tried


@dataclass(frozen=True)
class Place:
    """Where the rows of a table stand: as its own splits say, or as the split stage would put them."""

    split: np.ndarray  # (n,) index into SPLITS
    together: np.ndarray  # (n,) clusters of like texts and of groups
    leaking: np.ndarray  # (n,) booleans: a given later split holds the text or group too
    pairs: dict[
        str, int
    ]  # two given splits -> rows of the later one with a partner in the earlier one; {} if none are given

    def count(self, name: str) -> int:
        """Rows of a split that do not leak."""
        return int(((self.split == SPLITS.index(name)) & ~self.leaking).sum())


def placed(trial: Trial, block: Block) -> Place:
    """Raises DataError: the rows are too few for four splits."""
    together = trial.together(block)
    if trial.given is None:
        return Place(trial.placed(together, {}), together, np.zeros(len(together), dtype=bool), {})
    pairs = {pair: rows for pair, rows in leakage(together, trial.given).items() if rows}
    return Place(trial.given, together, leaking(together, trial.given), pairs)


def opened(trial: Trial, place: Place, most: int) -> Rows:
    """The rows outside test, at most about `most` of them: clusters stay whole.

    Raises DataError: they are of one cluster or have one answer, so that nothing can be held out or learnt.
    """
    p, heads = trial.p, heads_of(trial.p.heads)
    chosen = np.flatnonzero((place.split != TEST) & ~place.leaking)
    if len(chosen) > most:
        codes, share = pd.factorize(place.together[chosen])[0], most / len(chosen)
        sides = stratify.stratify(trial.spread[chosen], codes, np.array([share, 1 - share]), p.split.seed)
        chosen = chosen[sides == 0]
    frame = trial.frame.iloc[chosen]
    head = next(head for head in heads if head.name == p.decision.head)
    targets = tables.targets(frame, heads)[:, head.slice]
    head = replace(head, start=0)
    gold = head.of_labels(targets) > 0.5
    if len(np.unique(gold, axis=0)) < 2:
        raise DataError(f"{of(len(chosen))} outside test have one and the same answer in {head.name}: nothing to learn")
    lexer = Lexer(p.linear_text.model_dump())
    texts, cells = frame["text"].tolist(), len(chosen) * len(head.labels)
    return Rows(
        ids=frame["id"].tolist(),
        texts=texts,
        words=[lexer(text) for text in texts],
        head=head,
        targets=targets,
        gold=gold,
        fold=folds(
            trial.spread[chosen],
            place.together[chosen],
            p.baseline.folds if cells <= ALL_FOLDS else FEW_FOLDS,
            p.baseline.seed,
        ),
        middle=cells > ALL_STRENGTHS,
    )


def folds(spread: np.ndarray, together: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(n,) the fold of each row: spread (n, m) evenly over all, clusters (n,) whole. Empty ones are left out.

    Raises DataError: all rows are one cluster.
    """
    codes = pd.factorize(together)[0]
    fold = np.unique(stratify.stratify(spread, codes, np.full(count, 1 / count), seed), return_inverse=True)[1].ravel()
    if fold.max() == 0:
        raise DataError(
            f"all {of(len(fold))} outside test share a text, nearly a text or a group with another one: none can be held out. "
            "Add rows of other texts"
        )
    return fold
