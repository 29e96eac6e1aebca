"""Which column of a raw table is what in a task: text, label, id, split, time, group, or nothing.

A column gets a role only where it is the one good candidate; where two are equally good, the error names both and the
option that decides.
"""

import fnmatch
import re
from dataclasses import dataclass

from decant.errors import DataError
from decant.new.columns import CLASSES, Column, categorical, separator

SPLIT_WORDS = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev", "development"),
    "calib": ("calib", "calibration"),
    "test": ("test", "testing", "holdout"),
}
# words of column names that say what a column is, where its values alone do not
ID = {"id", "uuid", "guid"}
GROUP = {"author", "user", "username", "handle", "thread", "conversation", "dialogue", "speaker", "customer", "account"}
OWN = {"id", "name", "key", "hash"}  # beside those: author_id, but not author_rating
TEXT = {"text", "review", "comment", "message", "post", "tweet", "sentence", "content", "body", "title", "subject",
        "headline", "question", "answer", "utterance", "description"}  # fmt: skip
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


@dataclass
class Roles:
    """Who plays what in a table."""

    text: list[str]
    targets: list[Target]
    id: str | None
    split: dict[str, list[str]]  # split -> its values in split_column
    split_column: str | None
    time: str | None
    group: str | None
    said: list[str]
    """One line per role: "role: column (reason)"."""


def roles_of(
    columns: dict[str, Column], text: list[str], label: list[str], identity: str | None, ignore: list[str]
) -> Roles:
    """Which column is what. text, label, identity and ignore are the user's choices, which are not questioned; label and
    ignore may hold wildcards.

    Raises DataError: no such column, no text, no label, or several equally good candidates.
    """
    said: list[str] = []
    free = dict(columns)
    for name in named(columns, ignore):
        said.append(f"none: {name} (as asked)")
        del free[name]
    wanted = [free.pop(name) for name in named(free, label)]
    text = [free.pop(name).name for name in named(free, text)]
    why = "as asked"
    if identity is not None:
        identity = only("id", [free[name] for name in named(free, [identity])], free, "--id").name
    split = only("split", [one for one in free.values() if splits(one)], free)
    moment = only("time", [one for one in free.values() if one.all("time") and not one.empty], free)
    if identity is None:
        unique = [one for one in free.values() if one.words & ID and not one.words & GROUP and one.unique]
        exact = [one for one in unique if one.name.lower() in ID]
        chosen = only("id", exact if len(exact) == 1 else unique, free, "--id")
        identity, why = (chosen.name, "unique, and its name says so") if chosen else (None, "")
    same = [
        one for one in free.values() if one.words & GROUP and one.words <= GROUP | OWN and 1 < one.distinct < one.filled
    ]
    group = only("group", same, free)
    if not text:
        text = [find_text(free)]
        del free[text[0]]
        reason = f"mean {columns[text[0]].mean:.0f} characters, {columns[text[0]].share * 100:.1f} % distinct"
    else:
        reason = "as asked"
    found = targets(wanted) if wanted else find_targets(free)

    head = [f"text: {', '.join(text)} ({reason})"]
    head += [f"label: {one.shown}, a {one.kind} head" for one in found]
    numbered = "id: none (no unique column is named so; rows are numbered)"
    head.append(f"id: {identity} ({why})" if identity is not None else numbered)
    if split:
        head.append(f"split: {split.name} (its values name splits: {', '.join(map(str, split.values))})")
    head += [f"time: {moment.name} (an ISO date in every row)"] if moment else []
    if group:
        head.append(f"group: {group.name} (its name says so; {group.distinct:,} different, {group.filled:,} rows)")
    used = {one.name for target in found for one in target.columns}
    said += [f"none: {name} ({idle(one)})" for name, one in free.items() if name not in used]
    return Roles(
        text, found, identity, splits(split) if split else {}, split and split.name, moment and moment.name,
        group and group.name, head + said,
    )  # fmt: skip


def listed(columns: list[Column]) -> str:
    """Names for people, of many the first and the last."""
    names = [one.name for one in columns]
    return ", ".join(names if len(names) < 6 else [*names[:2], "...", names[-1]])


def named(columns: dict[str, Column], patterns: list[str]) -> list[str]:
    """The columns that names or wildcards mean, in the order of the patterns."""
    found = []
    for pattern in patterns:
        hits = [pattern] if pattern in columns else [name for name in columns if fnmatch.fnmatchcase(name, pattern)]
        if not hits:
            raise DataError(f"no column {pattern!r}, or it was named twice; columns left are {', '.join(columns)}")
        found += [name for name in hits if name not in found]
    return found


def only(part: str, candidates: list[Column], free: dict[str, Column], option: str = "") -> Column | None:
    """The one candidate, taken out of `free`, or none."""
    if len(candidates) > 1:
        names = ", ".join(one.name for one in candidates)
        how = f"Name it with {option}, or leave" if option else "Leave"
        raise DataError(f"{part}: {names} could be meant, and nothing says which. {how} the others out with --ignore")
    for one in candidates:
        del free[one.name]
    return candidates[0] if candidates else None


def splits(column: Column) -> dict[str, list[str]]:
    """Split -> values that mean it; empty if the values are anything else than train and other splits."""
    found: dict[str, list[str]] = {}
    for value in column.values or ():
        name = next((name for name, words in SPLIT_WORDS.items() if str(value).strip().lower() in words), None)
        if name is None:
            return {}
        found.setdefault(name, []).append(str(value))
    if "train" not in found or len(found) < 2:
        return {}
    if column.empty:
        raise DataError(
            f"column {column.name!r} names splits, but not in {column.empty:,} of {column.rows:,} rows; fill them, or leave "
            f"the column out with --ignore {column.name}"
        )
    return {name: sorted(found[name]) for name in SPLIT_WORDS if name in found}


def find_text(free: dict[str, Column]) -> str:
    """The longest and most distinct strings."""
    prose = {
        name: one.mean * one.share
        for name, one in free.items()
        if one.kinds["string"] * 2 > one.filled and one.kinds["prose"] * 2 >= one.filled > 0
        and (one.distinct > CLASSES or one.share >= 0.5)
    }  # fmt: skip
    if not prose:
        raise DataError(
            f"no column holds text: strings with blanks, most of them different. Columns are {', '.join(free)}. Name it with "
            "--text"
        )
    rivals = [name for name, weight in prose.items() if weight * 2 >= max(prose.values())]
    spoken = [name for name in rivals if free[name].words & TEXT]
    rivals = spoken if len(spoken) == 1 else rivals
    if len(rivals) > 1:
        each = ", ".join(
            f"{name} (mean {free[name].mean:.0f} characters, {free[name].share * 100:.0f} % distinct)"
            for name in rivals
        )
        both = " ".join(f"--text {name}" for name in rivals)
        raise DataError(f"text: {each} could be meant. Name one with --text, or join them: {both}")
    return rivals[0]


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
    clock = {"time", "timestamp", "date"}
    measures = [one for one in free.values() if one.measure and not one.empty and not one.words & clock]
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
        elif one.values is None or one.distinct < 2 or (one.distinct > CLASSES and not categorical(one)):
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


def idle(column: Column) -> str:
    """Why a column has no role."""
    if not column.filled:
        return "empty"
    if column.distinct == 1:
        return "one value in all rows"
    if column.measure and column.empty:
        return f"{column.empty:,} rows have no number, and a regression head needs one in each"
    if column.words & ID and not column.unique:
        return "named like an id, but not unique and filled"
    return f"{column.distinct:,} different values; --label or --text gives it a role"
