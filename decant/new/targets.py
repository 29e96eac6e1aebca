"""What a raw table has to learn from: columns of classes, families of boolean ones, numbers."""

import re
from dataclasses import dataclass

from decant.errors import DataError
from decant.new.columns import CLASSES, CLOCK, Column, categorical, separator

# words of column names that say that a column is a label
LABEL = {"label", "labels", "class", "classes", "category", "target", "sentiment", "emotion", "emotions", "topic",
         "topics", "tag", "tags", "kind", "rating", "stars", "score", "intent"}  # fmt: skip


@dataclass
class Target:
    """What a head can learn from: one column, or several boolean ones."""

    kind: str  # softmax, sigmoid or regression
    columns: list[Column]
    separator: str | None = None

    @property
    def shown(self) -> str:
        names, first = listed(self.columns), self.columns[0]
        if len(self.columns) > 1:
            return f"{names} ({len(self.columns)} boolean columns: any of them)"
        if self.kind == "regression":
            return f"{names} ({first.distinct:,} different numbers)"
        if self.kind == "softmax":
            return f"{names} ({first.distinct} different values: one of them)"
        return (
            f"{names} ({f'labels joined by {self.separator!r}' if self.separator else 'lists of labels'}: any of them)"
        )


def listed(columns: list[Column]) -> str:
    """Names for people, of many the first and the last."""
    names = [one.name for one in columns]
    return ", ".join(names if len(names) < 6 else [*names[:2], "...", names[-1]])


def find_targets(free: dict[str, Column]) -> list[Target]:
    """The labels: one column of classes, or a family of boolean ones, and a number beside it if there is one."""
    said = {name for name, one in free.items() if one.words & LABEL}
    several = families([one for one in free.values() if one.flag and not one.words <= LABEL])
    inside = {one.name for family in several for one in family}
    alone = [one for one in free.values() if one.name not in inside and not one.measure and categorical(one)]
    found = [[one] for one in alone] + several
    if len(found) > 1:
        clear = [one for one in found if len(one) == 1 and one[0].name in said]
        found = clear if len(clear) == 1 else found
    measures = [one for one in free.values() if one.measure and not one.empty and not one.words & CLOCK]
    if len(measures) > 1:
        clear = [one for one in measures if one.name in said]
        measures = clear if len(clear) == 1 else measures
    for candidates in (found, [[one] for one in measures]):
        if len(candidates) > 1:
            names = "; ".join(listed(family) for family in candidates)
            raise DataError(
                f"label: {names} could be meant. Name what to learn with --label (again for each further column; wildcards "
                "work), or leave columns out with --ignore"
            )
    lone = [one for one in free.values() if one.name in said and one.distinct == 1]
    if lone and not any(one.name in said for family in found for one in family):
        raise single(lone[0])
    if not found and not measures:
        raise DataError(
            f"no column holds a label: a few values that repeat, or several labels in a cell. Columns left are "
            f"{', '.join(free) or 'none'}. Name it with --label"
        )
    return [target for one in found for target in targets(one)] + [Target("regression", [one]) for one in measures]


def families(flags: list[Column]) -> list[list[Column]]:
    """Boolean columns that belong together: all, or by the word in which f1.joy, f1.fear and t1.work, t1.home differ."""
    if len(flags) < 2:
        return []
    heads = [re.match(r"(.+?)[\W_]", name) for name in inner([one.name for one in flags])]
    found: dict[str, list[Column]] = {}
    for head, one in zip(heads, flags, strict=True):
        found.setdefault(head[1] if all(heads) else "", []).append(one)
    return list(found.values()) if all(len(one) > 1 for one in found.values()) else [flags]


def inner(names: list[str]) -> list[str]:
    """What differs between names: is_toxic, is_rude -> toxic, rude. Only whole words are cut off."""
    parts = [re.split(r"(?<=[\W_])|(?=[\W_])", name) for name in names]
    first = 0
    while len({tuple(one[: first + 1]) for one in parts}) == 1:
        first += 1
    last = 0
    while all(len(one) > first + last + 1 for one in parts) and len({one[-1 - last] for one in parts}) == 1:
        last += 1
    found = ["".join(one[first : len(one) - last]).strip("._- ") for one in parts]
    return found if len({*found, ""}) == len(names) + 1 else names  # a.b and a_b, or nothing left


def targets(columns: list[Column]) -> list[Target]:
    """What the columns teach; two and more boolean ones are one head.

    Raises DataError for a column that cannot be a label.
    """
    flags = [one for one in columns if one.flag]
    flags = flags if len(flags) > 1 else []
    found = []
    for one in columns:
        if one in flags:
            if one is flags[0]:
                found.append(Target("sigmoid", flags))
        elif one.all("bracketed"):
            example = next(iter(one.values or ["[...]"]))
            raise DataError(
                f"column {one.name!r} holds lists written as text, e.g. {example!r}; write the labels as a|b, or the table as "
                "JSON Lines or Parquet, which have lists"
            )
        elif one.all("comma") and not one.all("number"):
            raise DataError(
                f"column {one.name!r}: a comma in its numbers could be a decimal point or stand between two labels; write 1.5 "
                "or 1|5"
            )
        elif one.measure:
            found.append(Target("regression", [one]))
        elif one.distinct == 1:
            raise single(one)
        elif one.values is None or not one.distinct or (one.distinct > CLASSES and not categorical(one)):
            raise DataError(
                f"column {one.name!r} is no label: {one.distinct:,} different values in {one.filled:,} rows; a head has 2 to "
                f"{CLASSES} classes"
            )
        elif any(one.name == str(value) for value in one.values):
            raise DataError(
                f"column {one.name!r} holds {one.name!r} itself: the file seems to have no header; add a row with names"
            )
        else:
            mark = separator(one)
            found.append(Target("sigmoid" if one.all("list") or mark else "softmax", [one], mark))
    return found


def single(column: Column) -> DataError:
    """A column of one class."""
    value = next(iter(column.values))
    rest = (
        f" Its other {column.empty:,} rows are empty; if they are a class too, write its name there."
        if column.empty
        else ""
    )
    return DataError(
        f"label: column {column.name!r} holds one class only, {value!r} in {column.filled:,} rows, and nothing can be learnt "
        f"without another to tell it from.{rest} Add rows of other classes, or name another column with --label"
    )
