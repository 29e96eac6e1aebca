"""int8: the section quantize."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Positive, Section, Share


class Quantize(Section):
    recipes: Annotated[list[Literal["tensor", "channel", "channel_reduced", "channel_ffn_fp32"]], Field(min_length=1)]
    """Recipes to try: weight scales per tensor or per channel, 7-bit weights, last feed-forward layer left fp32."""
    min_agreement: Share
    """Least share of valid rows that int8 and fp32 answer alike."""
    max_bytes: Positive
    """Largest int8 file."""
