"""noise: what each train row teaches (data/<task>/taught.safetensors), in spite of labels that are wrong or disputed.

In: train, and out-of-fold logits of the linear members, which have not learnt the rows that they speak about. Out: labels
(n, w) and weights (n,) for whoever learns by gradient steps: teachers, their search, students. A head whose annotators'
shares are learnt has those; rows of one text teach the share of each label among them where params say so; then labels
that the linear members contradict (confident learning) are left out, weighed less, or softened. As params come, none of
it is done. Valid, calib and test keep the labels that they have: nothing is made easier to meet.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from decant import checked, paths, stage, tables
from decant.errors import DataError
from decant.files import slug, write_metrics
from decant.heads import Head, labelled
from decant.members import taught
from decant.members.taught import Taught
from decant.settings.base import Section
from decant.settings.duplicates import Duplicates
from decant.settings.heads import Heads, heads_of
from decant.settings.noise import Noise
from decant.text import normal_form

if TYPE_CHECKING:
    from decant.scoring.label_issues import Issue


class Sections(Section):
    duplicates: Duplicates
    heads: Heads
    noise: Noise


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    train = tables.load(task, "train", heads)
    given = tables.targets(train, heads)
    labels, weights = given.copy(), taught.plain(given).weights
    record: dict = {"rows": len(train)}

    for head in heads:
        if head.shares in train:
            labels[:, head.slice] = np.stack(train[head.shares].to_numpy())
            record.setdefault("annotators", {})[slug(head.name)] = changed(labels[:, head.slice], given[:, head.slice])
    if p.duplicates.conflicts == "soften":
        before = labels.copy()
        labels = shared_by_text(train["text"].tolist(), labels, heads)
        record["equal_texts"] = changed(labels, before)
    if p.noise.action != "none":
        chances, doubted = contradicted(task, train, given, heads)
        treated = worst(doubted, round(p.noise.most * len(train)))
        labels, weights = treat(labels, weights, chances, treated, p.noise)
        counts = {slug(head.name): len(found) for head, found in doubted.items() if head.labels}
        record |= {"doubted": counts, "treated": len({issue.row for _, issue in treated})}

    refuse_empty(task, heads, given, weights)
    taught.save(task, train["id"].tolist(), Taught(labels, weights))
    write_metrics(paths.metrics(task, "noise"), record)


def changed(labels: np.ndarray, before: np.ndarray) -> int:
    """Rows of (n, ...) that differ, beyond rounding."""
    return int((np.abs(labels - before) > 1e-6).any(axis=1).sum())


def shared_by_text(texts: list[str], labels: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """(n, w) labels in which rows of one text, normalised, have the mean of what they had; numbers stay."""
    text = pd.Series([normal_form(cell) for cell in texts])
    softened = labels.copy()
    for head in labelled(heads):
        own = pd.DataFrame(labels[:, head.slice])
        softened[:, head.slice] = own.groupby(text.to_numpy()).transform("mean")
    return softened


def contradicted(
    task: str, train: pd.DataFrame, given: np.ndarray, heads: tuple[Head, ...]
) -> tuple[np.ndarray, dict[Head, list["Issue"]]]:
    """(n, w) chances by members that have not learnt the rows, and what they say against the given labels (n, w)."""
    from decant.members import unseen
    from decant.scoring import label_issues

    chances = unseen.chances(task, "train", train, heads)
    return chances, {head: label_issues.issues(head, given[:, head.slice], chances[:, head.slice]) for head in heads}


def worst(doubted: dict[Head, list["Issue"]], most: int) -> list[tuple[Head, "Issue"]]:
    """The most doubtful rows, `most` at most, with every head that doubts them."""
    issues = sorted(
        ((head, issue) for head, found in doubted.items() for issue in found), key=lambda pair: -pair[1].margin
    )
    rows = set(list(dict.fromkeys(issue.row for _, issue in issues))[:most])
    return [(head, issue) for head, issue in issues if issue.row in rows]


def treat(
    labels: np.ndarray, weights: np.ndarray, chances: np.ndarray, treated: list[tuple[Head, "Issue"]], noise: Noise
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n, w) and weights (n,) after what params do about the treated rows. chances: (n, w) of the linear members."""
    labels, weights = labels.copy(), weights.copy()
    for head, issue in treated:
        if noise.action == "soften":
            own, said = labels[issue.row, head.slice], chances[issue.row, head.slice]
            labels[issue.row, head.slice] = (1 - noise.share) * own + noise.share * said
        else:
            weights[issue.row] = 0 if noise.action == "drop" else 1 - noise.share
    return labels, weights


def refuse_empty(task: str, heads: tuple[Head, ...], given: np.ndarray, weights: np.ndarray) -> None:
    """Raises DataError: a label of which no row is left, so that it would be unlearnt."""
    for head in labelled(heads):
        rows, left = given[:, head.slice].sum(axis=0), given[weights > 0, head.slice].sum(axis=0)
        for label, had, has in zip(head.labels, rows, left, strict=True):
            if had and not has:
                raise DataError(
                    f"{task}.noise: every one of the {had:.0f} train rows of {label!r} (head {head.name}) is doubted and would be "
                    "left out, so that nothing would teach it. Lower noise.most, or set noise.action to soften, in params.yaml"
                )


if __name__ == "__main__":
    stage.run(main)
