"""A local page with the texts behind the figures, which no page that git holds may have: look/<task>.html, ignored by git."""

from pathlib import Path

import pandas as pd

from decant import paths
from decant.data import answered
from decant.errors import CacheError
from decant.files import read_json, writing
from decant.report import shell
from decant.report.markup import Html, folded, note, number, table, tag
from decant.shipping import shipped

MOST = 200  # texts of one pair of answers: a page of 5,000 rows opens slowly


def look(task: str) -> Path:
    """Write the page; returns its place.

    Raises CacheError: evaluate has not written its predictions, or has written them without the shipped model's.
    """
    file = paths.predictions(task)
    if not file.exists():
        raise CacheError(f"{file}: missing. Run: dvc repro evaluate@{task}")
    rows, ours = pd.read_parquet(file), shipped(read_json(paths.metrics(task, "test")))
    if missing := [name for name in ("id", "text", "answer", ours) if name not in rows]:
        raise CacheError(
            f"{file}: no column {missing[0]!r}; it comes from another version. Run: dvc repro evaluate@{task}"
        )
    scores = [name for name in rows if name.startswith("score_")]
    pairs = rows.groupby(["answer", ours], sort=True)
    wrong = [(pair, part) for pair, part in pairs if pair[0] != pair[1]]
    right = [(pair, part) for pair, part in pairs if pair[0] == pair[1]]
    wrong.sort(key=lambda item: -len(item[1]))
    body = tag(
        "main",
        tag("section", tag("h1", f"{task}: texts"), note("Only on this machine: raw texts stay out of git."),
            tag("h2", "Mistakes, the most frequent pair first"), *(of_pair(pair, part, scores) for pair, part in wrong),
            tag("h2", "Right answers"), *(of_pair(pair, part, scores) for pair, part in right)),
    )  # fmt: skip
    target = paths.look(task)
    with writing(target) as partial:
        partial.write_text(shell.whole(f"{task}: texts", [body]), encoding="utf-8")
    return target


def of_pair(pair: tuple[str, str], rows: pd.DataFrame, scores: list[str]) -> Html:
    """The rows of one pair of answers, the surest first: those are the ones to look at."""
    surest = rows.loc[rows[scores].max(axis=1).sort_values(ascending=False, kind="stable").index] if scores else rows
    shown = [
        {"id": tag("code", row["id"]), "text": tag("span", row["text"], class_="text")}
        | {name.removeprefix("score_"): row[name] for name in scores}
        for row in surest.head(MOST).to_dict("records")
    ]
    actual, said = map(answered.shown, pair)
    title = f"{actual}, answered {said}: {number(len(rows))}" + (f" (the first {MOST})" if len(rows) > MOST else "")
    return folded(title, table(shown, title, ("text",)))
