"""Raw tables: CSV, TSV, JSON Lines, Parquet, XLSX and folders of them, read in batches, with the place of every row.

A file of any size is read a batch at a time. What is not plainly readable stops with the file, the row and the way out:
a wrong encoding, a row with too many cells, a field that is there twice.
"""

import codecs
import csv
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from decant.data.encodings import guess
from decant.errors import DataError

BATCH = 20_000  # rows; fixed, since the row groups of prepared.parquet follow it
FORMATS = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".parquet": "parquet", ".xlsx": "xlsx"}
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass
class Batch:
    """Some rows of one file, column by column; a field that a row lacks is None."""

    file: Path
    first: int  # number of the first row; rows count from 1, without the header
    columns: dict[str, list]
    names: list[str] = field(default_factory=list, kw_only=True)
    """All columns of the file, also those that were not read."""

    def __post_init__(self):
        self.names = self.names or list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def number(self, row: int) -> int:
        """A row's number in its file."""
        return self.first + row

    def place(self, row: int) -> str:
        """Where a row is, for error messages."""
        return f"{self.file}: row {self.number(row)}"

    def only(self, names: set[str]) -> "Batch":
        """The same rows with some of the columns; the first stays, so that the rows can be counted."""
        kept = [name for index, name in enumerate(self.columns) if name in names or index == 0]
        return replace(self, columns={name: self.columns[name] for name in kept})

    def column(self, name: str) -> list:
        """Raises DataError if the file has no such column."""
        if name in self.columns:
            return self.columns[name]
        hint = "Mend source in params.yaml or the file"
        for mark in (";", "\t", "|", ","):
            if len(self.names) == 1 and mark in self.names[0]:
                hint = f"The cells look separated by {mark!r}: set source.delimiter or source.format in params.yaml"
        raise DataError(f"{self.place(0)}: no column {name!r}; columns are {', '.join(self.names)}. {hint}")


@dataclass
class Cells(Batch):
    """A batch of CSV or TSV, where a row may begin on any line of the file."""

    lines: Sequence[int]
    """The line on which each row begins, as an editor counts them."""

    def place(self, row: int) -> str:
        return f"{super().place(row)} (line {self.lines[row]})"

    def breaks(self) -> list[tuple[int, int]]:
        """(row, line breaks) of every cell that holds some."""
        last = len(self) - 1  # of which nobody knows here where it ends
        longer = [row for row in range(last) if self.lines[row + 1] > self.lines[row] + 1]
        counts = [(row, line_breaks(cells[row])) for row in [*longer, last] for cells in self.columns.values()]
        return [(row, breaks) for row, breaks in counts if breaks]


def line_breaks(cell: str) -> int:
    """As the csv module counts lines: those of Windows, old Mac and everything else."""
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")


def files(folder: Path, names: list[str], form: str | None) -> dict[Path, str]:
    """Path -> format of every raw file, folders opened, in the order of `names` (by name within a folder).

    Raises DataError: missing, empty folder, or a file whose format is not plain.
    """
    kinds: dict[Path, str] = {}
    for name in names:
        path = folder / name
        if not path.exists():
            raise DataError(
                f"{path}: missing. Get it with dvc update (pinned files) or python -m decant fetch (hf://), or put your "
                "own file there"
            )
        # .ipynb_checkpoints and .cache hold copies and notes, no tables
        hidden = {
            file for file in path.rglob("*") if any(part.startswith(".") for part in file.relative_to(path).parts)
        }
        inside = sorted(file for file in path.rglob("*") if file.is_file() and file not in hidden)
        if path.is_dir() and not inside:
            raise DataError(f"{path}: an empty folder; put the tables there")
        for file in inside if path.is_dir() else [path]:
            kind = form or FORMATS.get(file.suffix.lower())
            if kind is None:
                raise DataError(
                    f"{file}: its suffix does not say how it is written; name source.format, or keep only "
                    f"{', '.join(FORMATS)} there"
                )
            if file in kinds:
                raise DataError(f"{file}: listed twice in source; its rows would count twice")
            kinds[file] = kind
    return kinds


def batches(
    file: Path,
    form: str,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    quotes: bool = True,
    header: list[str] | None = None,
    columns: set[str] | None = None,
) -> Iterator[Batch]:
    """The rows of one file, at most BATCH at a time. Raises DataError: not readable as this format, or no rows.

    columns: those that are wanted; Parquet reads no others.
    """
    if form == "parquet":
        parts = parquet_batches(file, columns)
    elif form == "xlsx":
        parts = rows_to_batches(file, sheet_rows(file), header)
    elif form == "jsonl":
        parts = jsonl_batches(file, encoding)
    else:
        begins: list[int] = []
        cells = csv_rows(file, encoding, delimiter or ("\t" if form == "tsv" else ","), quotes, begins)
        parts = rows_to_batches(file, cells, header, begins)
    empty = True
    for batch in parts:
        empty = False
        yield batch
    if empty:
        raise DataError(f"{file}: no rows; it must hold at least one")


def encoding_of(file: Path, named: str) -> str:
    """The encoding by the file's byte order mark, or else the one that params name."""
    with file.open("rb") as stream:
        start = stream.read(4)
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), named)


def lines(file: Path, named: str, ends: str) -> Iterator[str]:
    """Decoded lines with their ends. ends: "" for any line end, or the only one that counts."""
    encoding = encoding_of(file, named)
    try:
        with file.open(encoding=encoding, newline=ends) as stream:
            yield from stream
    except UnicodeError as error:  # UTF-16 without its mark raises the general one
        raise undecodable(file, encoding, error) from None
    except LookupError as error:  # rot13 and the like, which turn text into text
        raise DataError(f"{file}: {error}; name another source.encoding in params.yaml") from None


def undecodable(file: Path, encoding: str, error: UnicodeError) -> DataError:
    """Where the bytes stop making sense, and which encoding they look like; the user decides."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 0
    with file.open("rb") as stream:
        for piece in stream:
            line += 1
            try:
                decoder.decode(piece)
            except UnicodeError:
                break
    seen = guess([file])
    if encoding_of(file, ""):
        seems = ", though its byte order mark says so; convert the file"
    elif seen.zero:
        seems = "; it holds zero bytes, as UTF-16 without its mark does; save it as UTF-8"
    elif not seen.other:
        seems = "; every line is UTF-8: take source.encoding out"
    elif seen.utf8:
        seems = f"; {seen.utf8} is UTF-8, and source.encoding is one for all lines; save the file as UTF-8"
    elif seen.encoding:
        seems = (
            f"; it looks like {seen.encoding} (a line reads {seen.reads!r}), if so set source.encoding: {seen.encoding}; "
            "or convert the file"
        )
    else:
        seems = "; or convert the file"
    return DataError(f"{file}: line {line}: not {encoding} ({error.args[-1] if error.args else error}){seems}")


def csv_rows(
    file: Path, encoding: str, delimiter: str, quotes: bool, begins: list[int] | None = None
) -> Iterator[list[str]]:
    """The cells of every row. begins: takes the line on which each row begins; a pair per row would read half as fast."""
    csv.field_size_limit(sys.maxsize)  # the default stops at 128 kB a cell, and a text may be longer
    quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    # the csv module itself decides what a line break inside quotes is
    reader = csv.reader(lines(file, encoding, ""), delimiter=delimiter, strict=True, quoting=quoting)
    begins, begin = [] if begins is None else begins, 1
    try:
        for row in reader:
            if row:  # empty lines are no rows
                begins.append(begin)
                yield row
            begin = reader.line_num + 1
    except csv.Error as error:
        raise misquoted(file, encoding, delimiter, begin, reader.line_num, error) from None


def misquoted(file: Path, encoding: str, delimiter: str, begin: int, line: int, error: csv.Error) -> DataError:
    """begin: the line on which the row begins that cannot be read; line: where the csv module gave up."""
    remedy = "if quotes are characters like any other, set source.quotes: false in params.yaml"
    if str(error) != "unexpected end of data":
        since = f" (the row begins on line {begin})" if begin < line else ""
        return DataError(f"{file}: line {line}: {error}{since}. Double a quote inside a quoted cell; {remedy}")
    # not strictly, the reader gives the row up to the end of the file: its last cell is the one that never ends
    rest = islice(lines(file, encoding, ""), begin - 1, None)
    *before, _ = next(csv.reader(rest, delimiter=delimiter))
    begin += sum(map(line_breaks, before))
    return DataError(
        f"{file}: line {begin}: a quote opens a cell that never ends: everything up to line {line} is in it. Close it; {remedy}"
    )


def sheet_rows(file: Path) -> Iterator[list]:
    """Rows of the only sheet. A workbook with several would need a choice that nobody has made."""
    try:
        book = CalamineWorkbook.from_path(str(file))
        sheets = [sheet for sheet in map(book.get_sheet_by_name, book.sheet_names) if sheet.height]
    except (CalamineError, zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{file}: not XLSX: {error}") from None
    if len(sheets) > 1:
        raise DataError(
            f"{file}: {len(sheets)} sheets with rows ({', '.join(sheet.name for sheet in sheets)}); keep one per file"
        )
    for sheet in sheets:
        # a workbook knows no whole numbers: 7 is stored as 7.0
        for row in sheet.iter_rows():
            yield [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row]


def rows_to_batches(
    file: Path, rows: Iterator[list], header: list[str] | None, begins: list[int] | None = None
) -> Iterator[Batch]:
    """Rows of cells under a header: the first row, or the names from params. begins: the line of each row read so far."""
    names = header or [str(cell) for cell in next(rows, [])]
    for column, times in Counter(names).items():
        if times > 1:
            raise DataError(f"{file}: column {column!r} twice; only one of them could be read")
    if begins:
        begins.clear()  # of the header
    first = 1
    while part := list(islice(rows, BATCH)):
        batch = Batch(file, first, {})
        if begins:
            plain = range(begins[0], begins[0] + len(part))  # a line for each row: nothing to send to other processes
            batch = Cells(file, first, {}, lines=plain if begins[-1] == plain[-1] else begins.copy())
            begins.clear()
        for row, cells in enumerate(part):
            if len(cells) != len(names):
                raise DataError(f"{batch.place(row)}: {len(cells)} cells where the header has {len(names)}")
        yield replace(batch, columns=dict(zip(names, map(list, zip(*part, strict=True)), strict=True)))
        first += len(part)


def jsonl_batches(file: Path, encoding: str) -> Iterator[Batch]:
    # lines end at "\n" alone: JSON strings may hold other line separators (U+2028) unescaped
    rows, numbers = [], []
    for number, line in enumerate(lines(file, encoding, "\n"), start=1):
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
        rows.append(row)
        numbers.append(number)
        if len(rows) == BATCH:
            yield objects_to_batch(file, numbers, rows)
            rows, numbers = [], []
    if rows:
        yield objects_to_batch(file, numbers, rows)


def fields(pairs: list[tuple[str, object]]) -> dict:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"field {twice!r} twice")
    return row


def objects_to_batch(file: Path, numbers: list[int], rows: list[dict]) -> Batch:
    names = dict.fromkeys(name for row in rows for name in row)
    if not names:
        raise DataError(f"{file}: row {numbers[0]}: an object without fields")
    return Lines(file, numbers[0], {name: [row.get(name) for row in rows] for name in names}, numbers)


@dataclass
class Lines(Batch):
    """A batch of JSON Lines, where empty lines count as rows of the file but hold none."""

    numbers: list[int]

    def number(self, row: int) -> int:
        return self.numbers[row]


def parquet_batches(file: Path, columns: set[str] | None) -> Iterator[Batch]:
    try:
        stored = pq.ParquetFile(file)
        names = stored.schema_arrow.names
        for column, times in Counter(names).items():
            if times > 1:
                raise DataError(f"{file}: column {column!r} twice; only one of them could be read")
        wanted = names if columns is None else [name for name in names if name in columns] or names[:1]
        first = 1
        for part in stored.iter_batches(BATCH, columns=wanted):
            if len(part):
                # `a` also selects a column `a.b`
                yield Batch(file, first, part.select(wanted).to_pydict(), names=names)
            first += len(part)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{file}: not Parquet: {error}") from None
