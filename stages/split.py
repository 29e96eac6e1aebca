"""split: the prepared table -> train, valid, calib and test, and a manifest of what each one holds.

Four files, so that dvc.yaml shows which stage sees which rows. Rows with one text, near-duplicates and rows of one group
stay together; where given splits do not keep to that, params decide. Frozen test rows are test, and in no other split.
split.fold divides the rows of these splits anew, for a cross-fitted road.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from decant import checked, decision, paths, stage, tables
from decant.data import duplicates, folds, formulas, frozen, held_out, manifest, parquet, stratify
from decant.data.carve import carve, check_drift, drift, spared
from decant.data.leaks import explain, leakage, leaking
from decant.data.support import check_support, left_out, standing
from decant.errors import DataError
from decant.files import write_json, write_metrics, writing
from decant.keys import class_keys
from decant.paths import SPLITS
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.split import Split

SHOWN = 1000  # rows of clusters that duplicates.csv shows


@dataclass(frozen=True)
class Rows:
    """The n prepared rows, sorted by id, and what decides where each of them may stand."""

    table: pa.Table
    frame: pd.DataFrame  # the table without the columns raw and linear
    answers: np.ndarray  # (n, k) booleans
    names: list[str]  # of the k answers
    spread: np.ndarray  # (n, m) booleans, to spread evenly over the splits
    kinds: dict[str, np.ndarray]  # what rows may share (id, exact, near, group) -> (n,) codes; -1 shares nothing
    together: np.ndarray  # (n,) clusters of rows that share something; each stays in one split
    was_test: np.ndarray  # (n,) booleans: in a frozen test set
    gone: int  # rows of a frozen test set that are not among these
    given: np.ndarray | None  # (n,) the splits that came with the data, as indices into SPLITS


class Sections(Section):
    decision: Decision
    heads: Heads
    split: Split


def main(task: str) -> None:
    p = checked.read(Sections, task)
    rows = load(task, p)
    check_placed(task, rows, p.split)
    home, why = settle(task, rows, p.split)
    why = sift(task, rows, home, why, p.split)
    if p.split.fold:
        home, why = folds.divided(home, why, rows.spread, rows.together, p.split.fold, p.split.seed)
    published = {} if rows.given is None else {name: int((rows.given == i).sum()) for i, name in enumerate(SPLITS)}
    check_support(task, rows.answers, rows.names, home, why, published, p.split)

    place = standing(home, why)
    metrics = counts(rows, place, why, published, p.split)
    check_apart(task, metrics, p.split)
    held = contents(rows, place)
    metrics |= figures(task, rows, place, held, p.split)
    cluster = duplicates.headings(rows.kinds["near"], rows.frame["id"].to_numpy())
    write_tables(task, rows, place, cluster)
    kept = rows.table.filter(pa.array((place > 0) | (why == "fold")))
    held_out.write(task, kept, folds.released(task, p.split))
    shown = write_clusters(task, rows, place, cluster)
    rows_of = {split: tables.rows_sha256(paths.split_file(task, split)) for split in SPLITS}
    write_json(paths.metrics(task, "manifest"), {"task": task, "rows": rows_of, "splits": held})
    write_metrics(paths.metrics(task, "split"), metrics)
    sizes = ", ".join(f"{split} {metrics[split]['n']:,}" for split in SPLITS)
    print(
        f"{task}: {sizes} rows; left out: {left_out(why) or 'none'}. "
        f"What each holds: {paths.metrics(task, 'manifest')}; "
        f"{metrics['clusters']:,} clusters of like texts: {shown}"
    )


def load(task: str, p: Sections) -> Rows:
    """The prepared rows and what they share. Raises DataError: no table, or a frozen manifest that cannot be read."""
    heads, rule = heads_of(p.heads), rule_of(p.decision)
    file = paths.prepared(task)
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro prepare@{task}")
    table = parquet.read(file)
    order = np.argsort(table["id"].to_numpy(), kind="stable")  # by id, so that the order of the raw files means nothing
    table = table.take(pa.array(order))
    frame = table.select([name for name in table.column_names if name not in ("raw", "linear")]).to_pandas()
    targets = tables.targets(frame, heads, str(file))
    answers = decision.gold(rule, heads, targets)

    equal, forms = duplicates.exact(frame["text"].tolist())
    kinds = {"id": pd.factorize(frame["id"])[0], "exact": equal, "near": duplicates.near(forms, p.split.near)[equal]}
    if "group" in frame:
        kinds["group"] = pd.factorize(frame["group"].where(frame["group"] != ""))[0]  # -1 where there is none
    raw = table["raw"].to_pylist() if "raw" in table.column_names else None
    was_test, gone = frozen.recognised(task, frame["id"].tolist(), forms, equal, p.split.released, raw)
    return Rows(
        table=table,
        frame=frame,
        answers=answers,
        names=decision.classes(rule, heads),
        spread=np.column_stack([answers, stratify.marks(targets, heads)]),
        kinds=kinds,
        together=duplicates.joined(*kinds.values()),
        was_test=was_test,
        gone=gone,
        given=frame["split"].map(SPLITS.index).to_numpy() if (frame["split"] != "").any() else None,
    )


def makes_test(rows: Rows, settings: Split) -> bool:
    """Whether the test split is made here; a frozen test set is then the test set, to the row."""
    return rows.given is None or "test" in settings.carve


def check_placed(task: str, rows: Rows, settings: Split) -> None:
    """Raises DataError: an order of time for rows that have their place already, or frozen test rows that are lost."""
    if settings.order == "time" and (rows.given is not None or rows.was_test.any()):
        placed, way_out = "given splits have", ""
        if rows.given is None:
            placed, way_out = "frozen test has", ", or release the manifest in split.released"
        raise DataError(
            f"{task}: {task}.split.order: time would place rows that the {placed} placed already; take order out{way_out}"
        )
    if rows.gone and makes_test(rows, settings):
        raise DataError(
            f"{paths.frozen(task)}: {rows.gone} frozen test rows are not in the data; test would be another set "
            f"without a word. Bring them back, or release the manifest in {task}.split.released"
        )


def settle(task: str, rows: Rows, settings: Split) -> tuple[np.ndarray, np.ndarray]:
    """(n,) home and (n,) why (see decant.data.support) before leaks are looked for. Raises DataError: see carve."""
    why = np.full(len(rows.frame), "", dtype=object)
    if makes_test(rows, settings):  # what goes with frozen rows may stand neither in train nor in a settled test set
        why[np.isin(rows.together, rows.together[rows.was_test]) & ~rows.was_test] = "frozen"
    if rows.given is not None:
        free = why == ""
        return carve(task, rows.given, free, rows.was_test, settings, rows.answers, rows.spread, rows.together), why
    shares = shares_of(rows, settings)
    if settings.order == "time":
        home = stratify.by_time(rows.frame["time"].astype("int64").to_numpy(), rows.together, shares)
        why[home < 0] = "time"
        return home, why
    fixed = np.where(rows.was_test, SPLITS.index("test"), -1)
    return stratify.stratify(rows.spread, rows.together, shares, settings.seed, fixed), why


def shares_of(rows: Rows, settings: Split) -> np.ndarray:
    """(4,) the share of each split; where a frozen test set is test, new rows go to the others."""
    shares = np.array([settings.train, settings.valid, settings.calib, settings.test])
    return np.array([*shares[:3] / shares[:3].sum(), 0]) if rows.was_test.any() else shares


def strayed(rows: Rows, place: np.ndarray) -> np.ndarray:
    """(n,) frozen test rows that stand in another split."""
    return rows.was_test & (place >= 0) & (place < SPLITS.index("test"))


def sift(task: str, rows: Rows, home: np.ndarray, why: np.ndarray, settings: Split) -> np.ndarray:
    """`why` with the rows that split.leaks and split.fast leave out. Raises DataError: leaks that are not allowed."""
    place, why = standing(home, why), why.copy()
    leaks = leaking(rows.together, place) | strayed(rows, place)
    # no policy trains on a frozen test row unseen: report is for splits that were published with their leaks
    untold = settings.leaks == "report" and (rows.was_test & (place == 0)).any()
    if (leaks.any() and settings.leaks == "fail") or untold:
        raise DataError(explain(task, rows.frame["id"], place, rows.kinds, rows.was_test))
    if settings.leaks == "drop":
        why[leaks] = "leaks"
    why[spared(standing(home, why), settings, rows.spread, rows.together)] = "fast"
    return why


def counts(rows: Rows, place: np.ndarray, why: np.ndarray, published: dict[str, int], settings: Split) -> dict:
    """Metrics of all splits together: rows given and left out, what the splits share, and clusters of like texts."""
    shared = {kind: codes for kind, codes in rows.kinds.items() if kind != "id"}
    metrics = {"given": rows.given is not None} | {f"given_{split}": number for split, number in published.items()}
    metrics |= {f"dropped_{reason}": int((why == reason).sum()) for reason in ("time", "leaks", "fast")}
    if rows.given is not None:
        metrics |= {f"given_leakage_{kind}": leakage(codes, rows.given) for kind, codes in shared.items()}
    metrics |= {f"leakage_{kind}": leakage(codes, place) for kind, codes in rows.kinds.items()}
    metrics |= duplicates.clusters(rows.kinds["near"], rows.kinds["exact"])
    if settings.order == "time":  # what the rows that had to go share with a newer row
        newer = {kind: np.isin(codes, codes[place >= 0]) & (codes >= 0) for kind, codes in shared.items()}
        metrics["dropped_time_sharing"] = {kind: int((has & (why == "time")).sum()) for kind, has in newer.items()}
    if rows.was_test.any():
        metrics |= {"frozen_rows": int(rows.was_test.sum()), "dropped_frozen": int((why == "frozen").sum())}
    if settings.fold:
        metrics["dropped_fold"] = int((why == "fold").sum())
    metrics["leakage_frozen"] = int(strayed(rows, place).sum())
    shared = leakage(rows.together, place)
    return (
        metrics | {f"leakage_{pair}": number for pair, number in shared.items()} | {"leakage_any": sum(shared.values())}
    )


def check_apart(task: str, metrics: dict, settings: Split) -> None:
    """Raises DataError: two splits share rows although split.leaks is not report. metrics: of counts."""
    for early, late in itertools.combinations(SPLITS, 2):
        if (number := metrics[f"leakage_{early}_{late}"]) and settings.leaks != "report":
            raise DataError(f"{task}: {number} rows of {late} are in {early} too; this is a bug in split")


def contents(rows: Rows, place: np.ndarray) -> dict[str, dict]:
    """What the manifest says of each split."""
    overall = rows.answers[place >= 0]
    parts = {split: place == index for index, split in enumerate(SPLITS)}
    return {
        split: manifest.contents(rows.frame[part], rows.answers[part], overall, rows.names)
        for split, part in parts.items()
    }


def figures(task: str, rows: Rows, place: np.ndarray, held: dict[str, dict], settings: Split) -> dict[str, dict]:
    """What the metrics say of each split. held: of the manifest. Raises DataError: see check_drift."""
    metrics, shares, keys = {}, shares_of(rows, settings), class_keys(rows.names)
    for index, (split, content) in enumerate(held.items()):
        shift = drift(rows.answers[place == index], rows.answers[place >= 0])
        if settings.fold or (rows.given is None and settings.order == "stratified" and shares[index]):
            check_drift(task, f"in {split}", shift, "in all rows", settings.max_drift)
        metrics[split] = {
            "n": content["n"],
            "sha256": content["sha256"],
            "drift": shift,
            "pair_drift": max(content["pair_drift"].values(), default=0.0),
            "answers": {keys[name]: support for name, support in content["support"].items()},
        }
    return metrics


def write_tables(task: str, rows: Rows, place: np.ndarray, cluster: np.ndarray) -> None:
    """The four tables, each row with the name of its cluster (n,)."""
    table = rows.table.drop_columns("split").append_column("cluster", pa.array(cluster, pa.string()))
    for index, split in enumerate(SPLITS):
        with writing(paths.split_file(task, split)) as partial:
            parquet.write(partial, table, np.flatnonzero(place == index))


def write_clusters(task: str, rows: Rows, place: np.ndarray, cluster: np.ndarray) -> Path:
    """Rows of clusters, for people to look at; not in git, since the texts are the data's own. The file."""
    near, target = rows.kinds["near"], paths.duplicates(task)
    like = np.flatnonzero(np.bincount(near)[near] > 1)
    split = np.array([*SPLITS, "dropped"], dtype=object)[place[like]]
    sample = rows.frame.iloc[like][["id", "answer", "text"]].assign(cluster=cluster[like], split=split)
    sample = sample.sort_values(["cluster", "id"])[["cluster", "split", "id", "answer", "text"]].head(SHOWN)
    with writing(target) as partial:
        formulas.table(sample).to_csv(partial, index=False)
    return target


if __name__ == "__main__":
    stage.run(main)
