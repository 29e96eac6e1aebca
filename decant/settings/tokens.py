"""How encoders read text: the section tokens."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Section, Share


class Tokens(Section):
    max_length: Annotated[int, Field(ge=8, le=512)]
    """Tokens a text may have, specials included; longer ones are cut."""
    max_unknown: Share
    """Highest share of unknown tokens in train text before the encoder counts as the wrong one."""
    max_letters: Share
    """Highest share of tokens that are a single letter of a longer word, likewise: it spells a language that it was not
    made for, where it has the letters."""
    max_pieces: Annotated[float, Field(ge=1)]
    """Most tokens per word, likewise."""
