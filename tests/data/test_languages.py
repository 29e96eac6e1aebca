"""Languages are guessed for a sample, and where the guess is not sure, nobody is named."""

import numpy as np
import pytest

from decant.data import languages


class Guesser:
    """Says the language that the text names, surely unless it ends in ?; keeps what it was asked."""

    def __init__(self):
        self.asked: list[str] = []

    def classify(self, text: str) -> tuple[str, float]:
        self.asked.append(text)
        return text[:2], 0.5 if text.endswith("?") else 0.9


def test_unsure_guesses_are_called_so():
    assert languages.spoken(["en", "en?", "de", "en", "fr?"], Guesser()) == {"en": 0.4, "unsure": 0.4, "de": 0.2}


def test_the_five_most_frequent_languages_are_named():
    texts = [name for size, name in enumerate(("aa", "bb", "cc", "dd", "ee", "ff", "gg"), start=1) for _ in range(size)]
    assert languages.spoken(texts, Guesser()) == {
        name: pytest.approx(size / 28) for name, size in (("gg", 7), ("ff", 6), ("ee", 5), ("dd", 4), ("cc", 3))
    }


def test_long_tables_are_sampled_evenly_from_first_to_last():
    guesser = Guesser()
    languages.spoken([f"en {row:05}" for row in range(10_000)], guesser)
    rows = [int(text[3:]) for text in guesser.asked]
    assert (len(rows), rows[0], rows[-1]) == (2000, 0, 9999)
    assert set(np.diff(rows)) <= {4, 5, 6}


def test_real_sentences_are_told_apart():
    identifier = languages.guesser()
    texts = [
        "The weather has been awful this week, so we stayed at home and read books.",
        "She said that nobody had told them about the meeting, which was rather strange.",
        "Das Wetter war in dieser Woche so schlecht, dass wir zu Hause geblieben sind.",
        "ok",
    ]
    assert languages.spoken(texts, identifier) == {"en": 0.5, "de": 0.25, "unsure": 0.25}
