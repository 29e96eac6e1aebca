"""The mark between the cells of CSV: the one that cuts header and rows into equally many.

Nothing about a file is guessed without being said: another mark than a comma, or quotes that are plain characters.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from decant.data.cells import csv_rows
from decant.errors import DataError
from decant.new.call import Call

TAB = "\t"
MARKS = f",;{TAB}|"  # between cells
RARE = f"{TAB}|"  # of those, in a text
FIRST = 100  # rows that show the mark


def delimiter(formats: dict[Path, str], named: str, call: Call, say: Callable[[str], None]) -> tuple[str | None, bool]:
    """(source.delimiter, source.quotes); null: a comma, or TSV. named: the encoding.

    Asks where two marks fit equally well, or one does if quotes are plain characters. Raises DataError: the files have
    several marks, or TSV has another than a tab.
    """
    quotes = call.choices.quotes is not False
    if call.choices.delimiter:
        return call.choices.delimiter, quotes
    marks: dict[Path, str] = {}
    for path, form in formats.items():
        if form == "csv":
            marks[path], quotes = mark(path, named, quotes, call)
        elif form == "tsv" and max(cells(path, named, TAB, quotes), default=0) < 2:
            found, quotes = mark(path, named, quotes, call)
            if found not in (TAB, None):
                clause = f"rename it to {path.stem}.csv, or run: {call.again('--format', 'csv')}"
                raise DataError(f"{path}: its cells look separated by {found!r}, not by a tab; {clause}")
    if len({found or "," for found in marks.values()}) > 1:
        each = ", ".join(f"{path} {shown(found or ',')}" for path, found in marks.items())
        raise DataError(f"cells are separated in several ways ({each}); save the files in one")
    chosen = next(iter(marks.values()), None) or ","
    if chosen == ",":
        return None, quotes
    say(f"delimiter: {shown(chosen)} (it cuts header and rows into equally many cells)")
    return chosen, quotes


def shown(mark: str) -> str:
    return "a tab" if mark == TAB else repr(mark)


def mark(file: Path, named: str, quotes: bool, call: Call) -> tuple[str | None, bool]:
    """The mark that cuts the header and the first rows into equally many cells, and the header alone if none does; null: no
    mark cuts the header. Then whether quotes enclose cells.

    Asks: two marks do, or one would if quotes did not stand inside cells.
    """
    widths = {char: cells(file, named, char, quotes) for char in MARKS}
    fits = {char: counts[0] for char, counts in widths.items() if even(counts)}
    fits = fits or {char: counts[0] for char, counts in widths.items() if counts and counts[0] > 1}
    best = [char for char, width in fits.items() if width == max(fits.values())]
    bare = [] if call.choices.quotes is not None else [char for char in MARKS if not widths[char]]
    bare = [char for char in bare if even(cells(file, named, char, quotes=False))]
    rare = [char for char in bare if char in RARE]  # prose has as many commas a line now and then, but no tabs
    if rare or (bare and not best):
        char = (rare or bare)[0]
        call.ask(
            f"{file}: its cells look separated by {shown(char)}, but in some a quote stands inside. Quotes are plain characters "
            "there (--no-quotes), or else enclose such a cell in quotes and double its own: \"like \"\"this\"\" one\"",
            "--no-quotes",
        )  # fmt: skip
        return char, False
    best = [char for char in best if char in RARE][:1] or best
    if len(best) > 1:
        names = " or by ".join(map(shown, best))
        call.ask(f"{file}: cells could be separated by {names}; name the mark with --delimiter", "--delimiter", best[0])
    return best[0] if best else None, quotes


def even(widths: list[int]) -> bool:
    """Whether all rows have as many cells, and more than one."""
    return bool(widths) and set(widths) == {widths[0]} != {1}


def cells(file: Path, named: str, mark: str, quotes: bool = True) -> list[int]:
    """Cells of each of the first rows; none if the rows cannot be read with this mark."""
    try:
        return [len(row) for row in islice(csv_rows(file, named, mark, quotes), FIRST)]
    except DataError:  # quotes in the wrong places: another mark may fit, and reading the table will tell
        return []
