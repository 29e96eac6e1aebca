"""What the shipped classifier takes: texts, and nothing that only looks like them.

A str is a list of characters to Python, NaN is what pandas makes of an empty cell, bytes decode to anything: each would
get an answer, or an error from deep below. Here it is named by its place, with what mends it.
"""

import re
from collections.abc import Iterable, Mapping, Set

from decant.errors import InputError

# section runtime of bundles that record none, as of 2026-11
RUNTIME = {"max_characters": 20_000, "long_texts": "cut", "overlap": 16}
HALF_PAIR = re.compile("[\ud800-\udfff]")


def listed(texts: Iterable[str], longest: int) -> list[str]:
    """The texts as a list, each one looked at. longest: characters that one may have.

    Raises InputError: no list of texts, or one of them is none (None, NaN, bytes, half a surrogate pair) or too long.
    """
    if isinstance(texts, str | bytes):
        raise InputError(f"texts: found {type(texts).__name__}, expected a list of str; put one text in a list: [text]")
    if not isinstance(texts, Iterable) or isinstance(texts, Mapping | Set) or getattr(texts, "ndim", 1) != 1:
        # the names of a table's columns, and sets in the order of the moment, are Iterable too
        raise InputError(f"texts: found {type(texts).__name__}, expected a list of str; take one column, as a list")
    texts = list(texts)
    for position, text in enumerate(texts):
        if found := fault(text, longest):
            raise InputError(f"texts[{position}]: {found}")
    return texts


def fault(text: object, longest: int) -> str | None:
    """What keeps this from being classified, and what mends it; null: nothing. longest: in characters."""
    if isinstance(text, str):
        if len(text) > longest:
            return (
                f"{len(text):,} characters, this bundle takes {longest:,} (runtime.max_characters in params.yaml); give it "
                f"text[:{longest}], or parts"
            )
        if not text.isascii() and (half := HALF_PAIR.search(text)):
            return (
                f"half a surrogate pair (U+{ord(half[0]):04X}) at character {half.start()}, which is no character; decode "
                "the bytes it comes from as UTF-8, or give it text.encode('utf-8', 'replace').decode()"
            )
        return None
    if text is None or text != text:  # NaN, and what else is nothing: pandas' NaT
        return f'found {text!r}, expected str; leave the row out, or give it "" if an empty text is meant'
    if isinstance(text, bytes | bytearray):
        return f"found {type(text).__name__}, expected str; decode it: text.decode('utf-8')"
    return f"found {type(text).__name__} ({str(text)[:40]}), expected str; give it str(text) if that is the text"
