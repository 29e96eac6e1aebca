"""What a release must show: the section gates."""

from typing import Literal

from pydantic import model_validator

from decant.settings.base import Ordered, Section

# Files whose figures would be others on other rows; those of the rest are counted, or are timings.
SAMPLED = ("test", "crossfit", "paired", "subgroups", "thresholds", "soften")


class Gate(Section):
    metric: Literal[
        "test",
        "crossfit",
        "paired",
        "subgroups",
        "thresholds",
        "soften",
        "quantize",
        "export",
        "split",
        "prepare",
        "benchmark",
    ]
    """Metrics file, without its .json."""
    key: str
    """Value in it, nested keys joined by dots."""
    minus: str | None = None
    """Second value of the same file, subtracted from the first."""
    by: Literal["interval", "value"] = "interval"
    """interval: holds if the whole interval is on the right side of the bound, open if only the value is; value: the value
    alone decides. A figure that is counted and not sampled (bytes, leaked rows) is the same under both."""
    min: float | None = None
    """The value must be at least this."""
    max: float | None = None
    """The value must be at most this."""

    @model_validator(mode="after")
    def _one_bound(self):
        if (self.min is None) == (self.max is None):
            raise ValueError("a gate has either min or max")
        if self.minus and self.by == "interval" and self.metric in SAMPLED:
            raise ValueError(
                f"{self.key} minus {self.minus} has no interval, for which both must be measured on the same draws: ask for "
                "a difference of paired.json (metric: paired), or say by: value"
            )
        return self


Gates = Ordered[str, Gate]
