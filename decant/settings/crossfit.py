"""The road once per fold, for figures over all rows: the section crossfit."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from decant.settings.base import Positive, Section

FOLDS = 5  # of the commands, where params say 0


class Crossfit(Section):
    folds: Annotated[int, Field(ge=0)]
    """Roads that are built beside the task's own, each with another part of the rows as test; 0: none."""
    rows: Literal["development", "all"]
    """development: those of train, valid and calib, which is what settings are chosen by; all: those of test too, for the
    figure at the very end."""
    processes: Positive
    """Folds at a time, each on `threads` cores."""

    @field_validator("folds")
    @classmethod
    def _two_or_none(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("1 fold would leave nothing to learn from; 2 or more, or 0 for none")
        return folds
