"""Where two sections of a task contradict one another, or a list says a thing twice: what one section cannot see alone.

Each function raises ValueError with the key, what stands there, and what would do.
"""

from decant.heads import KINDS
from decant.keys import ClassRates, Curves, Ranking, Summary
from decant.settings.capacity import Capacity
from decant.settings.crossfit import Crossfit
from decant.settings.distil import Distil
from decant.settings.gates import Gates
from decant.settings.heads import HeadSettings
from decant.settings.source import GivenSplits, Labels, Source

TABULAR = ("csv", "tsv", "xlsx")  # formats whose first row can be missing
RATES = {*Summary._fields, *Ranking._fields, *ClassRates._fields, *Curves._fields}  # figures from 0 to 1


def sources_agree(source: Source, heads: dict[str, HeadSettings]) -> None:
    """No file or column stands in two places that exclude one another."""
    _distinct("source.files", source.files)
    texts = [source.text] if isinstance(source.text, str) else source.text
    _distinct("source.text", texts)
    taken = {name: "source.text" for name in texts}
    if source.id is not None and taken.setdefault(source.id, "source.id") != "source.id":
        raise ValueError(
            f"source.id: {source.id!r} is the text too; an id is a column of its own, null numbers the rows"
        )
    for name, labels in source.labels.items():
        for column in [labels.column] if labels.column is not None else (labels.columns or {}).values():
            if column in taken:
                raise ValueError(
                    f"source.labels.{name}: column {column!r} is {taken[column]} too, so that the answer would stand in the "
                    "text or in the id"
                )
    if source.header is not None:
        _distinct("source.header", source.header)
        if source.format not in (None, *TABULAR, "json"):
            raise ValueError(
                f"source.header names columns of {', '.join(TABULAR)} files, and of json of lists; {source.format} has its own names"
            )
    if source.splits is not None:
        _splits_part(source.splits)
    columns = {column for name, head in heads.items() if KINDS[head.kind].several for column in _columns(name, head)}
    columns |= {f"{name}/shares" for name, labels in source.labels.items() if labels.annotators}
    if clash := sorted(columns & set(source.slices)):
        raise ValueError(f"source.slices: {clash[0]!r} is a column of a head in the prepared table; name it otherwise")


def classes_can_hold(name: str, head: HeadSettings, labels: Labels) -> None:
    """Every class of the head has a raw label that can reach it."""
    if labels.classes is None:
        return
    before: dict[str, str] = {}  # raw label -> the class that has it first
    for label, raws in labels.classes.items():
        key = f"source.labels.{name}.classes.{label}"
        if not raws:
            raise ValueError(
                f"{key}: no raw label means it, so that no row would have it; name some, or take the class out"
            )
        _distinct(key, raws)
        if not KINDS[head.kind].several and all(raw in before for raw in raws):
            raise ValueError(
                f"{key}: {raws[0]!r} stands for {before[raws[0]]!r} already, which is tried first, so that no row would ever "
                f"have {label!r}"
            )
        for raw in raws:
            before.setdefault(raw, label)


def gates_can_judge(gates: Gates) -> None:
    """No bound on a rate lies where no rate can be: 2 is meant as 2 %, and every classifier would pass."""
    for name, gate in gates.items():
        if gate.metric not in ("test", "crossfit", "subgroups", "paired") or gate.key.rpartition(".")[2] not in RATES:
            continue
        least = -1 if gate.metric == "paired" or gate.key.startswith("paired.") or gate.minus else 0
        for side, bound in (("min", gate.min), ("max", gate.max)):
            if bound is not None and not least <= bound <= 1:
                raise ValueError(
                    f"gates.{name}.{side}: {bound:g}, but {gate.key} is between {least} and 1, so that it would always be on one "
                    "side of it; 0.02 is 2 %"
                )


def gates_are_measured(gates: Gates, crossfit: Crossfit) -> None:
    """No gate asks for a cross-fitted figure where no fold is built."""
    for name, gate in gates.items():
        if gate.metric == "crossfit" and not crossfit.folds:
            raise ValueError(
                f"gates.{name}: metric: crossfit, but crossfit.folds is 0, so that there would be no such figure; set it to "
                "5, or ask for a figure of test"
            )


def students_agree(distil: Distil, capacity: Capacity) -> None:
    """No layer and no student stands twice."""
    _distinct("distil.layers", distil.layers)
    for place, student in enumerate(capacity.sweep):
        _distinct(f"capacity.sweep.{place}.layers", student.layers)
    _distinct("capacity.sweep", [repr(student) for student in capacity.sweep])


def _splits_part(given: GivenSplits) -> None:
    for key, named in (("ids", given.ids), ("files", given.files)):
        places: dict[str, str] = {}
        for split, file in (named or {}).items():
            if (other := places.setdefault(file.rstrip("/"), split)) != split:
                raise ValueError(f"source.splits.{key}: {file!r} stands for both {other} and {split}; one of the two")
        for inner, split in places.items():
            for outer, other in places.items():
                if key == "files" and inner != outer and inner.startswith(f"{outer}/"):
                    raise ValueError(f"source.splits.files: {inner!r} of {split} lies in {outer!r} of {other}")
    for split, values in (given.values or {}).items():
        if not values:
            raise ValueError(f"source.splits.values.{split}: no value means it; name some, or take {split} out")


def _columns(name: str, head: HeadSettings) -> list[str]:
    return [f"{name}.{label}" for label in head.labels]


def _distinct(key: str, values: list) -> None:
    twice = [value for place, value in enumerate(values) if value in values[:place]]
    if twice:
        raise ValueError(f"{key}: {twice[0]!r} stands there twice")
