"""What a row says beside text and label: the first value among some columns, as text or as a time."""

import re

import pandas as pd

from decant.data.batch import Batch, Lines
from decant.errors import DataError
from decant.settings.source import Slice


def values(batch: Batch, entry: Slice, key: str) -> list[str]:
    """The first value among the columns, empty where there is none."""
    columns = [batch.columns[name] for name in entry.columns if name in batch.columns]
    if not columns and not isinstance(batch, Lines):  # a field that no object of a batch has may come later
        raise DataError(
            f"{batch.file}: no column of {entry.columns}; columns are {', '.join(batch.names)}. Mend source.{key} in params.yaml"
        )
    result = []
    for row in range(len(batch)):
        value = ""
        for column in columns:
            cell = column[row]
            if cell is None or cell != cell or not str(cell).strip():  # a gap in Parquet is not a number, unlike itself
                continue
            match = re.search(entry.pattern, str(cell)) if entry.pattern else None
            if match or not entry.pattern:
                value = (match[1] or "") if match else str(cell)
                break
        result.append(value)
    return result


def times(batch: Batch, entry: Slice) -> pd.Series:
    """UTC times; a text without a zone counts as UTC. Raises DataError for what is no time.

    Numbers are seconds from 1973 to 2286 (9 or 10 digits): 2024 is a year, and 13 digits are milliseconds.
    """
    cells = pd.Series(values(batch, entry, "time"), dtype=object)
    seconds = pd.to_numeric(cells, errors="coerce")
    parsed = pd.to_datetime(cells.where(seconds.isna()), utc=True, format="ISO8601", errors="coerce")
    plausible = seconds.where((seconds >= 1e8) & (seconds < 1e10))
    parsed = parsed.fillna(pd.to_datetime(plausible, unit="s", utc=True, errors="coerce"))
    if parsed.isna().any():
        row = int(parsed.isna().argmax())
        raise DataError(
            f"{batch.place(row)}: {cells[row]!r} in {entry.columns} is no time; expected ISO 8601 or seconds since 1970"
        )
    return parsed.dt.as_unit("us")  # what the table stores; a text may hold nanoseconds
