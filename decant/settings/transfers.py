"""Encoders that come from another task: the entries of transfers."""

from decant.settings.base import Section, Seed


class Transfer(Section):
    first: str
    """Task whose teacher has learnt first."""
    encoder: str
    """Encoder of the catalogue that it was fine-tuned from."""
    seed: Seed
    """Seed of that teacher."""
