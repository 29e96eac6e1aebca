"""The text of a raw file: its encoding, its lines, and what to say where its bytes are no text."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from decant.data import packed
from decant.data.bad import STRICT, BadRows
from decant.data.encodings import guess
from decant.errors import DataError

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(file: Path, named: str) -> str:
    """The encoding by the file's byte order mark, or else the one that params name."""
    with packed.opened(file) as stream:
        start = stream.read(4)
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), named)


@contextmanager
def decoded(file: Path, named: str, ends: str | None, bad: BadRows = STRICT) -> Iterator[TextIO]:
    """The file as a stream of text. ends: as `newline` of open(). Where bad rows are left out, an undecodable byte stays as
    half a surrogate pair, by which `BadRows.sifted` knows it.

    Raises DataError, also in the block: not this encoding.
    """
    encoding = encoding_of(file, named)
    errors = "surrogateescape" if bad.drop else "strict"
    try:
        with TextIOWrapper(packed.opened(file), encoding, errors, ends) as stream:
            yield stream
    except UnicodeError as error:  # UTF-16 without its mark raises the general one
        raise undecodable(file, encoding, error) from None
    except LookupError as error:  # rot13 and the like, which turn text into text
        raise DataError(f"{file}: {error}; name another source.encoding in params.yaml") from None


def lines(file: Path, named: str, ends: str, bad: BadRows = STRICT) -> Iterator[str]:
    """Decoded lines with their ends. ends: "" for any line end, or the only one that counts."""
    with decoded(file, named, ends, bad) as stream:
        yield from stream


def undecodable(file: Path, encoding: str, error: UnicodeError) -> DataError:
    """Where the bytes stop making sense, and which encoding they look like; the user decides."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 0
    with packed.opened(file) as stream:
        for piece in stream:
            line += 1
            try:
                decoder.decode(piece)
            except UnicodeError:
                break
    seen = guess([file])
    if kind := packed.disguised(file):
        seems = f"; its first bytes are those of a packed file: rename it to {file.name}{kind}"
    elif encoding_of(file, ""):
        seems = ", though its byte order mark says so; convert the file"
    elif seen.zero:
        seems = "; it holds zero bytes, as UTF-16 without its mark does; save it as UTF-8"
    elif not seen.other:
        seems = "; every line is UTF-8: take source.encoding out"
    elif seen.utf8:
        seems = (
            f"; {seen.utf8} is UTF-8, and source.encoding is one for all lines; save the file as UTF-8, or leave such rows "
            "out with source.bad_rows: drop"
        )
    elif seen.encoding:
        seems = (
            f"; it looks like {seen.encoding} (a line reads {seen.reads!r}), if so set source.encoding: {seen.encoding}; "
            "or convert the file"
        )
    else:
        seems = "; or convert the file"
    return DataError(f"{file}: line {line}: not {encoding} ({error.args[-1] if error.args else error}){seems}")
