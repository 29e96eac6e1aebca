"""Figures that answers alone give, and what they are called in metrics files.

A figure is accuracy, macro_f1, micro_auc or macro_auc, or (class, rate).
"""

from decant.decision import Rule, classes
from decant.keys import ClassRates, Ranking
from decant.review.revision import ordered
from decant.shipping import shipped

Figure = str | tuple[str, str]
OVERALL = ("accuracy", "macro_f1")
OURS = "the shipped model"  # in place of a contestant: whichever the revision's bundle holds


def names_of(checked: dict) -> list[str]:
    """The classes of a task in the order of its metrics files, by the sections of checked/<task>.json; empty: unknown."""
    decision, heads = checked.get("decision"), ordered(checked.get("heads"))
    if not isinstance(decision, dict):
        return []
    if decision["rule"] == "priority":
        return classes(Rule.read(decision), ())
    return list(heads[decision["head"]]["labels"])


def keys_of(test: dict) -> list[str]:
    """The keys of the classes in a test.json, in the order of the classes, of this layout or the one before it."""
    entry = test.get(shipped(test), {})
    if isinstance(entry.get("classes"), dict) and all(isinstance(value, dict) for value in entry["classes"].values()):
        return list(entry["classes"])
    return [key for key, value in entry.items()
            if isinstance(value, dict) and key != "coarse" and not key.startswith("head_")]  # fmt: skip


def term(key: str, keys: list[str], names: list[str]) -> tuple[str, Figure] | None:
    """Contestant, or OURS, and figure behind a dotted key of test.json; None: not one that answers alone give."""
    contestant, _, rest = key.partition(".")
    if rest in OVERALL or rest in Ranking._fields:
        return contestant, rest
    steps = rest.split(".")
    steps = steps[1:] if steps[0] == "classes" and len(steps) == 3 else steps
    if len(steps) == 2 and steps[1] in ClassRates._fields and steps[0] in keys and len(keys) == len(names):
        return contestant, (names[keys.index(steps[0])], steps[1])
    return None
