"""The raw files of a section source, read as it says: the one place where its keys become options of the readers."""

from collections.abc import Iterator
from pathlib import Path

from decant.data import rawfiles
from decant.data.bad import BadRows
from decant.data.batch import Batch
from decant.settings.source import Source, folder_of


def files(folder: Path, source: Source) -> dict[Path, str]:
    """Path -> format of every raw file.

    Raises DataError: missing, of no known format, or a link out of `folder`; also of `source.splits.files`.
    """
    found = rawfiles.own_files(folder, [folder_of(name) for name in source.files], source.format)
    if source.splits and source.splits.files:  # are they there, and none in two splits?
        rawfiles.own_files(folder, list(source.splits.files.values()), source.format)
    return found


def bad_rows(source: Source) -> BadRows:
    """What becomes of rows that cannot be read, counted from zero."""
    return BadRows(source.bad_rows == "drop", source.max_bad_rows, source.id)


def batches(
    files: dict[Path, str], source: Source, columns: set[str] | None = None, bad: BadRows | None = None
) -> Iterator[Batch]:
    """The rows of all files. columns: those that are wanted. bad: takes what is left out.

    Raises DataError for the first row that cannot be read, unless source.bad_rows leaves it out.
    """
    bad = bad or bad_rows(source)
    for file, form in files.items():
        yield from rawfiles.batches(
            file, form, source.encoding, source.delimiter, source.quotes, source.header, columns, bad
        )
