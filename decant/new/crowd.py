"""Several annotators of a row: a column for each of them, and what becomes of votes that are tied."""

import re

from decant.errors import DataError
from decant.new.call import Call
from decant.new.columns import Column, categorical
from decant.new.unfit import code_of, rewritten
from decant.new.votes import Votes
from decant.new.words import ANNOTATOR, GROUP, LABEL

TOGETHER = "annotations"  # the column that holds what all of them say


def crowd(columns: list[Column]) -> list[Column]:
    """The columns of labels that differ by a number or a person alone and hold the same classes: annotator_1, annotator_2."""
    families: dict[str, list[Column]] = {}
    for column in columns:
        stem = re.sub(r"[\W_]*\d+[\W_]*|(?<=[\W_])[A-Za-z]$", "", column.name).lower()
        said = column.words & (ANNOTATOR - GROUP)
        if stem != column.name.lower() and (said or (column.words & LABEL and not column.flag)) and categorical(column):
            families.setdefault(stem, []).append(column)
    return next((family for family in families.values() if len(family) > 1 and same(family)), [])


def same(family: list[Column]) -> bool:
    """Whether the columns hold the same classes: most of all values stand in each of them."""
    values = [{str(value) for value in column.values} for column in family]
    return 2 * len(set.intersection(*values)) >= len(set.union(*values))


def apart(people: list[Column], call: Call) -> DataError:
    """The error for a column for each annotator: one column with a list of what they say, or one of them alone."""
    names = [column.name for column in people]
    shown = ", ".join(names)
    change = (
        f't[{code_of(TOGETHER)}] = [[{{"user": k, "label": v}} for k, v in row.items() if v == v and v is not None] '
        f'for row in t[{code_of(names)}].astype(object).to_dict("records")]; t.drop(columns={code_of(names)})'
    )
    alone = call.again("--label", names[0], *(part for name in names[1:] for part in ("--ignore", name)))
    return DataError(
        f"label: {shown} hold the same classes, as what several annotators say of each row. To learn the first alone: {alone}. To "
        f"learn what most of them say, bring them into one column, a list of user and label. "
        f"{rewritten(call, change, '--label', TOGETHER)}"
    )


def tied(column: Column, classes: dict[str, list[str]], several: bool) -> int:
    """Rows whose votes are tied, as `decant.data.annotators.vote` counts them."""
    means = {raw: name for name, raws in classes.items() for raw in raws}
    rows = 0
    for cell, times in column.values.items():
        if not isinstance(cell, Votes):
            continue
        votes = [named for one in cell.given if (named := {means[raw.strip()] for raw in one if raw.strip() in means})]
        counts = sorted((sum(name in vote for vote in votes) for name in classes), reverse=True)
        # of several labels, who names none of them is against all
        rows += times * (any(2 * n == len(cell.given) for n in counts) if several else counts[0] == counts[1] > 0)
    return rows
