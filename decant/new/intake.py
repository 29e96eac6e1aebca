"""A table from outside: where its files are, how they are written, and their copy in data/raw/<task>.

Nothing about a file is guessed without being said: another encoding than UTF-8, another mark between cells than a comma.
"""

import csv
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from decant.data import rawfiles
from decant.data.encodings import guess
from decant.errors import DataError
from decant.files import digest, writing

TAB = "\t"
MARKS = f",;{TAB}|"  # between cells
FIRST = 100  # rows that show the mark
TOP = 20  # rows that show a title
NAME = 40  # longest name of a column there, in characters
LISTED = 10  # files of a folder that an error names


def where(file: Path, raw: Path) -> tuple[Path, list[str], Path | None]:
    """(folder, names in it, target): where the raw files are now, and where they have to go, null if they are there.

    Raises DataError: missing, a folder around `raw` itself, JSON in one piece, or other bytes at the target.
    """
    if not file.exists():
        raise DataError(missing(file))
    full, base = Path(os.path.abspath(file)), Path(os.path.abspath(raw))  # a link keeps its own name
    if base.is_relative_to(full) and full != base:
        raise DataError(f"{file}: holds {raw}, where the raw files go; name the folder of the tables alone")
    for path in visible(file):
        if path.suffix.lower() == ".json":
            raise DataError(f"{path}: {json_lines(path)}")
    if full == base:
        return raw, sorted(path.name for path in raw.iterdir() if not path.name.startswith(".")), None
    if full.is_relative_to(base):
        return raw, [full.relative_to(base).as_posix()], None
    target = raw / full.name
    if target.exists() and contents(target) != contents(full):
        raise DataError(f"{target}: is there already, with other bytes than {file}; rename one of them")
    folder = file.parent if file.name == full.name else full.parent
    return folder, [full.name], None if target.exists() else target


def missing(file: Path) -> str:
    """What is there instead of a file that is not."""
    if not file.parent.is_dir():
        return f"{file}: missing, and so is the folder {file.parent}"
    there = sorted(path.name for path in file.parent.iterdir() if path.suffix.lower() in rawfiles.FORMATS)
    near = get_close_matches(file.name, there, n=1)
    meant = f"; did you mean {near[0]}?" if near else "."
    if not there:
        return f"{file}: missing, and {file.parent} holds no table ({', '.join(rawfiles.FORMATS)})"
    more = f" and {len(there) - LISTED} more" if len(there) > LISTED else ""
    return f"{file}: missing{meant} Tables in {file.parent}: {', '.join(there[:LISTED])}{more}"


def json_lines(file: Path) -> str:
    """What to do with a file of JSON."""
    with file.open("rb") as stream:
        first = stream.readline(1 << 16)
    with suppress(ValueError):  # not an object in one line, the ordinary case
        if isinstance(json.loads(first), dict):
            return f"its first line is an object of its own, so this seems to be JSON Lines; rename it to {file.stem}.jsonl"
    return (
        "one piece of JSON has to be read whole before its first row is known, and tables are read in batches. Write JSON "
        f"Lines, one object a line: {file.stem}.jsonl"
    )


def visible(path: Path) -> list[Path]:
    """The file itself, or the files of a folder that are not hidden: those that `decant.data.rawfiles.files` reads."""
    inside = (file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    return sorted(inside) if path.is_dir() else [path]


def contents(path: Path) -> dict[Path, str]:
    return {file.relative_to(path): digest(file) for file in visible(path)}


def copy(source: Path, target: Path, undo: ExitStack) -> None:
    """Copy a file, or the visible files of a folder; `undo` removes them again, and the folders made for them."""
    first = next(path for path in reversed([target, *target.parents]) if not path.exists())
    undo.callback(lambda: shutil.rmtree(first) if first.is_dir() else first.unlink(missing_ok=True))
    with writing(target) as partial:
        for file in visible(source):
            place = partial / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)


def encoding(formats: dict[Path, str], say: Callable[[str], None]) -> str | None:
    """What source.encoding has to be; null: UTF-8, or each file's mark says it. formats: path -> format.

    Raises DataError: nothing fits, or the files have several encodings.
    """
    plain = (path for path, form in formats.items() if form in ("csv", "tsv", "jsonl"))
    seen = guess(path for path in plain if not rawfiles.encoding_of(path, ""))
    if seen.zero:
        raise DataError(f"{seen.zero}: holds a zero byte, as UTF-16 without its mark does; save it as UTF-8")
    if not seen.other:
        return None
    if seen.utf8:
        raise DataError(
            f"{seen.other} is not UTF-8, but {seen.utf8} is; source.encoding is one for all lines and files. Save them as UTF-8"
        )
    if seen.encoding is None:
        raise DataError(
            f"{seen.other}: not UTF-8, and nothing says what it is; save it as UTF-8, or name it with --encoding"
        )
    say(
        f"encoding: {seen.encoding} (a guess: {seen.other} is not UTF-8). Name another with --encoding if this reads wrong:\n"
        f"  {seen.reads}"
    )
    return seen.encoding


def header(formats: dict[Path, str], named: str) -> None:
    """Raises DataError: the first row of a table is a title or empty, and its header stands below."""
    for path, form in formats.items():
        tables = []
        if form == "xlsx":
            tables = [list(islice(rawfiles.sheet_rows(path), TOP))]
        elif form in ("csv", "tsv"):
            tables = [top(path, named, mark) for mark in (MARKS if form == "csv" else TAB)]
            # where a mark cuts all rows alike, the others say nothing
            tables = [rows for rows in tables if even([len(row) for row in rows if row])] or tables
        below = [(number, rows) for rows in tables if (number := header_below(rows))]
        if below:
            number, rows = min(below, key=lambda pair: pair[0])
            title = next((f"looks like a title ({cell!r})" for cell in rows[0] if str(cell).strip()), "is empty")
            names = ", ".join(cell for cell in rows[number - 1] if cell)
            raise DataError(
                f"{path}: row 1 {title}; the header seems to be row {number} ({names}): delete the rows above it"
            )


def top(file: Path, named: str, mark: str) -> list[list]:
    """The first rows with this mark, empty lines too, whatever their quotes."""
    csv.field_size_limit(sys.maxsize)
    return list(islice(csv.reader(rawfiles.lines(file, named, ""), delimiter=mark), TOP))


def header_below(rows: list[list]) -> int | None:
    """The number of the row that seems to hold the names of the columns, if the first holds one cell at most."""
    filled = [[cell for cell in row if str(cell).strip()] for row in rows]
    number = next((number for number, cells in enumerate(filled) if len(cells) > 1), 0)
    if not number or len(rows) == number + 1 or len(filled[0]) > 1:
        return None
    names = filled[number]
    plain = all(isinstance(name, str) and name == name.strip() and len(name) <= NAME for name in names)
    words = plain and not any(re.fullmatch(r"[\d.,:/ -]+", name) for name in names)
    below = [len(row) for row in rows[number:] if row]
    return number + 1 if words and even(below) and len(set(names)) == len(names) else None


def delimiter(formats: dict[Path, str], named: str, say: Callable[[str], None]) -> str | None:
    """What source.delimiter has to be; null: a comma, or TSV. named: the encoding.

    Raises DataError: two marks fit a file equally well, the files have several, or TSV has another than a tab.
    """
    for path, form in formats.items():
        if form == "tsv" and max(cells(path, named, TAB), default=0) < 2 and (seen := mark(path, named) or TAB) != TAB:
            raise DataError(f"{path}: its cells look separated by {seen!r}, not by a tab; rename it to {path.stem}.csv")
    marks = {path: mark(path, named) or "," for path, form in formats.items() if form == "csv"}
    if len(set(marks.values())) > 1:
        each = ", ".join(f"{path} {shown(char)}" for path, char in marks.items())
        raise DataError(f"cells are separated in several ways ({each}); save the files in one")
    chosen = next(iter(marks.values()), ",")
    if chosen == ",":
        return None
    say(f"delimiter: {shown(chosen)} (it cuts header and rows into equally many cells)")
    return chosen


def shown(mark: str) -> str:
    return "a tab" if mark == TAB else repr(mark)


def mark(file: Path, named: str) -> str | None:
    """The mark that cuts the header and the first rows into equally many cells, and the header alone if none does; null: no
    mark cuts the header.

    Raises DataError: two do, or one would if quotes did not stand inside cells.
    """
    widths = {char: cells(file, named, char) for char in MARKS}
    fits = {char: counts[0] for char, counts in widths.items() if even(counts)}
    fits = fits or {char: counts[0] for char, counts in widths.items() if counts and counts[0] > 1}
    best = [char for char, width in fits.items() if width == max(fits.values())]
    if len(best) > 1:
        raise DataError(
            f"{file}: cells could be separated by {' or by '.join(map(shown, best))}; save it with another mark"
            f"{'' if TAB in best else ', e.g. a tab'}"
        )
    for char in () if best else MARKS:
        if not widths[char] and even(cells(file, named, char, quotes=False)):
            raise DataError(
                f"{file}: its cells look separated by {shown(char)}, but in some a quote stands inside; enclose "
                'such a cell in quotes and double its own, "like ""this"" one", or save the table as JSON Lines'
            )
    return best[0] if best else None


def even(widths: list[int]) -> bool:
    """Whether all rows have as many cells, and more than one."""
    return bool(widths) and set(widths) == {widths[0]} != {1}


def cells(file: Path, named: str, mark: str, quotes: bool = True) -> list[int]:
    """Cells of each of the first rows; none if the rows cannot be read with this mark."""
    try:
        return [len(row) for row in islice(rawfiles.csv_rows(file, named, mark, quotes), FIRST)]
    except DataError:  # quotes in the wrong places: another mark may fit, and reading the table will tell
        return []
