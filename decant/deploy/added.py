"""The columns that scoring adds to a table: of numpy alone, for engines that bring readers of their own."""

from pathlib import Path

import numpy as np

from decant.deploy.workers import numbers
from decant.errors import InputError
from decant.runtime import Bundle


class Added:
    """The columns that scoring adds."""

    def __init__(self, bundle: Bundle, prefix: str):
        self.named, self.single = bundle.named, bundle.rule.single
        self.answer = f"{prefix}answer"
        self.scores = [f"{prefix}score_{name}" for name in bundle.classes_] + [
            f"{prefix}number_{name}" for name in numbers(bundle)
        ]
        self.names = [self.answer, *self.scores]
        self.width = len(bundle.classes_) + len(self.scores)  # of `workers.answers`

    def columns(self, answers: np.ndarray) -> dict[str, list]:
        """Column by column; null in a row that was not scored."""
        width = answers.shape[1] - len(self.scores)
        told = [None if np.isnan(row[0]) else self.named(row[:width] == 1) for row in answers]
        scores = [[None if value != value else value for value in column] for column in answers[:, width:].T.tolist()]
        return {self.answer: told} | dict(zip(self.scores, scores, strict=True))

    def refuse(self, names: list[str], file: Path) -> None:
        """Raises InputError if the table has one of these columns."""
        if both := [name for name in self.names if name in names]:
            raise InputError(
                f"{file}: has {', '.join(both)} already; name the new ones otherwise with --prefix, e.g. --prefix model_"
            )
