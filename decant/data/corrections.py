"""Labels that a person has corrected (source.corrections), over what the raw files say: read whole, checked, applied by id.

A CSV with the columns id, head (where a task has several), label and why. The label is a class of the head; of a sigmoid
head several, with the head's separator or | between them, or none. An apostrophe before =, +, - or @ is the mark of
decant.data.formulas and not of the label. Whatever is wrong stops prepare with the line: a correction that goes nowhere would
be believed to hold.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from decant.data import inside, rawfiles
from decant.data.annotators import certain
from decant.data.formulas import plain
from decant.data.labels import number
from decant.errors import DataError
from decant.files import slug
from decant.heads import Head
from decant.settings.source import Source

COLUMNS = ("id", "head", "label", "why")
BETWEEN = "|"  # labels of a sigmoid head whose own have no separator


@dataclass(frozen=True)
class Correction:
    """One line: what the head's columns of the prepared table shall hold."""

    place: str
    cells: tuple
    label: str


@dataclass(frozen=True)
class Corrections:
    of: dict[str, dict[str, Correction]] = field(default_factory=dict)
    """Id -> head -> correction; plain data, so that it can be sent to other processes."""

    def apply(
        self, ids: list[str], head: Head, columns: dict[str, list], labelled: np.ndarray
    ) -> list[tuple[str, str]]:
        """Write the corrections of a batch into the head's columns; a row that had no label has one then.

        Returns (id, head) of each. Raises DataError: one that changes nothing.
        """
        done = []
        for row, identity in enumerate(ids if self.of else ()):
            correction = self.of.get(identity, {}).get(head.name)
            if correction is None:
                continue
            if all(columns[name][row] == cell for name, cell in zip(head.columns, correction.cells, strict=True)):
                raise DataError(
                    f"{correction.place}: changes nothing: id {identity!r} has {correction.label!r} in head {head.name} already. "
                    "Take the line out"
                )
            for name, cell in zip(head.columns, correction.cells, strict=True):
                columns[name][row] = cell
            if head.shares in columns:  # who corrects a label has the last word, over all annotators
                columns[head.shares][row] = certain(head, correction.cells)
            labelled[row] = True
            done.append((identity, head.name))
        return done

    def check(self, done: set[tuple[str, str]]) -> None:
        """Raises DataError: a correction of an id that no row has. done: what `apply` returned for all batches."""
        for identity, heads in self.of.items():
            for head, correction in heads.items():
                if (identity, head) not in done:
                    raise DataError(
                        f"{correction.place}: id {identity!r} is in no row of source.files; mend the id, or take the line out"
                    )

    def metrics(self) -> dict:
        """Of prepare.json: rows and, by head, labels that were corrected; nothing where there are none."""
        if not self.of:
            return {}
        labels = Counter(slug(head) for heads in self.of.values() for head in heads)
        return {"corrections": {"rows": len(self.of), "labels": dict(labels)}}


def read(folder: Path, source: Source, heads: tuple[Head, ...]) -> Corrections:
    """The corrections of a task, none where params name no file.

    Raises DataError with the line: no such file or column, an unknown head or label, two for one label, no reason.
    """
    if source.corrections is None:
        return Corrections()
    file, of = folder / source.corrections, {}
    if not file.exists():
        raise DataError(
            f"{file}: missing; source.corrections names it. Put it there, or take the key out of params.yaml"
        )
    if fault := inside.fault(folder):
        raise DataError(fault)
    named = {head.name: head for head in heads}
    for batch in rawfiles.batches(file, "csv"):
        check_header(file, batch.names, several=len(heads) > 1)
        for row in range(len(batch)):
            cells = {
                name: plain(column[row].strip() if name != "id" else column[row])
                for name, column in batch.columns.items()
            }
            place, name = batch.place(row), cells.get("head", heads[0].name)
            if name not in named:
                raise DataError(f"{place}: no head {name!r}; the task has {', '.join(named)}")
            if not cells["why"]:
                raise DataError(
                    f"{place}: no reason; say in column why what makes {cells['label']!r} right for {cells['id']!r}"
                )
            other = of.setdefault(cells["id"], {}).get(name)
            if other:
                raise DataError(
                    f"{place}: a second correction of id {cells['id']!r} in head {name}, first at {other.place}"
                )
            of[cells["id"]][name] = Correction(
                place, cells_of(place, cells["label"], named[name], source), cells["label"]
            )
    return Corrections(of)


def check_header(file: Path, names: list[str], several: bool) -> None:
    wanted = COLUMNS if several else [name for name in COLUMNS if name != "head"]
    if missing := [name for name in wanted if name not in names]:
        why = ", since the task has several heads" if missing == ["head"] else ""
        raise DataError(
            f"{file}: no column {missing[0]!r}{why}; columns are {', '.join(names)}, and corrections have {', '.join(wanted)}, "
            "with commas between them"
        )
    if other := [name for name in names if name not in COLUMNS]:
        raise DataError(f"{file}: column {other[0]!r} means nothing here; corrections have {', '.join(wanted)}")


def cells_of(place: str, label: str, head: Head, source: Source) -> tuple:
    """What the head's columns shall hold. Raises DataError: a label that it does not have, or none where it needs one."""
    if not head.labels:
        return (number(place, label),)
    settings = source.labels[head.name]
    parts = label.split(settings.separator or BETWEEN) if head.several and label not in head.labels else [label]
    given = [part.strip() for part in parts if part.strip()]
    if unknown := [part for part in given if part not in head.labels]:
        raise DataError(f"{place}: unknown label {unknown[0]!r}; head {head.name} has {', '.join(head.labels)}")
    if head.several:
        if not given and settings.unlabelled in ("fail", "drop"):
            raise DataError(
                f"{place}: no label, and source.labels.{head.name}.unlabelled lets no row have none; name one"
            )
        return tuple(name in given for name in head.labels)
    if not given:
        raise DataError(f"{place}: no label; head {head.name} has {', '.join(head.labels)}")
    return (given[0],)
