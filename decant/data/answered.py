"""The answer of a row as one text: its labels with | between them, in the order of the classes.

A label that has a | or a backslash itself has a backslash before it, so that no two answers have one text. Labels without
either stand as they are, alone or joined.
"""

import re

BETWEEN = "|"
_MARKS = re.compile(r"[\\|]")
_PARTS = re.compile(r"(?:[^\\|]|\\.)+", re.DOTALL)


def joined(labels: list[str]) -> str:
    """No label: an empty text."""
    return BETWEEN.join(_MARKS.sub(r"\\\g<0>", label) for label in labels)


def parted(answer: str) -> list[str]:
    """The labels of `joined`. A text that no answer has (a single backslash at its end) loses that backslash."""
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _PARTS.findall(answer)]


def among(answer: str, known: set[str]) -> list[str]:
    """The labels of an answer that an earlier version may have written, which put no backslash before anything."""
    labels = parted(answer)
    return labels if known.issuperset(labels) or answer not in known else [answer]


def shown(answer: str) -> str:
    """An answer as people read it."""
    return ", ".join(parted(answer)) or "none"
