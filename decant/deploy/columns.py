"""The answers to a batch of texts as columns of a table: what engines for large tables call in each of their processes."""

from collections.abc import Iterable
from functools import cache

import numpy as np

from decant import decision
from decant.heads import probabilities, width
from decant.runtime import Bundle

DIGITS = 6  # of a score: what thresholds are rounded to


@cache
def opened(folder: str) -> Bundle:
    """The bundle, opened once a process."""
    return Bundle(folder)


def columns(folder: str, texts: Iterable[str]) -> dict[str, list]:
    """The columns that scoring adds, of a cell per text: `answer` (str, or list[str] under a thresholds rule),
    `score_<class>`, how likely each class is, and `number_<head>` for a head without labels. A batch of none has them too.

    Raises BundleError, and InputError for a cell that is no text: leave such rows out first.
    """
    bundle, texts = opened(folder), list(texts)
    classes = decision.classes(bundle.rule, bundle.heads)
    logits = bundle.logits(texts) if texts else np.zeros((0, width(bundle.heads)))
    chances = probabilities(logits, bundle.heads)
    held = decision.decide(bundle.rule, bundle.heads, chances, bundle.thresholds)
    several = [[name for name, holds in zip(classes, row, strict=True) if holds] for row in held]
    scores = decision.scores(bundle.rule, bundle.heads, chances).round(DIGITS)
    numbers = {f"number_{head.name}": chances[:, head.start] for head in bundle.heads if not head.labels}
    return {
        "answer": [row[0] for row in several] if bundle.rule.single else several,
        **{f"score_{name}": column.tolist() for name, column in zip(classes, scores.T, strict=True)},
        **{name: column.round(DIGITS).tolist() for name, column in numbers.items()},
    }
