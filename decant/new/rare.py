"""Classes that are too rare for the splits: which, how many rows, and what can be done. Only a person knows whether such a
class is a slip of the pen, a class to merge, or one to leave out; until he has said so, the split stage stops."""

from difflib import get_close_matches

import numpy as np

from decant.errors import DataError
from decant.heads import KINDS
from decant.new.blocks import Block
from decant.new.call import Call
from decant.paths import SPLITS
from decant.settings.params import FILE, TaskParams


def advice(block: Block, p: TaskParams, rare: dict[str, str], least: int) -> str:
    """The warning for a proposed block. rare: class -> how many rows it has, and where too few. Writes the classes into the
    block, so that one of them can be merged by moving a word."""
    head = p.decision.head
    labels = p.source.labels[head]
    classes = labels.classes or {name: [name] for name in p.heads[head].labels}
    if labels.classes is None:
        block.put("source", "labels", head, "classes", value=classes, note="class: raw labels that mean it")
    common = {raw: name for name, raws in classes.items() if name not in rare for raw in raws}
    each = [f"  {name}: {rows}{meant(classes[name], common)}" for name, rows in rare.items()]
    raws = ", ".join(f'"{raw}"' for name in rare for raw in classes[name])
    if labels.columns:
        out = f"take its column out of source.labels.{head}.columns"
    elif not KINDS[p.heads[head].kind].several:
        out = f"set source.ignore: [{raws}] and source.labels.{head}.unlabelled: drop"
    else:
        out = f"set source.ignore: [{raws}]"
    lines = [
        f"dvc repro will stop at split, which asks for {least} {'row' if least == 1 else 'rows'} of each class in every split "
        "(split.least). These have too few:",
        *each,
        f"  Change the block {block.name} in {FILE}. For such a class, either",
        f"    merge it: move its raw label to another class in source.labels.{head}.classes,",
        f"    leave it out: {out},",
        *(["    take the given splits out: source.splits and split.carve,"] if p.source.splits else []),
        "    or keep it: set split.least: 0, for all classes.",
        f"  A class that is merged or left out also goes from source.labels.{head}.classes and heads.{head}.labels.",
    ]
    return "\n".join(lines)


def meant(raws: list[str], common: dict[str, str]) -> str:
    """A guess at the class that a misspelt label belongs to."""
    near = [match for raw in raws if len(raw) > 3 for match in get_close_matches(raw, common, n=1, cutoff=0.75)]
    return f", misspelt {common[near[0]]}?" if near else ""


def in_common(classes: list[str], answers: np.ndarray, place: np.ndarray, call: Call) -> None:
    """Raises DataError: train and test have classes, and share none.

    answers: (n, classes) which of them a row has. place: (n,) its split.
    """
    train, test = (
        {name for name, column in zip(classes, answers[place == SPLITS.index(split)].T, strict=True) if column.any()}
        for split in ("train", "test")
    )
    if train and test and not train & test:
        first, second = (", ".join(map(repr, sorted(names)[:5])) for names in (train, test))
        raise DataError(
            f"train and test share no class: train has {first}, test has {second}. Spell them alike, or have new "
            f"splits made of all rows: {call.again('--no-splits')}"
        )
