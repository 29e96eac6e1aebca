"""`python -m decant new`: look at a raw table and propose a task's block for params.yaml.

A proposal has been tried before anything is written: the block is checked as params.yaml will be, and every row goes
through what prepare does. decant/new/reading.py says how the files are written, decant/new/roles.py which column is what,
decant/new/describe.py puts that into sections, decant/new/blocks.py writes them.
"""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from decant import paths
from decant.data import rawfiles
from decant.data.bad import BadRows
from decant.data.fetch import UNORDERED, ordered
from decant.data.ids import identity
from decant.errors import DataError, ParamsError
from decant.files import writing
from decant.new import intake, urls, versioning
from decant.new.blocks import Block, appended, checked, listed
from decant.new.call import Call, Choices
from decant.new.columns import Column
from decant.new.describe import describe
from decant.new.ending import whole
from decant.new.language import ship_linear
from decant.new.reading import Reading, read
from decant.new.roles import named, roles_of
from decant.new.splits import by_name, heard, words
from decant.new.tasknames import free_name
from decant.new.trial import Trial, of
from decant.settings import params
from decant.settings.database import parsed
from decant.settings.params import FILE
from decant.settings.source import Source
from decant.shipping import CONTESTANT


@dataclass(frozen=True)
class Look:
    """What a table was taken for."""

    block: Block  # source, heads and decision
    trial: Trial  # its rows, as prepare would make them
    warnings: list[str]
    rows: int  # of the table, before any is left out
    folder: Path  # of the raw files now
    names: list[str]  # of the files or folders in it
    target: Path | None  # where they have to go, null if they are there


def looked(call: Call, before: bytes, build: bool = False) -> Look:
    """Read the table that is called for (or the tables in that folder), and say what each column is taken for. Writes nothing.

    call: for a task whose block is not there yet. before: params.yaml, whose defaults hold for it. build: as in `new`.
    Raises ParamsError and DataError, as `new`.
    """
    try:
        return taken(call, before, build)
    except (DataError, ParamsError) as error:
        raise whole(error, call) from None


def taken(call: Call, before: bytes, build: bool) -> Look:
    """What `looked` finds. Raises ParamsError and DataError."""
    task, choices = call.task, call.choices
    known = words(call)
    folder, names, target = intake.where(call, paths.raw(task))
    block = Block(task)
    place = f"{'fetched into' if call.url else 'below'} {paths.raw(task)}"
    block.put("source", "files", value=[call.url] if call.url else names, note=place)
    reading, table = read(folder, names, call, print)
    reading.put(block)
    rows = next(iter(table.values())).rows
    unread = left_out(block, reading.bad, rows) if choices.bad_rows else []
    print(f"data: {call.shown} ({of(rows)}, {of(len(table), 'column')}, {of(len(reading.formats), 'file')})")
    for name in named(table, [choices.id] if choices.id is not None else [], call):
        if not table[name].unique:
            raise DataError(repeated(table[name], reading, call))
    roles = roles_of(table, call, known)
    print(*roles.said, sep="\n")
    top = names[0] if (folder / names[0]).is_dir() and len(names) == 1 else ""
    files: dict[str, str] = {}
    # a shape that is no table may have made a column of what its names say
    told = bool(roles.split) and reading.named not in (None, *rawfiles.FORMATS.values())
    if choices.splits and len(reading.formats) > 1 and not told:
        files = by_name([path.relative_to(folder).as_posix() for path in reading.formats], top, known, call)
        if not files and not roles.split:
            print(
                f"split: none (the {len(reading.formats)} files are one table, for their names say no splits; --split NAME=SPLIT says "
                "what one is)"
            )
    heard(call, [value for values in roles.split.values() for value in values], list(files.values()))
    warnings = [*unread, *describe(block, roles, files, call)]
    if call.url and roles.id is None and not ordered(parsed(call.url)):
        warnings.append(f"no column is a unique id {UNORDERED}")
    call.settle()
    if choices.ship:
        ship_linear(block)
    trial = Trial(checked(appended(before, block, build), block, build), folder, reading.formats, call)
    return Look(block, trial, warnings, rows, folder, names, target)


def left_out(block: Block, bad: BadRows, rows: int) -> list[str]:
    """source.bad_rows, and source.max_bad_rows where more rows were left out than the default allows. rows: that were read.
    Returns warnings."""
    count, allowed = bad.kinds.total(), Source.model_fields["max_bad_rows"].default
    note = f"{of(count)} that cannot be read, left out and counted"
    block.put("source", "bad_rows", value="drop", note=note)
    if count > allowed * (count + rows):
        share = min(1.0, math.ceil(1000 * count / (count + rows)) / 1000)
        block.put("source", "max_bad_rows", value=share, note=f"the default is {allowed}")
    return [f"{note}. The first: {bad.first[0]}"] if count else []


def new(file: Path | str | None, task: str, choices: Choices, dry_run: bool = False, build: bool = False) -> None:
    """Propose a block for the table in `file` (or the tables in that folder), say why, and write it to params.yaml.

    file: or the URL of a database. dry_run: print the block and write nothing. build: name the task in `tasks`, too; without
    a file, do only that, for a block that is there.

    Raises ParamsError: a bad or taken name, or params.yaml would not be valid. DataError: the table cannot be read, is
    ambiguous, or has no text or nothing to decide by. Either leaves everything as it was, and says the command that works.
    """
    params.tasks()  # a file that is invalid already says so itself
    before = FILE.read_bytes()
    tree = YAML(typ="safe", pure=True).load(before)
    if file is None:
        name_in_tasks(task, tree, before, build)
        return
    call = urls.called(file, task, choices, [*(["--build"] if build else []), *(["--dry-run"] if dry_run else [])])
    free_name(call, tree)
    with urls.fetched(call) as here:
        propose(here, before, dry_run, build)


def propose(call: Call, before: bytes, dry_run: bool, build: bool) -> None:
    """What `new` does with a table that lies in a file. before: params.yaml."""
    task = call.task
    found = looked(call, before, build)
    block = found.block
    try:
        stops, more = found.trial.propose(block)
    except DataError as error:
        raise whole(error, found.trial.call) from None
    ships = CONTESTANT[block.tree.get("ship", found.trial.p.ship)]
    gate = {"metric": "test", "key": f"{ships}.macro_f1", "min": 0.5}
    block.put("gates", "macro_f1", value=gate, note="a placeholder: set what a release must reach")
    after = appended(before, block, build)
    checked(after, block, build)
    for warning in [*stops, *found.warnings, *more]:
        print(f"warning: {warning}")
    if dry_run:
        print(f"\n{block.text()}\nnothing was written (--dry-run)")
        return
    with ExitStack() as undo:  # an error on the way puts everything back
        if found.target:
            intake.copy(found.folder / found.names[0], found.target, undo)
            if call.url:  # the record of the query
                intake.copy(call.file.with_suffix(".json"), found.target.with_suffix(".json"), undo)
        pinned = versioning.add(paths.raw(task), undo)
        undo.callback(rewrite, before)
        rewrite(after)
        params.read(task)
        undo.pop_all()
    print(f"\nThe block {task} is at the end of {FILE}. {'Change it as said above' if stops else 'Read it'}, then:")
    steps = {} if build else {f"python -m decant new --task {task} --build": "names it in tasks, for dvc"}
    steps |= {
        f"dvc repro profile@{task}": f"cleans and splits the rows and describes them: read {paths.page(task, 'data')}",
        "dvc repro": "trains, quantizes and judges",
        "python -m decant verdict": "may it be released?",
    }
    if call.url:
        steps[f"python -m decant fetch --task {task}"] = "later: reads the database again"
    if pinned:
        steps[f"git add {FILE} {pinned} && dvc push {pinned}"] = "so that others can go on, after dvc pull"
    for command, what in steps.items():
        print(f"  {command:<{max(map(len, steps))}}  # {what}")
    if not pinned and not Path(".dvc").is_dir():
        print(f"{paths.raw(task)} is versioned nowhere, for this is no dvc repository (dvc init): keep a copy of it.")
    print("If the task is to stay, add its headline.json and its plots to metrics/dvc.yaml.")


def name_in_tasks(task: str, tree: dict, before: bytes, build: bool) -> None:
    """Name a block that is there in `tasks`. Raises ParamsError: no such block, or it is named already."""
    if not build:
        raise ParamsError(f"which table? Run: python -m decant new FILE --task {task}")
    if task not in tree:
        raise ParamsError(
            f"--task {task}: {FILE} has no such block. Run: python -m decant new FILE --task {task} --build"
        )
    if task in tree["tasks"]:
        print(f"{FILE}: tasks names {task} already")
        return
    rewrite(listed(before, task))
    with ExitStack() as undo:
        undo.callback(rewrite, before)
        params.read(task)
        undo.pop_all()
    print(f"{FILE}: tasks names {task}")


def rewrite(content: bytes) -> None:
    with writing(FILE) as partial:
        partial.write_bytes(content)


def repeated(column: Column, reading: Reading, call: Call) -> str:
    """Which value of a column of ids is there twice, and where. Raises DataError: a cell holds no id."""
    seen, twice = set(), ""
    for batch in reading.batches():
        for row, value in enumerate(() if twice else batch.column(column.name)):
            row_id = identity(batch.place, row, value, column.name)
            twice = twice or (row_id if row_id in seen else "")
            seen.add(row_id)
    places: dict[Path, list[int]] = {}
    for batch in reading.batches():
        for row, value in enumerate(batch.column(column.name)):
            if str(value) == twice:
                places.setdefault(batch.file, []).append(batch.number(row))
    where = "; ".join(f"{file}: rows {', '.join(map(str, rows[:5]))}" for file, rows in places.items())
    return (
        f"id: column {column.name!r} repeats a value in {of(column.rows - column.distinct)}, e.g. {twice!r} ({where}); ids must "
        f"be unique. Name another column with --id, or none, and rows are numbered: {call.instead(id=None)}"
    )
