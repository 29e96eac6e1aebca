"""split: the prepared table -> train, valid, calib and test, and a manifest of what each one holds.

Each split has one job: fit on train, choose on valid, calibrate on calib, open test once, in evaluate. The four are
separate files so that dvc.yaml itself shows which stage can see which rows. Rows with one text, near-duplicates and rows
of one group stay together; where the splits came with the data and do not keep to that, the policy in params decides.
Where test rows are frozen (frozen/<task>/*.json), they are the test set, and no other split ever holds one of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from decant import decision, stage, tables
from decant.data import duplicates, frozen, held_out, manifest, parquet, stratify
from decant.data.carve import carve, check_drift, drift, spared
from decant.data.leaks import PAIRS, explain, leakage, leaking
from decant.errors import DataError
from decant.files import slug, write_json, write_metrics, writing
from decant.heads import layout
from decant.paths import SPLITS
from decant.settings.params import read
from decant.settings.split import Split

SHOWN = 1000  # rows of clusters that duplicates.csv shows
WHY = {  # a row is in no split
    "time": "by split.order: time (a newer row has a like text or the same group)",
    "frozen": "beside frozen test rows (with a like text or the same group)",
    "leaks": "by split.leaks: drop (a later split holds a like text or the same group, or it was test)",
    "fast": "by split.fast",
}


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    rule = p.decision.model_dump()
    file = tables.prepared(task)
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro prepare@{task}")
    table = parquet.read(file)
    order = np.argsort(table["id"].to_numpy(), kind="stable")  # by id, so that the order of the raw files means nothing
    table = table.take(pa.array(order))
    frame = table.select([name for name in table.column_names if name not in ("raw", "linear")]).to_pandas()
    targets = tables.targets(frame, heads, str(file))
    answers, names = decision.gold(rule, heads, targets), decision.classes(rule, heads)

    equal, forms = duplicates.exact(frame["text"].tolist())
    kinds = {"id": pd.factorize(frame["id"])[0], "exact": equal, "near": duplicates.near(forms, p.split.near)[equal]}
    if "group" in frame:
        kinds["group"] = pd.factorize(frame["group"].where(frame["group"] != ""))[0]  # -1 where there is none
    together = duplicates.joined(*kinds.values())
    raw = table["raw"].to_pylist() if "raw" in table.column_names else None
    was_test, gone = frozen.recognised(task, frame["id"].tolist(), forms, equal, p.split.released, raw)

    given = bool((frame["split"] != "").any())
    shares = np.array([p.split.train, p.split.valid, p.split.calib, p.split.test])
    spread = np.column_stack([answers, stratify.marks(targets, heads)])
    if p.split.order == "time" and (given or was_test.any()):
        raise DataError(
            f"{task}: {task}.split.order: time would place rows that the {'given splits have' if given else 'frozen test has'} "
            "placed already; take order out" + ("" if given else ", or release the manifest in split.released")
        )
    ours = not given or "test" in p.split.carve  # then a frozen test set is the test set, to the row
    if gone and ours:
        raise DataError(
            f"{frozen.FOLDER / task}: {gone} frozen test rows are not in the data; test would be another set without a word. "
            f"Bring them back, or release the manifest in {task}.split.released"
        )
    why = np.full(len(frame), "", dtype=object)  # a row is in no split; home is where it would stand
    if ours:  # copies and group members of frozen rows may stand neither in train nor in a test set that is settled
        why[np.isin(together, together[was_test]) & ~was_test] = "frozen"
    published, before = {}, {}
    if given:
        home = frame["split"].map(SPLITS.index).to_numpy()
        published = {f"given_{name}": int((home == index).sum()) for index, name in enumerate(SPLITS)}
        before = {f"given_leakage_{kind}": leakage(codes, home) for kind, codes in kinds.items() if kind != "id"}
        home = carve(task, home, why == "", was_test, p.split, answers, spread, together)
    elif p.split.order == "time":
        home = stratify.by_time(frame["time"].astype("int64").to_numpy(), together, shares)
        why[home < 0] = "time"
    else:
        if was_test.any():  # new rows go to the other splits
            shares = np.array([*shares[:3] / shares[:3].sum(), 0])
        home = stratify.stratify(spread, together, shares, p.split.seed, np.where(was_test, 3, -1))
    place = np.where(why == "", home, -1)

    leaks = leaking(together, place) | (was_test & (place >= 0) & (place < 3))
    # no policy trains on a frozen test row unseen: report is for splits that were published with their leaks
    untold = p.split.leaks == "report" and (was_test & (place == 0)).any()
    if (leaks.any() and p.split.leaks == "fail") or untold:
        raise DataError(explain(task, frame["id"], place, kinds, was_test))
    if p.split.leaks == "drop":
        why[leaks] = "leaks"
    why[spared(np.where(why == "", place, -1), p.split, spread, together)] = "fast"
    place = np.where(why == "", home, -1)
    check_support(task, answers, home, why, names, p.split, published)

    dropped = {f"dropped_{reason}": int((why == reason).sum()) for reason in ("time", "leaks", "fast")}
    overlap = {f"leakage_{kind}": leakage(codes, place) for kind, codes in kinds.items()}
    metrics = {"given": given, **published, **dropped, **before, **overlap, **duplicates.clusters(kinds["near"], equal)}
    if p.split.order == "time":  # what the rows that had to go share with a newer row
        parts = {
            kind: np.isin(codes, codes[place >= 0]) & (codes >= 0) for kind, codes in kinds.items() if kind != "id"
        }
        metrics["dropped_time_sharing"] = {kind: int((both & (why == "time")).sum()) for kind, both in parts.items()}
    if was_test.any():
        metrics |= {"frozen_rows": int(was_test.sum()), "dropped_frozen": int((why == "frozen").sum())}
    metrics["leakage_frozen"] = int((was_test & (place >= 0) & (place < 3)).sum())
    for early, late in PAIRS:
        shared = leakage(together, place)[f"{SPLITS[early]}_{SPLITS[late]}"]
        metrics[f"leakage_{SPLITS[early]}_{SPLITS[late]}"] = shared
        if shared and p.split.leaks != "report":
            raise DataError(
                f"{task}: {shared} rows of {SPLITS[late]} are in {SPLITS[early]} too; this is a bug in split"
            )

    written, overall = {"task": task, "splits": {}}, answers[place >= 0]
    for index, split in enumerate(SPLITS):
        mine = np.flatnonzero(place == index)
        held = manifest.contents(frame.iloc[mine], answers[mine], overall, names)
        shift = drift(answers[mine], overall)
        if not given and p.split.order == "stratified" and shares[index]:
            check_drift(task, f"in {split}", shift, "in all rows", p.split.max_drift)
        written["splits"][split] = held
        metrics[split] = {
            "n": len(mine),
            "sha256": held["sha256"],
            "drift": shift,
            "pair_drift": max(held["pair_drift"].values(), default=0.0),
            "answers": {slug(name): support for name, support in held["support"].items()},
        }

    heading = duplicates.headings(kinds["near"], frame["id"].to_numpy())
    table = table.drop_columns("split").append_column("cluster", pa.array(heading, pa.string()))
    for index, split in enumerate(SPLITS):
        with writing(tables.split_file(task, split)) as partial:
            parquet.write(partial, table, np.flatnonzero(place == index))
    file = Path("data") / task / "duplicates.csv"
    shown(frame, kinds["near"], place, heading, file)
    held_out.write(task, table.filter(pa.array(place > 0)), p.split.released)
    write_json(manifest.path(task), written)
    write_metrics(f"metrics/{task}/split.json", metrics)
    sizes = ", ".join(f"{split} {metrics[split]['n']:,}" for split in SPLITS)
    print(
        f"{task}: {sizes} rows; left out: {left_out(why) or 'none'}. What each holds: {manifest.path(task)}; "
        f"{metrics['clusters']:,} clusters of like texts: {file}"
    )


def left_out(why: np.ndarray) -> str:
    """How many rows are in no split, and why."""
    counts = {reason: int((why == reason).sum()) for reason in WHY}
    return ", ".join(f"{count:,} {WHY[reason]}" for reason, count in counts.items() if count)


def check_support(
    task: str,
    answers: np.ndarray,
    home: np.ndarray,
    why: np.ndarray,
    names: list[str],
    settings: Split,
    published: dict,
) -> None:
    """Raises DataError: a split without rows that no share of 0 asks for, or too few rows of an answer in one."""
    place = np.where(why == "", home, -1)
    for index, split in enumerate(SPLITS):
        if not (place == index).any():
            if not published.get(f"given_{split}", 1):
                raise DataError(absent(task, split, [one for one in SPLITS if published[f"given_{one}"]], settings))
            if lost := left_out(why[(home == index) | (home < 0)]):
                raise DataError(f"{task}: no row is left in {split}; left out: {lost}")
    for column, name in enumerate(names):
        found = np.bincount(place[answers[:, column] & (place >= 0)], minlength=len(SPLITS))
        if found.min() < settings.least:
            short = int(found.argmin())
            lost = left_out(why[answers[:, column] & ((home == short) | (home < 0))])
            lost = f"; left out there: {lost}" if lost else ""
            raise DataError(
                f"{task}: class {name!r} has {int(found.sum())} rows, of which {SPLITS[short]} would get {found.min()}; "
                f"{task}.split.least asks for {settings.least}{lost}. Add rows, merge the class, or lower least"
            )


def absent(task: str, split: str, brought: list[str], settings: Split) -> str:
    """What to do about a split that the data do not bring, for the error."""
    parts = {name: f"{part.source}, share: {part.share:g}" for name, part in settings.carve.items()}
    there = {*brought, *parts}
    for name in (one for one in SPLITS if one not in there):
        parts[name] = "valid, share: 0.5" if name == "calib" and "valid" in there else "train, share: 0.15"
    carved = ", ".join(f"{name}: {{source: {part}}}" for name, part in parts.items())
    advice = f", or take them out of a given split by {task}.split, carve: {{{carved}}}" if "train" in brought else ""
    return f"{task}: the data bring {', '.join(brought)}, but no {split}. Name its rows in {task}.source.splits{advice}"


def shown(frame: pd.DataFrame, near: np.ndarray, place: np.ndarray, heading: np.ndarray, target: Path) -> None:
    """Rows of clusters, for people to look at; not in git, since the texts are the data's own."""
    rows = np.flatnonzero(np.bincount(near)[near] > 1)
    split = np.array([*SPLITS, "dropped"], dtype=object)[place[rows]]
    sample = frame.iloc[rows][["id", "answer", "text"]].assign(cluster=heading[rows], split=split)
    with writing(target) as partial:
        sample.sort_values(["cluster", "id"])[["cluster", "split", "id", "answer", "text"]].head(SHOWN).to_csv(
            partial, index=False
        )


if __name__ == "__main__":
    stage.run(main)
