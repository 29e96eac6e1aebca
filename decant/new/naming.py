"""Names for what a raw table has: heads by their columns, classes by their raw labels."""

import re
from collections.abc import Iterable
from itertools import chain, count

from decant.files import slug
from decant.new.spelling import alike, readable
from decant.new.targets import Target
from decant.settings.names import LONGEST, fault
from decant.settings.schema import COLUMNS

LONGEST_HEAD = LONGEST - 10  # bytes, of ASCII: there may come a word before it and a number behind it


def head_name(target: Target, used: Iterable[str]) -> str:
    """A name by the column, that no column of the prepared table and no other head has."""
    several = len(target.columns) > 1
    name = "labels" if several else slug(target.columns[0].name).replace("-", "_").strip("_") or "label"
    name = name[:LONGEST_HEAD].rstrip("_")
    name = name if name not in COLUMNS and name[0].isalpha() and not fault(name) else f"label_{name}"
    return next(option for option in chain([name], (f"{name}_{n}" for n in count(2))) if option not in used)


def classes_of(head: str, raws: Iterable[str], taken: set[str], fold: bool = True) -> dict[str, list[str]]:
    """Class -> raw labels, by value or alphabet. A class is called as its raw label is, none as one in `taken`, which grows.

    fold: raw labels that differ by what nobody sees or means are one class, called as the first of them; `raws` has the most
    frequent first.
    """

    def order(raw: str) -> tuple:
        number = re.fullmatch(r"[+-]?\d+(\.\d+)?", raw)
        return (not number, float(raw) if number else 0, raw.casefold(), raw)

    often = {raw: place for place, raw in enumerate(raws)}
    groups = alike(sorted(often, key=order)) if fold else [[raw] for raw in sorted(often, key=order)]
    named = {}
    for group in groups:
        name = class_name(head, min(group, key=often.get))
        more = [] if name.startswith(f"{head}_") else [f"{head}_{name}"]
        options = chain([name, *more], (f"{name}_{n}" for n in count(2)))
        named[next(option for option in options if option not in taken)] = group
        taken.update(named)
    return named


def class_name(head: str, raw: str) -> str:
    """A label of words or signs stays itself, in every script; 1 becomes <head>_1, and True true, which YAML would read as
    something else where their quotes are forgotten."""
    name = readable(raw)
    if re.fullmatch(r"[+-]?[\d.]+", name) and re.search(r"\d", name):
        return f"{head}_{re.sub(r'^-', 'minus_', name.removeprefix('+')).replace('.', '_')}"
    return name.lower() if name.lower() in ("true", "false") else name
