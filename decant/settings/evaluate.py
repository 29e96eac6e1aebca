"""How contestants are judged: the section evaluate."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Positive, Section, Seed


class Evaluate(Section):
    resamples: Annotated[int, Field(ge=100)]
    """Bootstrap resamples for intervals and paired differences."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of the intervals."""
    seed: Seed
    """Which rows are drawn."""
    least: Positive
    """Rows that a subgroup needs before its figures are written."""
