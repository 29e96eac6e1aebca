"""Rows of cells under a header: CSV, TSV and XLSX."""

import csv
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from decant.data import packed
from decant.data.bad import STRICT, BadRows
from decant.data.batch import Batch, Cells, line_breaks
from decant.data.sheets import refuse_giant
from decant.data.textlines import lines
from decant.errors import DataError


def csv_rows(
    file: Path,
    encoding: str,
    delimiter: str,
    quotes: bool,
    begins: list[int] | None = None,
    bad: BadRows = STRICT,
) -> Iterator[list[str]]:
    """The cells of every row. begins: takes the line on which each row begins; a pair per row would read half as fast."""
    csv.field_size_limit(sys.maxsize)  # the default stops at 128 kB a cell, and a text may be longer
    quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    # the csv module itself decides what a line break inside quotes is
    reader = csv.reader(lines(file, encoding, "", bad), delimiter=delimiter, strict=True, quoting=quoting)
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
    with packed.seekable(file) as whole:
        refuse_giant(whole, file)
        try:
            book = CalamineWorkbook.from_path(str(whole))
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
    file: Path,
    rows: Iterator[list],
    header: list[str] | None,
    size: int,
    begins: list[int] | None = None,
    bad: BadRows = STRICT,
) -> Iterator[Batch]:
    """Rows of cells under a header: the first row, or the names from params. size: of a batch, in rows. begins: the line of
    each row read so far.

    Raises DataError: a name twice; a cell in a column without a name, where several have none. Those that hold nothing are
    passed over: Excel saves the columns that were once in use.
    """
    names = header or [str(cell) for cell in next(rows, [])]
    nameless = [] if header else unnamed(names)
    if len(nameless) == len(names) > 0:
        raise DataError(f"{file}: no cell of its first row holds the name of a column; name the columns there")
    for column, times in Counter(names).items():
        if times > 1 and not (nameless and not column.strip()):
            raise DataError(f"{file}: column {column!r} twice; only one of them could be read: rename the other")
    if begins:
        begins.clear()  # of the header
    first = 1
    while part := list(islice(rows, size)):
        batch = Batch(file, first, {})
        if begins:
            plain = range(begins[0], begins[0] + len(part))  # a line for each row: nothing to send to other processes
            batch = Cells(file, first, {}, lines=plain if begins[-1] == plain[-1] else begins.copy())
            begins.clear()
        ragged = [row for row, cells in enumerate(part) if len(cells) != len(names)]
        for row in ragged:
            bad.met("ragged", f"{batch.place(row)}: {len(part[row])} cells where the header has {len(names)}")
            part[row] = [None] * len(names)
        cells = list(map(list, zip(*part, strict=True)))
        for column in nameless:
            refuse_cell(batch, column, cells[column])
        named = [column for column in range(len(names)) if column not in nameless]
        columns = {names[column]: cells[column] for column in named}
        batch = replace(batch, columns=columns, names=list(columns))
        yield batch.rows([row for row in range(len(part)) if row not in set(ragged)]) if ragged else batch
        first += len(part)


def unnamed(names: list) -> list[int]:
    """Places of the columns without a name, where there are several: one alone is a column whose name is empty."""
    places = [place for place, name in enumerate(names) if not str(name).strip()]
    return places if len(places) > 1 else []


def refuse_cell(batch: Batch, column: int, cells: list) -> None:
    """Raises DataError: a column without a name holds something."""
    row = next((row for row, cell in enumerate(cells) if cell is not None and str(cell).strip()), None)
    if row is not None:
        raise DataError(
            f"{batch.place(row)}: {cells[row]!r} stands in column {column + 1}, which has no name, as others have none; give it "
            "one in the header, or empty it"
        )
