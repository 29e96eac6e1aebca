"""The demo data: the section generator of the demo task."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Section, Seed, Share


class Generator(Section):
    rows: Annotated[int, Field(ge=100)]
    """Posts to write."""
    seed: Seed
    """Same seed, same bytes."""
    label_noise: Share
    """Share of rows with a wrong label."""
