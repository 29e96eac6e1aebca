"""Scores of rows, cached with their ids: soft labels, out-of-fold logits, pooled states.

One safetensors file per split. A checksum over ids and numbers, and the digests of what they were computed from, are
in its header: a file that was changed, or that belongs to other rows, is refused instead of trained on.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from decant.errors import CacheError
from decant.files import writing


def save(path: str | Path, ids: list[str], arrays: dict[str, np.ndarray], sources: dict[str, str]) -> None:
    """Write arrays (n, ...) for n rows. sources: what they came from -> its digest."""
    for name, array in arrays.items():
        if len(array) != len(ids):
            raise ValueError(f"{path}: {name} has {len(array)} rows for {len(ids)} ids")
    stored = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    stored["ids"] = np.frombuffer(json.dumps(ids).encode(), dtype=np.uint8)
    # one metadata key: with several, safetensors writes them in the order of a hash map, another one each run
    header = {"decant": json.dumps({"sha256": checksum(stored), "sources": sources}, sort_keys=True)}
    with writing(path) as partial:
        save_file(stored, partial, metadata=header)


def load(path: str | Path, ids: list[str], sources: dict[str, str] | None = None) -> dict[str, np.ndarray]:
    """The arrays for exactly these ids in this order.

    Raises CacheError: missing, unreadable, changed since it was written, for other rows, or from other sources.
    """
    advice = "Run dvc repro, or dvc checkout to restore the file"
    try:
        with safe_open(path, "numpy") as file:
            header = json.loads((file.metadata() or {}).get("decant", "{}"))
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except FileNotFoundError:
        raise CacheError(f"{path}: missing. {advice}") from None
    except (SafetensorError, json.JSONDecodeError) as error:
        raise CacheError(f"{path}: not a score file ({error}). {advice}") from None
    if header.get("sha256") != checksum(stored):
        raise CacheError(f"{path}: its content is not what was written (checksum differs). {advice}")
    row_ids = json.loads(stored.pop("ids").tobytes())
    if row_ids != list(ids):
        differs = next((a for a, b in zip(row_ids, ids, strict=False) if a != b), "the number of rows")
        raise CacheError(
            f"{path}: {len(row_ids)} rows that are not the {len(ids)} asked for (first difference: {differs}). {advice}"
        )
    for name, digest in (sources or {}).items():
        if header["sources"].get(name) != digest:
            raise CacheError(f"{path}: computed from another {name} than the one here. {advice}")
    return stored


def checksum(arrays: dict[str, np.ndarray]) -> str:
    total = hashlib.sha256()
    for name in sorted(arrays):
        total.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        total.update(np.ascontiguousarray(arrays[name]).tobytes())
    return total.hexdigest()
