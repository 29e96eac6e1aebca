"""Which texts can be labels: all that somebody can see, and that a cell of a raw table can hold.

Cells are read without the blanks at their ends, so that `spam` and ` spam ` are one raw label; a label of params.yaml that has
such blanks would never be found, and is refused.
"""

import unicodedata

from decant.settings.decision import Decision
from decant.settings.heads import HeadSettings
from decant.settings.source import Labels

BREAKS = "\t\n"  # control characters that a text may have


def refuse_unreadable(heads: dict[str, HeadSettings], sources: dict[str, Labels], decision: Decision) -> None:
    """Raises ValueError with the key of the first label that nobody could see, find or write."""
    for name, head in heads.items():
        _each(f"heads.{name}.labels", head.labels)
        _each(f"heads.{name}.groups", list(head.groups))
    for name, labels in sources.items():
        key = f"source.labels.{name}"
        for label, raws in (labels.classes or {}).items():
            _each(f"{key}.classes.{label}", raws)
        _each(f"{key}.columns", list(labels.columns or {}))
        _parted(key, labels, heads[name].labels if name in heads else [])
    _each("decision.otherwise", [] if decision.otherwise is None else [decision.otherwise])


def fault(label: str) -> str | None:
    """What is wrong with a label; None if nothing is."""
    if not any(_seen(sign) for sign in label):
        return f"{label!r} is blank; a label has a character that can be seen"
    if label != label.strip():
        return f"{label!r} has blanks at its ends, and cells are read without them; write {label.strip()!r}"
    odd = [sign for sign in label if unicodedata.category(sign) in ("Cc", "Cs") and sign not in BREAKS]
    if odd:
        return f"{label!r} has the control character {odd[0]!r}, which neither XML nor a sheet can hold; take it out"
    return None


def _each(key: str, labels: list[str]) -> None:
    for label in labels:
        if wrong := fault(label):
            raise ValueError(f"{key}: {wrong}")


def _parted(key: str, labels: Labels, names: list[str]) -> None:
    """A cell is cut at the separator, so that no raw label can have it inside."""
    if labels.separator is None:
        return
    if not labels.separator:
        raise ValueError(f"{key}.separator: empty; null takes each cell for one label")
    raws = names if labels.classes is None else [raw for each in labels.classes.values() for raw in each]
    for raw in raws:
        if labels.separator in raw:
            raise ValueError(
                f"{key}: {raw!r} holds the separator {labels.separator!r}, at which cells are cut, so that it would never be "
                "found; take another separator, or null"
            )


def _seen(sign: str) -> bool:
    return not sign.isspace() and unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Mn", "Me")
