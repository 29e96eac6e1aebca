"""split: the prepared table -> train, valid, calib and test, and a manifest of what each one holds.

Each split has one job: fit on train, choose on valid, calibrate on calib, open test once, in evaluate. The four are
separate files so that dvc.yaml itself shows which stage can see which rows. Rows with the same normalised text
stay together, and labels of all heads are spread evenly (iterative stratification, Sechidis et al. 2011, over groups).
"""

import hashlib
import itertools

import numpy as np
import pandas as pd
from tqdm import tqdm

from decant import decision, stage, tables, text
from decant.errors import DataError
from decant.files import slug, write_metrics, writing
from decant.heads import layout
from decant.params import read
from decant.schema import SPLITS


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    rule = p.decision.model_dump()
    file = tables.prepared(task)
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro prepare@{task}")
    frame = pd.read_parquet(file)
    targets = tables.targets(frame, heads, str(file))
    answers = decision.gold(rule, heads, targets)
    groups = frame["text"].map(text.normal_form).factorize()[0]

    given = (frame["split"] != "").any()
    dropped = 0
    if given:
        place = frame["split"].map(SPLITS.index).to_numpy()
        leaking = leaks(groups, place)
        if leaking.any() and p.split.leaks == "fail":
            ids = list(frame["id"][leaking][:5])
            raise DataError(
                f"{task}: {int(leaking.sum())} rows of the given splits have a text that a later split holds too, "
                f"e.g. ids {ids}. Set {task}.split.leaks to drop or report, or mend the split files"
            )
        if p.split.leaks == "drop":
            dropped = int(leaking.sum())
            keep = ~leaking
            frame, place, groups, answers, targets = (part[keep] for part in (frame, place, groups, answers, targets))
    else:
        shares = np.array([p.split.train, p.split.valid, p.split.calib, p.split.test])
        marks = np.column_stack([answers, stratification_marks(targets, heads)])
        place = stratify(marks, groups, shares, p.split.seed)
    names = decision.classes(rule, heads)
    check_support(task, answers, place, names, p.split.least)

    metrics = {"given": bool(given), "dropped_leaks": dropped}
    for early, late in itertools.combinations(range(len(SPLITS)), 2):
        shared = int(np.isin(groups[place == early], groups[place == late]).sum())
        metrics[f"leakage_{SPLITS[early]}_{SPLITS[late]}"] = shared
        if shared and not (given and p.split.leaks == "report"):
            raise DataError(
                f"{task}: {shared} texts of {SPLITS[early]} are in {SPLITS[late]} too; this is a bug in split"
            )
    overall = answers.mean(axis=0)
    for index, split in enumerate(SPLITS):
        mine = place == index
        part = frame[mine].drop(columns="split").sort_values("id", ignore_index=True)
        with writing(tables.split_file(task, split)) as partial:
            part.to_parquet(partial, index=False)
        metrics[split] = {
            "n": len(part),
            "sha256": hashlib.sha256("\n".join(part["id"]).encode()).hexdigest(),
            "drift": float(np.abs(answers[mine].mean(axis=0) - overall).max()) if mine.any() else 0.0,
            "answers": {slug(name): int(count) for name, count in zip(names, answers[mine].sum(axis=0), strict=True)},
        }
    write_metrics(f"metrics/{task}/split.json", metrics)


def leaks(groups: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(n,) true for a row whose text also stands in a later split (test is the last)."""
    latest = np.full(groups.max() + 1, -1)
    np.maximum.at(latest, groups, place)
    return place < latest[groups]


def stratification_marks(targets: np.ndarray, heads) -> np.ndarray:
    """(n, m) booleans to spread evenly: labels as they are, a number by the quarter of its range of ranks."""
    parts = []
    for head in heads:
        part = targets[:, head.slice]
        if head.kind == "regression":
            quarter = (part[:, 0].argsort(kind="stable").argsort(kind="stable") * 4) // len(part)
            part = quarter[:, None] == np.arange(4)
        parts.append(part > 0.5)
    return np.column_stack(parts)


def stratify(marks: np.ndarray, groups: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """A split for each row: (n,) indices into shares. Rows of one group share a split.

    The rarest mark goes first, since it leaves the least choice. Each group goes where it brings all its marks, and the
    number of rows, closest to their shares (squared distance over share, as in a chi-squared test), then by lot.
    """
    count = groups.max() + 1
    held = np.zeros((count, marks.shape[1] + 1))  # how often each mark occurs in each group; last, the rows themselves
    np.add.at(held, groups, np.column_stack([marks, np.ones(len(groups))]))
    share = np.outer(shares, held.sum(axis=0))  # (splits, marks)
    missing = share.copy()
    lots = np.random.default_rng(seed)
    place = np.full(count, -1)
    open_ = shares > 0

    order = np.argsort(held.sum(axis=0), kind="stable")  # the rows are last, and take those without any mark
    for mark in tqdm(order, desc="stratify", unit="label"):
        members = np.flatnonzero((held[:, mark] > 0) & (place < 0))
        # large groups first: they fit worst once the splits fill up
        for group in members[np.lexsort((lots.random(len(members)), -held[members, -1]))]:
            mine = held[group] > 0
            add = held[group, mine]
            gain = np.full(len(shares), -np.inf)  # a share of 0 gets nothing
            gain[open_] = ((2 * missing[open_][:, mine] - add) * add / share[open_][:, mine]).sum(axis=1)
            choice = lots.choice(np.flatnonzero(gain >= gain.max() - 1e-9))
            place[group] = choice
            missing[choice] -= held[group]
    return place[groups]


def check_support(task: str, answers: np.ndarray, place: np.ndarray, names: list[str], least: int) -> None:
    for column, name in enumerate(names):
        found = np.bincount(place[answers[:, column]], minlength=len(SPLITS))
        if found.min() < least:
            short = SPLITS[int(found.argmin())]
            raise DataError(
                f"{task}: class {name!r} has {int(found.sum())} rows, of which {short} would get {found.min()}; "
                f"{task}.split.least asks for {least}. Add rows, merge the class, or lower least"
            )


if __name__ == "__main__":
    stage.run(main)
