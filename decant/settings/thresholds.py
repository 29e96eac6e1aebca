"""From scores to answers: the section thresholds."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Distinct, Ordered, Section


class Thresholds(Section):
    policy: Literal["empirical", "risk_controlled"]
    """empirical: each FPR on the rows is under its cap; risk_controlled: so are the upper bounds of all of them together."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """That fresh rows break none of the caps, under risk_controlled; of the bounds that are only shown, under empirical."""
    rows: Annotated[list[Literal["valid", "calib"]], Field(min_length=1), Distinct]
    """Splits to tune on; add valid where calib alone holds too few negatives."""
    caps: Ordered[str, Annotated[float, Field(gt=0, lt=1)]]
    """Class -> highest false-positive rate; classes without a cap get the threshold of the best F1."""
