"""What a raw table has to learn from: columns of classes, families of boolean ones, numbers."""

import re
from dataclasses import dataclass

from decant.errors import DataError
from decant.heads import KINDS
from decant.new.columns import CLASSES, CLOCK, Column, categorical, separator

# words of column names that say that a column is a label
LABEL = {"label", "labels", "class", "classes", "category", "target", "sentiment", "emotion", "emotions", "topic",
         "topics", "tag", "tags", "kind", "rating", "stars", "score", "intent"}  # fmt: skip


@dataclass
class Target:
    """What a head can learn from: one column, or several boolean ones."""

    kind: str  # of head: softmax, sigmoid or regression
    columns: list[Column]
    separator: str | None = None

    @property
    def shown(self) -> str:
        names, first = listed(self.columns), self.columns[0]
        if len(self.columns) > 1:
            return f"{names} ({len(self.columns)} boolean columns: any of them)"
        if not KINDS[self.kind].least:
            return f"{names} ({first.distinct:,} different numbers)"
        if not KINDS[self.kind].several:
            return f"{names} ({first.distinct} different values: one of them)"
        return (
            f"{names} ({f'labels joined by {self.separator!r}' if self.separator else 'lists of labels'}: any of them)"
        )


def listed(columns: list[Column]) -> str:
    """Names for people, of many the first and the last."""
    names = [column.name for column in columns]
    return ", ".join(names if len(names) < 6 else [*names[:2], "...", names[-1]])


def find_targets(free: dict[str, Column]) -> list[Target]:
    """The labels: one column of classes, or a family of boolean ones, and a number beside it if there is one."""
    said = {name for name, column in free.items() if column.words & LABEL}
    several = families([column for column in free.values() if column.flag and not column.words <= LABEL])
    inside = {column.name for family in several for column in family}
    alone = [
        column for column in free.values() if column.name not in inside and not column.measure and categorical(column)
    ]
    rivals = [[column] for column in alone] + several
    if len(rivals) > 1:
        clear = [family for family in rivals if len(family) == 1 and family[0].name in said]
        rivals = clear if len(clear) == 1 else rivals
    measures = [column for column in free.values() if column.measure and not column.empty and not column.words & CLOCK]
    if len(measures) > 1:
        clear = [column for column in measures if column.name in said]
        measures = clear if len(clear) == 1 else measures
    for candidates in (rivals, [[column] for column in measures]):
        if len(candidates) > 1:
            names = "; ".join(listed(family) for family in candidates)
            raise DataError(
                f"label: {names} could be meant. Name what to learn with --label (again for each further column; wildcards "
                "work), or leave columns out with --ignore"
            )
    lone = [column for column in free.values() if column.name in said and column.distinct == 1]
    if lone and not any(column.name in said for family in rivals for column in family):
        raise single(lone[0])
    if not rivals and not measures:
        raise DataError(
            f"no column holds a label: a few values that repeat, or several labels in a cell. Columns left are "
            f"{', '.join(free) or 'none'}. Name it with --label"
        )
    return [target for family in rivals for target in targets(family)] + [
        Target("regression", [column]) for column in measures
    ]


def families(flags: list[Column]) -> list[list[Column]]:
    """Boolean columns that belong together: all, or by the word in which f1.joy, f1.fear and t1.work, t1.home differ."""
    if len(flags) < 2:
        return []
    heads = [re.match(r"(.+?)[\W_]", name) for name in inner([flag.name for flag in flags])]
    by_head: dict[str, list[Column]] = {}
    for head, flag in zip(heads, flags, strict=True):
        by_head.setdefault(head[1] if all(heads) else "", []).append(flag)
    return list(by_head.values()) if all(len(family) > 1 for family in by_head.values()) else [flags]


def inner(names: list[str]) -> list[str]:
    """What differs between names: is_toxic, is_rude -> toxic, rude. Only whole words are cut off."""
    parts = [re.split(r"(?<=[\W_])|(?=[\W_])", name) for name in names]
    first = 0
    while len({tuple(words[: first + 1]) for words in parts}) == 1:
        first += 1
    last = 0
    while all(len(words) > first + last + 1 for words in parts) and len({words[-1 - last] for words in parts}) == 1:
        last += 1
    middles = ["".join(words[first : len(words) - last]).strip("._- ") for words in parts]
    return middles if len({*middles, ""}) == len(names) + 1 else names  # a.b and a_b, or nothing left


def targets(columns: list[Column]) -> list[Target]:
    """What the columns teach; two and more boolean ones are one head.

    Raises DataError for a column that cannot be a label.
    """
    flags = [column for column in columns if column.flag]
    flags = flags if len(flags) > 1 else []
    to_learn = []
    for column in columns:
        if column in flags:
            if column is flags[0]:
                to_learn.append(Target("sigmoid", flags))
        elif column.all("bracketed"):
            example = next(iter(column.values or ["[...]"]))
            raise DataError(
                f"column {column.name!r} holds lists written as text, e.g. {example!r}; write the labels as a|b, or "
                "the table as JSON Lines or Parquet, which have lists"
            )
        elif column.all("comma") and not column.all("number"):
            raise DataError(
                f"column {column.name!r}: a comma in its numbers could be a decimal point or stand between two labels; "
                "write 1.5 or 1|5"
            )
        elif column.measure:
            to_learn.append(Target("regression", [column]))
        elif column.distinct == 1:
            raise single(column)
        elif column.values is None or not column.distinct or (column.distinct > CLASSES and not categorical(column)):
            raise DataError(
                f"column {column.name!r} is no label: {column.distinct:,} different values in {column.filled:,} rows; "
                f"a head has 2 to {CLASSES} classes"
            )
        elif any(column.name == str(value) for value in column.values):
            raise DataError(
                f"column {column.name!r} holds {column.name!r} itself: the file seems to have no header; "
                "add a row with names"
            )
        else:
            mark = separator(column)
            to_learn.append(Target("sigmoid" if column.all("list") or mark else "softmax", [column], mark))
    return to_learn


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
