"""Linear members: logistic regression per softmax head and sigmoid label, ridge per regression head.

`linear` reads TF-IDF of words and characters, `probe` an encoder's frozen embeddings. Both are saved as safetensors
and JSON, not pickled: scikit-learn's own pickle of a TfidfVectorizer holds a memory address and differs each run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from tqdm import tqdm

from decant.calibration import nll
from decant.errors import CacheError
from decant.files import read_json, write_json, writing
from decant.heads import Head


class Tfidf:
    """Word n-grams 1..word_ngrams beside character n-grams 2..char_ngrams within words, sublinear, lower case."""

    def __init__(self, word_ngrams: int, char_ngrams: int, min_df: int):
        self.settings = {"word_ngrams": word_ngrams, "char_ngrams": char_ngrams, "min_df": min_df}
        self.parts = [
            TfidfVectorizer(
                ngram_range=(1, word_ngrams), min_df=min_df, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
            ),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, char_ngrams), min_df=min_df, sublinear_tf=True),
        ]

    def fit(self, texts: list[str]) -> "Tfidf":
        for part in self.parts:
            part.fit(texts)
        return self

    def transform(self, texts: list[str]) -> sparse.csr_matrix:
        """(n, features) sparse float64."""
        return sparse.hstack([part.transform(texts) for part in self.parts], format="csr")

    def save(self, folder: Path) -> None:
        terms = [part.get_feature_names_out().tolist() for part in self.parts]
        write_json(folder / "tfidf.json", self.settings | {"word": terms[0], "char": terms[1]})
        with writing(folder / "tfidf.safetensors") as partial:
            save_file({"word": self.parts[0].idf_, "char": self.parts[1].idf_}, partial)

    @classmethod
    def load(cls, folder: Path) -> "Tfidf":
        """Raises CacheError if a file is missing or the two disagree."""
        stored = read_json(folder / "tfidf.json")
        if not (folder / "tfidf.safetensors").exists():
            raise CacheError(f"{folder}/tfidf.safetensors: missing. Run dvc repro, or dvc checkout to restore it")
        weights = load_file(folder / "tfidf.safetensors")
        tfidf = cls(stored["word_ngrams"], stored["char_ngrams"], stored["min_df"])
        for part, name in zip(tfidf.parts, ("word", "char"), strict=True):
            if len(stored[name]) != len(weights[name]):
                raise CacheError(
                    f"{folder}: {len(stored[name])} {name} terms but {len(weights[name])} weights; rerun baseline"
                )
            part.vocabulary_ = {term: index for index, term in enumerate(stored[name])}
            part.idf_ = weights[name]
        return tfidf


@dataclass
class Standard:
    """Embeddings with mean 0 and deviation 1 per column, as the penalty of a regression expects."""

    mean: np.ndarray  # (h,)
    scale: np.ndarray  # (h,)

    @classmethod
    def fit(cls, values: np.ndarray) -> "Standard":
        return cls(values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6))

    def transform(self, values: np.ndarray) -> np.ndarray:
        return (values - self.mean) / self.scale


@dataclass
class Weights:
    """One linear layer for all heads: logits = x @ coef + intercept."""

    coef: np.ndarray  # (features, w)
    intercept: np.ndarray  # (w,)

    def logits(self, features) -> np.ndarray:
        """(n, w) float32."""
        return np.asarray(features @ self.coef + self.intercept, dtype=np.float32)


def fit_head(features, targets: np.ndarray, head: Head, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """coef (features, w of the head) and intercept. strength: C of the logistic regression, 1 / alpha of the ridge.

    A class without any row, or a label that every row has, gets its log-odds (one row at most) and no weights.
    """
    if head.kind == "regression":
        model = Ridge(alpha=1 / strength).fit(features, targets[:, head.start])
        return model.coef_.reshape(-1, 1), np.array([model.intercept_])
    columns = targets[:, head.slice]
    coef = np.zeros((features.shape[1], columns.shape[1]))
    intercept = np.log((columns.sum(axis=0) + 1e-3) / (len(columns) - columns.sum(axis=0) + 1e-3))
    if head.kind == "softmax":
        labels = columns.argmax(axis=1)
        if len(np.unique(labels)) == 1:
            return coef, intercept
        model = LogisticRegression(C=strength, max_iter=1000).fit(features, labels)
        if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes: the second against the first
            coef[:, model.classes_] = np.stack([-model.coef_[0] / 2, model.coef_[0] / 2], axis=1)
            intercept[model.classes_] = -model.intercept_[0] / 2, model.intercept_[0] / 2
        else:
            coef[:, model.classes_] = model.coef_.T
            intercept[model.classes_] = model.intercept_
        return coef, intercept
    for label, column in enumerate(columns.T):
        if 0 < column.sum() < len(column):
            model = LogisticRegression(C=strength, max_iter=1000).fit(features, column)
            coef[:, label], intercept[label] = model.coef_[0], model.intercept_[0]
    return coef, intercept


def fit(features, targets: np.ndarray, heads: tuple[Head, ...], strengths: dict[str, float]) -> Weights:
    """All heads on the same features, each with its own strength."""
    parts = [fit_head(features, targets, head, strengths[head.name]) for head in heads]
    return Weights(np.concatenate([coef for coef, _ in parts], axis=1), np.concatenate([bias for _, bias in parts]))


def cross_fit(
    features_of: Callable[[np.ndarray, np.ndarray], tuple],
    targets: np.ndarray,
    heads: tuple[Head, ...],
    strengths: list[float],
    fold: np.ndarray,
    what: str,
) -> tuple[dict[str, float], np.ndarray, dict[str, dict[str, float]]]:
    """Choose each head's strength by cross-validation.

    features_of: (fit rows, other rows) -> their features; whatever it learns, it learns from the fit rows alone.
    fold: (n,) the fold in which a row is held out.
    Returns the strengths, the logits (n, w) of each row from a model that did not see it, and every candidate's loss.
    """
    held_out = {strength: np.zeros_like(targets) for strength in strengths}
    for index in tqdm(range(fold.max() + 1), desc=what, unit="fold"):
        rows, others = np.flatnonzero(fold != index), np.flatnonzero(fold == index)
        fit_features, other_features = features_of(rows, others)
        for strength in strengths:
            weights = fit(fit_features, targets[rows], heads, dict.fromkeys([head.name for head in heads], strength))
            held_out[strength][others] = weights.logits(other_features)
    chosen, candidates, logits = {}, {}, np.zeros_like(targets)
    for head in heads:
        losses = {strength: loss(held_out[strength], targets, head) for strength in strengths}
        chosen[head.name] = min(losses, key=losses.get)
        logits[:, head.slice] = held_out[chosen[head.name]][:, head.slice]
        candidates[head.name] = {f"C_{strength:g}".replace(".", "p"): value for strength, value in losses.items()}
    return chosen, logits, candidates


def loss(logits: np.ndarray, targets: np.ndarray, head: Head) -> float:
    """Negative log likelihood, or mean squared error of a regression head."""
    if head.kind == "regression":
        return float(((logits[:, head.start] - targets[:, head.start]) ** 2).mean())
    return nll(logits, targets, head)


def save_weights(file: Path, weights: Weights, standard: Standard | None = None) -> None:
    arrays = {"coef": np.ascontiguousarray(weights.coef), "intercept": weights.intercept}
    if standard:
        arrays |= {"mean": standard.mean, "scale": standard.scale}
    with writing(file) as partial:
        save_file(arrays, partial)


def load_weights(file: Path) -> tuple[Weights, Standard | None]:
    if not file.exists():
        raise CacheError(f"{file}: missing. Run dvc repro, or dvc checkout to restore it")
    arrays = load_file(file)
    standard = Standard(arrays["mean"], arrays["scale"]) if "mean" in arrays else None
    return Weights(arrays["coef"], arrays["intercept"]), standard
