"""What a first answer says, in parts that the terminal and the page show alike. Figures come with their intervals."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from decant.data import duplicates
from decant.keys import class_keys
from decant.members.clock import Clock
from decant.new.trial import Trial, of
from decant.scoring import intervals, label_issues, wording
from decant.trying.cost import Cost
from decant.trying.members import Member
from decant.trying.rows import Place, Rows

BUSY = 1.3  # wall clock over processor time, from which a machine is called busy
CHANCE = 0.5  # AUC of who knows nothing
MEASURES = {"macro_f1": "macro F1", "accuracy": "accuracy", "macro_auc": "macro AUC"}
TOP = 10  # label errors, and pairs of classes


@dataclass(frozen=True)
class Part:
    """A heading with a table and what is said about it."""

    title: str
    table: list[dict[str, str]]  # one dict a line, its keys the columns
    said: list[str]
    private: tuple[str, ...] = ()  # columns of raw text, which only the terminal shows


def contents(trial: Trial, place: Place, rows: int) -> Part:
    """Classes, repeats and leaks of the whole table. rows: of the table, before any is left out."""
    n = len(trial.frame)
    table = [
        {"class": name, "rows": f"{count:,}", "share": f"{count / n:.1%}"}
        for name, count in sorted(zip(trial.classes, trial.answers.sum(axis=0), strict=True), key=lambda pair: -pair[1])
    ]
    found = duplicates.clusters(trial.alike, trial.equal)
    alike = n - len(np.unique(trial.alike))
    said = [
        f"{of(rows)} in the table, {n:,} with a text and a label",
        f"duplicates: {of(n - len(np.unique(trial.equal)))} repeat a text, {alike:,} repeat or nearly repeat one "
        f"({of(found['clusters'], 'cluster')}, the largest of {of(found['largest_cluster'])})",
    ]
    if place.pairs:
        each = ", ".join(f"{rows:,} of {late} in {early}" for early, late, rows in leaks(place))
        said.append(
            f"leaks: {of(int(place.leaking.sum()))} stand in a later split too, or nearly so ({each}); left out below"
        )
    elif trial.given is not None:
        said.append("leaks: none between the given splits")
    else:
        shared = int((np.bincount(place.together)[place.together] > 1).sum())
        said.append(
            f"leaks: none here, since like texts stay together; a random cut would risk the {of(shared)} that have a like one"
            if shared else "leaks: none are possible, no row has a like one"
        )  # fmt: skip
    return Part("The table", table, said)


def leaks(place: Place) -> Iterator[tuple[str, str, int]]:
    for pair, rows in place.pairs.items():
        yield *pair.split("_"), rows


def figures(rows: Rows, members: list[Member], confidence: float, closed: int, left: list[str]) -> Part:
    """Macro F1 and accuracy of each contestant, the first of which is a guess. closed: rows of test. left: not tried, why."""
    scored = intervals.headline(rows.gold, {one.name: (one.answers, one.chances) for one in members}, confidence)
    table = [
        {"": one.name} | {shown: bounded(scored[one.name][key]) for key, shown in MEASURES.items()} | {"what": one.how}
        for one in members
    ]
    several = rows.head.several
    said = [
        f"by {rows.fold.max() + 1}-fold cross-validation of {of(len(rows.gold))}, each scored by a fit that has not seen it nor a "
        f"like text; {confidence:.0%} intervals. {of(closed)} that are test stay closed"
        + ("; every label over .5 holds, and all of a row's have to be right for accuracy" if several else ""),
        *left,
    ]
    others = members[1:]
    if len(others) == 2:
        keys = list(class_keys(list(rows.head.labels)).values())
        sides = [(one.answers, one.chances) for one in reversed(others)]
        pair = intervals.against(keys, rows.gold, *sides, confidence)
        said.append(f"{others[1].name}: {wording.sentence(pair, others[0].name)}")
    best = strongest(members, rows, confidence)
    # not by macro F1: of two even classes who draws lots has .5, and who always says one of them .33
    learnt = scored[best.name]["macro_auc"][1] > CHANCE
    said.append(
        f"The texts tell the classes apart: {best.name} ranks rows better than chance, its macro AUC is surely over {CHANCE}"
        if learnt
        else f"Nothing is shown to be learnt: the macro AUC of {best.name} may be {CHANCE}, which is chance. More rows, or other labels"
    )
    return Part("How well it can be told", table, said)


def bounded(figure: intervals.Figure) -> str:
    value, low, high = figure
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def strongest(members: list[Member], rows: Rows, confidence: float) -> Member:
    """By macro F1, the guess aside."""
    return max(members[1:], key=lambda one: intervals.macro_f1(rows.gold, one.answers, confidence)[0])


def confusions(rows: Rows, member: Member) -> Part:
    """Pairs of classes: one holds and is missed where the other is answered and does not."""
    missed, wrong = rows.gold & ~member.answers, member.answers & ~rows.gold
    pairs = missed.astype(int).T @ wrong.astype(int)
    support, names = rows.gold.sum(axis=0), rows.head.labels
    order = np.argsort(-pairs, axis=None, kind="stable")[:TOP]
    table = [
        {"label": names[given], "answered": names[said], "rows": f"{pairs[given, said]:,}",
         "of the label's": f"{pairs[given, said] / support[given]:.1%}"}
        for given, said in zip(*np.unravel_index(order, pairs.shape), strict=True)
        if pairs[given, said]
    ]  # fmt: skip
    said = [f"by {member.name}, of {of(len(rows.gold))}"] if table else [f"{member.name} confuses no two classes"]
    if lost := missed.sum(axis=0).max():
        label = int(missed.sum(axis=0).argmax())
        said.append(f"missed most: {names[label]}, {lost:,} of its {of(int(support[label]))}")
    return Part("Classes that are confused", table, said)


def doubts(rows: Rows, member: Member) -> Part:
    """The likeliest label errors, by a model that has not seen the row."""
    names = rows.head.labels
    if rows.head.several:
        each = [
            (one, names[column] if one.given else f"not {names[column]}", names[column] if one.suggested else f"not {names[column]}")
            for column in range(len(names))
            for one in label_issues.find(
                np.column_stack([1 - member.chances[:, column], member.chances[:, column]]), rows.gold[:, column].astype(int)
            )
        ]  # fmt: skip
        each.sort(key=lambda found: -found[0].confidence)
    else:
        each = [
            (one, names[one.given], names[one.suggested])
            for one in label_issues.find(member.chances, rows.gold.argmax(axis=1))
        ]
    table = [
        {"id": rows.ids[one.row], "label": given, "likelier": suggested, "chance": f"{one.confidence:.2f}",
         "text": rows.texts[one.row]}
        for one, given, suggested in each[:TOP]
    ]  # fmt: skip
    said = [
        f"{of(len(each), 'label')} of {of(len(rows.ids))} are contradicted by {member.name} with confidence; first those "
        "where it is farthest ahead of the label. A doubt is no proof: read them"
    ]
    return Part("Likeliest label errors", table, said, private=("text",))


def cost(costs: list[Cost], clock: Clock, rows: int) -> Part:
    """Minutes of the two trainings that a student needs. clock: took the times; rows: of train."""
    table = [
        {"": one.name, "minutes": minutes(one.minutes), "a step": f"{one.seconds:.2f} s", "steps": f"{one.steps:,}",
         "epochs": str(one.epochs)}
        for one in costs
    ]  # fmt: skip
    said = [
        f"about {minutes(sum(one.minutes for one in costs))} minutes for both on a core of its own, if they need all their epochs: a "
        f"few steps of each were timed here, times the steps for {of(rows)} of train. The other stages take some minutes more",
    ]
    if clock.wall_ratio > BUSY:
        said.append(f"this machine is busy: just now everything took {clock.wall_ratio:.1f} times as long")
    return Part("What a distilled student would cost here", table, said)


def minutes(number: float) -> str:
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"
