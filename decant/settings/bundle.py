"""How the bundle's tokenizer is compared with our cleaning: the section bundle."""

from decant.settings.base import Positive, Section, Seed, Share


class Reading(Section):
    fuzz: Positive
    """Nasty texts on which the two are compared; decant.json counts those that differ."""
    max_differ: Share
    """Share of raw valid texts that the tokenizer may read in another way by itself."""
    seed: Seed
    """Draws the nasty texts."""
