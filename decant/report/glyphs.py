"""Labels in characters that the font of the figures has: it comes with matplotlib, so that a figure has the same bytes on every
machine, and knows Latin, Greek, Cyrillic, Hebrew and Arabic letters, and some symbols.

The page (report.html) is drawn by a browser, with the fonts of its reader, and shows every label as it is.
"""

import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font

FONT = "DejaVu Sans"
TOLD = "The figures call a character that their font lacks by its name or number (U+6B63); [the page](report.html) shows it as it is."


def drawn(label: str) -> str:
    """On one line; a symbol that the font lacks by its name in Unicode, any other character by its number."""
    parts, known = [], _known()
    for sign in " ".join(str(label).split()):
        if ord(sign) in known:
            parts.append(sign)
        elif unicodedata.category(sign).startswith("S"):
            parts.append(f" {unicodedata.name(sign, f'U+{ord(sign):04X}').lower()} ")
        elif unicodedata.category(sign) not in ("Mn", "Me", "Cf"):  # invisible without a letter
            parts.append(f" U+{ord(sign):04X} ")
    text = " ".join("".join(parts).split()) or "label"
    return f" {text}" if text.startswith("_") else text  # which a legend would leave out


def lacking(labels: list[str]) -> bool:
    """Whether a label has a character that the font lacks."""
    return any(ord(sign) not in _known() for label in labels for sign in str(label) if not sign.isspace())


@cache
def _known() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=FONT))).get_charmap())
