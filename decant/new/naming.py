"""Names for what a raw table has: heads by their columns, classes by their raw labels."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, count

from decant.files import slug
from decant.new.targets import Target
from decant.settings.schema import COLUMNS


def head_name(target: Target, used: Iterable[str]) -> str:
    """A name by the column, that no column of the prepared table and no other head has."""
    several = len(target.columns) > 1
    name = "labels" if several else slug(target.columns[0].name).replace("-", "_").strip("_") or "label"
    name = name if name not in COLUMNS and name[0].isalpha() else f"label_{name}"
    return next(option for option in chain([name], (f"{name}_{n}" for n in count(2))) if option not in used)


def classes_of(head: str, raws: Iterable[str], taken: set[str], fold: bool = True) -> dict[str, list[str]]:
    """Class -> raw labels, by value or alphabet. Names are slugs, since metrics know them by their slugs, none of them in
    `taken`, which grows. fold: raw labels that differ by case alone are one class."""

    def order(raw: str) -> tuple:
        number = re.fullmatch(r"[+-]?\d+(\.\d+)?", raw)
        return (not number, float(raw) if number else 0, raw.casefold(), raw)

    members: dict[str, list[str]] = {}
    for raw in sorted(raws, key=order):
        members.setdefault(raw.casefold() if fold else raw, []).append(raw)
    named = {}
    for index, group in enumerate(members.values(), start=1):
        name = class_name(head, group[0], index)
        more = [] if name.startswith(f"{head}_") else [f"{head}_{name}"]
        options = chain([name, *more], (f"{name}_{n}" for n in count(2)))
        named[next(option for option in options if option not in taken)] = group
        taken.update(named)
    return named


def class_name(head: str, raw: str, index: int) -> str:
    """A word stays itself; 1 becomes <head>_1, as does the first label without letters or digits of ASCII."""
    letters = unicodedata.normalize("NFKD", raw.casefold())
    kept = [letter for letter in letters if letter.isalnum()]
    if sum(letter.isascii() for letter in kept) * 2 <= len(kept):
        return f"{head}_{index}"
    name = slug(letters.encode("ascii", "ignore").decode())
    if re.search("[a-z]{2}", name):
        return name
    return f"{head}_{re.sub(r'^-+', 'minus_', name)}"
