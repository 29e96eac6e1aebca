"""Which format a file or folder seems to have, by its name and its first bytes; the user's params decide."""

import json
from itertools import islice
from pathlib import Path

from decant.data import packed, tagged
from decant.data.rawfiles import SUFFIXES
from decant.errors import DataError

PEEK = 1 << 16  # characters of a file that show what it holds
LOOK = 20  # lines that show it


def recognise(path: Path) -> str | None:
    """The value of source.format that fits a file, folder or archive; None: nothing fits, or a folder holds several.

    A table in one of the formats that are known by their suffix is what its suffix says, except for exports of annotation
    tools, which are JSON too. Raises DataError: missing, or a packed file that cannot be read.
    """
    files = packed.below(path)
    if not files:
        raise DataError(
            f"{path}: {'an empty folder' if path.is_dir() else 'an empty archive' if path.exists() else 'missing'}"
        )
    pairs = {file: found[1] for file in files if (found := tagged.beside(file)) and packed.actual(found[1])}
    labels = {*pairs.values(), *(file.with_name(tagged.MAPPING) for file in pairs)}
    forms = {"lines" if file in pairs else of_file(file) for file in files if packed.bare(file) not in labels}
    if len(forms) == 1 and (form := forms.pop()):
        return form
    folders = {file.parent for file in files if file.parent != path}
    tables = any(packed.suffix(file) in SUFFIXES for file in files)
    return "folders" if len(folders) > 1 and not tables and not pairs else None


def of_file(file: Path) -> str | None:
    """The format of a file by its suffix and content alone."""
    known = SUFFIXES.get(packed.suffix(file))
    if known in ("jsonl", "json"):
        return of_json(file, known)
    start = head(file)
    if known == "rasa":
        return known if any(line.startswith("nlu:") for line in start.splitlines()) else None
    lines = [line for line in islice(start.splitlines(), LOOK) if line.strip()]
    if known or not lines:
        return known
    if all(any(word.startswith(tagged.MARK) for word in line.split()) for line in lines):
        return "fasttext"
    return "trec" if all(tagged.TREC.match(line) for line in lines) else None


def of_json(file: Path, known: str) -> str:
    """Whose export it is, by the fields of the first object; if nobody's, what its suffix says."""
    start = head(file).lstrip()
    if known == "json" and not start.startswith("["):  # an object a line, though the suffix says one piece
        first = first_object(start.split("\n", 1)[0])
        if first is not None and start.count("\n") and first_object(start.split("\n", 2)[1]) is not None:
            known = "jsonl"
    fields = first_object(start.removeprefix("[").lstrip())
    if fields is None:
        return known
    if known == "json" and isinstance(fields.get("data"), dict) and isinstance(fields.get("annotations"), list):
        return "label_studio"
    if known == "jsonl" and fields.get("answer") in ("accept", "reject", "ignore") and "_task_hash" in fields:
        return "prodigy"
    marks = ("Comments", "annotation_approver", "entities")
    if known == "jsonl" and any(name in fields for name in marks) and ("label" in fields or "annotations" in fields):
        return "doccano"
    return known


def first_object(text: str) -> dict | None:
    """The object that a text begins with; None: it begins with none, or one that is longer than what was read."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def head(file: Path) -> str:
    """The beginning of a file as text; undecodable bytes are replaced, since nothing is kept of it."""
    with packed.opened(file) as stream:
        return stream.read(PEEK).decode("utf-8", "replace").lstrip("\ufeff")
