"""Rows that no model may learn from: fingerprints of valid, calib and test, and of every test set that was ever frozen.

split writes them to data/<task>/held_out.parquet, without any text, so that whoever brings in more text (unlabelled rows,
another task's rows) can be compared with them while test.parquet stays closed.
"""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from decant import paths
from decant.data.frozen import fingerprint
from decant.errors import DataError
from decant.files import digest, writing
from decant.text import normal_form

COLUMNS = ("id", "text", "raw")


@dataclass(frozen=True)
class HeldOut:
    """Fingerprints of ids, of the normal forms of clean texts, and of those of the texts before cleaning."""

    ids: frozenset[str]
    texts: frozenset[str]
    raws: frozenset[str]

    def holds(self, texts: list[str]) -> np.ndarray:
        """(n,) texts that a held-out row has too, clean or before cleaning: another cleaning hides nobody."""
        prints = [fingerprint(normal_form(text)) for text in texts]
        return np.array([mark in self.texts or mark in self.raws for mark in prints], dtype=bool)

    def check(self, ids: list[str], texts: list[str], what: str) -> None:
        """Raises DataError if one of the rows is held out, by its id or by its clean text. what: who would learn it."""
        by_id = [row_id for row_id in ids if fingerprint(row_id) in self.ids]
        by_text = [
            row_id for row_id, text in zip(ids, texts, strict=True) if fingerprint(normal_form(text)) in self.texts
        ]
        if by_id or by_text:
            raise DataError(
                f"{what}: {len(by_id)} rows have the id and {len(by_text)} the text of a row of valid, calib or test, e.g. "
                f"{(by_id or by_text)[:3]}; nothing may learn from those. Set split.leaks to drop, or switch this off"
            )


def write(task: str, rows: pa.Table, released: list[str]) -> None:
    """rows: id, text, and raw if there is one, of valid, calib and test. released: sha256 of frozen manifests that count
    no more. The order of the rows is not kept."""
    prints = {"id": {fingerprint(row_id) for row_id in rows["id"].to_pylist()}}
    for name in ("text", "raw"):
        texts = rows[name].to_pylist() if name in rows.column_names else []
        prints[name] = {fingerprint(normal_form(text)) for text in texts}
    for file in sorted(paths.frozen(task).glob("*.json")):
        if digest(file) not in released:
            content = json.loads(file.read_text(encoding="utf-8"))
            prints["id"] |= set(content["ids"])
            prints["text"] |= set(content["texts"])
    kinds = [name for name in COLUMNS for _ in prints[name]]
    values = [mark for name in COLUMNS for mark in sorted(prints[name])]
    with writing(paths.held_out(task)) as partial:
        pq.write_table(pa.table({"kind": kinds, "fingerprint": values}), partial)


def read(task: str) -> HeldOut:
    """Raises DataError if split has not written it."""
    if not paths.held_out(task).exists():
        raise DataError(f"{paths.held_out(task)}: missing. Run: dvc repro split@{task}")
    table = pq.read_table(paths.held_out(task))
    kinds, values = table["kind"].to_numpy(zero_copy_only=False), table["fingerprint"].to_numpy(zero_copy_only=False)
    return HeldOut(*(frozenset(values[kinds == name]) for name in COLUMNS))
