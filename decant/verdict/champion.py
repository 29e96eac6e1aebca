"""The champion: what the released classifier answered on its test rows, so that the next one can be compared with it.

`promote` writes champions/<task>.json, which git keeps: hashes of the rows and the answers, no texts.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from decant import paths
from decant.data.answered import among
from decant.data.frozen import fingerprint
from decant.errors import CacheError, DataError
from decant.files import read_json, write_json
from decant.shipping import shipped


def crown(task: str, model_md5: str) -> Path:
    """Write down the answers of the classifier that is being released. Raises CacheError: no predictions."""
    file = paths.predictions(task)
    if not file.exists():
        raise CacheError(f"{file}: missing. Run: dvc pull {file}, or dvc repro evaluate@{task}")
    ours = shipped(read_json(paths.metrics(task, "test")))
    rows = pd.read_parquet(file, columns=["id", "text", ours])
    answers = dict(sorted(zip(marks(rows), rows[ours], strict=True)))
    target = paths.champion(task)
    write_json(target, {"task": task, "model_md5": model_md5, "n": len(rows), "answers": answers})
    return target


def answers(task: str, frame: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """The champion's answers on those of our test rows that it has answered: (m,) row numbers and (m, k) over the classes.

    None if nothing was released yet, or if it has answered none of these rows. frame: the test rows, with id and text.

    Raises DataError: the champion answers with a class that this task no longer has.
    """
    file = paths.champion(task)
    if not file.exists():
        return None
    given = read_json(file)["answers"]
    classes = set(names)
    known = [(row, among(given[mark], classes)) for row, mark in enumerate(marks(frame)) if mark in given]
    if other := {label for _, labels in known for label in labels} - classes:
        raise DataError(
            f"{file}: the champion answers {sorted(other)[0]!r}, which is no class of {task} any more ({', '.join(names)}); "
            f"it cannot be compared. Take {file} out of git"
        )
    if not known:
        return None
    chosen = np.array([[name in labels for name in names] for _, labels in known])
    return np.array([row for row, _ in known]), chosen


def marks(frame: pd.DataFrame) -> list[str]:
    """A row's name: 64 bits of a sha256 of its id and text."""
    return [fingerprint(f"{row}\0{text}") for row, text in zip(frame["id"], frame["text"], strict=True)]
