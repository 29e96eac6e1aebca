"""Which column of a raw table is what in a task: text, label, id, split, time, group, or nothing.

A column gets a role only where it is the one good candidate; where two are equally good, the error names both and the
option that decides.
"""

import fnmatch
from dataclasses import dataclass

from decant.errors import DataError
from decant.new.columns import CLASSES, Column
from decant.new.splits import by_column
from decant.new.targets import Target, find_targets, targets

# words of column names that say what a column is, where its values alone do not
ID = {"id", "uuid", "guid"}
GROUP = {"author", "user", "username", "handle", "thread", "conversation", "dialogue", "speaker", "customer", "account"}
OWN = {"id", "name", "key", "hash"}  # beside those: author_id, but not author_rating
TEXT = {"text", "review", "comment", "message", "post", "tweet", "sentence", "content", "body", "title", "subject",
        "headline", "question", "answer", "utterance", "description"}  # fmt: skip


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
    columns: dict[str, Column],
    text: list[str],
    label: list[str],
    identity: str | None,
    ignore: list[str],
    known: dict[str, str],
) -> Roles:
    """Which column is what. text, label, identity and ignore are the user's choices, which are not questioned; label and
    ignore may hold wildcards. known: value of a split column -> split.

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
    split = only("split", [column for column in free.values() if by_column(column, known)], free)
    given = by_column(split, known) if split else {}
    said += [f"none: {column.name} ({too_fine(column)})" for column in free.values() if column.milliseconds]
    free = {name: column for name, column in free.items() if not column.milliseconds}
    moment = only("time", [column for column in free.values() if column.moment and not column.empty], free)
    if identity is None:
        unique = [
            column for column in free.values() if column.words & ID and not column.words & GROUP and column.unique
        ]
        exact = [column for column in unique if column.name.lower() in ID]
        chosen = only("id", exact if len(exact) == 1 else unique, free, "--id")
        identity, why = (chosen.name, "unique, and its name says so") if chosen else (None, "")
    same = [
        column
        for column in free.values()
        if column.words & GROUP and column.words <= GROUP | OWN and 1 < column.distinct < column.filled
    ]
    group = only("group", same, free)
    if not text:
        text = [find_text(free)]
        del free[text[0]]
        reason = f"mean {columns[text[0]].mean:.0f} characters, {columns[text[0]].share * 100:.1f} % distinct"
    else:
        reason = "as asked"
    to_learn = targets(wanted) if wanted else find_targets(free)

    head = [f"text: {', '.join(text)} ({reason})"]
    head += [f"label: {target.shown}, a {target.kind} head" for target in to_learn]
    numbered = "id: none (no unique column is named so; rows are numbered)"
    head.append(f"id: {identity} ({why})" if identity is not None else numbered)
    if split:
        each = ", ".join(
            name if values == [name] else f"{name} ({', '.join(values)})" for name, values in given.items()
        )
        head.append(f"split: {split.name} (its values name splits: {each})")
    if moment:
        head.append(
            f"time: {moment.name} ({'an ISO date' if moment.all('time') else 'seconds since 1970'} in every row)"
        )
    if group:
        head.append(f"group: {group.name} (its name says so; {group.distinct:,} different, {group.filled:,} rows)")
    used = {column.name for target in to_learn for column in target.columns}
    said += [f"none: {name} ({idle(column)})" for name, column in free.items() if name not in used]
    return Roles(
        text, to_learn, identity, given, split and split.name, moment and moment.name,
        group and group.name, head + said,
    )  # fmt: skip


def named(columns: dict[str, Column], patterns: list[str]) -> list[str]:
    """The columns that names or wildcards mean, in the order of the patterns."""
    names = []
    for pattern in patterns:
        hits = [pattern] if pattern in columns else [name for name in columns if fnmatch.fnmatchcase(name, pattern)]
        if not hits:
            raise DataError(f"no column {pattern!r}, or it was named twice; columns left are {', '.join(columns)}")
        names += [name for name in hits if name not in names]
    return names


def only(part: str, candidates: list[Column], free: dict[str, Column], option: str = "") -> Column | None:
    """The one candidate, taken out of `free`, or none."""
    if len(candidates) > 1:
        names = ", ".join(column.name for column in candidates)
        how = f"Name it with {option}, or leave" if option else "Leave"
        raise DataError(f"{part}: {names} could be meant, and nothing says which. {how} the others out with --ignore")
    for column in candidates:
        del free[column.name]
    return candidates[0] if candidates else None


def find_text(free: dict[str, Column]) -> str:
    """The longest and most distinct strings."""
    prose = {
        name: column.mean * column.share
        for name, column in free.items()
        if column.kinds["string"] * 2 > column.filled and column.kinds["prose"] * 2 >= column.filled > 0
        and (column.distinct > CLASSES or column.share >= 0.5)
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


def too_fine(column: Column) -> str:
    """Why a column of milliseconds is no time."""
    example = next(iter(column.values), "") if column.values else "13 digits"
    return (
        f"milliseconds since 1970, e.g. {example}, and source.time reads seconds or ISO 8601; divide them by 1,000 if "
        "split.order: time is wanted"
    )


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
