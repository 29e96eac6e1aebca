"""A linear classifier as it ships: TF-IDF of words and of characters, and one layer. numpy alone.

It reads texts as scikit-learn's vectorizers read them with the settings of `decant.members.linear`: lower case, words as
`decant.text` finds them, characters in runs of two and more within words, each count c as 1 + log c, times the weight of
its term, each kind of length 1.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from decant.errors import BundleError
from decant.text import WORD

TERMS, WEIGHTS = "linear/terms.json", "linear/weights.npy"
WORDS = re.compile(WORD)
SPACES = re.compile(r"\s\s+")
AGAIN = "Build the bundle again"
LONGEST = 64  # words or characters of a run: a text of 20,000 characters then has a million runs at most


class Linear:
    """terms.json with weights.npy: texts in, calibrated logits out. Threads may share one.

    terms.json: "word" and "char", each with its longest run (`ngrams`) and its `terms`, and the `intercept` (w,).
    weights.npy: (terms of both, 1 + w) float32: the weight of a term in its text, then what it adds to each logit.

    Raises BundleError: the two do not fit each other, or are not of this form.
    """

    def __init__(self, folder: str | Path):
        folder = Path(folder)
        try:
            told = json.loads((folder / TERMS).read_text(encoding="utf-8"))
            # mapped, so that a header which claims more than the file holds is refused before memory is taken
            table = np.array(np.load(folder / WEIGHTS, mmap_mode="r", allow_pickle=False))
            self.intercept = np.array(told["intercept"], dtype=np.float64)
            self.longest = {kind: int(told[kind]["ngrams"]) for kind in KINDS if kind in told}
            if max(self.longest.values(), default=0) > LONGEST:
                raise ValueError(f"runs of more than {LONGEST}")
            self.places: dict[str, dict[str, int]] = {}
            first = 0
            for kind in self.longest:
                self.places[kind] = {term: first + place for place, term in enumerate(told[kind]["terms"])}
                first += len(self.places[kind])
            fits = table.dtype == np.float32 and table.shape == (first, 1 + len(self.intercept))
        except (
            KeyError,
            TypeError,
            ValueError,
            EOFError,
            OSError,
            AttributeError,
            RecursionError,
            OverflowError,
        ) as error:
            raise BundleError(f"{folder}: {TERMS} or {WEIGHTS} is not what it should be ({error}). {AGAIN}") from None
        if not fits:
            raise BundleError(
                f"{folder}: {WEIGHTS} is {table.dtype} {table.shape}, {TERMS} has {first:,} terms and "
                f"{len(self.intercept)} logits. {AGAIN}"
            )
        self.weights, self.layer = table[:, 0].astype(np.float64), table[:, 1:].astype(np.float64)

    def logits(self, texts: list[str]) -> np.ndarray:
        """(n, w) float32 for n >= 1 texts that are cleaned already."""
        return np.stack([self._logits(text) for text in texts]).astype(np.float32)

    def ids(self, text: str) -> list[int]:
        """The places of the terms that it finds in a text, rising."""
        return sorted(place for counts in self._counts(text) for place in counts)

    def _logits(self, text: str) -> np.ndarray:
        total = self.intercept.copy()
        for counts in self._counts(text):
            if not counts:
                continue
            places = sorted(counts)  # one order of adding up, whatever the order of the words
            values = (1 + np.log([counts[place] for place in places])) * self.weights[places]
            total += (values / np.sqrt(values @ values)) @ self.layer[places]
        return total

    def _counts(self, text: str) -> list[Counter[int]]:
        """Of each kind: the place of a term -> how often the text has it."""
        lower = text.lower()
        return [
            Counter(places[term] for term in KINDS[kind](lower, self.longest[kind]) if term in places)
            for kind, places in self.places.items()
        ]


def words(text: str, longest: int) -> Iterator[str]:
    """Runs of 1 to `longest` words, joined by blanks."""
    found = WORDS.findall(text)
    for size in range(1, min(longest, len(found)) + 1):
        for start in range(len(found) - size + 1):
            yield " ".join(found[start : start + size])


def characters(text: str, longest: int) -> Iterator[str]:
    """Runs of 2 to `longest` characters of each word with a blank before and after it; a short word counts once, whole."""
    for word in SPACES.sub(" ", text).split():
        padded = f" {word} "
        for size in range(2, longest + 1):
            for start in range(max(1, len(padded) - size + 1)):
                yield padded[start : start + size]
            if size >= len(padded):
                break


KINDS = {"word": words, "char": characters}
