"""About how many rows raw files hold, before they are read: what a bar needs to say how long it takes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from decant.data import packed

LINES = ("csv", "tsv", "jsonl")  # formats of a row a line, where no cell holds line breaks
PIECE = 1 << 24  # bytes at a time


def about(formats: dict[Path, str]) -> int | None:
    """Rows of all files (path -> format), headers among them; null where one does not say it without being read.

    Cells with line breaks make it too many: a second per gigabyte tells no more.
    """
    counts = [_rows(path, form) for path, form in formats.items()]
    return None if None in counts else sum(counts)


def _rows(path: Path, form: str) -> int | None:
    if packed.bare(path) != path or packed.parted(path)[1]:  # to count its lines it would be unpacked twice
        return None
    if form == "parquet":
        try:
            return pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError):  # whoever reads it says what is wrong
            return None
    if form not in LINES:
        return None
    with path.open("rb") as stream:
        return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(PIECE), b""))
