"""Students of other sizes beside the one that ships: the section capacity."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Positive, Section


class Student(Section):
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Layers of the encoder that stay, counted from 0."""
    min_count: Positive
    """Times that train must use a token before it keeps its row of the embedding."""
    intermediate: Positive | None = None
    """Feed-forward neurons of each layer that stay; null keeps all."""
    heads: Positive | None = None
    """Attention heads of each layer that stay; null keeps all."""


class Capacity(Section):
    """Apart from distil, so that another size to look at does not train the shipped student again."""

    sweep: list[Student]
    """Students to train, each otherwise as distil says, to show size and speed against quality; none is quick."""
