"""How contestants are judged: the section evaluate."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Positive, Section


class Evaluate(Section):
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of the intervals."""
    least: Positive
    """Rows that a subgroup needs before its figures are written."""
