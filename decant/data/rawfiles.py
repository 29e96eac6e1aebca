"""Raw tables in every format, files and folders of them, packed or not, read in batches with the place of every row.

A file of any size is read a batch at a time. What is not plainly readable stops with the file, the row and the way out:
a wrong encoding, a row with too many cells, a field that is there twice. `decant.settings.source.Format` says what the
formats are.
"""

from collections.abc import Iterator
from pathlib import Path

from decant.data import documents, exports, inside, packed, rasa, tablefiles, tagged
from decant.data.bad import STRICT, BadRows
from decant.data.batch import Batch
from decant.data.jsonstream import json_rows
from decant.data.objects import json_lines, to_batches
from decant.data.tablefiles import BATCH, FORMATS
from decant.data.textlines import encoding_of
from decant.errors import DataError
from decant.files import slug

SUFFIXES = FORMATS | {".ndjson": "jsonl", ".json": "json", ".yml": "rasa", ".yaml": "rasa"}
"""Suffix -> format where params name none."""
BYTES = ("parquet", "xlsx")  # formats that are no text
LINES = {"fasttext": tagged.fasttext, "trec": tagged.trec, "lines": tagged.labelled_lines, "rasa": rasa.intents}
EXPORTS = {"label_studio": exports.label_studio, "doccano": exports.doccano, "prodigy": exports.prodigy}


def files(folder: Path, names: list[str], form: str | None) -> dict[Path, str]:
    """Path -> format of every raw file, folders and archives opened, in the order of `names` (by name within a folder).

    Raises DataError: missing, empty folder, or a file whose format is not plain.
    """
    kinds: dict[Path, str] = {}
    for name in names:
        path = folder / name
        inside = packed.below(path)
        if not inside and not path.exists():
            raise DataError(
                f"{path}: missing. Get it with dvc update (pinned files) or python -m decant fetch (hf:// and databases), "
                "or put your own file there"
            )
        if not inside:
            raise DataError(f"{path}: an empty folder; put the tables there")
        if form == "folders":
            if inside == [path]:
                raise DataError(f"{path}: a file; source.format: folders takes the folder around those of the classes")
            inside = [path]
        if form == "lines":
            inside = tagged.texts_of(inside) if inside != [path] else inside
        for file in inside:
            kind = form or SUFFIXES.get(packed.suffix(file))
            if kind is None:
                raise DataError(
                    f"{file}: its suffix does not say how it is written; name source.format, or keep only "
                    f"{', '.join(SUFFIXES)} there"
                )
            if file in kinds:
                raise DataError(f"{file}: listed twice in source; its rows would count twice")
            kinds[file] = kind
    return kinds


def own_files(folder: Path, names: list[str], form: str | None) -> dict[Path, str]:
    """The same of a task's folder, out of which no file may lead. Raises DataError for a link that does, too."""
    if fault := inside.fault(folder):
        raise DataError(fault)
    return files(folder, names, form)


def batches(
    file: Path,
    form: str,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    quotes: bool = True,
    header: list[str] | None = None,
    columns: set[str] | None = None,
    bad: BadRows = STRICT,
) -> Iterator[Batch]:
    """The rows of one file, at most BATCH at a time. Raises DataError: not readable as this format, or no rows.

    columns: those that are wanted; Parquet reads no others. bad: what becomes of rows that cannot be read.
    """
    if form in FORMATS.values():
        yield from tablefiles.batches(file, form, encoding, delimiter, quotes, header, columns, bad, BATCH)
        return
    yield from tablefiles.sifted(file, shaped(file, form, encoding, header, bad), columns, bad)


def shaped(file: Path, form: str, encoding: str, header: list[str] | None, bad: BadRows) -> Iterator[Batch]:
    """The rows of what is no table of one of the five formats, sifted by nobody yet."""
    if form == "folders":
        return documents.batches(file, encoding, BATCH, bad)
    turn = EXPORTS.get(form)
    if form in ("json", "label_studio"):
        rows = json_rows(file, encoding, header, bad)
    elif form in ("doccano", "prodigy"):
        rows = json_lines(file, encoding, bad)
    else:
        rows = LINES[form](file, encoding, bad)
    return to_batches(file, rows, BATCH, turn, bad)


def encodings(kinds: dict[Path, str], folder: Path, named: str) -> dict[str, str]:
    """File below `folder`, as a key of the metrics, -> encoding of what is text; folders of documents are left out."""
    plain = [file for file, form in kinds.items() if form not in (*BYTES, "folders")]
    return {slug(str(file.relative_to(folder))): encoding_of(file, named) for file in plain}
