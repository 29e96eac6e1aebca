"""What the shipped classifier takes: the section runtime."""

from typing import Literal

from decant.settings.base import Count, Positive, Section


class Runtime(Section):
    max_characters: Positive
    """Characters that a text may have; a longer one is refused."""
    long_texts: Literal["cut", "chunk"]
    """Texts over tokens.max_length: cut there, or read in overlapping windows whose logits are averaged."""
    overlap: Count
    """Tokens that such windows share."""

    @property
    def shared(self) -> int | None:
        """Tokens that the windows of a long text share, as `Model` takes it; null: it is cut."""
        return self.overlap if self.long_texts == "chunk" else None
