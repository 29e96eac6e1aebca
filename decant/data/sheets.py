"""How much a workbook would take, before it is opened: a reader of XLSX unpacks it whole, and holds a cell for every place
between the first and the last one that is filled.

Two filled cells in the far corners of a sheet are 17 billion places, and would end the process without a word.
"""

import re
import zipfile
from pathlib import Path

from decant.data.packed import FREE, RATIO
from decant.errors import DataError

SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
CELL = re.compile(rb"<(?:\w+:)?c [^<>]*?\br=[\"']([A-Za-z]{1,3})([0-9]{1,7})[\"']")
PIECE, OVERLAP = 1 << 20, 256  # bytes; the beginning of a cell is shorter than the second
EMPTY = 200  # places for a filled cell; a table of 30 columns with one or two filled has 15 to 30
PLACES = 20_000_000  # that any sheet may have: about 500 MB


def refuse_giant(file: Path, shown: Path) -> None:
    """Raises DataError: the workbook unpacks to far more than it weighs, or a sheet is nearly empty and vast.

    shown: its name in the error. A file that is no ZIP passes: its reader says so.
    """
    try:
        with zipfile.ZipFile(file) as book:
            size, unpacked = file.stat().st_size, sum(info.file_size for info in book.infolist())
            if unpacked > max(FREE, RATIO * size):
                raise DataError(
                    f"{shown}: {size:,} bytes unpack to {unpacked:,}, as those of a bomb do. If that is right, save it as CSV"
                )
            for name in book.namelist():
                if SHEET.fullmatch(name):
                    _measure(shown, name, book)
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError):
        return


def _measure(shown: Path, name: str, book: zipfile.ZipFile) -> None:
    filled, rows, columns, rest = 0, 0, 0, b""
    with book.open(name) as stream:
        while piece := stream.read(PIECE):
            text = rest + piece
            for letters, number in CELL.findall(text):
                filled, rows, columns = filled + 1, max(rows, int(number)), max(columns, _column(letters))
            rest = text[-OVERLAP:]
    if rows * columns > max(PLACES, EMPTY * filled):
        raise DataError(
            f"{shown}: {name} has {filled:,} cells that are filled, and the last of them in row {rows:,}, column {columns:,}: a "
            "reader would take memory for all between. Delete what stands far off the table, or save it as CSV"
        )


def _column(letters: bytes) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
