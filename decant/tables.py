"""The prepared table and its splits: which columns they have, labels as a matrix.

Columns: id, text (for encoders), linear (the linear model's text), answer (the final class, for reading), then per head
one column (softmax: the label, regression: the number) or one boolean column per label named head.label (sigmoid), then
the slices, group and time, has_url, split, raw (the text before cleaning) and length (characters of the clean text). A head
whose annotators' shares are learnt has them in one more column, a list of numbers in the order of its labels.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from decant import paths
from decant.errors import DataError
from decant.files import read_json
from decant.heads import Head, width


def hashes(values: list[str]) -> np.ndarray:
    """(n,) uint64, the same on every machine and run (SipHash with a fixed key; Python's own hash() is not)."""
    return pd.util.hash_array(np.array(values, dtype=object), categorize=False)


def columns(heads: tuple[Head, ...]) -> list[str]:
    """The label columns of the heads."""
    return [column for head in heads for column in head.columns]


def load(task: str, split: str, heads: tuple[Head, ...]) -> pd.DataFrame:
    """One split, as the split stage wrote it, sorted by id.

    Raises DataError: file missing, other rows than the manifest says, a column missing, or no rows. CacheError: no manifest.
    """
    file = paths.split_file(task, split)
    if not file.exists():
        raise DataError(f"{file}: missing. Run: dvc repro split@{task}")
    refuse_others(task, split)
    frame = pd.read_parquet(file)
    for column in ("id", "text", "linear", *columns(heads)):
        if column not in frame:
            raise DataError(
                f"{file}: no column {column!r}; the heads in params.yaml need it. Run: dvc repro split@{task}"
            )
    if frame.empty:
        raise DataError(f"{file}: no rows")
    return frame


def refuse_others(task: str, split: str) -> None:
    """Raises DataError unless the rows of a split are, in every column, those that the split stage wrote down for it."""
    file, record = paths.split_file(task, split), paths.metrics(task, "manifest")
    given, written = rows_sha256(file), read_json(record)["rows"][split]
    if given != written:
        raise DataError(
            f"{file}: rows with sha256 {given[:12]}…, {record} has {written[:12]}… for {split}; everything learnt or "
            f"measured would be about other rows. Run: dvc repro split@{task}"
        )


def rows_sha256(file: Path) -> str:
    """sha256 of a Parquet table's columns and rows, in their order: of what it says, not of how it is stored."""
    table, total = pq.ParquetFile(file), hashlib.sha256()
    total.update(json.dumps(table.schema_arrow.names, ensure_ascii=False).encode())
    for batch in table.iter_batches():  # 65,536 rows: flat memory for ten million
        for row in zip(*batch.to_pydict().values(), strict=True):
            total.update(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def targets(frame: pd.DataFrame, heads: tuple[Head, ...], file: str = "table") -> np.ndarray:
    """Labels in the form of head outputs, (n, w) float32: one-hot, 0/1 per label, or the number.

    Raises DataError for a label that its head does not have.
    """
    matrix = np.zeros((len(frame), width(heads)), dtype=np.float32)
    for head in heads:
        matrix[:, head.slice] = head.targets(frame, file)
    return matrix
