"""A table from outside: where its files are, how they are written, and their copy in data/raw/<task>.

Nothing about a file is guessed without being said: another encoding than UTF-8, another mark between cells than a comma.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from charset_normalizer import from_bytes

from decant import rawfiles
from decant.errors import DataError
from decant.files import digest, writing

MARKS = ",;\t|"  # between cells
FIRST = 100  # rows that show the mark
SAMPLE = 1 << 18  # bytes that show the encoding


def where(file: Path, raw: Path) -> tuple[Path, list[str], Path | None]:
    """(folder, names in it, target): where the raw files are now, and where they have to go, null if they are there.

    Raises DataError: missing, a folder around `raw` itself, or other bytes at the target.
    """
    if not file.exists():
        raise DataError(f"{file}: missing; name a table ({', '.join(rawfiles.FORMATS)}) or a folder of tables")
    full, base = Path(os.path.abspath(file)), Path(os.path.abspath(raw))  # a link keeps its own name
    if full == base:
        return raw, sorted(one.name for one in raw.iterdir() if not one.name.startswith(".")), None
    if full.is_relative_to(base):
        return raw, [full.relative_to(base).as_posix()], None
    if base.is_relative_to(full):
        raise DataError(f"{file}: holds {raw}, where the raw files go; name the folder of the tables alone")
    target = raw / full.name
    if target.exists() and contents(target) != contents(full):
        raise DataError(f"{target}: is there already, with other bytes than {file}; rename one of them")
    folder = file.parent if file.name == full.name else full.parent
    return folder, [full.name], None if target.exists() else target


def visible(path: Path) -> list[Path]:
    """The file itself, or the files of a folder that are not hidden: those that `decant.rawfiles.files` reads."""
    inside = (one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
    return sorted(inside) if path.is_dir() else [path]


def contents(path: Path) -> dict[Path, str]:
    return {one.relative_to(path): digest(one) for one in visible(path)}


def copy(source: Path, target: Path, undo: ExitStack) -> None:
    """Copy a file, or the visible files of a folder; `undo` removes them again, and the folders made for them."""
    first = next(one for one in reversed([target, *target.parents]) if not one.exists())
    undo.callback(lambda: shutil.rmtree(first) if first.is_dir() else first.unlink(missing_ok=True))
    with writing(target) as partial:
        for one in visible(source):
            place = partial / one.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(one, place)


def encoding(found: dict[Path, str], say: Callable[[str], None]) -> str | None:
    """What source.encoding has to be; null: UTF-8, or each file's mark says it. found: path -> format.

    Raises DataError: nothing fits, or the files have several encodings.
    """
    plain, odd, sample = None, None, []
    for path in (path for path, form in found.items() if form in ("csv", "tsv", "jsonl")):
        if rawfiles.encoding_of(path, ""):
            continue
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if b"\0" in line:
                    raise DataError(
                        f"{path}: line {number}: holds a zero byte, as UTF-16 without its mark does; save it as UTF-8"
                    )
                if is_utf8(line):
                    plain = plain or (None if line.isascii() else f"{path}: line {number}")
                    continue
                odd = odd or f"{path}: line {number}"
                if sum(map(len, sample)) < SAMPLE:
                    sample.append(line)
    if odd is None:
        return None
    if plain:
        raise DataError(
            f"{odd} is not UTF-8, but {plain} is; source.encoding is one for all lines and files. Save them as UTF-8"
        )
    guess = from_bytes(b"".join(sample)).best()
    if guess is None:
        raise DataError(f"{odd}: not UTF-8, and nothing says what it is; save it as UTF-8, or name it with --encoding")
    # of several that read the sample alike, the one that most files of Western Europe have
    chosen = "cp1252" if "cp1252" in guess.could_be_from_charset else guess.encoding
    line = max(sample, key=len).decode(chosen, errors="replace").strip()
    say(
        f"encoding: {chosen} (a guess: {odd} is not UTF-8. With it a line reads {line[:80]!r}; --encoding names another)"
    )
    return chosen


def is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def delimiter(found: dict[Path, str], named: str, say: Callable[[str], None]) -> str | None:
    """What source.delimiter has to be; null: a comma. named: the encoding.

    Raises DataError: two marks fit a file equally well, or the files have several.
    """
    marks = {path: mark(path, named) for path, form in found.items() if form == "csv"}
    if len(set(marks.values())) > 1:
        each = ", ".join(f"{path} {one!r}" for path, one in marks.items())
        raise DataError(f"cells are separated in several ways ({each}); save the files in one")
    chosen = next(iter(marks.values()), ",")
    if chosen == ",":
        return None
    say(f"delimiter: {chosen!r} (it cuts header and rows into equally many cells)")
    return chosen


def mark(file: Path, named: str) -> str:
    """The mark that cuts the header and the first rows into equally many cells, and the header alone if none does."""
    widths = {one: cells(file, named, one) for one in MARKS}
    fits = {one: found[0] for one, found in widths.items() if found and set(found) == {found[0]} != {1}}
    fits = fits or {one: found[0] for one, found in widths.items() if found and found[0] > 1}
    best = [one for one, width in fits.items() if width == max(fits.values())]
    if len(best) > 1:
        raise DataError(
            f"{file}: cells could be separated by {' or by '.join(map(repr, best))}; save it with another mark, e.g. a tab"
        )
    return best[0] if best else ","


def cells(file: Path, named: str, one: str) -> list[int]:
    """Cells of each of the first rows; none if the rows cannot be read with this mark."""
    try:
        return [len(row) for row in islice(rawfiles.csv_rows(file, named, one, True), FIRST)]
    except DataError:  # quotes in the wrong places: another mark may fit, and reading the table will tell
        return []
