"""Which column of a raw table is what in a task: text, label, id, split, time, group, or nothing.

A column gets a role only where it is the one good candidate; where two are equally good, the question names both and ends
with the command that takes the likelier.
"""

import fnmatch
from dataclasses import dataclass

from decant.errors import DataError
from decant.new.call import Call
from decant.new.columns import CLASSES, Column
from decant.new.splits import by_column
from decant.new.targets import Target, find_targets, targets
from decant.new.words import GROUP, ID, OWN, TEXT


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


def roles_of(columns: dict[str, Column], call: Call, known: dict[str, str]) -> Roles:
    """Which column is what. The user's choices are not questioned; --label and --ignore may hold wildcards. known: value of
    a split column -> split.

    Asks where several are equally good. Raises DataError: no such column, no text, no label.
    """
    choices = call.choices
    said: list[str] = []
    free = dict(columns)
    taken: dict[str, str] = {}  # column -> role
    for name in named(columns, choices.ignore, call):
        said.append(f"none: {name} (as asked)")
        del free[name]
    learnt = named(free, [*choices.label, *choices.classes, *choices.number], call)
    wanted = [free.pop(name) for name in learnt]
    text = [free.pop(name).name for name in named(free, choices.text, call)]
    why = "as asked"
    identity = None
    if choices.id is not None:
        identity = only("id", [free[name] for name in named(free, [choices.id], call)], free, taken, call).name

    given: dict[str, list[str]] = {}
    split = None
    if choices.splits:
        naming = {name: by_column(column, known, call) for name, column in free.items()}
        split = only("split", [column for name, column in free.items() if naming[name]], free, taken, call)
        given = naming[split.name] if split else {}
    said += [f"none: {column.name} ({too_fine(column)})" for column in free.values() if column.milliseconds]
    free = {name: column for name, column in free.items() if not column.milliseconds}
    moment = only("time", [column for column in free.values() if column.moment and not column.empty], free, taken, call)
    if identity is None:
        unique = [
            column for column in free.values() if column.words & ID and not column.words & GROUP and column.unique
        ]
        exact = [column for column in unique if column.name.lower() in ID]
        chosen = only("id", exact if len(exact) == 1 else unique, free, taken, call)
        identity, why = (chosen.name, "unique, and its name says so") if chosen else (None, "")
    same = [
        column
        for column in free.values()
        if column.words & GROUP and column.words <= GROUP | OWN and 1 < column.distinct < column.filled
    ]
    group = only("group", same, free, taken, call)
    if not text:
        text = [find_text(columns, free, taken, call)]
        free.pop(text[0], None)
        reason = f"mean {columns[text[0]].mean:.0f} characters, {columns[text[0]].share * 100:.1f} % distinct"
    else:
        reason = "as asked"
    taken |= dict.fromkeys(text, "text")
    to_learn = targets(wanted, call, free) if wanted else find_targets(free, taken, call)

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
    said += [f"none: {name or repr(name)} ({idle(column)})" for name, column in free.items() if name not in used]
    return Roles(
        text, to_learn, identity, given, split and split.name, moment and moment.name,
        group and group.name, head + said,
    )  # fmt: skip


def named(columns: dict[str, Column], patterns: list[str], call: Call) -> list[str]:
    """The columns that names or wildcards mean, in the order of the patterns."""
    names = []
    for pattern in patterns:
        hits = [pattern] if pattern in columns else [name for name in columns if fnmatch.fnmatchcase(name, pattern)]
        if not hits:
            raise DataError(
                f"no column {pattern!r}, or it was named twice; columns left are {', '.join(columns)}. Name one of these, "
                f"or let it be found out: {call.instead(text=[], label=[], classes=[], number=[], id=None, ignore=[])}"
            )
        names += [name for name in hits if name not in names]
    return names


def only(
    part: str, candidates: list[Column], free: dict[str, Column], taken: dict[str, str], call: Call
) -> Column | None:
    """The one candidate, taken out of `free`, or none. Asks if there are several."""
    if len(candidates) > 1:
        names = ", ".join(column.name for column in candidates)
        others = [part for column in candidates[1:] for part in ("--ignore", column.name)]
        if part == "id":
            how, answer = "Name it with --id, or leave", ["--id", candidates[0].name]
        else:
            how, answer = "Leave", others
        call.ask(f"{part}: {names} could be meant, and nothing says which. {how} the others out with --ignore", *answer)
    for column in candidates:
        del free[column.name]
    taken |= {column.name: part for column in candidates[:1]}
    return candidates[0] if candidates else None


def find_text(columns: dict[str, Column], free: dict[str, Column], taken: dict[str, str], call: Call) -> str:
    """The longest and most distinct strings. Asks where two columns are as good. Raises DataError: there are none."""
    weights = {name: column.mean * column.share for name, column in free.items() if prose(column)}
    if not weights:
        roles = "; ".join(f"{name} is taken as {role}" for name, role in taken.items())
        likely = [name for name in taken if prose(columns[name])]
        likely = likely or sorted(columns, key=lambda name: -columns[name].mean * columns[name].share)
        raise DataError(
            f"no column holds text: strings with blanks, most of them different. Columns left are {', '.join(free) or 'none'}"
            f"{f' ({roles})' if roles else ''}. Name it: {call.again('--text', likely[0])}"
        )
    rivals = [name for name, weight in weights.items() if weight * 2 >= max(weights.values())]
    spoken = [name for name in rivals if free[name].words & TEXT]
    rivals = spoken if len(spoken) == 1 else rivals
    if len(rivals) > 1:
        each = ", ".join(
            f"{name} (mean {free[name].mean:.0f} characters, {free[name].share * 100:.0f} % distinct)"
            for name in rivals
        )
        both = " ".join(f"--text {name}" for name in rivals)
        rivals.sort(key=lambda name: (name not in spoken, -weights[name]))
        call.ask(f"text: {each} could be meant. Name one with --text, or join them: {both}", "--text", rivals[0])
    return rivals[0]


def prose(column: Column) -> bool:
    """Strings with blanks, most of them different."""
    strings = column.kinds["string"] * 2 > column.filled and column.kinds["prose"] * 2 >= column.filled > 0
    return strings and (column.distinct > CLASSES or column.share >= 0.5)


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
    if column.measure:
        return f"{column.distinct:,} different numbers; --number makes them a regression head, --classes classes"
    return f"{column.distinct:,} different values; --label or --text gives it a role"
