"""The answers to a batch of texts as columns of a table: what engines for large tables call in each of their processes."""

from collections.abc import Iterable
from functools import cache

from decant.deploy.added import Added
from decant.deploy.workers import answers
from decant.runtime import Bundle
from decant.shipped.texts import listed


@cache
def opened(folder: str) -> Bundle:
    """The bundle, opened once a process."""
    return Bundle(folder)


def columns(folder: str, texts: Iterable[str]) -> dict[str, list]:
    """The columns that scoring adds, of a cell per text: `answer` (str, or list[str] under a thresholds rule),
    `score_<class>`, how likely each class is, and `number_<head>` for a head without labels. A batch of none has them too.

    Raises BundleError, and InputError for a cell that is no text: leave such rows out first.
    """
    bundle = opened(folder)
    # looked at here: in a table a cell that is no text may be meant, and gets an empty answer
    return Added(bundle, "").columns(answers(bundle, listed(texts, bundle.runtime["max_characters"])))
