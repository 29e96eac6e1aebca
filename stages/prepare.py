"""prepare: raw files -> one table (data/<task>/prepared.parquet) and the counts of what happened to every row.

In: data/raw/<task>. Out: id, two texts (`text` for encoders, `linear` for the linear model), answer, label columns,
slices, group and time, and the split that came with the data (if any). It exists so that everything after it can trust
the table: ids unique, texts clean and not empty, labels known, corrected where a person has done so. CleanRows pass in
batches, in file order, on every core that is free, and memory grows by some 30 bytes a row; what no batch can know (a
repeated id, two answers to one text) is decided afterwards, from 64-bit hashes.
"""

import os
import sys
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import islice
from multiprocessing import get_context

import numpy as np
import pyarrow.parquet as pq

from decant import checked, paths, stage
from decant.data import annotators, conflicts, corrections, ids, labels, lexical, lines, rawfiles, sources
from decant.data.batch import Batch
from decant.data.linebreaks import LineBreaks
from decant.data.rows import CleanRows, Recipe
from decant.errors import DataError
from decant.files import slug, write_metrics, writing
from decant.heads import Head
from decant.keys import class_keys
from decant.progress import bar
from decant.settings.base import Section
from decant.settings.cleaning import Cleaning
from decant.settings.decision import Decision, rule_of
from decant.settings.duplicates import Duplicates
from decant.settings.heads import Heads, heads_of
from decant.settings.linear_text import LinearText
from decant.settings.source import Source

MOST = 8  # processes: each needs 150 MB before its first row, and one reader feeds no more


class Sections(Section):
    cleaning: Cleaning
    decision: Decision
    duplicates: Duplicates
    heads: Heads
    linear_text: LinearText
    source: Source


def main(task: str) -> None:
    p = checked.read(Sections, task)
    folder, source = paths.raw(task), p.source
    settings = p.linear_text.model_dump()
    lexical.check_resources(settings)
    files = sources.files(folder, source)
    given = ids.given_ids(folder, source)
    heads, rule = heads_of(p.heads), rule_of(p.decision)
    corrected = corrections.read(folder, source, heads)
    recipe = Recipe(folder, source, heads, rule, p.cleaning.model_dump(), settings, given, len(files) > 1, corrected)

    counts, lost, ballots, answers, done = Counter(), Counter(), Counter(), {}, set()
    breaks, bad = LineBreaks(), sources.bad_rows(source)
    seen: dict[str, list[np.ndarray]] = {"id": [], "text": [], "answer": [], "split": [], "words": []}
    with writing(paths.prepared(task)) as partial:
        with (
            pq.ParquetWriter(partial, recipe.schema) as writer,
            bar(what="prepare", unit="row", total=lines.about(files)) as shown,
        ):
            for rows in in_order(recipe, breaks.counted(sources.batches(files, source, recipe.needed, bad))):
                writer.write_table(rows.table)
                counts.update(rows.counts)
                lost.update(rows.lost)
                ballots.update(rows.ballots)
                answers |= rows.answers
                done.update(rows.corrected)
                for name, values in rows.hashes.items():
                    seen[name].append(values)
                shown.update(rows.counts["rows_raw"])
        hashes = {name: np.concatenate(seen.pop(name)) for name in list(seen)}
        words = hashes.pop("words")
        bad.check(counts["rows_raw"], folder)
        ids.check_unique(hashes.pop("id"), files, source, folder)
        ids.check_given(counts["rows_named"], given, files, source, folder)
        corrected.check(done)
        check_slices(counts, recipe)
        check_loss(task, counts, lost, int(words.sum()), p.linear_text.max_loss)
        if not len(hashes["text"]):
            raise DataError(
                f"{folder}: all {counts['rows_raw']} rows are empty after cleaning or have no label; check {task}.cleaning "
                f"and {task}.source in params.yaml"
            )
        warnings = labels.check_held(counts, heads, len(hashes["text"]), str(folder))
        agreed, kept, conflicting = conflicts.policy(hashes, p.duplicates.repeats, p.duplicates.conflicts)
        if not kept.any():
            raise DataError(f"{folder}: {task}.duplicates.conflicts: {p.duplicates.conflicts} leaves no row at all")
        conflicts.report(partial, hashes["text"], conflicting, paths.conflicts(task))
        if not kept.all():
            conflicts.drop(partial, kept)

    keys = class_keys(recipe.classes)
    held = Counter(dict.fromkeys(keys.values(), 0))
    for answer, rows in zip(*np.unique(hashes["answer"][kept], return_counts=True), strict=True):
        held.update({keys[name]: int(rows) for name in answers[int(answer)]})
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
        "encodings": rawfiles.encodings(files, folder, source.encoding),
    }
    metrics |= corrected.metrics() | breaks.metrics() | bad.metrics() | agreed_on(heads, counts, ballots)
    write_metrics(paths.metrics(task, "prepare"), metrics)
    for warning in [*warnings, *breaks.warnings(f"set {task}.source.quotes: false")]:
        print(f"warning: {warning}", file=sys.stderr)
    print(summary(task, metrics))


def in_order(recipe: Recipe, batches: Iterator[Batch]) -> Iterator[CleanRows]:
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


def check_slices(counts: Counter, recipe: Recipe) -> None:
    """Raises DataError for a slice or group without a column in any row: JSON Lines may bring one late, or never."""
    for key, seen in counts.items():
        if key.startswith("seen_") and not seen:
            name = key.removeprefix("seen_")
            section = recipe.source.group if name == "group" else recipe.source.slices[name.removeprefix("slices.")]
            fitting = " that fits the pattern" if section.pattern else ""
            raise DataError(
                f"{recipe.folder}: no row has a value in {section.columns}{fitting}; mend source.{name} in params.yaml"
            )


def agreed_on(heads: tuple[Head, ...], counts: Counter, ballots: Counter) -> dict:
    """Of each head that several annotators have labelled: how far they agree, by label if several may hold, and rows that
    were left out for tied votes."""
    found = annotators.agreement(ballots)
    entries = {}
    for head in heads:
        if f"tied:{head.name}" in counts:
            alone = found.get((head.name, ""), {})
            labels = {slug(label): entry for (name, label), entry in found.items() if name == head.name and label}
            entries[slug(head.name)] = {"rows_tied": counts[f"tied:{head.name}"], **alone, **labels}
    return {"agreement": entries} if entries else {}


def check_loss(task: str, counts: Counter, lost: Counter, words: int, most: float) -> None:
    """Raises DataError if the linear model's tokens have lost more words than params allow, or if nobody can tell."""
    steps = [key.split(":")[0].removeprefix("linear_") for key in counts if key.endswith(":content_words_after")]
    left = {step: counts[f"linear_{step}:content_words_after"] for step in steps}
    content = counts["content_words"]
    if steps and not content and words >= lexical.ENOUGH and most < 1:
        raise DataError(
            f"{task}: none of {words:,} words is a content word (three letters or more, no stopword), so that nobody can say "
            f"what linear_text loses. Set {task}.linear_text.tokenizer: none (with alphabetic, stopwords, stem and lemma off), "
            "or max_loss: 1.0 to go without the measure"
        )
    share = lexical.loss(content, left)
    if share > most:
        raise DataError(
            f"{task}: linear_text loses {share:.1%} of {content:,} content words, {task}.linear_text.max_loss allows "
            f"{most:.1%}. By step: {lexical.explain(content, left, lost)}"
        )


def summary(task: str, metrics: dict) -> str:
    """What became of the rows, in one line."""
    bad = f"{metrics['rows_bad']:,} bad rows left out, " if metrics.get("rows_bad") else ""
    return (
        f"{task}: {bad}{metrics['rows_raw']:,} rows in, {metrics['rows']:,} out: {metrics['rows_empty']:,} empty, "
        f"{metrics['rows_unlabelled']:,} unlabelled, {metrics['rows_dropped_as_conflicts']:,} conflicting and "
        f"{metrics['rows_dropped_as_repeats']:,} repeats dropped; {metrics['conflicting_rows']:,} rows of texts with several "
        f"answers, shown in {paths.conflicts(task)}. Table: {paths.prepared(task)}"
    )


if __name__ == "__main__":
    stage.run(main)
