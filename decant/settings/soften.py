"""The calibrated ensemble: the section soften."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Count, Distinct, Positive, Section, Seed


class Soften(Section):
    members: Annotated[list[Literal["linear", "probe", "teachers"]], Field(min_length=1), Distinct]
    """Who votes in the ensemble: probe includes probe_adapted where adapt is on, teachers means every encoder and seed."""
    weights: Literal["fitted", "equal"]
    """Votes by the lowest NLL on valid, or equal votes."""
    pool: Literal["probabilities", "logits"]
    """What is averaged: probabilities (linear pool), or logits (logarithmic pool), by which a member that rules an
    answer out is heard even where the others like it."""
    bins: Positive
    """Bins of the expected calibration error."""
    out_of_fold: bool
    """Linear members speak about train rows through models that did not see them, not through the final ones."""
    copies: Count
    """Augmented copies of each train row (words left out, runs of words swapped in from rows of like answer) that the
    ensemble labels for the student."""
    unlabelled: bool
    """The ensemble labels source.unlabelled for the student too."""
    seed: Seed
    """Of the augmented copies."""
