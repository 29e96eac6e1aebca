"""prepare: raw files -> one table (data/<task>/prepared.parquet) and the counts of what happened to every row.

In: data/raw/<task>. Out: id, text, answer, label columns, slice columns, the split that came with the data (if any).
It exists so that everything after it can trust the table: ids unique, texts clean and not empty, labels known.
"""

import contextlib
import csv
import fnmatch
import io
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from decant import decision, stage, tables, text
from decant.errors import DataError
from decant.files import slug, write_metrics, writing
from decant.heads import layout
from decant.params import read
from decant.schema import Labels, Source

WORDS = re.compile(r"\w+")
HALF_PAIR = re.compile("[\ud800-\udfff]")


def main(task: str) -> None:
    p = read(task)
    folder = Path("data/raw") / task
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    rows = [row for name in p.source.files for row in raw_rows(folder / name, p.source.format)]

    frame = pd.DataFrame({"id": identities(rows, p.source.id), "text": texts(rows, p.source.text)})
    for head in heads:
        for column, values in label_columns(rows, head, p.source).items():
            frame[column] = values
    for name, recipe in p.source.slices.items():
        if not any(column in row for _, row in rows for column in recipe.columns):
            raise DataError(
                f"{folder}: no row has a column of {recipe.columns}; mend {task}.source.slices.{name} in params.yaml"
            )
        frame[name] = [slice_value(row, recipe.columns, recipe.pattern) for _, row in rows]
    frame["has_url"] = frame["text"].str.contains(text.URL)  # before cleaning may drop the links
    frame["split"] = given_splits(frame["id"], p.source, folder)

    frame["raw"] = frame["text"]  # evaluate feeds it to the bundle, which does its own cleaning

    metrics = {"rows_raw": len(frame), "words_raw": words(frame["text"])}
    for name, step in text.steps(p.cleaning.model_dump()):
        cleaned = [step(one) for one in tqdm(frame["text"], desc=f"clean: {name}", unit="row")]
        changed = int((frame["text"] != pd.Series(cleaned)).sum())
        metrics[f"clean_{name}"] = {"rows_changed": changed, "words_after": words(cleaned)}
        frame["text"] = cleaned
    empty = frame["text"].str.strip() == ""
    metrics["rows_empty"] = int(empty.sum())
    frame = frame[~empty].sort_values("id", ignore_index=True)
    if frame.empty:
        raise DataError(
            f"{folder}: all {len(rows)} rows are empty after cleaning; check {task}.cleaning in params.yaml"
        )

    rule = p.decision.model_dump()
    names = np.array(decision.classes(rule, heads), dtype=object)
    answers = decision.gold(rule, heads, tables.targets(frame, heads, str(folder)))
    frame.insert(2, "answer", ["|".join(names[row]) for row in answers])
    frame["length"] = frame["text"].str.len()

    normal = frame["text"].map(text.normal_form)
    conflicts = frame.groupby(normal)["answer"].nunique()
    metrics |= {
        "rows": len(frame),
        "words": words(frame["text"]),
        "duplicates": int(normal.duplicated().sum()),
        "conflicting_texts": int((conflicts > 1).sum()),
        "answers": {slug(name): int(count) for name, count in zip(names, answers.sum(axis=0), strict=True)},
    }
    with writing(tables.prepared(task)) as partial:
        frame.to_parquet(partial, index=False)
    write_metrics(f"metrics/{task}/prepare.json", metrics)


def words(column) -> int:
    return sum(len(WORDS.findall(one)) for one in column)


def raw_rows(file: Path, form: str) -> list[tuple[str, dict]]:
    """Every row of one file with its place ("file: row 7") for error messages; rows count from 1."""
    if not file.exists():
        raise DataError(f"{file}: missing. Get it with dvc pull (imported data) or put your own file there")
    try:
        content = file.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(
            f"{file}: line {line}: not UTF-8 (byte {error.start}); convert the file, e.g. with iconv"
        ) from None
    rows = list(csv_rows(file, content) if form == "csv" else jsonl_rows(file, content))
    if not rows:
        raise DataError(f"{file}: no rows; it must hold at least one")
    return rows


def csv_rows(file: Path, content: str):
    csv.field_size_limit(sys.maxsize)  # the default stops at 128 kB a cell, and a text may be longer
    # newline="": the csv module itself decides what a line break inside quotes is
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        for column, times in Counter(reader.fieldnames or []).items():
            if times > 1:
                raise DataError(f"{file}: column {column!r} twice; only one of them could be read")
        for number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                found = (
                    len([value for value in row.values() if value is not None]) + len(row.get(None, [])) - (None in row)
                )
                raise DataError(f"{file}: row {number}: {found} cells where the header has {len(reader.fieldnames)}")
            yield f"{file}: row {number}", row
    except csv.Error as error:
        raise DataError(f"{file}: line {reader.reader.line_num}: {error}") from None


def jsonl_rows(file: Path, content: str):
    # split on "\n" alone: JSON strings may hold other line separators (U+2028) unescaped
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=fields)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}: row {number}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise DataError(f"{file}: row {number}: found {type(row).__name__}, expected an object with named fields")
        for name, value in row.items():
            if isinstance(value, str) and HALF_PAIR.search(value):
                raise DataError(
                    f"{file}: row {number}: {value!r} in {name!r} holds half a surrogate pair; no file can store it"
                )
        yield f"{file}: row {number}", row


def fields(pairs: list[tuple[str, object]]) -> dict:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"field {twice!r} twice")
    return row


def cell(place: str, row: dict, column: str):
    if column not in row:
        raise DataError(
            f"{place}: no column {column!r}; columns are {', '.join(row)}. Mend source in params.yaml or the file"
        )
    return row[column]


def identities(rows: list, column: str) -> list[str]:
    first = {}
    for place, row in rows:
        identity = identity_of(place, row, column)
        if identity in first:
            raise DataError(f"{place}: id {identity!r} again, first at {first[identity]}; ids must be unique")
        first[identity] = place
    return list(first)


def identity_of(place: str, row: dict, column: str) -> str:
    value = cell(place, row, column)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise DataError(f"{place}: id in column {column!r} is {value!r}, expected text or a whole number")
    if not str(value).strip():
        raise DataError(f"{place}: empty id in column {column!r}")
    return str(value)


def texts(rows: list, column: str) -> list[str]:
    for place, row in rows:
        value = cell(place, row, column)
        if not isinstance(value, str):
            raise DataError(f"{place}: text in column {column!r} is {value!r}, expected a string")
    return [row[column] for _, row in rows]


def label_columns(rows: list, head, source: Source) -> dict[str, list]:
    """The table's columns for one head, by its `source.labels` entry."""
    labels = source.labels[head.name]
    if head.kind == "regression":
        return {head.name: [number(place, cell(place, row, labels.column)) for place, row in rows]}
    claims = [claimed(place, raw_labels(place, row, labels), source) for place, row in rows]
    if head.kind == "sigmoid":
        return {
            f"{head.name}.{label}": [bool(raw & set(labels.classes[label])) for raw in claims] for label in head.labels
        }
    return {head.name: [collapse(place, raw, labels) for (place, _), raw in zip(rows, claims, strict=True)]}


def raw_labels(place: str, row: dict, labels: Labels) -> set[str]:
    value = cell(place, row, labels.column)
    if isinstance(value, list):
        return {str(one) for one in value}
    if value is None:
        raise DataError(f"{place}: no label in column {labels.column!r}")
    parts = str(value).split(labels.separator) if labels.separator else [str(value)]
    return {part.strip() for part in parts if part.strip()}


def claimed(place: str, raw: set[str], source: Source) -> set[str]:
    """The raw labels of a row, after a check that every one is known to some head or ignored by name."""
    known = {one for labels in source.labels.values() for names in (labels.classes or {}).values() for one in names}
    for label in sorted(raw - known):
        if not any(fnmatch.fnmatchcase(label, pattern) for pattern in source.ignore):
            raise DataError(
                f"{place}: unknown label {label!r}; add it to source.labels or to source.ignore in params.yaml"
            )
    return raw


def collapse(place: str, raw: set[str], labels: Labels) -> str:
    """One class for a set of raw labels: the first class in params that claims any of them."""
    for name, claims in labels.classes.items():
        if raw & set(claims):
            return name
    if labels.otherwise is None:
        raise DataError(f"{place}: {sorted(raw)} belongs to no class, and source.labels has no otherwise for it")
    return labels.otherwise


def number(place: str, value: object) -> float:
    found = float("nan")
    # float() would also take true and 1_000
    if isinstance(value, int | float | str) and not isinstance(value, bool) and "_" not in str(value):
        with contextlib.suppress(ValueError, OverflowError):
            found = float(value)
    if not abs(found) <= float(np.finfo(np.float32).max):  # the type of the targets
        raise DataError(f"{place}: found {value!r} where a regression head needs a finite number")
    return found


def slice_value(row: dict, columns: list[str], pattern: str | None) -> str:
    for column in columns:
        value = row.get(column)
        match = re.search(pattern, str(value)) if value and pattern else None
        if value and (match or not pattern):
            return match[1] if match else str(value)
    return ""


def given_splits(ids: pd.Series, source: Source, folder: Path) -> list[str]:
    """The split that the data names for each row, empty where the split stage is to choose."""
    if source.splits is None:
        return [""] * len(ids)
    split_of, known = {}, set(ids)
    for name, file in source.splits.files.items():
        for place, row in raw_rows(folder / file, "csv" if file.endswith(".csv") else "jsonl"):
            identity = identity_of(place, row, source.id)
            if identity not in known:
                raise DataError(
                    f"{place}: id {identity!r} is not in {', '.join(source.files)}; the split names a row that is not there"
                )
            if split_of.setdefault(identity, name) != name:
                raise DataError(f"{place}: id {identity!r} is in {split_of[identity]} already; a row has one split")
    counts = Counter(identity in split_of for identity in ids)
    if counts[False] and source.splits.rest is None:
        raise DataError(
            f"{folder}: {counts[False]} rows are in no split file and source.splits.rest names no split for them"
        )
    return [split_of.get(identity, source.splits.rest) for identity in ids]


if __name__ == "__main__":
    stage.run(main)
