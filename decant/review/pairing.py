"""Which rows of two revisions can be compared: those that both have, with one text and one gold answer."""

from dataclasses import dataclass

import pandas as pd

from decant.data.answered import among


@dataclass(frozen=True)
class Pairing:
    old: pd.DataFrame  # rows that both have, by id; the new ones below are in the same order
    new: pd.DataFrame
    only_old: int  # rows that the new revision has not
    only_new: int
    other_text: int  # rows of one id that read otherwise: other cleaning, or ids that are row numbers
    relabelled: list[str]  # ids of rows whose gold answer is another now


def pair(old: pd.DataFrame, new: pd.DataFrame, names: list[str]) -> Pairing:
    """Rows of other text, or of another gold answer, are counted and left out.

    old, new: id, text, answer and more. names: the classes; several of one answer may stand in any order.
    """
    old, new = old.set_index("id", drop=False), new.set_index("id", drop=False)
    shared = sorted(set(old.index) & set(new.index))
    before, after = old.loc[shared], new.loc[shared]
    one_text = (before["text"] == after["text"]).to_numpy()
    one_answer = (as_sets(before["answer"], names) == as_sets(after["answer"], names)).to_numpy()
    both = one_text & one_answer
    return Pairing(
        old=before[both],
        new=after[both],
        only_old=len(old) - len(shared),
        only_new=len(new) - len(shared),
        other_text=int((~one_text).sum()),
        relabelled=before["id"][one_text & ~one_answer].tolist(),
    )


def flipped(pairing: Pairing, ships: dict[str, str], names: list[str]) -> tuple[list[str], list[str]]:
    """Ids of the rows that the shipped model has right now and had wrong before, and the reverse. ships: as of Compared."""
    was, right = (
        (as_sets(frame[ships[side]], names) == as_sets(frame["answer"], names)).to_numpy()
        for side, frame in (("old", pairing.old), ("new", pairing.new))
    )
    ids = pairing.new["id"]
    return ids[right & ~was].tolist(), ids[was & ~right].tolist()


def as_sets(values: pd.Series, names: list[str]) -> pd.Series:
    """Answers as sets of labels."""
    known = set(names)
    return values.map({value: frozenset(among(value, known)) for value in values.unique()})
