"""prepare: raw files -> one table (data/<task>/prepared.parquet) and the counts of what happened to every row.

In: data/raw/<task>. Out: id, two texts (`text` for encoders, `linear` for the linear model), answer, label columns,
slices, group and time, and the split that came with the data (if any). It exists so that everything after it can trust
the table: ids unique, texts clean and not empty, labels known. Rows pass in batches, in file order, on every core that
is free, and memory grows by some 30 bytes a row; what no batch can know (a repeated id, two answers to one text) is
decided afterwards, from 64-bit hashes.
"""

import os
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from decant import lexical, rawfiles, stage, tables
from decant.errors import DataError
from decant.files import slug, write_metrics, writing
from decant.params import read
from decant.rawfiles import Batch
from decant.rows import Recipe, Rows, given_ids, identities
from decant.source import folder_of

MOST = 8  # processes: each needs 150 MB before its first row, and one reader feeds no more
CONFLICTS = 1000  # rows of conflicting texts that conflicts.csv shows


def main(task: str) -> None:
    p = read(task)
    folder, source = Path("data/raw") / task, p.source
    settings = p.linear_text.model_dump()
    lexical.check_resources(settings)
    found = rawfiles.files(folder, [folder_of(name) for name in source.files], source.format)
    if source.splits and source.splits.files:  # are they there, and none in two splits?
        rawfiles.files(folder, list(source.splits.files.values()), source.format)
    given = given_ids(folder, source)
    heads = {name: head.model_dump() for name, head in p.heads.items()}
    recipe = Recipe(
        folder, source, heads, p.decision.model_dump(), p.cleaning.model_dump(), settings, given, len(found) > 1
    )

    counts, lost, answers = Counter(), Counter(), {}
    seen: dict[str, list[np.ndarray]] = {"id": [], "text": [], "answer": [], "split": [], "words": []}
    with writing(tables.prepared(task)) as partial:
        with pq.ParquetWriter(partial, recipe.schema) as writer, tqdm(desc="prepare", unit="row") as bar:
            for rows in in_order(recipe, raw_batches(found, recipe)):
                writer.write_table(rows.table)
                counts.update(rows.counts)
                lost.update(rows.lost)
                answers |= rows.answers
                for name, values in rows.hashes.items():
                    seen[name].append(values)
                bar.update(rows.counts["rows_raw"])
        hashes = {name: np.concatenate(seen.pop(name)) for name in list(seen)}
        words = hashes.pop("words")
        check_identities(hashes.pop("id"), found, recipe)
        check_given(counts["rows_named"], found, recipe)
        check_slices(counts, recipe)
        check_loss(task, counts, lost, p.linear_text.max_loss)
        if not len(hashes["text"]):
            raise DataError(
                f"{folder}: all {counts['rows_raw']} rows are empty after cleaning or have no label; check {task}.cleaning "
                f"and {task}.source in params.yaml"
            )
        agreed, kept, conflicting = policy(hashes, p.duplicates.repeats, p.duplicates.conflicts)
        if not kept.any():
            raise DataError(f"{folder}: {task}.duplicates.conflicts: {p.duplicates.conflicts} leaves no row at all")
        report_conflicts(partial, hashes["text"], conflicting, Path("data") / task / "conflicts.csv")
        if not kept.all():
            rewrite(partial, kept)

    held = Counter({slug(name): 0 for name in recipe.classes})
    for answer, rows in zip(*np.unique(hashes["answer"][kept], return_counts=True), strict=True):
        several = p.decision.rule == "thresholds"
        names = answers[int(answer)].split("|") if several else [answers[int(answer)]]
        held.update({slug(name): int(rows) for name in names if name})
    steps = {name: counts.pop(name) for name in list(counts) if name.startswith(("clean_", "linear_"))}
    metrics = {name: counts[name] for name in ("rows_raw", "words_raw", "rows_empty", "rows_unlabelled")}
    for name in dict.fromkeys(key.rsplit(":", 1)[0] for key in steps):
        metrics[name] = {key.rsplit(":", 1)[1]: value for key, value in steps.items() if key.startswith(f"{name}:")}
    metrics |= {"content_words": counts["content_words"]} if counts["content_words"] else {}
    metrics |= {
        "rows_dropped_as_conflicts": int((~agreed).sum()),
        "rows_dropped_as_repeats": int((agreed & ~kept).sum()),
        "rows": int(kept.sum()),
        "words": int(words[kept].sum()),
        "duplicates": len(hashes["text"]) - len(np.unique(hashes["text"])),
        "conflicting_texts": len(np.unique(hashes["text"][conflicting])),
        "conflicting_rows": int(conflicting.sum()),
        "answers": dict(held),
        "encodings": {slug(str(file.relative_to(folder))): rawfiles.encoding_of(file, source.encoding)
                      for file, form in found.items() if form in ("csv", "tsv", "jsonl")},
    }  # fmt: skip
    write_metrics(f"metrics/{task}/prepare.json", metrics)


def raw_batches(found: dict[Path, str], recipe: Recipe) -> Iterator[Batch]:
    source = recipe.source
    for file, form in found.items():
        yield from rawfiles.batches(file, form, source.encoding, source.delimiter, source.quotes, source.header)


def in_order(recipe: Recipe, batches: Iterator[Batch]) -> Iterator[Rows]:
    """Each batch cleaned, in the order of the file, so that neither rows nor errors depend on the number of processes.

    The first two batches run in this process: small tables should not pay for starting others.
    """
    work = recipe.worker()
    for batch in islice(batches, 2):
        yield work(batch)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(cores, MOST)
    with ExitStack() as stack:
        waiting: deque = deque()
        pool = None
        failure = None
        while True:
            try:
                batch = next(batches, None)
            except DataError as error:  # raised below, since an earlier row that waits may have an error too
                failure, batch = error, None
            if batch is None:
                break
            if pool is None:
                # spawned, not forked: Arrow's threads do not survive a fork
                pool = ProcessPoolExecutor(cores, get_context("spawn"), initializer=recipe.start)
                stack.enter_context(pool)
            waiting.append(pool.submit(Recipe.run, batch.only(recipe.needed)))
            if len(waiting) > 2 * cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failure:
            raise failure


def check_identities(hashes: np.ndarray, found: dict[Path, str], recipe: Recipe) -> None:
    """Raises DataError if an id occurs twice; equal hashes of unlike ids are told apart by reading the files again."""
    in_rank = np.sort(hashes)
    twice = set(in_rank[1:][in_rank[1:] == in_rank[:-1]].tolist())
    first: dict[str, str] = {}
    for batch in raw_batches(found, recipe) if twice else ():
        names = identities(batch, recipe.source, recipe.prefix(batch))
        for row in np.flatnonzero(np.isin(tables.hashes(names), list(twice))):
            if names[row] in first:
                raise DataError(
                    f"{batch.place(row)}: id {names[row]!r} again, first at {first[names[row]]}; ids must be unique"
                )
            first[names[row]] = batch.place(row)


def check_given(named: int, found: dict[Path, str], recipe: Recipe) -> None:
    """Raises DataError if a split file names an id that no row has."""
    if recipe.given is None or named == len(recipe.given):
        return
    ids = {
        name for batch in raw_batches(found, recipe) for name in identities(batch, recipe.source, recipe.prefix(batch))
    }
    for identity, (_, place) in recipe.given.items():
        if identity not in ids:
            raise DataError(
                f"{place}: id {identity!r} is not in {', '.join(recipe.source.files)}; the split names a row that is not there"
            )


def check_slices(counts: Counter, recipe: Recipe) -> None:
    """Raises DataError for a slice or group without a column in any row: JSON Lines may bring one late, or never."""
    for key, seen in counts.items():
        if key.startswith("seen_") and not seen:
            name = key.removeprefix("seen_")
            one = recipe.source.group if name == "group" else recipe.source.slices[name.removeprefix("slices.")]
            fitting = " that fits the pattern" if one.pattern else ""
            raise DataError(
                f"{recipe.folder}: no row has a value in {one.columns}{fitting}; mend source.{name} in params.yaml"
            )


def check_loss(task: str, counts: Counter, lost: Counter, most: float) -> None:
    """Raises DataError if the linear model's tokens have lost more words than params allow."""
    steps = [key.split(":")[0].removeprefix("linear_") for key in counts if key.endswith(":content_words_after")]
    left = {step: counts[f"linear_{step}:content_words_after"] for step in steps}
    share = lexical.loss(counts["content_words"], left)
    if share > most:
        raise DataError(
            f"{task}: linear_text loses {share:.1%} of {counts['content_words']:,} content words, "
            f"{task}.linear_text.max_loss allows {most:.1%}. By step: {lexical.explain(counts['content_words'], left, lost)}"
        )


def policy(hashes: dict[str, np.ndarray], repeats: str, conflicts: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) rows that the policy for conflicts leaves, (n,) rows that stay, and (n,) rows whose text has two answers."""
    texts, answers = hashes["text"], hashes["answer"]
    conflicting = disputed(texts, answers)
    # a given split is judged by its own rows: labels of train must not edit a published test set
    texts = texts ^ ((hashes["split"].astype(np.uint64) + np.uint64(2)) * np.uint64(0x9E3779B97F4A7C15))
    split_apart = disputed(texts, answers)
    agreed = np.ones(len(texts), dtype=bool)
    if conflicts == "drop":
        agreed = ~split_apart
    elif conflicts == "majority":
        few = pd.DataFrame({"text": texts[split_apart], "answer": answers[split_apart]})
        rows = few.groupby(["text", "answer"])["answer"].transform("size")
        most = rows.groupby(few["text"]).transform("max")
        # two answers equally frequent: no majority
        winners = few["answer"].where(rows == most).groupby(few["text"]).transform("nunique")
        agreed[split_apart] = (rows == most) & (winners == 1)
    again = np.zeros(len(texts), dtype=bool)
    if repeats == "first":
        again[agreed] = pd.Series(texts[agreed]).duplicated()
    return agreed, agreed & ~again, conflicting


def disputed(texts: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(n,) rows whose text has more than one answer. Sorted, not grouped: ten million rows in 400 MB."""
    order = np.lexsort((answers, texts))
    same_text = texts[order][1:] == texts[order][:-1]
    differ = same_text & (answers[order][1:] != answers[order][:-1])
    return np.isin(texts, texts[order][1:][differ])


def report_conflicts(file: Path, texts: np.ndarray, conflicting: np.ndarray, target: Path) -> None:
    """The first conflicting rows, text by text, for people to look at; not in git, since the texts are the data's own."""
    first = pd.unique(texts[conflicting])
    chosen = np.flatnonzero(np.isin(texts, first[: CONFLICTS // 2]))[:CONFLICTS]
    columns = ["id", "split", "answer", "text"]
    parts, start = [pd.DataFrame(columns=columns)], 0
    for part in pq.ParquetFile(file).iter_batches(rawfiles.BATCH, columns=columns) if len(chosen) else ():
        rows = chosen[(chosen >= start) & (chosen < start + len(part))] - start
        parts.append(part.take(pa.array(rows)).to_pandas())
        start += len(part)
    table = pd.concat(parts, ignore_index=True)
    order = pd.Series(texts[chosen]).map({one: index for index, one in enumerate(first)}).argsort(kind="stable")
    with writing(target) as partial:
        table.iloc[order.to_numpy()].to_csv(partial, index=False)


def rewrite(file: Path, kept: np.ndarray) -> None:
    """Drop rows from a Parquet file, batch by batch."""
    stored, start = pq.ParquetFile(file), 0
    with writing(file) as partial, pq.ParquetWriter(partial, stored.schema_arrow) as writer:
        for part in stored.iter_batches(rawfiles.BATCH):
            writer.write_table(pa.Table.from_batches([part.filter(pa.array(kept[start : start + len(part)]))]))
            start += len(part)


if __name__ == "__main__":
    stage.run(main)
