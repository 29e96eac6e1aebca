"""Linear members: what they read, how they answer, and how they are kept.

`linear` reads TF-IDF of words and characters, `probe` an encoder's embeddings. Both are saved as safetensors and
JSON, not pickled: scikit-learn's own pickle of a TfidfVectorizer holds a memory address and differs each run.
`decant.members.fitting` fits them.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from decant.errors import CacheError, DataError
from decant.files import read_json, write_json, writing
from decant.text import WORD


@dataclass(frozen=True)
class Vectorizer:
    """Settings of TF-IDF: word n-grams 1..word_ngrams beside character n-grams 2..char_ngrams within words."""

    word_ngrams: int  # 0: no words
    char_ngrams: int  # 0: no characters
    min_df: int = 1  # rows that must hold a feature
    max_df: float = 1.0  # share of rows that may hold it
    max_features: int = 0  # of each kind, the most frequent; 0: all

    def kinds(self) -> list["Vectorizer"]:
        """The words alone and the characters alone; candidates that share a kind can share its features."""
        alone = (replace(self, char_ngrams=0), replace(self, word_ngrams=0))
        return [kind for kind in alone if kind.word_ngrams or kind.char_ngrams]


class Tfidf:
    """TF-IDF of one or both kinds of n-grams, side by side: sublinear, lower case, each kind of length 1."""

    def __init__(self, settings: Vectorizer):
        self.settings = settings
        limits = {
            "min_df": settings.min_df,
            "max_df": settings.max_df,
            "max_features": settings.max_features or None,
            "dtype": np.float64,
        }
        self.counters: dict[str, CountVectorizer] = {}
        if settings.word_ngrams:
            words = {"ngram_range": (1, settings.word_ngrams), "token_pattern": WORD}
            self.counters["word"] = CountVectorizer(**words, **limits)
        if settings.char_ngrams:
            characters = {"analyzer": "char_wb", "ngram_range": (2, settings.char_ngrams)}
            self.counters["char"] = CountVectorizer(**characters, **limits)
        self.weighers = {kind: TfidfTransformer(sublinear_tf=True) for kind in self.counters}

    def fit(self, texts: list[str]) -> sparse.csr_matrix:
        """Learn features and their weights from the texts; returns the texts' own, as `transform` would.

        One pass: fit and transform cut every text twice (2.0 against 1.2 s for the characters of 2,700 posts).

        Raises DataError: the limits leave no feature.
        """
        parts = []
        for kind, counter in self.counters.items():
            try:
                counted = counter.fit_transform(texts)
            except ValueError as error:  # an empty vocabulary; sklearn names neither texts nor settings
                raise DataError(
                    f"baseline: no {kind} n-gram of {len(texts):,} texts is left by min_df {self.settings.min_df} and "
                    f"max_df {self.settings.max_df:g} ({error}). Lower baseline.min_df or raise baseline.max_df"
                ) from None
            counted.sort_indices()  # the order in which transform adds up; without it the last bits differ
            parts.append(self.weighers[kind].fit_transform(counted))
        return sparse.hstack(parts, format="csr")

    def transform(self, texts: list[str]) -> sparse.csr_matrix:
        """(n, features) sparse float64."""
        parts = [self.weighers[kind].transform(counter.transform(texts)) for kind, counter in self.counters.items()]
        return sparse.hstack(parts, format="csr")

    def save(self, folder: Path) -> None:
        terms = {kind: counter.get_feature_names_out().tolist() for kind, counter in self.counters.items()}
        write_json(folder / "tfidf.json", asdict(self.settings) | terms)
        with writing(folder / "tfidf.safetensors") as partial:
            save_file({kind: weigher.idf_ for kind, weigher in self.weighers.items()}, partial)

    @classmethod
    def load(cls, folder: Path) -> "Tfidf":
        """Raises CacheError if a file is missing or the two disagree."""
        stored = read_json(folder / "tfidf.json")
        if not (folder / "tfidf.safetensors").exists():
            raise CacheError(f"{folder}/tfidf.safetensors: missing. Run dvc repro, or dvc checkout to restore it")
        weights = load_file(folder / "tfidf.safetensors")
        tfidf = cls(Vectorizer(**{key: stored[key] for key in Vectorizer.__dataclass_fields__}))
        for kind, counter in tfidf.counters.items():
            if len(stored[kind]) != len(weights[kind]):
                raise CacheError(
                    f"{folder}: {len(stored[kind])} {kind} terms but {len(weights[kind])} weights; rerun baseline"
                )
            counter.vocabulary_ = {term: index for index, term in enumerate(stored[kind])}
            tfidf.weighers[kind].idf_ = weights[kind]
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
