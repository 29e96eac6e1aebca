"""Rows that are objects with named fields, and JSON Lines, where each is a line."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from decant.data.bad import STRICT, BadRows
from decant.data.batch import Lines
from decant.data.textlines import lines
from decant.errors import DataError
from decant.shipped.texts import HALF_PAIR

Row = tuple[int, dict]  # number in the file, fields
Turn = Callable[[dict], dict]  # raises ValueError with what is wrong with an object


def json_lines(file: Path, encoding: str, bad: BadRows = STRICT) -> Iterator[Row]:
    # lines end at "\n" alone: JSON strings may hold other line separators (U+2028) unescaped
    for number, line in enumerate(lines(file, encoding, "\n", bad), start=1):
        if not line.strip():
            continue
        place = f"{file}: row {number}"
        try:
            row = json.loads(line, object_pairs_hook=fields)
        except (ValueError, RecursionError) as error:
            bad.met("not_json", f"{place}: not JSON: {error}")
            continue
        if not isinstance(row, dict):
            bad.met(
                "no_object",
                f'{place}: found {type(row).__name__}, expected an object with named fields, as {{"text": ..., "label": ...}}',
            )
            continue
        if whole(place, row, bad):
            yield number, row


def whole(place: str, row: dict, bad: BadRows) -> bool:
    """Whether every text of an object can be stored; if not, the row is a bad one."""
    for name, value in row.items():
        if isinstance(value, str) and HALF_PAIR.search(value):
            what = f"{value!r} in {name!r} holds half a surrogate pair; no file can store it"
            bad.met("half_surrogate", f"{place}: {what}")
            return False
    return True


def fields(pairs: list[tuple[str, object]]) -> dict:
    row = dict(pairs)
    if len(row) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"field {twice!r} twice")
    return row


def to_batches(
    file: Path, rows: Iterator[Row], size: int, turn: Turn | None = None, bad: BadRows = STRICT
) -> Iterator[Lines]:
    """size: of a batch, in rows. turn: from an object of the file to a row of the table."""
    turned = turned_rows(file, rows, turn, bad) if turn else rows
    while part := list(islice(turned, size)):
        numbers, objects = map(list, zip(*part, strict=True))
        names = dict.fromkeys(name for row in objects for name in row)
        if not names:
            raise DataError(f"{file}: row {numbers[0]}: an object without fields")
        yield Lines(file, numbers[0], {name: [row.get(name) for row in objects] for name in names}, numbers)


def turned_rows(file: Path, rows: Iterator[Row], turn: Turn, bad: BadRows) -> Iterator[Row]:
    for number, row in rows:
        try:
            yield number, turn(row)
        except ValueError as error:
            bad.met("unfit", f"{file}: row {number}: {error}")
