"""Labels of several annotators in one cell: a list of objects, each with a label and who has given it."""

from dataclasses import dataclass

from decant.new.words import ANNOTATOR, LABEL, of_name

VALUE = LABEL | {"value", "vote", "answer", "annotation", "judgement", "judgment", "choice", "choices"}


@dataclass(frozen=True)
class Votes:
    """What the annotators of a row have given, in the order of the alphabet: who has given which does not count."""

    user: str
    """Field that names the annotator."""
    label: str
    """Field with his label, or his list of labels."""
    given: tuple[tuple[str, ...], ...]
    """The labels of each."""

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(label for one in self.given for label in one)


def votes(cell: list) -> Votes | None:
    """The cell as votes; null: its objects have no field of a label and none of an annotator beside it."""
    if not cell or not all(isinstance(entry, dict) for entry in cell):
        return None
    fields = [name for name in cell[0] if all(name in entry for entry in cell)]
    user = next((name for name in fields if of_name(name) & ANNOTATOR), None)
    label = next((name for name in fields if name != user and of_name(name) & VALUE), None)
    if user is None or label is None:
        return None
    said = [entry[label] for entry in cell]
    given = [tuple(map(str, one)) if isinstance(one, list) else () if one is None else (str(one),) for one in said]
    return Votes(user, label, tuple(sorted(given)))
