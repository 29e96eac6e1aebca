"""Taxonomy: from what a raw table says about a row to the columns of the heads.

Raw labels are collapsed into classes by priority; a label that nobody knows stops the stage, and a row that no class
claims follows the rule in params. The columns of a head are those of `decant.tables`.
"""

import contextlib
import fnmatch
import math

import numpy as np

from decant.data.rawfiles import Batch
from decant.errors import DataError
from decant.heads import Head
from decant.settings.source import Labels, Source

TRUE, FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


def label_columns(
    batch: Batch, head: Head, heads: tuple[Head, ...], source: Source
) -> tuple[dict[str, list], np.ndarray]:
    """The table's columns for one of the heads by its `source.labels` entry, and (n,) which rows stay.

    Raises DataError: a column that is not there, an unknown label, a row without a label where params forbid it.
    """
    labels = source.labels[head.name]
    everyone = np.ones(len(batch), dtype=bool)
    if not head.labels:
        return {head.name: numbers(batch, labels)}, everyone
    classes = labels.classes if labels.classes is not None else {name: [name] for name in head.labels}
    raws = claims(batch, head, labels, known(source, heads, labels.column), source.ignore)
    claimed = np.array([any(not raw.isdisjoint(names) for names in classes.values()) for raw in raws])
    rule = labels.unlabelled or ("allow" if head.several else "fail")
    if rule == "fail" and not labels.otherwise and not claimed.all():
        row = int(claimed.argmin())
        found_there = f"{sorted(raws[row])} belongs to no class" if raws[row] else "no label"
        raise DataError(
            f"{batch.place(row)}: {found_there} of head {head.name}; add it to source.labels, or say what becomes of such "
            f"rows with source.labels.{head.name}.otherwise or unlabelled"
        )
    if head.several:
        held = [[not raw.isdisjoint(classes[name]) for raw in raws] for name in head.labels]
        columns = dict(zip(head.columns, held, strict=True))
        return columns, claimed if rule == "drop" else everyone
    memo: dict[frozenset, str] = {}
    for raw in set(raws):
        memo[raw] = next((name for name, names in classes.items() if not raw.isdisjoint(names)), labels.otherwise or "")
    return {head.name: [memo[raw] for raw in raws]}, claimed if rule == "drop" else everyone


def known(source: Source, heads: tuple[Head, ...], column: str | None) -> set[str]:
    """Raw labels of a column that some head knows."""
    names: set[str] = set()
    for head in heads:
        labels = source.labels[head.name]
        if labels.column == column:
            for name in head.labels:
                names.update(labels.classes.get(name, []) if labels.classes is not None else [name])
    return names


def claims(batch: Batch, head: Head, labels: Labels, names: set[str], ignore: list[str]) -> list[frozenset[str]]:
    """The raw labels of every row. names: those that some head knows."""
    if labels.columns is not None:
        cells = {name: booleans(batch, column) for name, column in labels.columns.items()}
        return [frozenset(name for name in cells if cells[name][row]) for row in range(len(batch))]
    memo: dict[str, frozenset[str]] = {}  # few labels, many rows
    result = []
    for row, value in enumerate(batch.column(labels.column)):
        key = repr(value)
        if key not in memo:
            raw = raw_labels(batch.place(row), value, labels.separator)
            for label in sorted(raw - names):
                if not any(fnmatch.fnmatchcase(label, pattern) for pattern in ignore):
                    place = f"source.labels.{head.name}.classes (and a new class to heads.{head.name}.labels)"
                    if labels.classes is None:
                        place = f"heads.{head.name}.labels"
                    raise DataError(
                        f"{batch.place(row)}: unknown label {label!r} in column {labels.column!r}; add it to {place}, or to "
                        "source.ignore, in params.yaml"
                    )
            memo[key] = raw
        result.append(memo[key])
    return result


def raw_labels(place: str, value: object, separator: str | None) -> frozenset[str]:
    """A cell as a set of labels: a list, one label, or several with a separator between them; none if it is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return frozenset()
    if isinstance(value, list):
        if odd := [label for label in value if not isinstance(label, str | int)]:
            raise DataError(f"{place}: {odd[0]!r} in a list of labels, expected text or whole numbers")
        return frozenset(str(label).strip() for label in value if str(label).strip())
    if not isinstance(value, str | int | float):
        raise DataError(f"{place}: label is {value!r}, expected text, a number or a list")
    if isinstance(value, float) and value.is_integer():  # Parquet stores whole numbers with gaps as floats
        value = int(value)
    parts = str(value).split(separator) if separator else [str(value)]
    return frozenset(part.strip() for part in parts if part.strip())


def booleans(batch: Batch, column: str) -> list[bool]:
    result = []
    for row, value in enumerate(batch.column(column)):
        word = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip().lower()
        if word not in TRUE | FALSE:
            raise DataError(f"{batch.place(row)}: {value!r} in column {column!r}, expected true or false, 1 or 0")
        result.append(word in TRUE)
    return result


def numbers(batch: Batch, labels: Labels) -> list[float]:
    """Targets of a regression head: a column of numbers, or how many of the boolean columns hold."""
    if labels.columns is not None:
        return np.sum([booleans(batch, column) for column in labels.columns.values()], axis=0).astype(float).tolist()
    return [number(batch.place(row), value) for row, value in enumerate(batch.column(labels.column))]


def number(place: str, value: object) -> float:
    target = float("nan")
    # float() would also take true and 1_000
    if isinstance(value, int | float | str) and not isinstance(value, bool) and "_" not in str(value):
        with contextlib.suppress(ValueError, OverflowError):
            target = float(value)
    if not abs(target) <= float(np.finfo(np.float32).max):  # the type of the targets
        raise DataError(f"{place}: found {value!r} where a regression head needs a finite number")
    return target
