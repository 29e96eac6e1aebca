"""What an adaptation is measured by: the section gain."""

from typing import Annotated

from decant.settings.base import Distinct, Section, Seed


class Gain(Section):
    seeds: Annotated[list[Seed], Distinct]
    """Seeds on which teachers are trained with and without the adaptation, to compare them; none measures nothing. A
    section of its own: whoever wants to measure an encoder does not want to adapt it again."""
