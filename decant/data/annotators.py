"""Labels that several people gave to one text: a vote for each row, and how far they agree.

Votes are counted in classes, not in raw labels: two who name different raw labels of one class agree.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import krippendorff
import numpy as np

from decant.data.batch import Batch
from decant.data.labels import known, raw_labels, refuse_unknown
from decant.errors import DataError
from decant.heads import Head
from decant.settings.source import Annotators, Labels, Source

CELLS = 4_000_000  # of (rows, classes, classes), of which the library holds several: 32 MB each
Ballot = tuple[str, str, tuple[int, ...]]  # head, label of a sigmoid head or "", how many annotators gave each answer


@dataclass
class Voted:
    """What the votes on one batch came to."""

    columns: dict[str, list]
    stays: np.ndarray  # (n,) rows that have a label, or need none
    shares: list[list[float]]  # (n, k) of the annotators, who stand behind each label
    tied: int = 0  # rows that are left out, for their votes are tied
    ballots: Counter = field(default_factory=Counter)  # Ballot -> rows with at least two annotators


def vote(batch: Batch, head: Head, heads: tuple[Head, ...], source: Source) -> Voted:
    """The table's columns for a head whose column holds a list of {user, label}; as `decant.data.labels.label_columns`.

    Raises DataError: no such list, an unknown label, one annotator twice; a tie, or no vote, where params forbid it.
    """
    labels = source.labels[head.name]
    ties, rule = labels.annotators.ties, labels.unlabelled or ("allow" if head.several else "fail")
    voted = Voted({name: [] for name in head.columns}, np.ones(len(batch), dtype=bool), [])
    for row, votes in enumerate(classes_given(batch, head, heads, source)):
        counts = [sum(label in given for given in votes) for label in head.labels]
        if len(votes) > 1:
            voted.ballots.update(ballots(head, counts, len(votes)))
        if head.several:
            cells = [2 * count > len(votes) for count in counts]
            tied, none = any(2 * count == len(votes) for count in counts) and bool(votes), not any(cells)
        else:
            most = max(counts)
            cells = [head.labels[counts.index(most)] if most else labels.otherwise or ""]
            tied, none = most > 0 and counts.count(most) > 1, not cells[0]
        if tied and ties == "fail":
            shown = ", ".join(f"{count} {label}" for label, count in zip(head.labels, counts, strict=True) if count)
            raise DataError(
                f"{batch.place(row)}: the votes of {len(votes)} annotators for head {head.name} are tied ({shown}); say what "
                f"becomes of such rows with source.labels.{head.name}.annotators.ties: drop or first in params.yaml"
            )
        if none and rule == "fail":
            raise DataError(
                f"{batch.place(row)}: no annotator gives a label of head {head.name}; say what becomes of such rows with "
                f"source.labels.{head.name}.otherwise or unlabelled in params.yaml"
            )
        left_out = tied and ties == "drop"
        voted.tied += left_out
        voted.stays[row] = not left_out and not (none and rule == "drop")
        for name, cell in zip(head.columns, cells, strict=True):
            voted.columns[name].append(cell)
        voted.shares.append(shares(head, counts, len(votes), cells))
    return voted


def soft(labels: Labels) -> bool:
    """Whether the prepared table has the shares of the annotators, for train rows to teach."""
    return labels.annotators is not None and labels.annotators.vote == "soft"


def shares(head: Head, counts: list[int], voters: int, cells: list) -> list[float]:
    """(k,) the share of a row's voters behind each label; all of it behind the row's own where nobody has a vote."""
    if voters:
        return [count / voters for count in counts]
    return certain(head, cells)


def certain(head: Head, cells: Sequence) -> list[float]:
    """(k,) the shares of a row in whose columns these cells stand, where nobody is of another mind."""
    return [float(cell) for cell in cells] if head.several else [float(label == cells[0]) for label in head.labels]


def classes_given(batch: Batch, head: Head, heads: tuple[Head, ...], source: Source) -> Iterator[list[set[str]]]:
    """For each row what each annotator says: the classes that his labels mean, one unless the head takes several. Who says
    nothing that a class claims has no vote, but for a sigmoid head, where that is a vote against all of them."""
    labels = source.labels[head.name]
    classes = labels.classes if labels.classes is not None else {name: [name] for name in head.labels}
    names = known(source, heads, labels.column)
    for row, cell in enumerate(batch.column(labels.column)):
        votes = []
        for label in given(batch.place(row), cell, labels.annotators, labels.column):
            raw = raw_labels(batch.place(row), label, None)
            refuse_unknown(batch.place(row), raw - names, head, source)
            claimed = [name for name, means in classes.items() if not raw.isdisjoint(means)]
            if head.several:
                votes.append(set(claimed))
            elif claimed or (raw and labels.otherwise):
                votes.append({claimed[0] if claimed else labels.otherwise})
        yield votes


def given(place: str, cell: object, names: Annotators, column: str) -> list[object]:
    """The label of each annotator. A cell that is no list of objects is the label of the only one."""
    if cell is None:
        return []
    if not (isinstance(cell, list) and cell and all(isinstance(entry, dict) for entry in cell)):
        return [cell] if cell != [] else []
    users = [entry.get(names.user) for entry in cell]
    for entry in cell:
        if names.label not in entry:
            raise DataError(
                f"{place}: an annotation in column {column!r} has no {names.label!r}; it has {', '.join(entry)}. Name the "
                "field with annotators.label in params.yaml"
            )
    for user, times in Counter(user for user in users if user is not None).items():
        if times > 1:
            raise DataError(
                f"{place}: annotator {user!r} twice in column {column!r}; one vote each: keep the later one"
            )
    return [entry[names.label] for entry in cell]


def ballots(head: Head, counts: list[int], voters: int) -> list[Ballot]:
    """What a row adds to the agreement: its votes by class, or for and against each label of a sigmoid head."""
    if head.several:
        return [(head.name, label, (voters - count, count)) for label, count in zip(head.labels, counts, strict=True)]
    return [(head.name, "", tuple(counts))]


def agreement(ballots: Counter) -> dict[tuple[str, str], dict[str, float]]:
    """(head, label of a sigmoid head or "") -> rows with several annotators, and Krippendorff's alpha: 1 where they agree
    always, 0 as by chance. No alpha where all votes are for one class, since chance agrees too then.

    Source: K. Krippendorff, Content Analysis, for nominal data. Of more rows than fit into memory, evenly spaced ones.
    """
    found = {}
    for key in dict.fromkeys((head, label) for head, label, _ in ballots):
        kinds = sorted((counts, rows) for (*of, counts), rows in ballots.items() if tuple(of) == key)
        rows = sum(times for _, times in kinds)
        width = len(kinds[0][0])
        sample = np.linspace(0, rows - 1, min(rows, max(CELLS // width**2, 1000))).astype(int)
        kind = np.searchsorted(np.cumsum([times for _, times in kinds]), sample, side="right")
        counts = np.array([counts for counts, _ in kinds])[kind]
        found[key] = {"rows": rows}
        if (counts.sum(axis=0) > 0).sum() > 1:
            alpha = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
            found[key] |= {"alpha": float(alpha)}
    return found
