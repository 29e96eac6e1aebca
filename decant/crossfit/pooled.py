"""The rows of all folds together: each was test once, answered by models that have not seen it or anything like it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from decant import decision, paths, tables
from decant.crossfit import folds
from decant.crossfit.plan import Plan
from decant.data import duplicates
from decant.errors import CacheError, DataError
from decant.paths import SPLITS
from decant.review.answers import matrix
from decant.scoring.tested import CHANCES, Said
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of

SHARED = ("id", "cluster", "group")  # columns whose values may not stand on both sides of a fold
SAYS = "says: "  # before the columns of predictions, since a column of a table may be called as a contestant


@dataclass(frozen=True)
class Pooled:
    """n rows, sorted by id."""

    ids: list[str]
    fold: np.ndarray  # (n,) in which each was test
    together: np.ndarray  # (n,) clusters of like rows and rows of one group, by number
    said: Said


def read(plan: Plan) -> Pooled:
    """Raises CacheError: a fold that is not finished, or not as it was. DataError: see `refuse_torn`."""
    heads, rule = heads_of(plan.settings.heads), rule_of(plan.settings.decision)
    tests, placed = [], []
    for number in range(plan.folds):
        if not folds.done(plan, number).exists():
            raise CacheError(f"{plan.fold(number)}: not finished. Run: python -m decant crossfit --task {plan.task}")
        folds.check(plan, number)
        root = plan.fold(number)
        frame = pd.read_parquet(root / paths.split_file(plan.task, "test"))
        predictions = pd.read_parquet(root / paths.predictions(plan.task))
        if predictions["id"].tolist() != frame["id"].tolist():
            raise CacheError(f"{root / paths.predictions(plan.task)}: other rows than those of its test split")
        kept = [name for name in (*SHARED, *tables.columns(heads)) if name in frame]
        tests.append(frame[kept].join(predictions.add_prefix(SAYS)).assign(fold=number))
        placed.append(pd.concat([of_split(plan, number, split, frame) for split in SPLITS], ignore_index=True))
    refuse_torn(plan.task, placed)
    frame = pd.concat(tests, ignore_index=True).sort_values("id", ignore_index=True)
    targets = tables.targets(frame, heads)
    names = decision.classes(rule, heads)
    everyone = [name.removeprefix(f"{SAYS}{CHANCES}") for name in frame if name.startswith(f"{SAYS}{CHANCES}")]
    chances = {name: np.stack(frame[f"{SAYS}{CHANCES}{name}"].to_list()).astype(np.float64) for name in everyone}
    kinds = [frame["cluster"], *([frame["group"].where(frame["group"] != "")] if "group" in frame else [])]
    return Pooled(
        ids=frame["id"].tolist(),
        fold=frame["fold"].to_numpy(),
        together=duplicates.joined(*(pd.factorize(kind)[0] for kind in kinds)),
        said=Said(
            names=names,
            targets=targets,
            gold=decision.gold(rule, heads, targets),
            chances=chances,
            answers={name: matrix(frame[f"{SAYS}{name}"], names) for name in everyone},
            scores={name: decision.scores(rule, heads, values) for name, values in chances.items()},
        ),
    )


def of_split(plan: Plan, number: int, split: str, like: pd.DataFrame) -> pd.DataFrame:
    """What no row of a split may share with another split; like: its test table, for the columns that there are."""
    columns = [name for name in SHARED if name in like]
    frame = pd.read_parquet(plan.fold(number) / paths.split_file(plan.task, split), columns=columns)
    return frame.assign(split=split)


def refuse_torn(task: str, placed: list[pd.DataFrame]) -> None:
    """Raises DataError: a row that no fold or two folds tested, one that its own fold learnt from, or a torn cluster.

    placed: of each fold its rows: id, cluster, group where the data has one, and the split where they stand.
    """
    tested = pd.concat([rows[rows["split"] == "test"] for rows in placed], ignore_index=True)
    if (twice := tested["id"][tested["id"].duplicated()]).any():
        raise DataError(f"{task}: {len(twice)} rows are test in two folds, e.g. {twice.iloc[0]!r}")
    known = set(tested["id"])
    for number, rows in enumerate(placed):
        if lost := sorted(set(rows["id"]) - known):
            raise DataError(f"{task}: {len(lost)} rows of fold {number + 1} are test in no fold, e.g. {lost[0]!r}")
        if lacking := sorted(known - set(rows["id"])):
            raise DataError(
                f"{task}: fold {number + 1} has not {len(lacking)} rows of the others, e.g. {lacking[0]!r}; folds of other rows"
            )
        test = rows["split"] == "test"
        for name in (column for column in SHARED if column in rows):
            both = set(rows.loc[test, name]) & set(rows.loc[~test, name]) - {""}
            if both:
                raise DataError(
                    f"{task}: fold {number + 1} learnt from what it was tested on: {len(both)} values of {name} stand in test and "
                    f"in another split, e.g. {min(both)!r}"
                )
