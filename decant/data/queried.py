"""Values of a database as columns of Parquet, which have one type each: found batch by batch, settled at the end."""

import datetime
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from decant.errors import DataError

WHOLE, FRACTION = "whole numbers", "numbers"
ARROW = {
    "text": pa.string(),
    "true and false": pa.bool_(),
    WHOLE: pa.int64(),
    FRACTION: pa.float64(),
    "times": pa.timestamp("us"),
    "times with a zone": pa.timestamp("us", "UTC"),
    "dates": pa.date32(),
    "lists of text": pa.list_(pa.string()),
    "lists of whole numbers": pa.list_(pa.int64()),
}
REMEDY = "CAST(... AS TEXT) in the query, or leave the column out"


@dataclass
class Columns:
    """The columns of a query, and what has been seen in them so far."""

    what: str
    """Whose rows they are, for errors."""
    names: list[str] = field(default_factory=list)
    seen: list[dict[str, int]] = field(default_factory=list)
    """For each column, kind of value -> the first row that had it; rows count from 1."""
    rows: int = 0

    def name(self, names: list[str]) -> None:
        """Raises DataError: two columns of one name."""
        for column, times in Counter(names).items():
            if times > 1:
                raise DataError(
                    f"{self.what}: the query gives column {column!r} twice; name one of them otherwise (... AS other)"
                )
        self.names, self.seen = names, [{} for _ in names]

    def table(self, batch: list[tuple]) -> pa.Table:
        """The next rows. Raises DataError: a value that no column holds, or of another kind than those before."""
        arrays = []
        for column, values in enumerate(zip(*batch, strict=True)):
            plain = [self.plain(value, column, row) for row, value in enumerate(values, start=self.rows + 1)]
            with self.exactly():
                arrays.append(pa.array(plain, self.type_of(column)))
        self.rows += len(batch)
        return pa.Table.from_arrays(arrays, self.names)

    def plain(self, value: object, column: int, row: int) -> object:
        """A value as Arrow takes it; exact numbers and ids of 128 bits are text, so that they stay exact."""
        value = str(value) if isinstance(value, Decimal | uuid.UUID) else value
        if value is not None:
            found = kind(value)
            if found is None:
                raise DataError(
                    f"{self.what}: column {self.names[column]!r} holds {type(value).__name__} (row {row}), which makes no "
                    f"column of text, numbers or labels; {REMEDY}"
                )
            self.seen[column].setdefault(found, row)
        return value

    def type_of(self, column: int) -> pa.DataType:
        """By what was seen. Raises DataError: kinds that have no type in common."""
        kinds = self.seen[column]
        if not kinds:
            return pa.null()
        if set(kinds) == {WHOLE, FRACTION}:
            return ARROW[FRACTION]
        if len(kinds) > 1:
            said = " and ".join(f"{name} (row {row})" for name, row in list(kinds.items())[:2])
            raise DataError(f"{self.what}: column {self.names[column]!r} holds {said}; a column has one type: {REMEDY}")
        return ARROW[next(iter(kinds))]

    def schema(self) -> pa.Schema:
        """Of all rows; a column of gaps alone is text."""
        types = [self.type_of(column) for column in range(len(self.names))]
        return pa.schema([(name, pa.string() if pa.types.is_null(of) else of)
                          for name, of in zip(self.names, types, strict=True)])  # fmt: skip

    def final(self, part: pa.Table) -> pa.Table:
        """Rows that `table` gave, in the types that all rows together have."""
        with self.exactly():
            return part.cast(self.schema())

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """Raises DataError for a whole number, beside fractions, that no float holds."""
        try:
            yield
        except pa.ArrowInvalid as error:
            raise DataError(f"{self.what}: whole numbers beside fractions: {error}; {REMEDY}") from None


def kind(value: object) -> str | None:
    """One of ARROW; None where there is none. bool before int and datetime before date, which they are too."""
    if isinstance(value, list):
        kinds = {kind(item) for item in value}
        return {("text",): "lists of text", (): "lists of text", (WHOLE,): "lists of whole numbers"}.get(tuple(kinds))
    if isinstance(value, datetime.datetime):
        return "times with a zone" if value.tzinfo else "times"
    plain = {str: "text", bool: "true and false", int: WHOLE, float: FRACTION, datetime.date: "dates"}
    return plain.get(type(value))
