"""What the columns of a raw table hold: how many values, how long, numbers or words or lists or times.

One pass over the batches keeps counts and 64-bit hashes, no rows. decant/new/roles.py decides by them which column is what.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from decant import tables
from decant.data.labels import FALSE, TRUE, number, raw_labels
from decant.data.rawfiles import Batch
from decant.errors import DataError

KEPT = 5000  # different values that are kept of a column; a label, or a combination of labels, has fewer
CLASSES = 200  # most classes of a head
# words of column names that say that numbers are times
CLOCK = {"time", "timestamp", "date", "datetime", "created", "updated", "published", "posted", "written", "epoch"}


@dataclass
class Column:
    """Counts of one column; empty: None, NaN, or nothing but blanks."""

    name: str
    rows: int = 0
    empty: int = 0
    characters: int = 0
    kinds: Counter = field(default_factory=Counter)  # rows that are a string, a number, a time, ...
    values: Counter | None = field(default_factory=Counter)  # lists as tuples; null if there are more than KEPT
    hashes: list[np.ndarray] = field(default_factory=list)

    def add(self, cells: list) -> None:
        counts = Counter(map(plain, cells))
        self.rows += len(cells)
        self.empty += counts.pop(None, 0)
        self.hashes.append(np.unique(tables.hashes([str(value) for value in counts])))
        for value, times in counts.items():
            self.characters += times * len(str(value))
            self.kinds.update(dict.fromkeys(kinds(value), times))
        if self.values is not None:
            self.values.update(counts)
            self.values = self.values if len(self.values) <= KEPT else None

    @property
    def filled(self) -> int:
        return self.rows - self.empty

    @property
    def mean(self) -> float:
        return self.characters / max(self.filled, 1)

    @property
    def distinct(self) -> int:
        if self.values is not None:
            return len(self.values)
        self.hashes = [np.unique(np.concatenate(self.hashes))]
        return len(self.hashes[0])

    @property
    def words(self) -> set[str]:
        """The words of its name: reviewID and review_id are review and id."""
        return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", self.name)}

    @property
    def share(self) -> float:
        """Of different values among those that are not empty."""
        return self.distinct / max(self.filled, 1)

    @property
    def unique(self) -> bool:
        """Whether its values could be ids."""
        return self.all("key") and self.distinct == self.rows

    def all(self, kind: str) -> bool:
        return self.filled > 0 and self.kinds[kind] == self.filled

    @property
    def flag(self) -> bool:
        return self.all("boolean") and not self.empty and self.distinct > 1

    @property
    def moment(self) -> bool:
        """ISO dates, or seconds since 1970 in a column that is named as a time."""
        return self.all("time") or (self.all("seconds") and bool(self.words & CLOCK))

    @property
    def milliseconds(self) -> bool:
        return self.all("milliseconds") and bool(self.words & CLOCK)

    @property
    def measure(self) -> bool:
        """Numbers of a scale, not the numbers of a few classes nor of the rows."""
        counted = self.all("whole") and self.distinct == self.rows
        return self.all("number") and not counted and self.distinct > (20 if self.all("whole") else 10)


def plain(cell: object) -> object:
    """A cell as something to count: lists as tuples, None for an empty one."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)) or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, list) and all(isinstance(item, str | int) for item in cell):
        return tuple(cell)
    return repr(cell) if isinstance(cell, list | dict) else cell


def kinds(value: object) -> Iterable[str]:
    """Everything that a value could be taken for."""
    if isinstance(value, tuple):
        return ("list",)
    text, fits = str(value).strip(), []
    if isinstance(value, str | int) and not isinstance(value, bool):
        fits.append("key")
    if isinstance(value, str):
        fits.append("string")
        fits += ["prose"] if re.search(r"\s", text) or not text.isascii() else []  # neither a link nor a code
        fits += ["bracketed"] if text[0] + text[-1] in ("[]", "{}", "()") else []
        fits += ["comma"] if re.fullmatch(r"-?\d+(,\d+)?", text) else []
    if len(text) > 40:
        return fits
    whole = str(int(value)) if isinstance(value, float) and value.is_integer() else text
    if whole.lower() in TRUE | FALSE:
        fits.append("boolean")
    with suppress(DataError):
        number("", value)
        fits += ["number", "whole"] if re.fullmatch(r"[+-]?\d+", whole) else ["number"]
        # 1973 to 2286, as decant.data.rows reads them
        fits += ["seconds"] if re.fullmatch(r"[1-9]\d{8,9}", whole) else []
        fits += ["milliseconds"] if re.fullmatch(r"[1-9]\d{11,12}", whole) else []
    if re.match(r"\d{4}-\d\d-\d\d", text):
        with suppress(ValueError):
            datetime.fromisoformat(text)
            fits.append("time")
    return fits


def look(batches: Iterable[Batch]) -> dict[str, Column]:
    """Column name -> what it holds over all batches; a field that a batch lacks is empty there."""
    columns: dict[str, Column] = {}
    rows = 0
    for batch in batches:
        for name in batch.columns:
            columns.setdefault(name, Column(name, rows, rows))
        for name, column in columns.items():
            column.add(batch.columns.get(name, [None] * len(batch)))
        rows += len(batch)
    return columns


def categorical(column: Column) -> bool:
    """Values that repeat and are short, or lists of such values."""
    if column.values is None or (column.all("comma") and not column.all("number")):
        return False
    if column.all("list") or column.all("bracketed") or separator(column):
        return True
    return 1 < column.distinct <= min(CLASSES, column.filled // 2) and column.mean <= 40


def separator(column: Column) -> str | None:
    """The mark between the labels of a cell: some label stands alone in one cell and beside others in another.

    Raises DataError if two marks do that.
    """
    if not column.values or not column.kinds["string"] or column.all("number"):
        return None
    if column.all("comma"):  # decimals, or two labels: nobody knows
        return None
    fits = []
    for mark in "|;,":
        cells = [raw_labels("", value, mark) for value in column.values if not isinstance(value, tuple)]
        alone = {name for cell in cells if len(cell) == 1 for name in cell}
        beside = {name for cell in cells if len(cell) > 1 for name in cell}
        if alone & beside and len(alone | beside) <= CLASSES and max(map(len, alone | beside)) <= 40:
            fits.append(mark)
    if len(fits) > 1:
        raise DataError(
            f"column {column.name!r}: its labels are joined by {' and by '.join(map(repr, fits))}; keep one mark, "
            "source.labels takes one separator"
        )
    return fits[0] if fits else None
