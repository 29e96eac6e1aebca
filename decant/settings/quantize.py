"""int8: the section quantize."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Distinct, Positive, Section, Share


class Quantize(Section):
    recipes: Annotated[
        list[Literal["static", "tensor", "channel", "channel_reduced", "channel_ffn_fp32"]],
        Field(min_length=1),
        Distinct,
    ]
    """Recipes to try, in order of preference: activation scales from train, or at run time with weight scales per tensor or
    per channel, with 7-bit weights, or with the last feed-forward layers left fp32."""
    max_gap: Annotated[float, Field(ge=0)]
    """How much farther from fp32, in mean difference of a probability, a preferred recipe may be than the closest one."""
    calibration: Positive
    """Train rows from which static takes its scales."""
    embedding_bits: Literal[4, 8]
    """Bits of a value of the embedding tables; 4 saves half of their bytes."""
    min_agreement: Share
    """Least share of valid rows that int8 and fp32 answer alike."""
    max_bytes: Positive
    """Largest int8 file."""
