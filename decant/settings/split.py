"""Which row goes to which split: the section split."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Ordered, Section, Seed, Share


class Carve(Section):
    source: Literal["train", "valid", "calib", "test"]
    """Given split to take the rows from; not test, which is what is published and compared."""
    share: Annotated[float, Field(gt=0, lt=1)]
    """Share of its rows, stratified."""


class Fold(Section):
    of: Annotated[int, Field(ge=2)]
    """Parts of equal size that the rows are cut into, clusters of near-duplicates and groups whole, every label spread
    evenly."""
    number: Annotated[int, Field(ge=0)]
    """Which of them is test, from 0; the others become train, valid and calib, in the shares that the task's own splits have."""
    rows: Literal["development", "all"]
    """development: those of the task's own train, valid and calib, its test rows left out; all: those of test too."""

    @model_validator(mode="after")
    def _there(self):
        if self.number >= self.of:
            raise ValueError(f"number: {self.number} of {self.of} folds, which are 0 to {self.of - 1}")
        return self


class Split(Section):
    train: Share
    """Share of the rows to fit on."""
    valid: Share
    """Share to choose by: early stopping, weights of the ensemble, recipe of the quantization."""
    calib: Share
    """Share for temperatures and thresholds."""
    test: Share
    """Share that only evaluate opens."""
    seed: Seed
    """Order in which equally good placements are tried."""
    order: Literal["stratified", "time"]
    """stratified: every label spread evenly; time: the oldest rows are train, the newest test."""
    near: Annotated[float, Field(gt=0.4, le=1)]
    """Jaccard similarity of character 5-grams from which two texts count as near-duplicates; 1: only equal texts."""
    fast: Annotated[float, Field(gt=0, le=1)]
    """Share of train that is kept, stratified: quick trials on large tables."""
    least: Annotated[int, Field(ge=0)]
    """Rows of each answer that every split must hold; fewer stop the stage."""
    max_drift: Annotated[float, Field(gt=0, le=1)]
    """Largest difference between an answer's share in a stratified split and in all rows (carved: in the split that the
    rows come from)."""
    leaks: Literal["fail", "drop", "report"]
    """Given splits that share a text, a near-duplicate or a group, and rows that were test in a frozen manifest: stop,
    drop the row from train (or the earlier split), or only report."""
    carve: Ordered[Literal["train", "valid", "calib", "test"], Carve]
    """Split that the data does not bring -> given split whose rows it takes."""
    released: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]
    """sha256 of frozen manifests whose test rows may be trained on again."""
    fold: Fold | None = None
    """One fold of a cross-fitted road, in place of the task's own splits; `python -m decant crossfit` sets it, in a project
    of its own."""

    @model_validator(mode="after")
    def _shares_add_up(self):
        total = self.train + self.valid + self.calib + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + valid + calib + test is {total:g}, it must be 1")
        for name, part in self.carve.items():
            if part.source == name:
                raise ValueError(f"carve.{name} takes rows from {name} itself")
            if part.source == "test":
                raise ValueError(
                    f"carve.{name} takes rows from test, which is what is published and compared; take them from train or valid"
                )
        if self.fold and self.order == "time":
            raise ValueError(
                "fold: with order: time most folds would test on rows that are older than those learnt from, which that order "
                "is there to rule out. The newest rows are the only fair test; or set order: stratified"
            )
        return self
