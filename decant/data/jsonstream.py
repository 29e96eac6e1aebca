"""JSON in one piece, an array of rows or an object of such arrays, read as a stream."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import ijson

from decant.data.bad import STRICT, BadRows
from decant.data.objects import Row, fields, whole
from decant.data.textlines import decoded, lines
from decant.errors import DataError

PAIR = ["text", "label"]  # columns of rows that are lists of two
SPLIT = "split"  # column with the key of an object of arrays
MANY = 1000  # fields of one object: a table by columns would be one object of as many fields as it has rows


class Bytes:
    """A stream of text as the bytes of UTF-8, which is what the parser reads."""

    def __init__(self, text: TextIO):
        self.text = text

    def read(self, size: int) -> bytes:
        return self.text.read(size).encode("utf-8", "surrogatepass")


def json_rows(file: Path, encoding: str, header: list[str] | None, bad: BadRows = STRICT) -> Iterator[Row]:
    """The rows of one array, or of an object of arrays, one at a time. Raises DataError: JSON of another shape."""
    with decoded(file, encoding, "", bad) as text:
        events = ijson.basic_parse(Bytes(text))  # its option use_float would refuse whole numbers of more than 64 bits
        number = 0
        try:
            for split, row in nested(events):
                number += 1
                fit = named(row, split, header)
                if whole(f"{file}: row {number}", fit, bad):
                    yield number, fit
            for _ in events:  # the parser tells of anything behind the end
                pass
        except ijson.JSONError as error:
            after = f"behind row {number}" if number else "from its start"
            said = " ".join(str(error).split())[:120]
            hint = lines_hint(file, encoding) or "Write it anew, or as JSON Lines, where one bad line can be left out"
            raise DataError(f"{file}: not JSON {after}: {said}. {hint}") from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}: row {max(number, 1)}: {error}") from None


def nested(events: Iterator[tuple[str, object]]) -> Iterator[tuple[str | None, object]]:
    """(key of the array, row) of every row."""
    event, _ = next(events)
    if event == "start_array":
        for event, value in events:
            if event == "end_array":
                return
            yield None, built(event, value, events)
    if event != "start_map":
        raise ValueError(f"found {event}, expected an array of objects")
    for event, key in events:
        if event == "end_map":
            return
        event, value = next(events)
        if event == "start_map":
            raise ValueError(
                f"{key!r} holds an object, expected an array of rows: a table by columns or by keys; write its rows as one "
                'array ([{"text": ..., "label": ...}, ...]; in pandas to_json(orient="records"))'
            )
        if event == "start_array":  # anything else beside the rows is a note about them
            for event, value in events:
                if event == "end_array":
                    break
                yield key, built(event, value, events)


def built(event: str, value: object, events: Iterator[tuple[str, object]]) -> object:
    """The value that begins with this event."""
    if event == "start_array":
        found = []
        for event, value in events:
            if event == "end_array":
                return found
            found.append(built(event, value, events))
    if event == "start_map":
        pairs = []
        for event, key in events:
            if event == "end_map":
                return fields(pairs)
            if len(pairs) == MANY:
                raise ValueError(f"an object of more than {MANY} fields: a table by columns; write one object a row")
            pairs.append((key, built(*next(events), events)))
    return float(value) if isinstance(value, Decimal) else value  # as Python's json reads them


def named(row: object, split: str | None, header: list[str] | None) -> dict:
    """A row as an object. Raises ValueError: it is none, or its cells have no names."""
    if isinstance(row, list):
        names = header or PAIR
        if len(names) != len(row):
            said = (
                "source.header in params.yaml names"
                if header
                else "name them with source.header in params.yaml; unnamed are"
            )
            raise ValueError(f"a list of {len(row)}, {said} {len(names)}")
        row = dict(zip(names, row, strict=True))
    if not isinstance(row, dict):
        where = f" below {split!r}" if split is not None else ""
        raise ValueError(
            f"found {row!r:.80}{where}, expected an object or a list; a table by columns has to be written by rows"
        )
    if split is None:
        return row
    if SPLIT in row:
        raise ValueError(f"a field {SPLIT!r} beside the key {split!r} of its array; rename the field")
    return {SPLIT: split, **row}


def lines_hint(file: Path, encoding: str) -> str | None:
    """What to do if the file is JSON Lines in truth."""
    first = next(lines(file, encoding, "\n"), "")
    try:
        alone = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return None
    return "Its first line is an object of its own: set source.format: jsonl" if alone else None
