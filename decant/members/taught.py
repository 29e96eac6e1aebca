"""What train rows teach whoever learns by gradient steps: labels, which may be soft, and the weight of each row.

Written by the stage noise; where nothing is soft and no row is doubted, these are the labels of the table, each row with
weight 1.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from decant import paths
from decant.files import digest
from decant.members import scores


@dataclass(frozen=True, eq=False)
class Taught:
    labels: np.ndarray
    """(n, w) float32, in the form of head outputs: shares that sum to 1 over a softmax head, 0 to 1 per sigmoid label."""
    weights: np.ndarray
    """(n,) float32, of the row in a loss of given labels: 1, or less where its label is doubted; 0 leaves it out."""

    def only(self, rows: np.ndarray) -> "Taught":
        """Of these rows, (n,) booleans."""
        return Taught(self.labels[rows], self.weights[rows])


def plain(labels: np.ndarray) -> Taught:
    """The labels (n, w) as they are, each row with weight 1."""
    return Taught(labels, np.ones(len(labels), dtype=np.float32))


def save(task: str, ids: list[str], taught: Taught) -> None:
    arrays = {"labels": taught.labels, "weights": taught.weights}
    scores.save(paths.taught(task), ids, arrays, {"train": digest(paths.split_file(task, "train"))})


def load(task: str, train: pd.DataFrame) -> Taught:
    """Of these rows, all of train. Raises CacheError: missing, changed since it was written, or of other rows."""
    sources = {"train": digest(paths.split_file(task, "train"))}
    return Taught(**scores.load(paths.taught(task), train["id"].tolist(), sources))
