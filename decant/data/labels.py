"""Taxonomy: from what a raw table says about a row to the columns of the heads.

Raw labels are collapsed into classes by priority; a label that nobody knows stops the stage, and a row that no class
claims follows the rule in params. The columns of a head are those of `decant.tables`.
"""

import contextlib
import fnmatch
import math
from collections import Counter
from datetime import date, time
from decimal import Decimal

import numpy as np

from decant.data.batch import Batch
from decant.errors import DataError
from decant.heads import Head, labelled
from decant.settings.source import Labels, Source

TRUE, FALSE = {"true", "1", "yes"}, {"false", "0", "no"}
EXACT = 2**53  # from which on a float says no whole number
HELD = "held_"  # before the name of a head and of a label, in the counts of a batch


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
    raws = claims(batch, head, source, known(source, heads, labels.column))
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


def claims(batch: Batch, head: Head, source: Source, names: set[str]) -> list[frozenset[str]]:
    """The raw labels of every row. names: those that some head knows."""
    labels = source.labels[head.name]
    if labels.columns is not None:
        cells = {name: booleans(batch, column) for name, column in labels.columns.items()}
        return [frozenset(name for name in cells if cells[name][row]) for row in range(len(batch))]
    memo: dict[str, frozenset[str]] = {}  # few labels, many rows
    result = []
    for row, value in enumerate(batch.column(labels.column)):
        key = repr(value)
        if key not in memo:
            raw = raw_labels(batch.place(row), value, labels.separator)
            refuse_unknown(batch.place(row), raw - names, head, source)
            memo[key] = raw
        result.append(memo[key])
    return result


def refuse_unknown(place: str, unknown: frozenset[str], head: Head, source: Source) -> None:
    """Raises DataError for the first raw label that no head knows and source.ignore does not name."""
    labels = source.labels[head.name]
    for label in sorted(unknown):
        if not any(fnmatch.fnmatchcase(label, pattern) for pattern in source.ignore):
            where = f"source.labels.{head.name}.classes (and a new class to heads.{head.name}.labels)"
            if labels.classes is None:
                where = f"heads.{head.name}.labels"
            raise DataError(
                f"{place}: unknown label {label!r} in column {labels.column!r}; add it to {where}, or to source.ignore, in "
                "params.yaml"
            )


def raw_labels(place: str, value: object, separator: str | None) -> frozenset[str]:
    """A cell as a set of labels: a list, one label, or several with a separator between them; none if it is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return frozenset()
    if isinstance(value, list):
        if value and all(isinstance(label, dict) for label in value):
            raise DataError(
                f"{place}: {value[0]!r} in a list of labels. If several people have labelled each row, set "
                "source.labels.<head>.annotators in params.yaml; else expected text or whole numbers"
            )
        if vector(value):
            raise DataError(
                f"{place}: {value!r} is a vector, a number for each label, and no list of labels; write a column of 1 and 0 "
                "for each label, and name them in columns in place of column (source.labels)"
            )
        if odd := [label for label in value if not isinstance(label, str | int)]:
            raise DataError(f"{place}: {odd[0]!r} in a list of labels, expected text or whole numbers")
        return frozenset(str(label).strip() for label in value if str(label).strip())
    value = whole(value)
    if isinstance(value, date | time):
        made = "Excel has made a date of it, or it was typed as one" if ".xlsx: " in place else "it is stored as one"
        raise DataError(
            f"{place}: label is the date {value.isoformat()}, expected text, a number or a list: {made}. Write labels as "
            "text (in Excel: format the column as text, then type them again)"
        )
    if isinstance(value, dict):
        raise DataError(
            f"{place}: label is an object, {value!r}, expected text, a number or a list; write its fields as columns of "
            "their own, and name them in columns in place of column (source.labels)"
        )
    if not isinstance(value, str | int | float):
        raise DataError(f"{place}: label is {value!r}, expected text, a number or a list")
    parts = str(value).split(separator) if separator else [str(value)]
    return frozenset(part.strip() for part in parts if part.strip())


def whole(value: object) -> object:
    """A cell as it was meant: Parquet stores whole numbers with gaps as floats, and a database's as decimals."""
    if isinstance(value, Decimal) and value.is_finite():
        value = int(value) if value == value.to_integral_value() else float(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value


def vector(value: list | tuple) -> bool:
    """Whether a list holds a number for each label: with fractions, or with 0 and 1 alone of which one repeats, as no list
    of labels does."""
    if len(value) < 2 or not all(isinstance(item, int | float | Decimal) for item in value):
        return False
    fractions = any(not isinstance(item, int) for item in value)
    return fractions or (len(set(value)) < len(value) and set(value) <= {0, 1})


def booleans(batch: Batch, column: str) -> list[bool]:
    result = []
    for row, value in enumerate(batch.column(column)):
        word = str(whole(value)).strip().lower()
        word = {"1.0": "1", "0.0": "0"}.get(word, word)  # as pandas writes such a column to CSV once it had a gap
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
    value = whole(value)
    # float() would also take true and 1_000
    if isinstance(value, int | float | str) and not isinstance(value, bool) and "_" not in str(value):
        with contextlib.suppress(ValueError, OverflowError):
            target = float(value)
    if not abs(target) <= float(np.finfo(np.float32).max):  # the type of the targets
        raise DataError(f"{place}: found {value!r} where a regression head needs a finite number")
    return target


def held(head: Head, columns: dict[str, list]) -> Counter:
    """In how many rows each label of a head holds. columns: those of the prepared table, of the rows that stay."""
    if head.several:
        counts = {label: sum(columns[name]) for label, name in zip(head.labels, head.columns, strict=True)}
    else:
        counts = dict.fromkeys(head.labels, 0) | Counter(columns[head.name])
    return Counter({held_key(head, label): int(counts[label]) for label in head.labels})


def held_key(head: Head, label: str) -> str:
    return f"{HELD}{head.name}\0{label}\0"


def check_held(counts: Counter, heads: tuple[Head, ...], rows: int, place: str) -> list[str]:
    """Warnings: labels that no row has, and a head of which all rows have the same label. counts: of `held`, over all rows.

    Raises DataError: every row has a label of a head that may have several. It looks like one that is learnt perfectly.
    """
    warnings = []
    for head in labelled(heads):
        mend = f"source.labels.{head.name} and heads.{head.name}.labels in params.yaml"
        rows_of = {label: counts[held_key(head, label)] for label in head.labels}
        all_over = next((label for label, number_of in rows_of.items() if number_of == rows > 1), None)
        if all_over is not None:
            found = f"{place}: label {all_over!r} of head {head.name} holds in all {rows:,} rows, so that nothing can be learnt about it"
            if head.several:
                raise DataError(f"{found}; take it out of {mend}, or add rows without it")
            warnings.append(f"{found}; is source.labels.{head.name} right?")
        if none := [label for label, number_of in rows_of.items() if not number_of]:
            names = ", ".join(map(repr, none[:5])) + (f" and {len(none) - 5} more" if len(none) > 5 else "")
            warnings.append(
                f"{place}: no row holds {names} of head {head.name}, so that nothing can be learnt about it; if it should be so, take "
                f"it out of {mend}"
            )
    return warnings
