"""What happens to a text before any model reads it: the section cleaning."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Section


class Cleaning(Section):
    html: bool
    """Unescape entities (&amp;) and drop tags."""
    mojibake: bool
    """Repair text that was decoded in the wrong encoding (ftfy): it doesnâ€™t becomes it doesn’t."""
    unicode: Literal["NFKC", "NFC", "keep"]
    """Normal form: NFKC also folds the styled letters that scams use to dodge filters."""
    invisible: bool
    """Drop zero-width and control characters."""
    urls: Literal["keep", "strip", "mask"]
    """Links: keep, drop, or replace by a placeholder."""
    mentions: Literal["keep", "strip", "mask"]
    """@handles: keep, drop, or replace by a placeholder."""
    hashtags: Literal["keep", "strip", "mask", "word"]
    """#tags: keep, drop, replace by a placeholder, or keep the word without its #."""
    cashtags: Literal["keep", "strip", "mask", "word"]
    """$BTC and other tickers: as hashtags."""
    numbers: Literal["keep", "strip", "mask"]
    """Numbers with their separators (1,000.50): keep, drop, or replace by a placeholder."""
    repeats: Annotated[int, Field(ge=0)]
    """Longest run of one character; 0 leaves runs alone."""
    whitespace: bool
    """Fold runs of blanks and line breaks into one blank."""
