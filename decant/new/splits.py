"""Splits that come with a table: a column whose values name them, or files and folders that are named as they are.

A name that says nothing is never passed over: it is asked about, and `--split VALUE=SPLIT` answers.
"""

import re
import shlex
from difflib import get_close_matches

from decant.errors import DataError, ParamsError
from decant.new.columns import Column
from decant.paths import SPLITS

WORDS = {
    "train": "train", "training": "train",
    "valid": "valid", "validation": "valid", "val": "valid", "dev": "valid", "development": "valid",
    "calib": "calib", "calibration": "calib",
    "test": "test", "testing": "test", "holdout": "test",
}  # fmt: skip
COLUMNS = {"split", "splits", "fold", "set", "subset", "partition"}  # words of a column's name


def words(choices: list[str]) -> dict[str, str]:
    """What a value means: our words, and the user's choices, each "value=split".

    Raises ParamsError: a choice is written in another way.
    """
    known = dict(WORDS)
    for choice in choices:
        value, mark, split = choice.rpartition("=")
        if not mark or split not in SPLITS:
            raise ParamsError(f"--split {choice}: expected VALUE=SPLIT, with a split of {', '.join(SPLITS)}")
        known[value.strip().lower()] = split
    return known


def by_column(column: Column, known: dict[str, str]) -> dict[str, list[str]]:
    """Split -> values that mean it; empty if the values are about anything else.

    Raises DataError: some values name splits and others do not, or some rows have none.
    """
    values: dict[str, list[str]] = {}
    odd: dict[str, int] = {}
    for value, rows in (column.values or {}).items():
        split = known.get(str(value).strip().lower())
        if split:
            values.setdefault(split, []).append(str(value))
        else:
            odd[str(value)] = rows
    called = bool(column.words & COLUMNS)
    if "train" not in values or (len(values) < 2 and not (called and odd)):
        return {}
    if odd and not called and sum(odd.values()) * 2 > column.filled:
        return {}
    ignored = f"leave the column out with --ignore {shlex.quote(column.name)}, and new splits are made"
    if odd:
        shown = ", ".join(
            f"{value!r} ({rows:,} row{'' if rows == 1 else 's'})" for value, rows in list(odd.items())[:5]
        )
        more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
        names = ", ".join(value for name in SPLITS for value in values.get(name, []))
        raise DataError(
            f"column {column.name!r} names splits ({names}), but not with {shown}{more}. Mend the table, say "
            f"what is meant, e.g. {option(next(iter(odd)), known)}, or {ignored}"
        )
    if column.empty:
        raise DataError(
            f"column {column.name!r} names splits, but not in {column.empty:,} of {column.rows:,} rows; fill them, or "
            f"{ignored}"
        )
    return {name: sorted(values[name]) for name in SPLITS if name in values}


def by_name(files: list[str], top: str, known: dict[str, str]) -> dict[str, str]:
    """Split -> file or folder, by their names; empty if these are about anything else. files: below data/raw/<task>.
    top: the folder that was named, empty if it is that one.

    Raises DataError: some names say a split and others do not, or two say the same.
    """
    start = f"{top}/" if top else ""
    units = dict.fromkeys(start + name.removeprefix(start).split("/")[0] for name in files)
    if len(units) < 2:
        return {}
    by_split: dict[str, str] = {}
    odd = []
    for unit in units:
        stem = unit.removeprefix(start).lower().rsplit(".", 1)[0]
        said = {known[word] for word in ([stem] if stem in known else re.split(r"[\W_]+", stem)) if word in known}
        if len(said) != 1:
            odd.append((unit, stem))
        elif said & by_split.keys():
            (split,) = said
            raise DataError(
                f"split: {by_split[split]} and {unit} are both named as {split}; put the files of one split into a "
                f"folder of its own ({start}{split}), or rename what is no split"
            )
        else:
            by_split[said.pop()] = unit
    if "train" not in by_split:
        return {}
    if odd:
        raise DataError(
            f"split: {', '.join(by_split.values())} {'is' if len(by_split) == 1 else 'are'} named as splits, but not "
            f"{', '.join(unit for unit, _ in odd)}. Say what is meant, e.g. {option(odd[0][1], known)}, or rename the files: "
            "without a name of a split, new ones are made of all rows"
        )
    return {name: by_split[name] for name in SPLITS if name in by_split}


def heard(choices: list[str], values: list[str], files: list[str]) -> None:
    """Raises ParamsError: a choice is about a value that names no split of the table."""
    stems = [name.rsplit("/", 1)[-1].rsplit(".", 1)[0] for name in files]
    said = {
        text.strip().lower()
        for text in [*values, *stems, *(word for stem in stems for word in re.split(r"[\W_]+", stem))]
    }
    for choice in choices:
        value = choice.rpartition("=")[0]
        if value.strip().lower() not in said:
            there = (
                f"those that name splits are {', '.join([*values, *files])}" if said else "nothing there names splits"
            )
            raise ParamsError(f"--split {choice}: no such value or file; {there}")


def option(value: str, known: dict[str, str]) -> str:
    """The option that says what a value means; the split is the nearest one by its letters, or else test."""
    near = get_close_matches(value.strip().lower(), known, n=1, cutoff=0.5)
    choice = f"{value}={known[near[0]] if near else 'test'}"
    return f"--split {shlex.quote(choice)}"
