"""How a student is exported, tuned and judged: one class per section of params.yaml, one line per key."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Distinct, Positive, Section, Seed, Share


class Export(Section):
    opset: Annotated[int, Field(ge=17)]
    """ONNX operator set."""
    rows: Positive
    """Rows to compare with torch (all, if the table has fewer)."""
    tolerance: Annotated[float, Field(gt=0)]
    """Largest difference of a logit between torch and ONNX."""


class Quantize(Section):
    recipes: Annotated[list[Literal["tensor", "channel", "channel_reduced", "channel_ffn_fp32"]], Field(min_length=1)]
    """Recipes to try: weight scales per tensor or per channel, 7-bit weights, last feed-forward layer left fp32."""
    min_agreement: Share
    """Least share of valid rows that int8 and fp32 answer alike."""
    max_bytes: Positive
    """Largest int8 file."""


class Thresholds(Section):
    policy: Literal["empirical", "risk_controlled"]
    """empirical: the FPR on the rows is under the cap; risk_controlled: its upper confidence bound is."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of that bound."""
    rows: Annotated[list[Literal["valid", "calib"]], Field(min_length=1), Distinct]
    """Splits to tune on; add valid where calib alone holds too few negatives."""
    caps: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    """Class -> highest false-positive rate; classes without a cap get the threshold of the best F1."""


class Evaluate(Section):
    resamples: Annotated[int, Field(ge=100)]
    """Bootstrap resamples for intervals and paired differences."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of the intervals."""
    seed: Seed
    """Which rows are drawn."""
    least: Positive
    """Rows that a subgroup needs before its figures are written."""


class Benchmark(Section):
    texts: Positive
    """Valid texts to time, at their own lengths."""
    repeats: Positive
    """Passes over them; the fastest time of each text counts."""


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
