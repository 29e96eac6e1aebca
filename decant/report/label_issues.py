"""`python -m decant label-issues`: rows of train and valid whose label is likely to be wrong, on a page that git ignores.

Beside the page lie all of them as a table, and a start for source.corrections without the reasons, which only a person can
give. test stays closed, and so does calib.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from decant import paths, tables
from decant.data import formulas
from decant.data.corrections import BETWEEN, COLUMNS
from decant.files import writing
from decant.heads import Head, labelled
from decant.members import unseen
from decant.report import shell
from decant.report.markup import Html, chip, folded, note, number, table, tag
from decant.scoring.label_issues import Issue, issues
from decant.settings.heads import heads_of
from decant.settings.params import read

SPLITS = ("train", "valid")  # test stays closed, and calib tunes what is measured
MOST = 100  # of a head on the page; the table has all
NEAR = 3  # neighbours shown
AROUND = 10  # nearest rows whose labels are counted


@dataclass(frozen=True)
class Doubt:
    """One row whose label in one head is contradicted."""

    head: Head
    issue: Issue
    row: pd.Series
    around: Counter
    """Labels of the nearest rows, as many as AROUND."""
    near: list[tuple[float, pd.Series]]
    """Cosine and row of the nearest ones that have what is suggested."""


def label_issues(task: str) -> tuple[Path, dict[str, dict[str, int]]]:
    """Write the page, the table and the corrections to be; returns the page's place, and head -> split -> how many.

    Raises DataError, CacheError: the splits, baseline's members or params.yaml are missing or not of one run.
    """
    p = read(task)
    heads = heads_of(p.heads)
    frames, said = {}, {}
    for split in SPLITS:
        frame = tables.load(task, split, heads)
        chances = unseen.chances(task, split, frame, heads)
        if chances is not None:
            frames[split], said[split] = frame.assign(of=split), chances
    rows = pd.concat(frames.values(), ignore_index=True)
    features = unseen.vectors(task, rows["linear"].tolist())
    doubts = {head.name: of_head(head, frames, said, rows, features) for head in labelled(heads)}
    counts = {
        name: {split: sum(doubt.row["of"] == split for doubt in found) for split in frames}
        for name, found in doubts.items()
    }
    place = paths.look(task).with_name(f"{task}-label-issues.html")
    separators = {head.name: p.source.labels[head.name].separator or BETWEEN for head in heads}
    write_table(place.with_suffix(".csv"), doubts)
    write_corrections(place.with_name(f"{task}-corrections.csv"), doubts, separators, several=len(heads) > 1)
    with writing(place) as partial:
        partial.write_text(shell.whole(f"{task}: label issues", [page(task, doubts, frames, heads)]), encoding="utf-8")
    return place, counts


def of_head(head: Head, frames: dict, said: dict, rows: pd.DataFrame, features) -> list[Doubt]:
    """The likeliest errors of both splits first. rows, features: of all splits, one below the other."""
    targets = head.targets(rows, "table") > 0.5
    found, start = [], 0
    for split, frame in frames.items():
        own = slice(start, start + len(frame))
        found += [(start + issue.row, issue) for issue in issues(head, targets[own], said[split][:, head.slice])]
        start += len(frame)
    found.sort(key=lambda item: -item[1].margin)
    labels = [tuple(name for name, holds in zip(head.labels, row, strict=True) if holds) for row in targets]
    doubts = []
    for (row, issue), cosine in zip(found, unseen.cosines(features, [row for row, _ in found]), strict=True):
        order = np.argsort(-cosine, kind="stable")
        around = Counter(words(labels[other]) for other in order[:AROUND])
        gained = set(issue.suggested) - set(issue.given)
        lost = set(issue.given) - set(issue.suggested)
        near = []
        for other in order:
            if cosine[other] <= 0 or len(near) == NEAR:
                break
            if gained <= set(labels[other]) and lost.isdisjoint(labels[other]):
                near.append((float(cosine[other]), rows.iloc[other]))
        doubts.append(Doubt(head, issue, rows.iloc[row], around, near))
    return doubts


def words(labels: tuple[str, ...]) -> str:
    return ", ".join(labels) or "none"


def write_table(file: Path, doubts: dict[str, list[Doubt]]) -> None:
    """All of them, a line each, with their texts."""
    lines = [
        {"head": name, "id": doubt.row["id"], "split": doubt.row["of"], "given": words(doubt.issue.given),
         "suggested": words(doubt.issue.suggested), "confidence": round(doubt.issue.confidence, 4),
         "margin": round(doubt.issue.margin, 4), "neighbours": " ".join(row["id"] for _, row in doubt.near),
         "text": doubt.row["text"]}
        for name, found in doubts.items() for doubt in found
    ]  # fmt: skip
    columns = ["head", "id", "split", "given", "suggested", "confidence", "margin", "neighbours", "text"]
    with writing(file) as partial:
        formulas.table(pd.DataFrame(lines, columns=columns)).to_csv(partial, index=False)


def write_corrections(file: Path, doubts: dict[str, list[Doubt]], separators: dict[str, str], several: bool) -> None:
    """source.corrections to be: every suggestion, and no reason, without which prepare takes none."""
    with writing(file) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS if several else [name for name in COLUMNS if name != "head"])
        for name, found in doubts.items():
            for doubt in found:
                label = separators[name].join(doubt.issue.suggested)
                writer.writerow(
                    [formulas.marked(doubt.row["id"]), *([name] if several else []), formulas.marked(label), ""]
                )


def page(task: str, doubts: dict[str, list[Doubt]], frames: dict[str, pd.DataFrame], heads: tuple[Head, ...]) -> Html:
    looked = ", ".join(f"{number(len(frame))} rows of {split}" for split, frame in frames.items())
    numbers = [head.name for head in heads if not head.labels]
    top = tag(
        "section",
        tag("h1", f"{task}: label issues"),
        tag("p", f"Of {looked}: those whose label is contradicted, with confidence, by models that have not learnt it (linear "
            "and probe, by confident learning). Some of them are right, and the models wrong: look at the text, and at rows "
            "like it that have the suggested label."),
        tag("p", f"To correct some, keep their lines in look/{task}-corrections.csv, say why in each, put the file into "
            f"{paths.raw(task)}, name it in source.corrections, and run dvc repro."),
        note("Only on this machine: raw texts stay out of git. test and calib are not looked at."
             + (f" Numbers have no label to doubt: {', '.join(numbers)}." if numbers else "")),
    )  # fmt: skip
    return tag("main", top, *(section(name, found) for name, found in doubts.items()))


def section(name: str, found: list[Doubt]) -> Html:
    """A head: which label is taken for which, and its likeliest errors."""
    pairs = Counter((words(doubt.issue.given), words(doubt.issue.suggested)) for doubt in found)
    lines = [{"given": given, "suggested": other, "rows": count} for (given, other), count in pairs.most_common(12)]
    shown = [tag("h2", f"{name}: {number(len(found))} rows" + (f", the first {MOST}" if len(found) > MOST else ""))]
    shown += [table(lines, f"{name}: labels taken for others", ("suggested",))] if lines else [note("None.")]
    return tag("section", *shown, *map(card, found[:MOST]))


def card(doubt: Doubt) -> Html:
    """A row: what it says, what it is labelled, and what rows like it are labelled."""
    head = [chip(words(doubt.issue.given), "amber"), " \N{RIGHTWARDS ARROW} ", chip(words(doubt.issue.suggested), "green"),
            f" {number(doubt.issue.confidence)} ", tag("code", doubt.row["id"])]  # fmt: skip
    around = ", ".join(f"{count} {label}" for label, count in doubt.around.most_common())
    near = [
        tag("li", tag("code", row["id"]), f" {number(cosine)} ", tag("span", row["text"], class_="text"))
        for cosine, row in doubt.near
    ]
    return folded(
        tag("span", *head),
        tag("p", doubt.row["text"]),
        note(f"Of {doubt.row['of']}. The {sum(doubt.around.values())} rows most like it: {around}."),
        folded(f"The nearest with the suggested label: {len(near)}", tag("ul", *near, class_="sentences"))
        if near else note("No row with the suggested label has a word in common."),
        open_=True,
    )  # fmt: skip
