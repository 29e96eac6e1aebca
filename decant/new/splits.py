"""Splits that come with a table: a column whose values name them, or files and folders that are named as they are.

A name that says nothing is never passed over: it is asked about, and `--split VALUE=SPLIT` answers.
"""

import re
from difflib import get_close_matches

from decant.errors import DataError, ParamsError
from decant.new.call import Call
from decant.new.columns import Column
from decant.new.words import SPLIT
from decant.paths import SPLITS

WORDS = {
    "train": "train", "training": "train", "trn": "train",
    "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "development": "valid",
    "calib": "calib", "calibration": "calib",
    "test": "test", "testing": "test", "tst": "test", "holdout": "test",
}  # fmt: skip
GLUED = re.compile(r"(.+?)(?:data|set|file|s)?\d*")  # traindata, testset, train1


def words(call: Call) -> dict[str, str]:
    """What a value means: our words, and the user's choices, each "value=split".

    Raises ParamsError: a choice is written in another way.
    """
    known = dict(WORDS)
    for choice in call.choices.split:
        value, mark, split = choice.rpartition("=")
        if not mark or split not in SPLITS:
            rest = [other for other in call.choices.split if other != choice]
            raise ParamsError(
                f"--split {choice}: expected VALUE=SPLIT, with a split of {', '.join(SPLITS)}. Run: "
                f"{call.instead(split=[*rest, option(value or choice, known)])}"
            )
        known[value.strip().lower()] = split
    return known


def by_column(column: Column, known: dict[str, str], call: Call) -> dict[str, list[str]]:
    """Split -> values that mean it; empty if the values are about anything else.

    Asks: some values name splits and others do not, or some rows have none.
    """
    values: dict[str, list[str]] = {}
    odd: dict[str, int] = {}
    for value, rows in (column.values or {}).items():
        split = known.get(str(value).strip().lower())
        if split:
            values.setdefault(split, []).append(str(value))
        else:
            odd[str(value)] = rows
    called = bool(column.words & SPLIT)
    if "train" not in values or (len(values) < 2 and not (called and odd)):
        return {}
    if odd and not called and sum(odd.values()) * 2 > column.filled:
        return {}
    if odd:
        shown = ", ".join(
            f"{value!r} ({rows:,} row{'' if rows == 1 else 's'})" for value, rows in list(odd.items())[:5]
        )
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        names = ", ".join(value for name in SPLITS for value in values.get(name, []))
        meant = [option(value, known) for value in odd]
        call.ask(
            f"column {column.name!r} names splits ({names}), but not with {shown}{more}. Say what is meant with --split VALUE=SPLIT, "
            f"mend the table, or leave the column out, and new splits are made: {call.again('--ignore', column.name)}",
            *(part for choice in meant for part in ("--split", choice)),
        )
        for choice in meant:
            value, _, split = choice.rpartition("=")
            values.setdefault(split, []).append(value)
    if column.empty:
        call.ask(
            f"column {column.name!r} names splits, but not in {column.empty:,} of {column.rows:,} rows; fill them, or leave the column "
            "out with --ignore, and new splits are made",
            "--ignore", column.name,
        )  # fmt: skip
        return {}
    return {name: sorted(values[name]) for name in SPLITS if name in values}


def by_name(files: list[str], top: str, known: dict[str, str], call: Call) -> dict[str, str]:
    """Split -> file or folder, by their names; empty if these are about anything else. files: below data/raw/<task>.
    top: the folder that was named, empty if it is that one.

    Asks: some names say a split and others do not. Raises DataError: two say the same.
    """
    start = f"{top}/" if top else ""
    units = dict.fromkeys(start + name.removeprefix(start).split("/")[0] for name in files)
    if len(units) < 2:
        return {}
    by_split: dict[str, str] = {}
    odd = []
    for unit in units:
        stem = unit.removeprefix(start).rsplit(".", 1)[0]
        said = meanings(stem, known)
        if len(said) != 1:
            odd.append((unit, stem))
        elif said & by_split.keys():
            (split,) = said
            raise DataError(
                f"split: {by_split[split]} and {unit} are both named as {split}; put the files of one split into a "
                f"folder of its own ({start}{split}), rename what is no split, or have new splits made of all rows: "
                f"{call.again('--no-splits')}"
            )
        else:
            by_split[said.pop()] = unit
    if not by_split or (len(by_split) == 1 and "train" not in by_split and len(odd) > 1):
        return {}
    if not odd and "train" not in by_split:
        raise DataError(
            f"split: {', '.join(by_split.values())} are named as splits, and none is train. Bring the rows to train on, or "
            f"have new splits made of all rows: {call.again('--no-splits')}"
        )
    if odd:
        meant = []
        for unit, stem in odd:
            free = [split for split in ("train", "test", "valid", "calib") if split not in by_split]
            choice = option(stem, known, free)
            meant += ["--split", choice]
            by_split.setdefault(choice.rpartition("=")[2], unit)
        call.ask(
            f"split: {', '.join(unit for unit in units if unit not in dict(odd))} {'is' if len(units) - len(odd) == 1 else 'are'} "
            f"named as splits, but not {', '.join(unit for unit, _ in odd)}. Say what is meant with --split NAME=SPLIT, or have new "
            f"splits made of all rows: {call.again('--no-splits')}",
            *meant,
        )
    return {name: by_split[name] for name in SPLITS if name in by_split}


def meanings(stem: str, known: dict[str, str]) -> set[str]:
    """The splits that a name without its suffix says: X_TrainData, sms-test, dev2."""
    if stem.lower() in known:
        return {known[stem.lower()]}
    words = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|[^\W_]+", stem)
    plain = [word.lower() for word in [*words, *re.split(r"[\W_]+", stem)]]
    bare = {match[1] for word in plain if (match := GLUED.fullmatch(word))}
    return {known[word] for word in {*plain, *bare} if word in known}


def heard(call: Call, values: list[str], files: list[str]) -> None:
    """Raises ParamsError: a choice is about a value that names no split of the table."""
    stems = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in files]
    said = {
        text.strip().lower()
        for text in [*values, *stems, *(word for stem in stems for word in re.split(r"[\W_]+", stem))]
    }
    choices = call.choices.split
    for choice in choices:
        value = choice.rpartition("=")[0]
        if value.strip().lower() not in said:
            there = (
                f"those that name splits are {', '.join([*values, *files])}" if said else "nothing there names splits"
            )
            rest = call.instead(split=[other for other in choices if other != choice])
            raise ParamsError(f"--split {choice}: no such value or file; {there}. Without it: {rest}")


def option(value: str, known: dict[str, str], free: list[str] | None = None) -> str:
    """The choice that says what a value means; the split is the nearest one by its letters, or else the first of `free`."""
    near = get_close_matches(value.strip().lower(), known, n=1, cutoff=0.5)
    split = known[near[0]] if near else None
    if free is not None and split not in free:
        split = next(iter(free), "test")
    return f"{value}={split or 'test'}"
