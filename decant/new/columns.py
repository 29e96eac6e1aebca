"""What the columns of a raw table hold: how many values, how long, numbers or words or lists or times.

One pass over the batches keeps counts and 64-bit hashes, no rows. decant/new/roles.py decides by them which column is what.
"""

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from decant import tables
from decant.data.batch import Batch
from decant.data.labels import vector
from decant.errors import DataError
from decant.new.cellkinds import kinds, plain
from decant.new.headers import repeated
from decant.new.votes import Votes
from decant.new.words import CLOCK, of_name

KEPT = 5000  # different values that are kept of a column; a label, or a combination of labels, has fewer
CLASSES = 200  # most classes of a head
SHORT = 40  # characters of the mean of a column of classes


@dataclass
class Column:
    """Counts of one column; empty: None, NaN, nothing but blanks, or a word for it."""

    name: str
    rows: int = 0
    empty: int = 0
    characters: int = 0
    kinds: Counter = field(default_factory=Counter)  # rows that are a string, a number, a time, ...
    values: Counter | None = field(default_factory=Counter)  # lists as tuples; null if there are more than KEPT
    hashes: list[np.ndarray] = field(default_factory=list)
    nulls: Counter = field(default_factory=Counter)  # of the empty ones: words for nothing, such as NULL
    dated: str = ""
    """Place of the first cell that a date is stored in."""

    def add(self, batch: Batch, cells: list, nulls: Set[str]) -> None:
        counts = Counter(map(plain, cells))
        for word in [value for value in counts if isinstance(value, str) and value.strip() in nulls]:
            self.nulls[word.strip()] += counts[word]
            counts[None] += counts.pop(word)
        if not self.dated and any(isinstance(value, date) for value in counts):
            self.dated = batch.place(next(row for row, cell in enumerate(cells) if isinstance(cell, date)))
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
        return of_name(self.name)

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
    def vectors(self) -> bool:
        """Lists of one length that hold a number for each label, and are no lists of labels."""
        if not self.all("list") or not self.values:
            return False
        return any(map(vector, self.values)) and len(set(map(len, self.values))) == 1

    @property
    def votes(self) -> set[tuple[str, str]]:
        """The fields of annotator and label in lists of what several people say of a row, which may stand beside plain
        labels of one; empty: it holds no such lists, or other objects too."""
        if not self.kinds["votes"] or self.kinds["nested"]:
            return set()
        return {(value.user, value.label) for value in self.values or () if isinstance(value, Votes)}

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


def look(batches: Iterable[Batch], nulls: Set[str] = frozenset()) -> dict[str, Column]:
    """Column name -> what it holds over all batches; a field that a batch lacks is empty there. nulls: words for nothing.

    Raises DataError: a row repeats the header.
    """
    columns: dict[str, Column] = {}
    rows = 0
    for batch in batches:
        again(batch)
        for name in batch.columns:
            columns.setdefault(name, Column(name, rows, rows))
        for name, column in columns.items():
            column.add(batch, batch.columns.get(name, [None] * len(batch)), nulls)
        rows += len(batch)
    return columns


def again(batch: Batch) -> None:
    """Raises DataError: a row of several cells has the name of each column in it."""
    if len(batch.columns) < 2:
        return
    name, cells = next(iter(batch.columns.items()))
    for row in [row for row, cell in enumerate(cells) if cell == name]:
        if all(column[row] == other for other, column in batch.columns.items()):
            line = batch.lines[row] if hasattr(batch, "lines") else None
            raise DataError(repeated(list(batch.columns), batch.file, batch.number(row), line))


def categorical(column: Column) -> bool:
    """Values that repeat and are short, or lists of such values."""
    if column.values is None or (column.all("comma") and not column.all("number")):
        return False
    if column.votes or column.all("list") or column.all("bracketed") or column.all("nested") or separator(column):
        return True
    named = column.mean <= SHORT or column.distinct * 20 <= column.filled  # names of classes may be long, not many
    return 1 < column.distinct <= min(CLASSES, column.filled // 2) and named


def separator(column: Column) -> str | None:
    """The likeliest of `separators`."""
    return next(iter(separators(column)), None)


def separators(column: Column) -> dict[str, int]:
    """Mark that may stand between the labels of a cell -> rows with it, the likeliest first: some label stands alone in one
    cell and beside others in another. A comma does, if most labels are in several different cells too: "Credit reporting,
    repair services, or other reports" is one name beside "Credit reporting"."""
    if not column.values or not column.kinds["string"] or column.all("number") or column.all("comma"):
        return {}  # decimals, or two labels: nobody knows
    fits = {}
    for mark in "|;,":
        cells = {value: parts(str(value), mark) for value in column.values if not isinstance(value, tuple)}
        alone = {name for cell in cells.values() if len(cell) == 1 for name in cell}
        beside = {name for cell in cells.values() if len(cell) > 1 for name in cell}
        names = alone | beside
        if not alone & beside or len(names) > CLASSES or max(map(len, names)) > SHORT:
            continue
        often = Counter(name for cell in cells.values() for name in cell)
        if mark == "," and sum(times > 1 for times in often.values()) * 2 <= len(names):
            continue
        fits[mark] = sum(column.values[value] for value, cell in cells.items() if len(cell) > 1)
    return dict(sorted(fits.items(), key=lambda pair: -pair[1]))


def parts(value: str, mark: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(mark) if part.strip())


def names_for(columns: list[Column]) -> list[str]:
    """Names for the columns of a table without a header, by what they hold."""
    names = [f"column_{number}" for number in range(1, len(columns) + 1)]
    prose = [column for column in columns if column.kinds["prose"] * 2 >= column.filled > 0]
    text = max(prose, key=lambda column: column.mean * column.share, default=None)
    labels = [column for column in columns if column is not text and categorical(column)]
    ids = [column for column in columns if column is not text and column.unique and column not in labels]
    for name, column in (
        ("text", text),
        ("label", labels[0] if labels else None),
        ("id", ids[0] if len(ids) == 1 else None),
    ):
        if column is not None:
            names[columns.index(column)] = name
    return names
