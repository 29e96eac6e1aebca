"""Equal texts: the section duplicates."""

from typing import Literal

from decant.settings.base import Section


class Duplicates(Section):
    repeats: Literal["keep", "first"]
    """Rows of one given split that repeat a text (normalised): keep them, or only the first."""
    conflicts: Literal["keep", "soften", "drop", "majority"]
    """Texts with more than one answer in one given split (in all rows, where the data bring no splits): keep their rows;
    keep them, and let those in train teach the share of each label among them (a soft label); drop them all; or keep the
    rows of the answer that most have (none, if two answers are equally frequent)."""
