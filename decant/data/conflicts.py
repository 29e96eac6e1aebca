"""Texts that come again: with one answer they are repeats, with several they are conflicts, and params say which rows stay.

Texts and answers are 64-bit hashes here, a number each, so that ten million rows fit into memory.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from decant.data import formulas
from decant.data.tablefiles import BATCH
from decant.files import writing

SHOWN = 1000  # rows of conflicting texts that conflicts.csv shows


def policy(hashes: dict[str, np.ndarray], repeats: str, conflicts: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) rows that the policy for conflicts leaves, (n,) rows that stay, and (n,) rows whose text has two answers."""
    texts, answers = hashes["text"], hashes["answer"]
    conflicting = disputed(texts, answers)
    # a given split is judged by its own rows: labels of train must not edit a published test set
    texts = texts ^ ((hashes["split"].astype(np.uint64) + np.uint64(2)) * np.uint64(0x9E3779B97F4A7C15))
    split_apart = disputed(texts, answers)
    agreed = np.ones(len(texts), dtype=bool)
    if conflicts == "drop":
        agreed = ~split_apart
    elif conflicts == "majority":
        few = pd.DataFrame({"text": texts[split_apart], "answer": answers[split_apart]})
        rows = few.groupby(["text", "answer"])["answer"].transform("size")
        most = rows.groupby(few["text"]).transform("max")
        # two answers equally frequent: no majority
        winners = few["answer"].where(rows == most).groupby(few["text"]).transform("nunique")
        agreed[split_apart] = (rows == most) & (winners == 1)
    again = np.zeros(len(texts), dtype=bool)
    if repeats == "first":
        again[agreed] = pd.Series(texts[agreed]).duplicated()
        again &= ~(split_apart & (conflicts == "soften"))  # each of their rows counts for the shares
    return agreed, agreed & ~again, conflicting


def disputed(texts: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(n,) rows whose text has more than one answer. Sorted, not grouped: ten million rows in 400 MB."""
    order = np.lexsort((answers, texts))
    same_text = texts[order][1:] == texts[order][:-1]
    differ = same_text & (answers[order][1:] != answers[order][:-1])
    return np.isin(texts, texts[order][1:][differ])


def report(file: Path, texts: np.ndarray, conflicting: np.ndarray, target: Path) -> None:
    """The first conflicting rows, text by text, for people to look at; not in git, since the texts are the data's own."""
    first = pd.unique(texts[conflicting])
    chosen = np.flatnonzero(np.isin(texts, first[: SHOWN // 2]))[:SHOWN]
    columns = ["id", "split", "answer", "text"]
    parts, start = [pd.DataFrame(columns=columns)], 0
    for part in pq.ParquetFile(file).iter_batches(BATCH, columns=columns) if len(chosen) else ():
        rows = chosen[(chosen >= start) & (chosen < start + len(part))] - start
        parts.append(part.take(pa.array(rows)).to_pandas())
        start += len(part)
    table = pd.concat(parts, ignore_index=True)
    order = pd.Series(texts[chosen]).map({text: index for index, text in enumerate(first)}).argsort(kind="stable")
    with writing(target) as partial:
        formulas.table(table.iloc[order.to_numpy()]).to_csv(partial, index=False)


def drop(file: Path, kept: np.ndarray) -> None:
    """Drop rows from a file, batch by batch. kept: (n,) true for the rows that stay."""
    stored, start = pq.ParquetFile(file), 0
    with writing(file) as partial, pq.ParquetWriter(partial, stored.schema_arrow) as writer:
        for part in stored.iter_batches(BATCH):
            writer.write_table(pa.Table.from_batches([part.filter(pa.array(kept[start : start + len(part)]))]))
            start += len(part)
