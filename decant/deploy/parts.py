"""What a run over a table has scored so far, beside its output: the run after a kill goes on from there.

A part is the answers to some rows, as numbers; the rows stay where they are. The folder is named by a digest of all that an
answer depends on, so that the parts of another table, bundle or column are never taken for one's own.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from decant.errors import InputError


class Parts:
    """A folder of numbered arrays."""

    def __init__(self, folder: Path, width: int):
        self.folder, self.width = folder, width

    def file(self, number: int) -> Path:
        return self.folder / f"{number:09}.npy"

    def save(self, number: int, answers: np.ndarray) -> None:
        """Whole or not at all: a kill in the middle leaves another name."""
        partial = self.folder / "partial.npy"
        np.save(partial, answers, allow_pickle=False)
        os.replace(partial, self.file(number))

    def load(self, number: int, rows: int) -> np.ndarray | None:
        """(rows, width), or null: not there, or cut off where a machine lost power."""
        try:
            answers = np.load(self.file(number), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return answers if answers.shape == (rows, self.width) else None


@contextmanager
def parts(out: Path, depends: dict, width: int) -> Iterator[Parts]:
    """The parts of one run, for this process alone; they go when the block ends without an error.

    depends: all that the answers depend on. width: numbers per row.

    Raises InputError: another process writes the same output.
    """
    key = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:12]
    folder = out.with_name(f".{out.name}.{key}.parts")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield Parts(folder, width)
            shutil.rmtree(folder)
    except Timeout:
        raise InputError(f"{out}: another process is scoring this table; wait for it, or name another --out") from None
