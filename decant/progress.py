"""Bars with the remaining time, for loops that may run over ten seconds: one line in a terminal, a few in a log.

dvc gives a stage its own standard error, so that a bar shows through `dvc repro` as it does without. Where nobody sees it
move, in a file or a CI log, a bar writes every half minute and, if it has written at all, at its end: at tqdm's ten times
a second an hour would be 36,000 lines.
"""

import sys
from collections.abc import Iterable

from tqdm import tqdm

DELAY = 1  # seconds; what is done by then shows no bar
LOG = 30  # seconds between two lines of a log


def bar(rows: Iterable | None = None, *, what: str, unit: str, total: int | None = None) -> tqdm:
    """A bar around `rows`, or one that its caller updates.

    what: is done. unit: what is counted, in the singular. total: units in all, where `rows` has no length; null: the bar
    counts, and knows no end.
    """
    often = {} if sys.stderr.isatty() else {"mininterval": LOG, "maxinterval": LOG}
    return tqdm(rows, desc=what, unit=unit, total=total, delay=DELAY, unit_scale=unit == "row", **often)
