"""Packed files: gzip and Zstandard streams, and ZIP archives, which are read as if they were folders.

Nothing is unpacked to a folder: a member of an archive is a path below it (`all.zip/train.csv`), and its bytes are read as
a stream. What unpacks to far more than it weighs stops, and so do members whose names lead out of the archive.
"""

import gzip
import io
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pyarrow as pa

from decant.errors import DataError

STREAMS = (".gz", ".zst")
ARCHIVE = ".zip"
REFUSED = {
    ".tar": "a tar",
    ".tgz": "a tar",
    ".tbz2": "a tar",
    ".bz2": "bzip2",
    ".xz": "xz",
    ".7z": "7-Zip",
    ".rar": "RAR",
}
# Text packs 3 to 20 times smaller, and a table of one repeated row about 200 times; a bomb unpacks 1,000 times and more.
RATIO = 300  # unpacked bytes for a packed one
FREE = 100 << 20  # bytes that anything may unpack to
MEMBERS = 200_000  # of an archive: ten times 20 newsgroups
MARKS = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"PK\x03\x04": ".zip"}
BROKEN = (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, pa.ArrowInvalid, OSError, NotImplementedError)


def bare(path: Path) -> Path:
    """The path without the suffixes of gzip and Zstandard at its end."""
    while path.suffix.lower() in STREAMS:
        path = path.with_suffix("")
    return path


def suffix(path: Path) -> str:
    """What says how a file is written, packed or not: its last suffix in small letters."""
    return bare(path).suffix.lower()


def actual(path: Path) -> Path | None:
    """The file of that name as it is there, packed or not."""
    return next((file for kind in ("", *STREAMS) for file in below(path.with_name(path.name + kind))), None)


def below(path: Path) -> list[Path]:
    """Every file at or below a path, by name, archives opened; hidden files are left out. Empty: there is none.

    Raises DataError: an archive that cannot be read, or a form of packing that is not known.
    """
    host, member = parted(path)
    if member:
        return [file for file in contents(host) if file == path or path in file.parents]
    if path.is_dir():
        # .ipynb_checkpoints and .cache hold copies and notes, no tables
        found = [file for file in path.rglob("*") if file.is_file() and not hides(file.relative_to(path))]
    else:
        found = [path] if path.exists() else []
    for file in found:
        if kind := REFUSED.get(file.suffix.lower()):
            raise DataError(f"{file}: {kind} archive, which is not read; unpack it there, or pack it as ZIP or gzip")
    opened = (contents(file) if file.suffix.lower() == ARCHIVE else [file] for file in sorted(found))
    return [file for files in opened for file in files]


def hides(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def parted(path: Path) -> tuple[Path, str]:
    """(archive, name inside it) of a member; (path, "") of a file of its own."""
    for host in [*reversed(path.parents)]:
        if host.suffix.lower() == ARCHIVE and host.is_file():
            return host, path.relative_to(host).as_posix()
    return path, ""


def contents(archive: Path) -> list[Path]:
    """The members of an archive that are no folders, by name."""
    return sorted(archive / name for name in members(archive)[1])


def members(archive: Path) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """Raises DataError: no ZIP, or a member that cannot be read or leads elsewhere."""
    facts = archive.stat()
    return _members(archive, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=8)  # 20,000 members would each read the list of all of them
def _members(archive: Path, _changed: int, _size: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{archive}: no ZIP archive: {error}. Fetch it again, or unpack it there") from None
    found: dict[str, zipfile.ZipInfo] = {}
    for info in opened.infolist():
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or name.parts[0] == "__MACOSX" or name.name.startswith("."):
            continue
        place = f"{archive}: member {info.filename!r}"
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise DataError(f"{place} leads out of the archive; pack it anew from inside its folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"{place} is a link; pack the file itself")
        if info.flag_bits & 1:
            raise DataError(f"{place} is encrypted; unpack the archive with its password")
        if name.suffix.lower() in (ARCHIVE, *REFUSED):
            raise DataError(f"{place} is an archive in an archive; unpack the outer one")
        if str(name) in found:
            raise DataError(f"{place} is there twice; its rows would count twice")
        found[str(name)] = info
    if len(found) > MEMBERS:
        raise DataError(f"{archive}: {len(found):,} members, at most {MEMBERS:,} are read; unpack it")
    return opened, found


class Unpacked(io.RawIOBase):
    """The bytes of a packed file, counted while they are read. Raises DataError: broken, or a bomb."""

    def __init__(self, path: Path, stream: BinaryIO, packed: int, sources: list):
        self.path, self.stream, self.sources = path, stream, sources
        self.limit, self.read_so_far = max(FREE, RATIO * packed), 0
        self.packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:
            piece = self.stream.read(len(buffer))
        except BROKEN as error:
            raise DataError(
                f"{self.path}: breaks off or is damaged behind {self.read_so_far:,} unpacked bytes: {error}. Fetch it again"
            ) from None
        self.read_so_far += len(piece)
        if self.read_so_far > self.limit:
            raise DataError(
                f"{self.path}: {self.packed:,} bytes unpack to more than {self.limit:,}, as those of a bomb do. If that is "
                "right, unpack it by hand"
            )
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        for source in self.sources:
            source.close()
        super().close()


def opened(path: Path) -> BinaryIO:
    """The unpacked bytes of a file or of a member of an archive.

    Raises DataError, also while it is read: damaged, or unpacks to far more than it weighs.
    """
    host, member = parted(path)
    kinds = [kind.lower() for kind in path.suffixes]
    if not member and kinds[-1:] not in [[kind] for kind in STREAMS]:
        return path.open("rb")
    if member:
        archive, found = members(host)
        if member not in found:
            raise DataError(f"{path}: {host} has no such member; it holds {', '.join(list(found)[:10])}")
        packed = found[member].compress_size
        try:
            stream = archive.open(found[member])
        except BROKEN as error:
            raise DataError(f"{path}: cannot be unpacked: {error}. Fetch the archive again, or unpack it") from None
    else:
        packed, stream = path.stat().st_size, path.open("rb")
    sources = [stream]
    while kinds and kinds[-1] in STREAMS:
        zipped = kinds.pop() == ".gz"
        stream = (
            gzip.GzipFile(fileobj=stream) if zipped else pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd")
        )
        sources.insert(0, stream)
    return io.BufferedReader(Unpacked(path, stream, packed, sources), 1 << 16)


@contextmanager
def seekable(path: Path) -> Iterator[Path]:
    """A file that can be read from any place: itself, or an unpacked copy that is gone afterwards."""
    if not parted(path)[1] and path.suffix.lower() not in STREAMS:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"unpacked{suffix(path)}"
        with opened(path) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        yield copy


def disguised(path: Path) -> str | None:
    """The suffix that a file lacks whose first bytes are those of a packed one."""
    with opened(path) as stream:
        start = stream.read(4)
    return next((kind for mark, kind in MARKS.items() if start.startswith(mark)), None)
