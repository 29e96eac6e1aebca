"""`python -m decant new`: look at a raw table and propose a task's block for params.yaml.

A proposal has been tried before anything is written: the block is checked as params.yaml will be, and every row goes
through what prepare does. decant/new/intake.py says how the files are written, decant/new/roles.py which column is what,
decant/new/blocks.py writes the block.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from decant import paths
from decant.data import rawfiles
from decant.data.ids import identity
from decant.data.labels import raw_labels
from decant.data.rawfiles import Batch
from decant.errors import DataError, ParamsError
from decant.files import writing
from decant.heads import KINDS
from decant.keys import SHIPPED
from decant.new import intake
from decant.new.blocks import Block, appended, checked
from decant.new.columns import Column, look
from decant.new.naming import classes_of, head_name
from decant.new.roles import Roles, named, roles_of
from decant.new.splits import by_name, heard, words
from decant.new.targets import Target, inner
from decant.new.trial import Trial, of
from decant.settings import params
from decant.settings.params import FILE
from decant.settings.schema import Params

# raw: data/raw holds the raw files; the words are no strings in YAML
RESERVED = {"defaults", "raw", "null", "true", "false", *params.RESERVED, *Params.model_fields}


@dataclass
class Choices:
    """What the user says himself about a table; everything else is inferred."""

    text: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    id: str | None = None
    ignore: list[str] = field(default_factory=list)
    encoding: str | None = None
    split: list[str] = field(default_factory=list)  # value=split


def new(file: Path, task: str, choices: Choices, dry_run: bool = False, build: bool = False) -> None:
    """Propose a block for the table in `file` (or the tables in that folder), say why, and write it to params.yaml.

    dry_run: print the block and write nothing. build: name the task in `tasks`, too.

    Raises ParamsError: a bad or taken name, or params.yaml would not be valid. DataError: the table cannot be read, is
    ambiguous, or has no text or nothing to decide by. Either leaves everything as it was.
    """
    params.tasks()  # a file that is invalid already says so itself
    before = FILE.read_bytes()
    tree = YAML(typ="safe", pure=True).load(before)
    if not re.fullmatch("[a-z][a-z0-9_]*", task) or task in RESERVED:
        raise ParamsError(
            f"--task {task}: a name has small letters, digits and _, begins with a letter, and is none of "
            f"{', '.join(sorted(RESERVED))}"
        )
    if task in tree:
        raise ParamsError(f"--task {task}: {FILE} has such a block already; take another name, or take that block out")
    known = words(choices.split)
    folder, names, target = intake.where(file, paths.raw(task))
    formats = rawfiles.files(folder, names, None)

    block = Block(task)
    block.put("source", "files", value=names, note=f"below {paths.raw(task)}")
    coding = choices.encoding or intake.encoding(formats, print)
    intake.header(formats, coding or "utf-8")
    mark = intake.delimiter(formats, coding or "utf-8", print)
    if coding:
        block.put("source", "encoding", value=coding, note="of the file")
    if mark:
        block.put("source", "delimiter", value=mark, note="between cells")

    def batches() -> Iterator[Batch]:
        for path, form in formats.items():
            yield from rawfiles.batches(path, form, coding or "utf-8", mark)

    table = look(batches())
    rows = next(iter(table.values())).rows
    print(f"data: {file} ({of(rows)}, {of(len(table), 'column')}, {of(len(formats), 'file')})")
    for name in named(table, [choices.id] if choices.id is not None else []):
        if not table[name].unique:
            raise DataError(repeated(table[name], batches))
    roles = roles_of(table, choices.text, choices.label, choices.id, choices.ignore, known)
    print(*roles.said, sep="\n")
    top = names[0] if (folder / names[0]).is_dir() and len(names) == 1 else ""
    files = by_name([path.relative_to(folder).as_posix() for path in formats], top, known)
    heard(choices.split, [value for values in roles.split.values() for value in values], list(files.values()))
    warnings = describe(block, roles, files)

    trial = Trial(checked(appended(before, block, build), block, build), folder, formats)
    stops, more = trial.propose(block)
    gate = {"metric": "test", "key": f"{SHIPPED}.macro_f1", "min": 0.5}
    block.put("gates", "macro_f1", value=gate, note="a placeholder: set what a release must reach")
    after = appended(before, block, build)
    checked(after, block, build)
    for warning in [*stops, *warnings, *more]:
        print(f"warning: {warning}")
    if dry_run:
        print(f"\n{block.text()}\nnothing was written (--dry-run)")
        return
    with ExitStack() as undo:  # an error on the way puts everything back
        if target:
            intake.copy(folder / names[0], target, undo)
        undo.callback(rewrite, before)
        rewrite(after)
        params.read(task)
        undo.pop_all()
    print(f"\nThe block {task} is at the end of {FILE}. {'Change it as said above' if stops else 'Read it'}, then:")
    if not build:
        print(f"  sed -i.bak 's/^tasks: .*/tasks: [{', '.join([*tree['tasks'], task])}]/' {FILE}")
    steps = {
        f"dvc repro profile@{task}": f"cleans and splits the rows and describes them: read {paths.page(task, 'data')}",
        "dvc repro": "trains, quantizes and judges",
        "python -m decant verdict": "may it be released?",
    }
    for command, what in steps.items():
        print(f"  {command:<{max(map(len, steps))}}  # {what}")
    print("If the task is to stay, add its headline.json and its plots to metrics/dvc.yaml.")


def rewrite(content: bytes) -> None:
    with writing(FILE) as partial:
        partial.write_bytes(content)


def repeated(column: Column, batches: Callable[[], Iterator[Batch]]) -> str:
    """Which value of a column of ids is there twice, and where. Raises DataError: a cell holds no id."""
    seen, twice = set(), ""
    for batch in batches():
        for row, value in enumerate(() if twice else batch.column(column.name)):
            row_id = identity(batch.place, row, value, column.name)
            twice = twice or (row_id if row_id in seen else "")
            seen.add(row_id)
    places: dict[Path, list[int]] = {}
    for batch in batches():
        for row, value in enumerate(batch.column(column.name)):
            if str(value) == twice:
                places.setdefault(batch.file, []).append(batch.number(row))
    where = "; ".join(f"{file}: rows {', '.join(map(str, rows[:5]))}" for file, rows in places.items())
    return (
        f"id: column {column.name!r} repeats a value in {of(column.rows - column.distinct)}, e.g. {twice!r} ({where}); ids must "
        "be unique. Name another column with --id, or none, and rows are numbered"
    )


def describe(block: Block, roles: Roles, files: dict[str, str]) -> list[str]:
    """source, heads and decision. files: split -> file that is named so. Returns warnings.

    Raises DataError: nothing to decide by, splits in two places.
    """
    if roles.id is not None:
        block.put("source", "id", value=roles.id, note="unique")
    block.put("source", "text", value=roles.text[0] if len(roles.text) == 1 else roles.text, note="what is classified")
    taken, heads, warnings = set(), {}, []
    for target in roles.targets:
        name = head_name(target, heads)
        heads[name] = target.kind
        warnings += teach(block, name, target, taken)
    deciding = next((name for name, kind in heads.items() if KINDS[kind].rule), None)
    if deciding is None:
        raise DataError(
            f"label: {', '.join(target.columns[0].name for target in roles.targets)} holds numbers, a regression head. "
            "A decision needs a softmax or a sigmoid head too: name a column of classes with --label, or sort the "
            "numbers into classes"
        )
    rule = {"rule": KINDS[heads[deciding]].rule, "head": deciding}
    block.put("decision", value=rule, note="the likeliest" if rule["rule"] == "argmax" else "each over its threshold")

    if files and roles.split_column is not None:
        raise DataError(
            f"split: column {roles.split_column} and the names of the files could be meant; leave the column out with "
            f"--ignore {roles.split_column}"
        )
    if roles.split_column is not None:
        block.put("source", "splits", value={"column": roles.split_column, "values": roles.split}, note="as given")
    elif files:
        block.put("source", "splits", value={"files": files}, note="by name")
        print(f"split: {', '.join(f'{split}: {file}' for split, file in files.items())} (their names)")
    if roles.time is not None:
        block.put("source", "time", value={"columns": [roles.time]}, note="when it was written; for split.order: time")
    if roles.group is not None:
        block.put("source", "group", value={"columns": [roles.group]}, note="whose rows share a split")
    return warnings


def teach(block: Block, name: str, target: Target, taken: set[str]) -> list[str]:
    """source.labels and heads for one head. Returns warnings."""
    first, warnings = target.columns[0], []
    kind = KINDS[target.kind]
    note = ("any of them" if kind.several else "one of them") if kind.least else "a number"
    if not kind.least:
        block.put("source", "labels", name, value={"column": first.name}, note=note)
        block.put("heads", name, value={"kind": target.kind}, note=note)
        return []
    if len(target.columns) > 1:
        columns = dict(zip(inner([column.name for column in target.columns]), target.columns, strict=True))
        classes = {label: raws[0] for label, raws in classes_of(name, columns, taken, fold=False).items()}
        block.put("source", "labels", name, "columns",
                  value={label: columns[raw].name for label, raw in classes.items()},
                  note="class: its column of true and false")  # fmt: skip
    else:
        raws = sorted(set().union(*(raw_of(first, cell, target.separator) for cell in first.values)))
        classes = classes_of(name, raws, taken)
        block.put("source", "labels", name, "column", value=first.name, note=f"{len(raws)} different labels")
        if target.separator:
            block.put(
                "source", "labels", name, "separator", value=target.separator, note="between the labels of a cell"
            )
        if any(raws != [label] for label, raws in classes.items()):
            block.put("source", "labels", name, "classes", value=classes, note="class: raw labels that mean it")
            for label, several in classes.items():
                if len(several) > 1:
                    print(f"class: {label} ({' and '.join(several)} differ by case alone)")
        # nothing, null and an empty list say the same: none of several labels, or no label where there has to be one
        bare = first.empty + sum(
            rows for cell, rows in first.values.items() if not raw_of(first, cell, target.separator)
        )
        if bare and kind.several:
            none = f"{of(bare)} with none of the labels; drop, if they were never labelled"
            block.put("source", "labels", name, "unlabelled", value="allow", note=none)
            warnings.append(
                f"{of(bare)} with nothing in {first.name} count as none of its labels; if they were never labelled, set "
                f"source.labels.{name}.unlabelled: drop"
            )
        elif bare:
            block.put("source", "labels", name, "unlabelled", value="drop", note=f"{of(bare)} without a label")
            warnings.append(f"{of(bare)} with nothing in {first.name}, left out")
    block.notes["source", "labels", name] = f"{len(classes)} classes, {note}"
    block.put("heads", name, value={"kind": target.kind, "labels": list(classes)}, note=note)
    return warnings


def raw_of(column: Column, cell: object, separator: str | None) -> frozenset[str]:
    """The raw labels of one of a column's values."""
    return raw_labels(column.name, list(cell) if isinstance(cell, tuple) else cell, separator)
