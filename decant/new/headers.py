"""The first row of a table: names of its columns, a title, or a row like any other."""

import csv
import re
import shlex
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from decant.data import packed
from decant.data.cells import sheet_rows, unnamed
from decant.data.textlines import encoding_of, lines
from decant.errors import DataError
from decant.new.marks import MARKS, TAB, even
from decant.new.words import GROUP, ID, LABEL, SPLIT, TEXT, of_name

TOP = 20  # rows that show a title
NAME = 40  # longest name of a column there, in characters
SHOWN = 1000  # rows whose values a name of a column is compared with
PLAIN = ("utf-8", "utf-8-sig", "cp1252", "latin-1")  # encodings in which a line is a line to sed
NUMBER = re.compile(r"[-+]?\d[\d.,:/ -]*")  # or a date


def title(formats: dict[Path, str], named: str) -> None:
    """Raises DataError: the first row of a table is a title or empty, and its header stands below."""
    for path, form in formats.items():
        tables = []
        if form == "xlsx":
            tables = [list(islice(sheet_rows(path), TOP))]
        elif form in ("csv", "tsv"):
            tables = [top(path, named, mark) for mark in (MARKS if form == "csv" else TAB)]
            # where a mark cuts all rows alike, the others say nothing
            tables = [rows for rows in tables if even([len(row) for row in rows if row])] or tables
        below = [(number, rows) for rows in tables if (number := header_below(rows))]
        if below:
            number, rows = min(below, key=lambda pair: pair[0])
            seems = next((f"looks like a title ({cell!r})" for cell in rows[0] if str(cell).strip()), "is empty")
            names = ", ".join(cell for cell in rows[number - 1] if cell)
            lines_alone = form != "xlsx" and encoding_of(path, named) in PLAIN and packed.bare(path) == path
            mend = f": {deletes(f'1,{number - 1}', path)}" if lines_alone else ""
            raise DataError(
                f"{path}: row 1 {seems}; the header seems to be row {number} ({names}): delete the rows above it{mend}"
            )


def top(file: Path, named: str, mark: str) -> list[list]:
    """The first rows with this mark, empty lines too, whatever their quotes."""
    csv.field_size_limit(sys.maxsize)
    return list(islice(csv.reader(lines(file, named, ""), delimiter=mark), TOP))


def header_below(rows: list[list]) -> int | None:
    """The number of the row that seems to hold the names of the columns, if the first holds one cell at most."""
    filled = [[cell for cell in row if str(cell).strip()] for row in rows]
    number = next((number for number, cells in enumerate(filled) if len(cells) > 1), 0)
    if not number or len(rows) == number + 1 or len(filled[0]) > 1:
        return None
    names = filled[number]
    plain = all(isinstance(name, str) and name == name.strip() and len(name) <= NAME for name in names)
    words = plain and not any(NUMBER.fullmatch(name) for name in names)
    below = [len(row) for row in rows[number:] if row]
    return number + 1 if words and even(below) and len(set(names)) == len(names) else None


def headless(rows: Iterator[list]) -> str | None:
    """Why the first of a table's rows seems to be no header; null: it is one, or nobody can tell."""
    first, *others = [[str(cell).strip() for cell in row] for row in islice(rows, SHOWN)] or [[]]
    others = [row for row in others if len(row) == len(first) and row != first]  # a header that is there twice is one
    if not others:
        return None
    for index, cell in enumerate(first):
        if NUMBER.fullmatch(cell) and sum(bool(NUMBER.fullmatch(row[index])) for row in others) * 2 > len(others):
            return f"{cell!r} in its first row is a number, as in the rows below"
        below = sum(len(row[index]) for row in others) / len(others)
        if (len(cell) > NAME or len(cell.split()) > 5) and below * 3 > len(cell):  # no long question over short answers
            return f"its first row holds a text, {cell[:NAME]!r}..."
    again = [cell for index, cell in enumerate(first) if cell and any(row[index] == cell for row in others)]
    known = any(of_name(cell) & (TEXT | LABEL | ID | GROUP | SPLIT) for cell in first if cell not in again)
    return f"{again[0]!r} in its first row is a value in the rows below" if again and not known else None


def deletes(which: str, file: Path) -> str:
    """The command that takes lines out of a file."""
    return f"sed -i.bak {which}d {shlex.quote(str(file))}"


def repeated(first: list[str], file: Path, row: int, line: int | None) -> str:
    """What to do about a row that says the names of the columns again."""
    place, mend = f"{file}: row {row}", "delete that row"
    if line is not None:
        place, mend = f"{place} (line {line})", f"delete that line: {deletes(str(line), file)}"
    return f"{place}: repeats the header ({', '.join(first)}), as where tables were put one below the other; {mend}"


def nameless(rows: Iterator[list]) -> list[int]:
    """Numbers of the columns without a name that hold something, where several have none. rows: the header first."""
    places = unnamed(next(rows, []))
    held = set()
    for row in rows if places else ():
        held.update(place for place in places if place < len(row) and str(row[place] or "").strip())
    return [place + 1 for place in sorted(held)]
