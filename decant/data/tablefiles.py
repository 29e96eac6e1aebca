"""Tables in the five formats that every reader of Decant takes by their suffix: CSV, TSV, JSON Lines, Parquet, XLSX."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from decant.data import packed
from decant.data.bad import STRICT, BadRows
from decant.data.batch import Batch
from decant.data.cells import csv_rows, rows_to_batches, sheet_rows
from decant.data.objects import json_lines, to_batches
from decant.errors import DataError

BATCH = 20_000  # rows; fixed, since the row groups of prepared.parquet follow it
FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet", ".xlsx": "xlsx"}


def batches(
    file: Path,
    form: str,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    quotes: bool = True,
    header: list[str] | None = None,
    columns: set[str] | None = None,
    bad: BadRows = STRICT,
    size: int = BATCH,
) -> Iterator[Batch]:
    """The rows of one file, at most `size` at a time. Raises DataError: not readable as this format, or no rows.

    columns: those that are wanted; Parquet reads no others. bad: what becomes of rows that cannot be read.
    """
    if form == "parquet":
        parts = parquet_batches(file, columns, size)
    elif form == "xlsx":
        parts = rows_to_batches(file, sheet_rows(file), header, size, bad=bad)
    elif form == "jsonl":
        parts = to_batches(file, json_lines(file, encoding, bad), size)
    else:
        begins: list[int] = []
        cells = csv_rows(file, encoding, delimiter or ("\t" if form == "tsv" else ","), quotes, begins, bad)
        parts = rows_to_batches(file, cells, header, size, begins, bad)
    yield from sifted(file, parts, columns, bad)


def sifted(file: Path, parts: Iterator[Batch], columns: set[str] | None, bad: BadRows) -> Iterator[Batch]:
    """The batches without bad rows. Raises DataError: the file holds no rows at all."""
    empty = True
    for batch in parts:
        empty = False
        kept = bad.sifted(batch, columns)
        if len(kept):
            yield kept
    if empty:
        raise DataError(f"{file}: no rows; it must hold at least one")


def parquet_batches(file: Path, columns: set[str] | None, size: int) -> Iterator[Batch]:
    try:
        with packed.seekable(file) as whole:
            stored = pq.ParquetFile(whole)
            names = stored.schema_arrow.names
            for column, times in Counter(names).items():
                if times > 1:
                    raise DataError(
                        f"{file}: column {column!r} twice; only one of them could be read: rename the other"
                    )
            wanted = names if columns is None else [name for name in names if name in columns] or names[:1]
            first = 1
            for part in stored.iter_batches(size, columns=wanted):
                if len(part):
                    # `a` also selects a column `a.b`
                    yield Batch(file, first, part.select(wanted).to_pydict(), names=names)
                first += len(part)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file}: not Parquet: {error}") from None
