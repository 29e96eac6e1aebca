"""A task of three heads whose members have spoken of rows they had not learnt: what label-issues reads, in small."""

import numpy as np
import pandas as pd
import rawtask

from decant import paths, tables
from decant.files import digest, write_json
from decant.heads import layout, logits_of
from decant.members import scores
from decant.members.linear import Tfidf, Vectorizer

HEADS = {
    "kind": {"kind": "softmax", "labels": ["ham", "spam"]},
    "topic": {"kind": "sigmoid", "labels": ["money", "sport"]},
    "urgency": {"kind": "regression"},
}
SOURCE = {"labels": {"kind": rawtask.KIND, "topic": rawtask.TOPIC, "urgency": {"column": "urgency"}}}
WRONG = ("train-3", "valid-4")  # spam that is labelled ham, and is about sport, which nobody has said


def frame(split: str, rows: int = 40) -> pd.DataFrame:
    """Even rows are ham about the rent, odd ones spam about a prize; every fourth is about sport."""
    numbers = np.arange(rows)
    spam, sport = numbers % 2 == 1, numbers % 4 == 0
    texts = [
        f"{'<b>win</b> a prize & more' if one else 'the rent is due'} {number}"
        for one, number in zip(spam, numbers, strict=True)
    ]
    table = pd.DataFrame({"id": [f"{split}-{number}" for number in numbers], "text": texts, "linear": texts})
    wrong = table["id"].isin(WRONG)
    table["kind"] = np.where(spam & ~wrong, "spam", "ham")
    return table.assign(**{"topic.money": False, "topic.sport": sport & ~wrong, "urgency": 0.5})


def said(table: pd.DataFrame) -> np.ndarray:
    """(n, w) logits that know the truth: the text, and the number in the id."""
    numbers = table["id"].str.rpartition("-")[2].astype(int)
    spam, sport = np.where(table["text"].str.contains("prize"), 0.95, 0.1), np.where(numbers % 4 == 0, 0.9, 0.05)
    chances = np.stack([1 - spam, spam, np.full(len(table), 0.05), sport, np.full(len(table), 0.5)], axis=1)
    return logits_of(chances, layout({name: {"labels": []} | head for name, head in HEADS.items()}))


def write(workspace, **changes) -> dict[str, pd.DataFrame]:
    """The splits, their manifest, and what baseline and soften leave. changes: split -> its rows in place of `frame`."""
    rawtask.arrange(workspace, {}, SOURCE, heads=HEADS)
    task, frames = rawtask.TASK, {split: changes.get(split, frame(split)) for split in ("train", "valid")}
    for split, table in frames.items():
        paths.split_file(task, split).parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(paths.split_file(task, split), index=False)
    marks = {split: tables.rows_sha256(paths.split_file(task, split)) for split in frames}
    write_json(paths.metrics(task, "manifest"), {"rows": marks})
    for split, file, source in (
        ("train", paths.baseline(task) / "out_of_fold.safetensors", "train"),
        ("valid", paths.soft(task) / "valid.safetensors", "table"),
    ):
        table = frames[split]
        logits = said(table)
        # teachers and adapted encoders know train by heart, and would contradict every row here
        members = {"linear": logits, "probe": logits, "probe_adapted": -9 * logits, "ensemble": -9 * logits}
        scores.save(file, table["id"].tolist(), members, {source: digest(paths.split_file(task, split))})
    tfidf = Tfidf(Vectorizer(1, 0))
    tfidf.fit(frames["train"]["linear"].tolist())
    tfidf.save(paths.baseline(task))
    return frames
