"""What a release must show: the section gates."""

from typing import Literal

from pydantic import model_validator

from decant.settings.base import Ordered, Section


class Gate(Section):
    metric: Literal["test", "thresholds", "quantize", "export", "soften", "split", "prepare"]
    """Metrics file, without its .json."""
    key: str
    """Value in it, nested keys joined by dots."""
    minus: str | None = None
    """Second value of the same file, subtracted from the first."""
    min: float | None = None
    """The value must be at least this."""
    max: float | None = None
    """The value must be at most this."""

    @model_validator(mode="after")
    def _one_bound(self):
        if (self.min is None) == (self.max is None):
            raise ValueError("a gate has either min or max")
        return self


Gates = Ordered[str, Gate]
