"""Frozen test sets: which rows were ever test, by id and by text, so that no later split trains on them.

`python -m decant freeze` writes frozen/<task>/<sha256 of the test ids>.json when a benchmark is published; git keeps
it. The file holds hashes, not texts. A row is recognised by its text even under another id.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from decant import paths
from decant.data.manifest import digest_of
from decant.errors import DataError
from decant.files import write_json
from decant.text import normal_form


def fingerprint(value: str) -> str:
    """64 bits of a sha256: a chance of 3 in a million that two of ten million rows share one."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def freeze(task: str, ids: list[str], texts: list[str], numbered: bool) -> Path:
    """Write the manifest of a test split and return its path. numbered: ids are row numbers, which say nothing later."""
    name = digest_of(sorted(ids))[:12]
    path = paths.frozen(task) / f"{name}.json"
    content = {
        "task": task,
        "split": "test",
        "n": len(ids),
        "ids": [] if numbered else sorted(fingerprint(row_id) for row_id in ids),
        "texts": sorted({fingerprint(normal_form(text)) for text in texts}),
    }
    write_json(path, content)
    return path


def recognised(
    task: str, ids: list[str], forms: list[str], codes: np.ndarray, released: list[str], raw: list[str] | None = None
) -> tuple[np.ndarray, int]:
    """(n,) rows that a frozen manifest of the task names, by id or by text, and how many rows of a manifest are not among
    them. forms[codes]: normal forms of the texts; raw: the texts before cleaning, by which a row is known even after other
    cleaning. Released manifests count for nothing.

    Raises DataError: a manifest that cannot be read, or a released one that is not there.
    """
    was_test, gone, known = np.zeros(len(ids), dtype=bool), 0, set()
    marks: list[np.ndarray] = []
    for file in sorted(paths.frozen(task).glob("*.json")):
        stored = file.read_bytes()
        known.add(sha256 := hashlib.sha256(stored).hexdigest())
        if sha256 in released:
            continue
        try:
            content = json.loads(stored)
            count, old_ids, old_texts = int(content["n"]), set(content["ids"]), set(content["texts"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file}: no frozen manifest ({error}); restore it with git checkout") from None
        if not marks:  # hashed once, whatever the number of manifests
            marks = [
                np.array([fingerprint(form) for form in forms])[codes],
                np.array([fingerprint(row_id) for row_id in ids]),
            ]
            marks += [np.array([fingerprint(normal_form(text)) for text in raw])] if raw is not None else []
        sets = (old_texts, old_ids, old_texts)
        mine = np.any([np.isin(mark, list(old)) for mark, old in zip(marks, sets, strict=False)], axis=0)
        was_test |= mine
        gone = max(gone, count - int(mine.sum()))
    for name in released:
        if name not in known:
            raise DataError(f"{paths.frozen(task)}: no manifest has the sha256 {name} of {task}.split.released")
    return was_test, gone
