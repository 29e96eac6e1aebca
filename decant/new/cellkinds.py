"""A cell of a raw table as something to count, and everything that it could be taken for."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from decant.data.labels import FALSE, TRUE, number, whole
from decant.errors import DataError
from decant.new.votes import Votes, votes


class Nested(str):
    """An object, or a list that holds more than words and numbers, as it is shown."""

    __slots__ = ()


def plain(cell: object) -> object:
    """A cell as something to count: lists as tuples, None for an empty one. True is no 1, as it is to Python."""
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, list):
        items = [str(item) if isinstance(item, bool) else item for item in cell]
        flat = all(isinstance(item, str | int | float) for item in items)
        return tuple(items) if flat else votes(cell) or Nested(cell)
    return Nested(cell) if isinstance(cell, dict) else str(cell) if isinstance(cell, bool) else whole(cell)


def kinds(value: object) -> Iterable[str]:
    """Everything that a value could be taken for."""
    if isinstance(value, tuple):
        return ("list",)
    if isinstance(value, Votes):
        return ("votes",)
    if isinstance(value, Nested):
        return ("nested",)
    text, fits = str(value).strip(), []
    if isinstance(value, str | int) and not isinstance(value, bool):
        fits.append("key")
    if isinstance(value, str):
        fits.append("string")
        fits += ["prose"] if re.search(r"\s", text) or not text.isascii() else []  # neither a link nor a code
        fits += ["bracketed"] if text[0] + text[-1] in ("[]", "{}", "()") else []
        fits += ["comma"] if re.fullmatch(r"-?\d+(,\d+)?", text) else []
    if len(text) > 40:
        return fits
    if text.lower() in TRUE | FALSE | {"1.0", "0.0"}:
        fits.append("boolean")
    with suppress(DataError):
        number("", value)
        fits += ["number", "whole"] if re.fullmatch(r"[+-]?\d+", text) else ["number"]
        # 1973 to 2286, as decant.data.rows reads them
        fits += ["seconds"] if re.fullmatch(r"[1-9]\d{8,9}", text) else []
        fits += ["milliseconds"] if re.fullmatch(r"[1-9]\d{11,12}", text) else []
    if re.match(r"\d{4}-\d\d-\d\d", text):
        with suppress(ValueError):
            datetime.fromisoformat(text)
            fits.append("time")
    return fits
