"""Which languages texts are in, as py3langid guesses."""

from functools import cache

import numpy as np
import pandas as pd
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from decant.progress import bar

SAMPLE = 2000  # texts whose language is guessed, evenly spaced: half a millisecond each
SURE = 0.9  # probability from which the guess counts; short posts often fit several languages
UNSURE = "unsure"


@cache
def guesser() -> LanguageIdentifier:
    """Half a second to load."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def spoken(texts: list[str], languages: LanguageIdentifier) -> dict[str, float]:
    """Language, by ISO 639, -> share of a sample of the texts, of the five most frequent; unsure: none is likely enough."""
    sample = [texts[row] for row in np.linspace(0, len(texts) - 1, min(SAMPLE, len(texts))).astype(int)]
    guesses = [languages.classify(text) for text in bar(sample, what="languages", unit="text")]
    named = pd.Series([language if chance >= SURE else UNSURE for language, chance in guesses])
    return {name: float(share) for name, share in named.value_counts(normalize=True).head(5).items()}
