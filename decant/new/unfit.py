"""Columns that are no labels as they are, and the command that makes them some."""

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from decant.errors import DataError
from decant.new.call import Call
from decant.new.columns import CLASSES, Column

READERS = {".jsonl": "pd.read_json({file}, lines=True)", ".parquet": "pd.read_parquet({file})",
           ".csv": "pd.read_csv({file}{cells})", ".tsv": "pd.read_csv({file}{cells})",
           ".xlsx": "pd.read_excel({file}, engine=\"calamine\")"}  # fmt: skip
# what says how a file is read, and not what it holds
OF_FILE = dict.fromkeys(("format", "encoding", "delimiter", "quotes", "header", "columns"))


def rewritten(call: Call, change: str, *options: str) -> str:
    """A command that changes the table `t` and looks at what came of it; what to do by hand where no one line reads it."""
    reader = READERS.get(call.file.suffix.lower())
    if reader is None or call.file.is_dir() or call.url:
        return f"Write the table so, and run: {call.again(*options)}"
    reader = reader.format(file=code_of(str(call.file)), cells=call.pandas)
    target = Path(f"{call.file.stem}_wide.parquet")
    code = f"import pandas as pd; t = {reader}; {change}.to_parquet({code_of(str(target))})"
    plain = replace(call, choices=replace(call.choices, **OF_FILE), answers=[])
    return f"This writes it so and looks again: python -c {shlex.quote(code)} && {plain.again(*options, file=target)}"


def code_of(value: object) -> str:
    """Text, or a list of it, as Python, in double quotes: single ones would be hard to read in a shell."""
    return json.dumps(value, ensure_ascii=False)


def refuse(column: Column, call: Call, others: Iterable[str] = ()) -> None:
    """Raises DataError for a column that no head can learn from, whatever its numbers mean. others: that could be labels."""
    name = column.name
    if column.vectors:
        first = next(iter(column.values))
        names = [f"{name}_{place}" for place in range(len(first))]
        change = f"t[{code_of(names)}] = t.pop({code_of(name)}).tolist(); t"
        raise DataError(
            f"column {name!r} holds vectors, e.g. {list(first)}: a number for each of {len(first)} labels, whose names are not "
            f"there. Write a column of 1 and 0 for each label, named as the label. {rewritten(call, change, '--label', f'{name}_*')}"
        )
    if column.all("nested"):
        example = next(iter(column.values or ["{...}"]))
        fields = list(
            dict.fromkeys(field for value in column.values or () for field in re.findall(r"['\"](\w+)['\"]: ", value))
        )
        change = f"t.join(pd.json_normalize(t.pop({code_of(name)})))"
        raise DataError(
            f"column {name!r} holds objects, e.g. {example}: fields, and no label. Write each field as a column of its own. "
            f"{rewritten(call, change, *(part for field in fields for part in ('--label', field)))}"
        )
    if column.dated and not column.moment:
        raise DataError(
            f"{column.dated}: a date is stored in column {name!r}, beside what is none: Excel has made it of what was typed. "
            f"Format the column as text, type those labels again, and run: {call.again('--label', name)}"
        )
    if column.dated:
        raise DataError(
            f"{column.dated}: column {name!r} holds dates, which are no labels. If Excel has made them of what was typed, format "
            f"the column as text and type the labels again; then run: {call.again('--label', name)}"
        )
    if column.all("bracketed"):
        example = next(iter(column.values or ["[...]"]))
        change = f"import ast; t[{code_of(name)}] = t[{code_of(name)}].map(ast.literal_eval); t"
        raise DataError(
            f"column {name!r} holds lists written as text, e.g. {example!r}; write the labels as a|b, or the table as JSON Lines "
            f"or Parquet, which have lists. {rewritten(call, change, '--label', name)}"
        )
    if column.all("comma") and not column.all("number") and not call.choices.separator:
        raise DataError(
            f"column {name!r}: a comma in its numbers could be a decimal point or stand between two labels; write 1.5 or 1|5, "
            f"or, if it joins labels, run: {call.again('--label', name, '--separator', ',')}"
        )
    if column.distinct == 1:
        raise single(column, call, others)


def single(column: Column, call: Call, others: Iterable[str] = ()) -> DataError:
    """A column of one class. others: columns that could be labels."""
    value = next(iter(column.values))
    rest, last = "", ""
    if column.empty:
        words = ", ".join(column.nulls)
        rest = f" Its other {column.empty:,} rows are empty{f' ({words})' if words else '; if they are a class too, write its name there'}."
        last = f"; if {words} is a class, run: {call.again('--no-nulls')}" if words else ""
    return DataError(
        f"label: column {column.name!r} holds one class only, {value!r} in {column.filled:,} rows, and nothing can be learnt "
        f"without another to tell it from.{rest} Add rows of other classes{last or other(call, others)}"
    )


def too_many(column: Column, call: Call, others: Iterable[str]) -> DataError:
    """A column of more values than a head has classes. others: columns that could be labels."""
    found = f"{column.distinct:,} different values in {column.filled:,} rows; a head has 2 to {CLASSES} classes"
    return DataError(
        f"column {column.name!r} is no label: {found}. Merge the rare ones in the table{other(call, others)}"
    )


def other(call: Call, others: Iterable[str]) -> str:
    """Another column to learn, if there is one."""
    first = next(iter(others), None)
    return "" if first is None else f", or learn another column: {call.instead(label=[first], classes=[], number=[])}"


def numbers_alone(columns: list[Column], call: Call) -> DataError:
    """Nothing but numbers to learn: a decision needs classes."""
    name = columns[0].name
    shown = ", ".join(column.name for column in columns)
    new, thirds = code_of(f"{name}_class"), code_of(["low", "middle", "high"])
    change = f't[{new}] = pd.qcut(t[{code_of(name)}].rank(method="first"), 3, {thirds}).astype(str); t'
    return DataError(
        f"label: {shown} holds numbers, a regression head. A decision needs classes too, which a softmax or a sigmoid head "
        f"learns: bring a column with them, or sort the numbers into some. "
        f"{rewritten(call, change, '--label', f'{name}_class', '--number', name)}"
    )


def nameless(numbers: list[int], call: Call) -> DataError:
    """Columns without a name that hold something, where several have none; by their numbers."""
    change = 't = t.loc[:, ~t.columns.str.startswith("Unnamed: ")]; t'
    return DataError(
        f"{call.file}: column{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}: no name in the header, and cells below it. "
        f"Name them there, or leave out what has no name. {rewritten(call, change)}"
    )
