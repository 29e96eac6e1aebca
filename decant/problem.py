"""What a classifier of a task is to answer, as one value that stages build from their sections and hand on whole."""

from dataclasses import dataclass

from decant.decision import Rule
from decant.heads import Head


@dataclass(frozen=True)
class Problem:
    heads: tuple[Head, ...]
    rule: Rule
    max_length: int  # tokens of a text, specials included
