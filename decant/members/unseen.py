"""What members say of rows whose labels they have not learnt, and which rows are alike: what doubts about labels rest on."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.preprocessing import normalize

from decant import paths
from decant.errors import CacheError
from decant.files import digest
from decant.heads import Head, probabilities, width
from decant.members import scores
from decant.members.linear import Tfidf

MEMBERS = ("linear", "probe")  # teachers have learnt train, and an adapted encoder may have
CHUNK = 16  # rows compared with all others at a time: 130 MB beside a million


def chances(task: str, split: str, frame: pd.DataFrame, heads: tuple[Head, ...]) -> np.ndarray | None:
    """(n, w) probabilities for the rows of train (out of fold) or valid, the mean of both linear members.

    Null for valid before soften has run. Raises CacheError: of other rows or other heads, or, for train, missing.
    """
    file = (
        paths.baseline(task) / "out_of_fold.safetensors"
        if split == "train"
        else paths.soft(task) / f"{split}.safetensors"
    )
    if split != "train" and not file.exists():
        return None
    source = {"train" if split == "train" else "table": digest(paths.split_file(task, split))}
    logits = scores.load(file, frame["id"].tolist(), source)
    said = [logits[name] for name in MEMBERS if name in logits]
    if not said or said[0].shape[1] != width(heads):
        raise CacheError(f"{file}: of other members or heads than params.yaml has now. Run: dvc repro soften@{task}")
    return np.mean([probabilities(raw, heads) for raw in said], axis=0)


def vectors(task: str, texts: list[str]) -> sparse.csr_matrix:
    """(n, features) TF-IDF of the linear member, of length 1, so that a product of two rows is their cosine.

    texts: the linear model's own. Raises CacheError: baseline has not run.
    """
    return normalize(Tfidf.load(paths.baseline(task)).transform(texts))


def cosines(features: sparse.csr_matrix, rows: list[int]) -> Iterator[np.ndarray]:
    """For each of the rows, (n,) cosines with all rows, -1 with itself."""
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        for row, line in zip(part, (features[part] @ features.T).toarray(), strict=True):
            line[row] = -1
            yield line
