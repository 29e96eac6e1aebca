"""The answers of a revision, row by row: predictions.parquet by the md5 that its dvc.lock has."""

from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid

from decant import paths
from decant.data.answered import among
from decant.errors import CacheError, RevisionError
from decant.files import digest
from decant.review.revision import Revision
from decant.review.store import Store
from decant.scoring.tested import CHANCES

SCORE = "score_"
GIVEN = (
    "id",
    "text",
    "answer",
)  # of every row; a column more per contestant, and per class of the shipped one's scores


def md5_of(revision: Revision, task: str) -> str | None:
    """The md5 of a task's predictions in a revision's dvc.lock; None: no stage there wrote them.

    Raises RevisionError: they stand there without an md5.
    """
    # line by line, as dvc writes it: a YAML parser in Python reads the 24,000 lines of six tasks for ten seconds
    path, section, inside = paths.predictions(task).as_posix(), "", False
    for line in (revision.text("dvc.lock") or "").splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if line.strip() in ("deps:", "params:", "outs:"):
            section = line.strip()
        if key == "path":
            if inside:
                raise RevisionError(f"dvc.lock at {revision.title}: {path} has no md5. Run: dvc repro evaluate@{task}")
            inside = section == "outs:" and value == path
        elif inside and key == "md5":
            return value
    return None


def read(revision: Revision, task: str, store: Store, ours: str) -> pd.DataFrame:
    """The predictions of a task, with the ids as text. ours: the contestant that the revision's bundle holds.

    Raises CacheError: dvc.lock has none, or they are neither here nor in the remote, or no table of predictions.
    """
    md5 = md5_of(revision, task)
    if md5 is None:
        raise CacheError(f"dvc.lock has no {paths.predictions(task)}")
    here = Path(paths.predictions(task))
    try:
        file = here if here.exists() and digest(here, "md5") == md5 else store.find(md5)
        frame = pd.read_parquet(file)
    except CacheError as error:
        raise CacheError(f"{paths.predictions(task)} ({md5}): {error}") from None
    except ArrowInvalid as error:
        raise CacheError(f"{paths.predictions(task)} ({md5}): no Parquet: {error}") from None
    if lacking := [column for column in (*GIVEN, ours) if column not in frame]:
        raise CacheError(f"{paths.predictions(task)} ({md5}): no column {lacking[0]!r}")
    frame = frame.assign(id=frame["id"].astype(str))
    if frame["id"].duplicated().any():
        raise CacheError(f"{paths.predictions(task)} ({md5}): an id stands there twice, so that rows cannot be matched")
    return frame


def contestants(frame: pd.DataFrame) -> list[str]:
    """The columns that hold answers."""
    return [column for column in frame if column not in GIVEN and not column.startswith((SCORE, CHANCES))]


def labels(frame: pd.DataFrame, known: list[str]) -> list[str]:
    """The classes of the answers: those that are known, and what the table has beside them."""
    found = {part for column in ("answer", *contestants(frame)) for value in frame[column].unique()
             for part in among(value, set(known))}  # fmt: skip
    return [*known, *sorted(found - set(known))]


def matrix(values: pd.Series, names: list[str]) -> np.ndarray:
    """Answers as (n, k) booleans over the classes."""
    place, known = {name: column for column, name in enumerate(names)}, set(names)
    result = np.zeros((len(values), len(names)), dtype=bool)
    for row, value in enumerate(values):
        result[row, [place[part] for part in among(value, known)]] = True
    return result


def scores(frame: pd.DataFrame, count: int) -> np.ndarray | None:
    """Scores of the shipped model, (n, k) in the order of the classes; None: not of as many classes."""
    columns = [column for column in frame if column.startswith(SCORE)]
    return frame[columns].to_numpy(dtype=float) if len(columns) == count else None
