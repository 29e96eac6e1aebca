"""`python -m decant new`: look at a raw table and propose a task's block for params.yaml.

A proposal has been tried before anything is written: the block is checked as params.yaml will be, and every row goes
through what prepare does. decant/new/intake.py says how the files are written, decant/new/roles.py which column is what,
decant/new/blocks.py writes the block.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path

from ruamel.yaml import YAML

from decant import params, rawfiles
from decant.errors import DataError, ParamsError
from decant.files import slug, writing
from decant.labels import raw_labels
from decant.new import intake
from decant.new.blocks import Block, appended, checked
from decant.new.columns import look
from decant.new.roles import SPLIT_WORDS, Roles, Target, inner, roles_of
from decant.new.trial import Trial, of
from decant.params import FILE
from decant.schema import METRICS, Params
from decant.source import COLUMNS, SPLITS

# raw: data/raw holds the raw files; the words are no strings in YAML
RESERVED = {"defaults", "raw", "null", "true", "false", *Params.model_fields}


@dataclass
class Choices:
    """What the user says himself about a table; everything else is inferred."""

    text: list[str] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    id: str | None = None
    ignore: list[str] = field(default_factory=list)
    encoding: str | None = None


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
    folder, names, target = intake.where(file, Path("data/raw") / task)
    found = rawfiles.files(folder, names, None)

    block = Block(task)
    block.put("source", "files", value=names, note=f"below data/raw/{task}")
    coding = choices.encoding or intake.encoding(found, print)
    mark = intake.delimiter(found, coding or "utf-8", print)
    if coding:
        block.put("source", "encoding", value=coding, note="of the file")
    if mark:
        block.put("source", "delimiter", value=mark, note="between cells")
    batches = (one for path, form in found.items() for one in rawfiles.batches(path, form, coding or "utf-8", mark))
    table = look(batches)
    rows = next(iter(table.values())).rows
    print(f"data: {file} ({rows:,} rows, {len(table)} columns, {len(found)} {'file' if len(found) == 1 else 'files'})")
    roles = roles_of(table, choices.text, choices.label, choices.id, choices.ignore)
    print(*roles.said, sep="\n")
    describe(block, roles, {path.relative_to(folder).as_posix(): path.stem for path in found})
    for section in tree["defaults"]:
        block.put(section, value={})
    gate = {"metric": "test", "key": "student_int8.macro_f1", "min": 0.5}
    block.put("gates", "macro_f1", value=gate, note="a placeholder: set what a release must reach")

    trial = Trial(checked(appended(before, block, build), block, build), folder, found)
    trial.propose(block)
    after = appended(before, block, build)
    checked(after, block, build)
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
    print(f"\nThe block {task} is at the end of {FILE}. Read it, then:")
    if not build:
        print(f"  sed -i.bak 's/^tasks: .*/tasks: [{', '.join([*tree['tasks'], task])}]/' {FILE}")
    print("  dvc repro\n  python -m decant verdict")
    print("If the task is to stay, add its figures to metrics and plots at the end of dvc.yaml.")


def rewrite(content: bytes) -> None:
    with writing(FILE) as partial:
        partial.write_bytes(content)


def describe(block: Block, roles: Roles, files: dict[str, str]) -> None:
    """source, heads and decision. files: name -> stem. Raises DataError: nothing to decide by, splits in two places."""
    if roles.id is not None:
        block.put("source", "id", value=roles.id, note="unique")
    block.put("source", "text", value=roles.text[0] if len(roles.text) == 1 else roles.text, note="what is classified")
    taken, heads = set(METRICS), {}
    for target in roles.targets:
        name = head_name(target, heads)
        heads[name] = target.kind
        teach(block, name, target, taken)
    deciding = next((name for name, kind in heads.items() if kind != "regression"), None)
    if deciding is None:
        raise DataError(
            f"label: {', '.join(one.columns[0].name for one in roles.targets)} holds numbers, a regression head. A decision "
            "needs a softmax or a sigmoid head too: name a column of classes with --label, or sort the numbers into classes"
        )
    rule = {"rule": "argmax" if heads[deciding] == "softmax" else "thresholds", "head": deciding}
    block.put("decision", value=rule, note="the likeliest" if rule["rule"] == "argmax" else "each over its threshold")

    words = {word: split for split, several in SPLIT_WORDS.items() for word in several}
    by_stem = {words.get(stem.lower()): file for file, stem in files.items()}
    named = None not in by_stem and len(by_stem) == len(files) > 1 and "train" in by_stem
    if named and roles.split_column is not None:
        raise DataError(
            f"split: column {roles.split_column} and the names of the files could be meant; leave the column out with "
            f"--ignore {roles.split_column}"
        )
    if roles.split_column is not None:
        block.put("source", "splits", value={"column": roles.split_column, "values": roles.split}, note="as given")
    elif named:
        value = {"files": {one: by_stem[one] for one in SPLITS if one in by_stem}}
        block.put("source", "splits", value=value, note="by name")
        print(f"split: {', '.join(files)} (their names)")
    if roles.time is not None:
        block.put("source", "time", value={"columns": [roles.time]}, note="when it was written; for split.order: time")
    if roles.group is not None and "splits" in block.tree["source"]:
        print(
            f"group: none after all (the splits are given; rows with a {roles.group} of two of them would be dropped)"
        )
    elif roles.group is not None:
        block.put("source", "group", value={"columns": [roles.group]}, note="whose rows share a split")


def head_name(target: Target, used: Iterable[str]) -> str:
    """A name by the column, that no column of the prepared table and no other head has."""
    several = len(target.columns) > 1
    name = "labels" if several else slug(target.columns[0].name).replace("-", "_").strip("_") or "label"
    name = name if name not in COLUMNS and name[0].isalpha() else f"label_{name}"
    return next(one for one in chain([name], (f"{name}_{n}" for n in count(2))) if one not in used)


def teach(block: Block, name: str, target: Target, taken: set[str]) -> None:
    """source.labels and heads for one head."""
    first = target.columns[0]
    note = {"softmax": "one of them", "sigmoid": "any of them", "regression": "a number"}[target.kind]
    if target.kind == "regression":
        block.put("source", "labels", name, value={"column": first.name}, note=note)
        block.put("heads", name, value={"kind": "regression"}, note=note)
        return
    if len(target.columns) > 1:
        columns = dict(zip(inner([one.name for one in target.columns]), target.columns, strict=True))
        classes = {one: raws[0] for one, raws in classes_of(name, columns, taken, fold=False).items()}
        block.put("source", "labels", name, "columns", value={one: columns[raw].name for one, raw in classes.items()},
                  note="class: its column of true and false")  # fmt: skip
    else:
        cells = (list(value) if isinstance(value, tuple) else value for value in first.values)
        raws = sorted(set().union(*(raw_labels(first.name, cell, target.separator) for cell in cells)))
        classes = classes_of(name, raws, taken)
        block.put("source", "labels", name, "column", value=first.name, note=f"{len(raws)} different labels")
        if target.separator:
            block.put(
                "source", "labels", name, "separator", value=target.separator, note="between the labels of a cell"
            )
        if any(raws != [one] for one, raws in classes.items()):
            block.put("source", "labels", name, "classes", value=classes, note="class: raw labels that mean it")
            for one, several in classes.items():
                if len(several) > 1:
                    print(f"class: {one} ({' and '.join(several)} differ by case alone)")
        if first.empty:
            block.put("source", "labels", name, "unlabelled", value="drop", note=f"{of(first.empty)} without a label")
            print(f"unlabelled: drop ({of(first.empty)} with nothing in {first.name})")
        elif target.kind == "sigmoid" and () in first.values:
            print(f"unlabelled: allow ({of(first.values[()])} with an empty list in {first.name}: none of the labels)")
    block.notes["source", "labels", name] = f"{len(classes)} classes, {note}"
    block.put("heads", name, value={"kind": target.kind, "labels": list(classes)}, note=note)


def classes_of(head: str, raws: Iterable[str], taken: set[str], fold: bool = True) -> dict[str, list[str]]:
    """Class -> raw labels, by value or alphabet. Names are slugs, since metrics know them by their slugs, none of them in
    `taken`, which grows. fold: raw labels that differ by case alone are one class."""

    def order(raw: str) -> tuple:
        number = re.fullmatch(r"[+-]?\d+(\.\d+)?", raw)
        return (not number, float(raw) if number else 0, raw.casefold(), raw)

    members: dict[str, list[str]] = {}
    for raw in sorted(raws, key=order):
        members.setdefault(raw.casefold() if fold else raw, []).append(raw)
    named = {}
    for index, group in enumerate(members.values(), start=1):
        name = class_name(head, group[0], index)
        more = [] if name.startswith(f"{head}_") else [f"{head}_{name}"]
        options = chain([name, *more], (f"{name}_{n}" for n in count(2)))
        named[next(one for one in options if one not in taken)] = group
        taken.update(named)
    return named


def class_name(head: str, raw: str, index: int) -> str:
    """A word stays itself; 1 becomes <head>_1, as does the first label without letters or digits of ASCII."""
    letters = unicodedata.normalize("NFKD", raw.casefold())
    kept = [one for one in letters if one.isalnum()]
    if sum(one.isascii() for one in kept) * 2 <= len(kept):
        return f"{head}_{index}"
    name = slug(letters.encode("ascii", "ignore").decode())
    if re.search("[a-z]{2}", name):
        return name
    return f"{head}_{re.sub(r'^-+', 'minus_', name)}"
