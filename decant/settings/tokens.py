"""How encoders read text: the section tokens."""

from typing import Annotated

from pydantic import Field

from decant.settings.base import Section, Share


class Tokens(Section):
    max_length: Annotated[int, Field(ge=8, le=512)]
    """Tokens a text may have, specials included; longer ones are cut."""
    max_unknown: Share
    """Highest share of unknown tokens in train text before the encoder counts as the wrong one."""
