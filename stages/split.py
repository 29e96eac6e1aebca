"""split: the prepared table -> train, valid, calib and test, and a manifest of what each one holds.

Each split has one job: fit on train, choose on valid, calibrate on calib, open test once, in evaluate. The four are
separate files so that dvc.yaml itself shows which stage can see which rows. Rows with one text, near-duplicates and rows
of one group stay together; where the splits came with the data and do not keep to that, the policy in params decides.
Where test rows are frozen (frozen/<task>/*.json), they are the test set, and no other split ever holds one of them.
"""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from decant import decision, duplicates, frozen, stage, stratify, tables
from decant.errors import DataError
from decant.files import slug, write_json, write_metrics, writing
from decant.heads import layout
from decant.manifest import digest_of_rows
from decant.params import read
from decant.source import SPLITS

SHOWN = 1000  # rows of clusters that duplicates.csv shows
PAIRS = list(itertools.combinations(range(len(SPLITS)), 2))


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    rule = p.decision.model_dump()
    file = tables.prepared(task)
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro prepare@{task}")
    table = pq.read_table(file)
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
    was_test = frozen.was_test(task, frame["id"].tolist(), forms, equal, p.split.released, raw)

    given = bool((frame["split"] != "").any())
    shares = np.array([p.split.train, p.split.valid, p.split.calib, p.split.test])
    spread = np.column_stack([answers, stratify.marks(targets, heads)])
    if p.split.order == "time" and (given or was_test.any()):
        raise DataError(
            f"{task}: {task}.split.order: time would place rows that the {'given splits have' if given else 'frozen test has'} "
            "placed already; take order out" + ("" if given else ", or release the manifest in split.released")
        )
    if (gone := frozen.expected(task, p.split.released) - int(was_test.sum())) > 0 and not given:
        raise DataError(
            f"{frozen.FOLDER / task}: {gone} frozen test rows are not in the data; test would be another set without a word. "
            f"Bring them back, or release the manifest in {task}.split.released"
        )
    outside = np.zeros(len(frame), dtype=bool)
    if given:
        place = frame["split"].map(SPLITS.index).to_numpy()
        published = {f"given_{name}": int((place == index).sum()) for index, name in enumerate(SPLITS)}
        before = {f"given_leakage_{kind}": leakage(codes, place) for kind, codes in kinds.items() if kind != "id"}
        place = carve(task, place, p.split.carve, spread, together, p.split.seed)
    else:
        published, before = {}, {}
        if p.split.order == "time":
            place = stratify.by_time(frame["time"].astype("int64").to_numpy(), together, shares)
        else:
            if was_test.any():  # a frozen test set is the test set: new rows go to the other splits
                shares = np.array([*shares[:3] / shares[:3].sum(), 0])
            place = stratify.stratify(spread, together, shares, p.split.seed, np.where(was_test, 3, -1))
            # copies and group members of frozen rows may stand neither in train nor in a test set that is settled
            outside = (place == 3) & ~was_test & was_test.any()
    dropped = {"dropped_time": int((place < 0).sum())}
    place = np.where(outside, -1, place)

    leaking = leaks(together, place) | (was_test & (place >= 0) & (place < 3))
    # no policy trains on a frozen test row unseen: report is for splits that were published with their leaks
    untold = p.split.leaks == "report" and (was_test & (place == 0)).any()
    if (leaking.any() and p.split.leaks == "fail") or untold:
        raise DataError(explain(task, frame["id"], place, kinds, was_test))
    if p.split.leaks == "drop":
        place = np.where(leaking, -1, place)
    dropped["dropped_leaks"] = int(leaking.sum()) if p.split.leaks == "drop" else 0
    place, dropped["dropped_fast"] = fast(place, spread, together, p.split.fast, p.split.seed)
    check_support(task, answers, place, names, p.split.least)

    overlap = {f"leakage_{kind}": leakage(codes, place) for kind, codes in kinds.items()}
    metrics = {"given": given, **published, **dropped, **before, **overlap, **clusters(kinds["near"], equal)}
    if was_test.any():
        metrics |= {"frozen_rows": int(was_test.sum()), "dropped_frozen": int(outside.sum())}
    metrics["leakage_frozen"] = int((was_test & (place >= 0) & (place < 3)).sum())
    for early, late in PAIRS:
        shared = leakage(together, place)[f"{SPLITS[early]}_{SPLITS[late]}"]
        metrics[f"leakage_{SPLITS[early]}_{SPLITS[late]}"] = shared
        if shared and p.split.leaks != "report":
            raise DataError(
                f"{task}: {shared} rows of {SPLITS[late]} are in {SPLITS[early]} too; this is a bug in split"
            )

    manifest, overall = {"task": task, "splits": {}}, answers[place >= 0].mean(axis=0)
    for index, split in enumerate(SPLITS):
        mine = np.flatnonzero(place == index)
        held = contents(frame.iloc[mine], answers[mine], answers[place >= 0], names)
        drift = float(np.abs(answers[mine].mean(axis=0) - overall).max()) if len(mine) else 0.0
        if drift > p.split.max_drift and not given and p.split.order == "stratified" and shares[index]:
            raise DataError(
                f"{task}: the share of an answer in {split} differs by {drift:.3f} from that in all rows, "
                f"{task}.split.max_drift allows {p.split.max_drift}. Large groups or few rows do that; raise it or merge classes"
            )
        manifest["splits"][split] = held
        metrics[split] = {
            "n": len(mine),
            "sha256": held["sha256"],
            "drift": drift,
            "pair_drift": max(held["pair_drift"].values(), default=0.0),
            "answers": {slug(name): support for name, support in held["support"].items()},
        }

    heading = smallest(kinds["near"], frame["id"].to_numpy())
    table = table.drop_columns("split").append_column("cluster", pa.array(heading, pa.string()))
    for index, split in enumerate(SPLITS):
        with writing(tables.split_file(task, split)) as partial:
            pq.write_table(table.take(pa.array(np.flatnonzero(place == index))), partial)
    shown(frame, kinds["near"], place, heading, Path("data") / task / "duplicates.csv")
    write_json(tables.manifest(task), manifest)
    write_metrics(f"metrics/{task}/split.json", metrics)


def leaks(groups: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(n,) true for a row whose group also stands in a later split (test is the last)."""
    latest = np.full(groups.max() + 1, -1)
    np.maximum.at(latest, groups, place)
    return (place >= 0) & (place < latest[groups])


def leakage(codes: np.ndarray, place: np.ndarray) -> dict[str, int]:
    """Per pair of splits: rows of the later one with a partner in the earlier one."""
    known = codes >= 0
    return {
        f"{SPLITS[early]}_{SPLITS[late]}": int(np.isin(codes[(place == late) & known], codes[(place == early) & known]).sum())
        for early, late in PAIRS
    }  # fmt: skip


def explain(task: str, ids: pd.Series, place: np.ndarray, kinds: dict[str, np.ndarray], was_test: np.ndarray) -> str:
    """What leaks where, for the error of a stage that was told to stop."""
    found = []
    for kind, codes in kinds.items():
        rows = leaks(np.where(codes >= 0, codes, codes.max() + 1 + np.arange(len(codes))), place)
        if rows.any():
            found.append(
                f"{int(rows.sum())} rows share their {kind} with a later split, e.g. ids {list(ids[rows][:3])}"
            )
    old = was_test & (place >= 0) & (place < 3)
    if old.any():
        found.append(f"{int(old.sum())} rows were test in a frozen manifest, e.g. ids {list(ids[old][:3])}")
    return (
        f"{task}: {'; '.join(found)}. Set {task}.split.leaks to drop or report, mend the split files, or release a frozen "
        "manifest by its sha256 in split.released"
    )


def carve(
    task: str, place: np.ndarray, wanted: dict, spread: np.ndarray, together: np.ndarray, seed: int
) -> np.ndarray:
    """Splits that the data did not bring, taken out of those it did, stratified, with groups whole."""
    for name, part in wanted.items():
        target, source = SPLITS.index(name), SPLITS.index(part.source)
        rows = np.flatnonzero(place == source)
        if not len(rows):
            raise DataError(f"{task}: {task}.split.carve.{name} takes rows from {part.source}, which has none")
        if (place == target).any():
            raise DataError(f"{task}: {task}.split.carve.{name}: the data brings {name} already; take carve.{name} out")
        codes = pd.factorize(together[rows])[0]
        taken = stratify.stratify(spread[rows], codes, np.array([1 - part.share, part.share]), seed)
        place = place.copy()
        place[rows[taken == 1]] = target
    return place


def fast(
    place: np.ndarray, spread: np.ndarray, together: np.ndarray, share: float, seed: int
) -> tuple[np.ndarray, int]:
    """A stratified share of train; the rest of train is left out."""
    rows = np.flatnonzero(place == 0)
    if share == 1 or not len(rows):
        return place, 0
    kept = stratify.stratify(spread[rows], pd.factorize(together[rows])[0], np.array([share, 1 - share]), seed) == 0
    place = place.copy()
    place[rows[~kept]] = -1
    return place, int((~kept).sum())


def check_support(task: str, answers: np.ndarray, place: np.ndarray, names: list[str], least: int) -> None:
    for column, name in enumerate(names):
        found = np.bincount(place[answers[:, column] & (place >= 0)], minlength=len(SPLITS))
        if found.min() < least:
            short = SPLITS[int(found.argmin())]
            raise DataError(
                f"{task}: class {name!r} has {int(found.sum())} rows, of which {short} would get {found.min()}; "
                f"{task}.split.least asks for {least}. Add rows, merge the class, or lower least"
            )


def clusters(near: np.ndarray, equal: np.ndarray) -> dict[str, int]:
    sizes, texts = np.bincount(near), pd.DataFrame({"near": near, "equal": equal}).groupby("near")["equal"].nunique()
    return {
        "clusters": int((sizes > 1).sum()),
        "clusters_near": int((texts > 1).sum()),
        "rows_in_clusters": int(sizes[sizes > 1].sum()),
        "largest_cluster": int(sizes.max()),
    }


def smallest(codes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """(n,) the name of each row's cluster: the first id in it. ids: sorted."""
    first = np.unique(codes, return_index=True)[1]
    return ids[first[codes]]


def contents(frame: pd.DataFrame, answers: np.ndarray, overall: np.ndarray, names: list[str]) -> dict:
    """One split in the manifest: n, sha256 of its sorted ids and of ids with texts and answers, rows per answer, drift of
    each answer and pair of answers."""
    ids = frame["id"].tolist()
    n, labels = max(len(ids), 1), [slug(name) for name in names]
    both, all_both = answers.T.astype(int) @ answers.astype(int), overall.T.astype(int) @ overall.astype(int)
    shift = np.abs(both / n - all_both / len(overall)) if len(ids) else np.zeros_like(both, dtype=float)
    pairs = [(one, other) for one, other in itertools.combinations(range(len(names)), 2) if all_both[one, other]]
    return {
        "n": len(ids),
        "sha256": tables.digest_of(ids),
        "rows_sha256": digest_of_rows(frame),
        "support": {name: int(both[index, index]) for index, name in enumerate(names)},
        "drift": {name: round(float(shift[index, index]), 4) for index, name in enumerate(labels)},
        "pair_drift": {f"{labels[one]}+{labels[other]}": round(float(shift[one, other]), 4) for one, other in pairs},
    }


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
