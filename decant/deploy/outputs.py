"""The scored table as it is written: the columns of the input as they came, then the answer and a score per class.

A text in CSV or TSV that a spreadsheet would run as a formula gets an apostrophe before it (decant.data.formulas), for a post
may be written so that it does harm there; `--formulas keep` leaves it as it came. JSON Lines and Parquet hold every cell as it is.
"""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decant.data import formulas
from decant.data.answered import joined
from decant.data.batch import Batch
from decant.data.tablefiles import BATCH
from decant.deploy import table
from decant.deploy.added import Added
from decant.errors import InputError

Write = Callable[[Batch, np.ndarray], None]  # some rows, and their answers as of `workers.answers`

FORMS = {".parquet": "parquet", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}


def form_of(out: Path) -> str:
    """Raises InputError if the suffix is of no form that is written."""
    if out.suffix.lower() not in FORMS:
        raise InputError(f"{out}: the suffix says how it is written: {', '.join(FORMS)}")
    return FORMS[out.suffix.lower()]


@contextmanager
def opened(
    file: Path, form: str, added: Added, names: list[str], schema: pa.Schema | None, marked: bool = True
) -> Iterator[Write]:
    """A function that writes rows to a file. names, schema: the columns of the input; the schema is for Parquet alone.

    marked: formulas in CSV and TSV get an apostrophe.
    """
    if form == "parquet":
        with _parquet(file, added, schema) as write:
            yield write
        return
    with file.open("w", encoding="utf-8", newline="") as stream:
        yield to(stream, form, added, names, marked)


def to(stream: TextIO, form: str, added: Added, names: list[str], marked: bool = True) -> Write:
    """A function that writes rows to a stream as CSV, TSV or JSON Lines, after the header."""
    if form == "jsonl":
        return lambda batch, answers: stream.writelines(_lines(batch, names, added.columns(answers)))
    rows = csv.writer(_Unix(stream), delimiter="\t" if form == "tsv" else ",", lineterminator="\r\n")
    told = formulas.marked if marked else str
    rows.writerow(map(told, [*names, *added.names]))
    return lambda batch, answers: rows.writerows(map(told, row) for row in _rows(batch, names, added.columns(answers)))


def _lines(batch: Batch, names: list[str], added: dict[str, list]) -> Iterator[str]:
    columns = {name: table.plain(batch, name) for name in names} | added
    for row in zip(*columns.values(), strict=True):
        yield json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n"


def _rows(batch: Batch, names: list[str], added: dict[str, list]) -> Iterator[list[str]]:
    columns = [table.plain(batch, name) for name in names]
    given = ([_cell(value) for value in row] for row in zip(*columns, strict=True))
    new = ([_new(value) for value in row] for row in zip(*added.values(), strict=True))
    return (one + two for one, two in zip(given, new, strict=True))


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _new(value: object) -> str:
    return joined(value) if isinstance(value, list) else _cell(value)


class _Unix:
    """The csv module quotes a carriage return in a cell only where lines end with one; here they do not, in the end."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def write(self, line: str) -> int:
        return self.stream.write(line.removesuffix("\r\n") + "\n")


@contextmanager
def _parquet(file: Path, added: Added, given: pa.Schema) -> Iterator[Write]:
    given = table.without_null(given)
    answer = pa.string() if added.single else pa.list_(pa.string())
    new = pa.schema([(added.answer, answer), *((name, pa.float64()) for name in added.scores)])
    whole = pa.schema([*given, *new], given.metadata)

    waiting: list[pa.Table] = []

    def write(batch: Batch, answers: np.ndarray) -> None:
        columns = added.columns(answers)
        arrays = [pa.array(columns[field.name], field.type) for field in new]
        waiting.append(pa.Table.from_arrays([*table.arrow(batch, given).columns, *arrays], schema=whole))
        if sum(map(len, waiting)) >= BATCH:
            flush()

    def flush() -> None:
        """A row group of many rows: each has an overhead, and is read as a whole."""
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
            waiting.clear()

    with pq.ParquetWriter(file, whole, compression="zstd") as writer:
        yield write
        flush()
