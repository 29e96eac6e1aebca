"""What a raw table has to learn from: columns of classes, families of boolean ones, numbers."""

import re
from dataclasses import dataclass

from decant.errors import DataError
from decant.heads import KINDS
from decant.new.call import Call
from decant.new.columns import CLASSES, Column, categorical, separators
from decant.new.crowd import apart, crowd
from decant.new.unfit import numbers_alone, refuse, single, too_many
from decant.new.votes import Votes
from decant.new.words import ABOUT, CLOCK, GROUP, ID, LABEL, SCALE

SHOWN = 3  # values of a column that a question shows


@dataclass
class Target:
    """What a head can learn from: one column, or several boolean ones."""

    kind: str  # of head: softmax, sigmoid or regression
    columns: list[Column]
    separator: str | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        names, first = listed(self.columns), self.columns[0]
        note = f"; {self.note}" if self.note else ""
        if len(self.columns) > 1:
            return f"{names} ({len(self.columns)} boolean columns: any of them)"
        if first.votes:
            fields = " and ".join(next(iter(first.votes)))
            what = "any of them" if KINDS[self.kind].several else "one of them"
            return f"{names} (lists of {fields}, by several annotators: {what}, by majority{note})"
        if not KINDS[self.kind].least:
            return f"{names} ({first.distinct:,} different numbers{note})"
        if not KINDS[self.kind].several:
            return f"{names} ({first.distinct} different values: one of them{note})"
        joined = f"labels joined by {self.separator!r}" if self.separator else "lists of labels"
        return f"{names} ({joined}: any of them{note})"


def listed(columns: list[Column]) -> str:
    """Names for people, of many the first and the last."""
    names = [column.name for column in columns]
    return ", ".join(names if len(names) < 6 else [*names[:2], "...", names[-1]])


def find_targets(free: dict[str, Column], taken: dict[str, str], call: Call) -> list[Target]:
    """The labels: one column of classes, or a family of boolean ones, and a number beside it if there is one.

    taken: column -> the role that it has already. Asks where several could be meant. Raises DataError: nothing is a label.
    """
    said = {name for name, column in free.items() if column.words & LABEL}
    several = families([column for column in free.values() if column.flag and not column.words <= LABEL])
    inside = {column.name for family in several for column in family}
    alone = [
        column
        for column in free.values()
        if column.name not in inside and (classified(column) or (not column.measure and categorical(column)))
    ]
    rivals = [[column] for column in alone] + several
    if people := crowd(list(free.values())):
        raise apart(people, call)
    if len(rivals) > 1:
        clear = [family for family in rivals if len(family) == 1 and family[0].name in said]
        rivals = clear if len(clear) == 1 else rivals
    numbers = [
        column
        for column in free.values()
        if column.measure and not column.empty and not column.words & (CLOCK | ABOUT) and not classified(column)
    ]
    # whole numbers count or name things, unless somebody says that they are learnt
    measures = [column for column in numbers if not column.all("whole") or column.name in said]
    clear = [column for column in measures if column.name in said]
    measures = clear if len(measures) > 1 and len(clear) == 1 else measures
    lone = [column for column in free.values() if column.name in said and column.distinct == 1]
    if lone and not any(column.name in said for family in rivals for column in family):
        raise single(lone[0], call, [family[0].name for family in rivals])
    for candidates in (rivals, [[column] for column in measures] if rivals else []):
        if len(candidates) > 1:
            ask(candidates, rivals, call)
            return [target for family in rivals[:1] for target in targets(family, call)]
    if not rivals and not numbers:
        roles = "; ".join(f"{name} is taken as {role}" for name, role in taken.items() if role != "text")
        left = f"Columns left are {', '.join(free) or 'none'}{f' ({roles})' if roles else ''}"
        others = [name for name, role in taken.items() if role in ("split", "time", "group", "id")] or list(free)
        how = (
            f"Name it: {call.again('--label', others[0])}"
            if others
            else "Write one into the table, a column of classes"
        )
        raise DataError(
            f"no column holds a label: a few values that repeat, or several labels in a cell. {left}. {how}"
        )
    if not rivals:
        return lonely(numbers, call)
    found = [target for family in rivals for target in targets(family, call)]
    return found + [Target("regression", [column]) for column in measures]


def ask(candidates: list[list[Column]], rivals: list[list[Column]], call: Call) -> None:
    """Which of them is to be learnt, with what is in each; the likeliest stands first in `rivals` then."""

    def likely(family: list[Column]) -> tuple:
        column = family[0]
        named = len(family) == 1 and bool(column.words & LABEL)
        return (not named, min(one.empty for one in family), column.distinct)

    candidates.sort(key=likely)
    names = "; ".join(listed(family) for family in candidates)
    each = "".join(f"\n  {listed(family)}: {described(family)}" for family in candidates)
    call.ask(
        f"label: {names} could be meant. Name what to learn with --label (again for each further column; wildcards work), or "
        f"leave columns out with --ignore:{each}",
        *(part for column in rivals[0] for part in ("--label", column.name)),
    )


def described(family: list[Column]) -> str:
    """What a candidate holds: its values, most frequent first, and their rows."""
    column = family[0]
    if len(family) > 1:
        return f"{len(family)} columns of yes and no, in {column.rows:,} rows"
    if column.measure or column.values is None:
        low, high = min(column.values or [0], key=float), max(column.values or [0], key=float)
        return f"{column.distinct:,} numbers" + (f" from {low} to {high}" if column.values else "")
    common = column.values.most_common(SHOWN)
    shown = ", ".join(
        f"{' + '.join(map(str, value)) if isinstance(value, tuple) else value} ({rows:,})" for value, rows in common
    )
    more = f" and {column.distinct - SHOWN:,} more" if column.distinct > SHOWN else ""
    empty = f"; empty in {column.empty:,} of {column.rows:,} rows" if column.empty else ""
    return f"{column.distinct:,} values: {shown}{more}{empty}"


def classified(column: Column) -> bool:
    """Whole numbers that are the ids of classes, for their column is named as one of classes is."""
    few = column.measure and column.all("whole") and column.distinct <= CLASSES
    return few and bool(column.words & (LABEL - SCALE)) and not column.words & ID


def lonely(columns: list[Column], call: Call) -> list[Target]:
    """Where there is nothing but numbers: a question, if they could be the ids of classes. Raises DataError: they could not."""
    few = [column for column in columns if column.all("whole") and column.distinct <= CLASSES]
    few = [column for column in few if not column.words & (ID | GROUP)]
    if not few:
        raise numbers_alone(columns, call)
    column = min(few, key=lambda column: column.distinct)
    call.ask(
        f"label: {column.name} holds {column.distinct:,} different whole numbers: ids of classes (--classes), or a scale? A scale alone "
        "decides nothing: name a column of classes beside it with --label, and the scale with --number",
        "--classes", column.name,
    )  # fmt: skip
    return [Target("softmax", [column])]


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


def targets(columns: list[Column], call: Call, free: dict[str, Column] | None = None) -> list[Target]:
    """What the columns teach; two and more boolean ones are one head. free: the columns without a role yet.

    Raises DataError for a column that cannot be a label.
    """
    others = [name for name, column in (free or {}).items() if not column.measure and categorical(column)]
    forced, numbers = call.choices.classes, call.choices.number
    flags = [column for column in columns if column.flag and column.name not in [*forced, *numbers]]
    flags = flags if len(flags) > 1 else []
    to_learn = []
    for column in columns:
        if column in flags:
            if column is flags[0]:
                to_learn.append(Target("sigmoid", flags))
            continue
        if column.name not in numbers:
            refuse(column, call, others)
        whole = column.all("whole") and column.distinct <= CLASSES
        # the only thing to decide by, and named by the user: classes, if there are not too many
        decides = whole and len(columns) == 1 and not numbers
        if column.name in numbers or (column.measure and not (classified(column) or decides or column.name in forced)):
            if not column.all("number") or column.empty:
                raise DataError(f"column {column.name!r} is no number in every row: {numberless(column, call)}")
            to_learn.append(Target("regression", [column]))
        elif column.values is None or not column.distinct or (column.distinct > CLASSES and not categorical(column)):
            raise too_many(column, call, others)
        else:
            note = (
                "whole numbers, taken for the ids of classes; --number, if they are a scale" if column.measure else ""
            )
            to_learn.append(labelled(column, call, note))
    if all(target.kind == "regression" for target in to_learn) and to_learn:
        raise numbers_alone([target.columns[0] for target in to_learn], call)
    return to_learn


def numberless(column: Column, call: Call) -> str:
    """What to do about a column that was called a number."""
    gaps = f"{column.empty:,} rows are empty" if column.empty else "some cells hold something else"
    rest = call.instead(number=[name for name in call.choices.number if name != column.name])
    return f"{gaps}. Fill them with numbers, or leave it out of --number: {rest}"


def labelled(column: Column, call: Call, note: str) -> Target:
    """A column of classes, or of several labels in a cell. Asks: two marks could join them."""
    if column.votes:
        several = any(len(one) > 1 for cell in column.values if isinstance(cell, Votes) for one in cell.given)
        return Target("sigmoid" if several else "softmax", [column], None, note)
    fits = separators(column)
    chosen = call.choices.separator
    if chosen is None and len(fits) > 1:
        call.ask(
            f"column {column.name!r}: its labels are joined by {' and by '.join(map(repr, fits))}, and one mark alone can part them; "
            "name it with --separator, or keep one of them in the table",
            "--separator", next(iter(fits)),
        )  # fmt: skip
    mark = next(iter(fits), None) if chosen is None else chosen or None
    if chosen is None and mark:
        note = "--no-separator, if they are single names"
    elif chosen is None and column.kinds["string"] and sum("," in str(value) for value in column.values) > 1:
        note = "commas are part of the names; --separator , if they join labels"
    several = column.all("list") or mark
    return Target("sigmoid" if several else "softmax", [column], mark, note)
