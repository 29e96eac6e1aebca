"""A table from outside: where its files are, which encoding they have, and their copy in data/raw/<task>."""

import os
import shlex
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path

from decant.data import packed, rawfiles
from decant.data.encodings import guess
from decant.data.shapes import recognise
from decant.data.textlines import encoding_of
from decant.errors import DataError
from decant.files import digest, writing
from decant.new.call import Call

LISTED = 10  # files of a folder that an error names
TEXTS = ("csv", "tsv", "jsonl", "trec", "fasttext", "lines", "folders")  # formats of lines, in whatever encoding
POINTER = b"version https://git-lfs.github.com/spec/"
WIDE = 0.2  # share of zero bytes from which a file looks like UTF-16: half of it, where it holds nothing but ASCII


def where(call: Call, raw: Path) -> tuple[Path, list[str], Path | None]:
    """(folder, names in it, target): where the raw files are now, and where they have to go, null if they are there.

    Raises DataError: missing, a folder around `raw` itself, JSON Lines called .json, or other bytes at the target.
    """
    file = call.file
    if not file.exists():
        raise DataError(missing(call))
    full, base = Path(os.path.abspath(file)), Path(os.path.abspath(raw))  # a link keeps its own name
    other = call.again(file=Path("FOLDER"))
    if base.is_relative_to(full) and full != base:
        raise DataError(f"{file}: holds {raw}, where the raw files go; name the folder of the tables alone: {other}")
    for path in visible(file):
        if first(path, len(POINTER)) == POINTER:
            raise DataError(
                f"{path}: a pointer of Git LFS, and not the file. In its repository run: git lfs pull && {call.again()}"
            )
        if path.suffix.lower() == ".json" and recognise(path) == "jsonl":
            renamed = path.with_suffix(".jsonl")
            again = call.again(file=renamed if path == file else None)
            raise DataError(
                f"{path}: its first line is an object of its own, so this seems to be JSON Lines; rename it: mv "
                f"{shlex.quote(str(path))} {shlex.quote(str(renamed))} && {again}"
            )
    if full == base:
        return raw, sorted(path.name for path in raw.iterdir() if not path.name.startswith(".")), None
    if full.is_relative_to(base):
        return raw, [full.relative_to(base).as_posix()], None
    target = raw / full.name
    if target.exists() and contents(target) != contents(full):
        if call.url:
            taken = shlex.join(["rm", str(target), str(target.with_suffix(".json"))])
            raise DataError(
                f"{target}: is there already, with other rows of this query. Take it away: {taken} && {call.again()}"
            )
        raise DataError(
            f"{target}: is there already, with other bytes than {file}. To use what is there: {call.again(file=target)}; else "
            f"rename {file}, or take the other away"
        )
    folder = file.parent if file.name == full.name else full.parent
    return folder, [full.name], None if target.exists() else target


def missing(call: Call) -> str:
    """What is there instead of a file that is not."""
    file, other = call.file, call.again(file=Path("FILE"))
    if not file.parent.is_dir():
        return f"{file}: missing, and so is the folder {file.parent}; name a file that is there: {other}"
    if file.is_symlink():
        return f"{file}: a link to {os.readlink(file)}, which is missing; name a file that is there: {other}"
    tables = (path for path in file.parent.iterdir() if path.suffix.lower() in rawfiles.FORMATS and path.exists())
    there = sorted(path.name for path in tables)
    near = get_close_matches(file.name, there, n=1)
    if not there:
        return f"{file}: missing, and {file.parent} holds no table ({', '.join(rawfiles.FORMATS)}); name the folder of yours: {other}"
    more = f" and {len(there) - LISTED} more" if len(there) > LISTED else ""
    meant = f"; did you mean {near[0]}?" if near else "."
    found = f"{file}: missing{meant} Tables in {file.parent}: {', '.join(there[:LISTED])}{more}"
    return f"{found}. Run: {call.again(file=file.parent / (near or there)[0])}"


def first(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(size)


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


def encoding(formats: dict[Path, str], call: Call, say: Callable[[str], None]) -> str | None:
    """What source.encoding has to be; null: UTF-8, or each file's mark says it. formats: path -> format.

    Raises DataError: nothing fits, the files have several encodings, or a zero byte.
    """
    if call.choices.encoding:
        return call.choices.encoding
    plain = [file for path, form in formats.items() if form in TEXTS for file in packed.below(path)]
    plain = [path for path in plain if not encoding_of(path, "")]
    seen = guess(plain)
    if seen.zero:
        raise DataError(zeros(seen.zero, plain, call))
    if not seen.other:
        return None
    if seen.utf8 and call.choices.bad_rows:
        return None
    if seen.utf8:
        raise DataError(
            f"{seen.other} is not UTF-8, but {seen.utf8} is; one encoding is for all lines and files. Save them as UTF-8, or "
            f"leave such rows out: {call.again('--bad-rows', 'drop')}"
        )
    if seen.encoding is None:
        raise DataError(
            f"{seen.other}: not UTF-8, and nothing says what it is; save it as UTF-8, or name it: "
            f"{call.again('--encoding', 'NAME')}"
        )
    say(
        f"encoding: {seen.encoding} (a guess: {seen.other} is not UTF-8). Name another with --encoding if this reads wrong:\n"
        f"  {seen.reads}"
    )
    return seen.encoding


def zeros(place: str, files: list[Path], call: Call) -> str:
    """What to do about zero bytes: half of the bytes of UTF-16, and a slip anywhere else."""
    file = next(path for path in files if place.startswith(f"{path}: "))
    even, odd, size = 0, 0, 0
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):  # an even number of bytes
            even, odd, size = even + piece[::2].count(0), odd + piece[1::2].count(0), size + len(piece)
    if even + odd >= WIDE * size:
        name = "utf-16-be" if even > odd else "utf-16-le"
        return f"{place}: holds a zero byte, as UTF-16 without its mark does. Run: {call.again('--encoding', name)}"
    clean = file.with_name(f"{file.stem}_clean{file.suffix}")
    count = f"{even + odd:,} zero byte{'' if even + odd == 1 else 's'} in {size:,}"
    return (
        f"{place}: holds a zero byte, which no text has ({count}: no UTF-16, rather a slip of what wrote the file). Leave "
        f"{'it' if even + odd == 1 else 'them'} out: tr -d '\\000' < {shlex.quote(str(file))} > {shlex.quote(str(clean))} && "
        f"{call.again(file=clean)}"
    )
