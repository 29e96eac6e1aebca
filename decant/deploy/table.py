"""A table of anybody's, read in batches with all its columns: CSV, TSV, JSON Lines, Parquet, XLSX.

The readers are those of `prepare`. Only Parquet is kept as Arrow, so that a column leaves with the type it came in.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from decant.data import tablefiles
from decant.data.batch import Batch, Cells, Lines
from decant.data.tablefiles import BATCH, FORMATS
from decant.errors import DataError, InputError

PIECE = 1000  # rows: two or three seconds of a core, which is what a kill can cost
# what the readers say of params.yaml is a flag here
FLAGS = (
    (r"source\.quotes: false in params\.yaml", "--no-quotes"),
    (r"source\.delimiter or source\.format in params\.yaml", "--delimiter or --format"),
    (r"source\.(encoding|format)(?: in params\.yaml)?:?", r"--\1"),
)


@dataclass(frozen=True)
class Table:
    """A file and how it is to be read."""

    file: Path
    form: str
    encoding: str = "utf-8"
    delimiter: str | None = None
    quotes: bool = True

    def batches(self, text: str) -> Iterator[Batch]:
        """Its rows with all columns, at most PIECE at a time. text: the column that holds the texts.

        Raises DataError: not readable. InputError: no such column.
        """
        try:
            if self.form == "parquet":
                for batch in stored(self.file, text):
                    yield from cut(batch)
                return
            read = tablefiles.batches(self.file, self.form, self.encoding, self.delimiter, self.quotes)
            for number, batch in enumerate(read):
                if number == 0 or self.form != "jsonl":  # where later rows need not have the field
                    has(batch, text)
                yield from cut(batch)
        except DataError as error:
            told = str(error)
            for key, flag in FLAGS:
                told = re.sub(key, flag, told)
            raise DataError(told) from None


def table(file: Path, form: str | None, **how) -> Table:
    """Raises InputError: no such file, or nothing says how it is written."""
    if not file.is_file():
        raise InputError(f"{file}: no such file. With --text the argument is a table, or - with --format")
    form = form or FORMATS.get(file.suffix.lower())
    if form is None:
        raise InputError(
            f"{file}: its suffix does not say how it is written; say --format {', '.join(FORMATS.values())}"
        )
    return Table(file, form, **how)


def has(batch: Batch, text: str) -> None:
    """Raises InputError if the batch has no such column."""
    if text in batch.names:
        return
    hint = "say --text with one of them"
    for mark in (";", "\t", "|", ","):
        if len(batch.names) == 1 and mark in batch.names[0]:
            hint = f"the cells look separated by {mark!r}: say --delimiter or --format"
    raise InputError(f"{batch.file}: no column {text!r}; columns are {', '.join(batch.names)}; {hint}")


@dataclass
class Stored(Batch):
    """A batch of Parquet: of its columns only the texts are lists."""

    rows: pa.RecordBatch


def stored(file: Path, text: str) -> Iterator[Stored]:
    try:
        opened, first = pq.ParquetFile(file), 1
        for rows in opened.iter_batches(BATCH):
            batch = Stored(file, first, {}, names=opened.schema_arrow.names, rows=rows)
            has(batch, text)
            yield replace(batch, columns={text: rows.column(text).to_pylist()})
            first += len(rows)
        if first == 1:
            raise DataError(f"{file}: no rows; it must hold at least one")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file}: not Parquet: {error}") from None


def cut(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces that know their places."""
    for start in range(0, len(batch), PIECE):
        rows = slice(start, start + PIECE)
        own = {"columns": {name: cells[rows] for name, cells in batch.columns.items()}, "first": batch.first + start}
        if isinstance(batch, Stored):
            own["rows"] = batch.rows.slice(start, PIECE)
        if isinstance(batch, Cells):
            own["lines"] = batch.lines[rows]
        if isinstance(batch, Lines):
            own["numbers"] = batch.numbers[rows]
        yield replace(batch, **own)


def plain(batch: Batch, name: str) -> list:
    """A column as JSON and CSV can hold it: times as text, numbers that are none as null; null where a row lacks it."""
    if not isinstance(batch, Stored):
        return [_plain(value) for value in batch.columns.get(name) or [None] * len(batch)]
    column = batch.rows.column(name)
    if pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type):
        column = column.cast(pa.string())
    return [_plain(value) for value in column.to_pylist()]


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return json.loads(json.dumps(value, default=str)) if isinstance(value, list | dict) else str(value)


def arrow(batch: Batch, schema: pa.Schema) -> pa.Table:
    """The input's columns as the output's schema has them."""
    if isinstance(batch, Stored):
        return pa.Table.from_batches([batch.rows]).cast(schema)
    return pa.table([pa.array(_cells(batch, field.name), field.type) for field in schema], schema=schema)


def _cells(batch: Batch, name: str) -> list:
    """A cell of a sheet that holds nothing reads as an empty text, also among numbers: there it is null."""
    cells = batch.columns.get(name) or [None] * len(batch)
    sheet = type(batch) is Batch  # the other readers have kinds of their own
    return [None if cell == "" else cell for cell in cells] if sheet else cells


def schema_of(batch: Batch, known: pa.Schema | None) -> pa.Schema:
    """The types of a batch's columns, brought together with those of the batches before it.

    Raises DataError: a column holds what has no type in common.
    """
    if isinstance(batch, Stored):
        return batch.rows.schema
    for name in batch.names:
        try:
            field = pa.field(name, pa.array(_cells(batch, name)).type)
            known = pa.unify_schemas([known or pa.schema([]), pa.schema([field])], promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{batch.place(0)} and on: column {name!r} holds values of several types ({error}), which a column of Parquet "
                "cannot; write --out with .jsonl or .csv"
            ) from None
    return known


def without_null(schema: pa.Schema) -> pa.Schema:
    """A column that is empty throughout becomes one of texts: few readers know the type null."""
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in schema], schema.metadata
    )
