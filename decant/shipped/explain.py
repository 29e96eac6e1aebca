"""Which words moved an answer: each word is left out once, and the score of the answer read again."""

import re
from collections.abc import Callable
from itertools import islice

import numpy as np

from decant.text import HAN, KANA

WORD = re.compile(rf"[{HAN}{KANA}]|[^\s{HAN}{KANA}]+")
PIECE = 256  # copies of the text at a time

Effect = tuple[str, int, int, float]  # word, where it starts and ends (characters of the raw text), effect


def effects(text: str, scores: Callable[[list[str]], np.ndarray]) -> list[Effect]:
    """How far the score falls without each word, in the order of the text; below 0: the word speaks against the answer.

    scores: texts -> (n,) score of the answer to `text`. Words are what stands between blanks, and single characters
    of Chinese and Japanese, which write none.
    """
    found, words = [], WORD.finditer(text)
    while piece := list(islice(words, PIECE)):
        whole, *without = scores([text, *(text[: word.start()] + text[word.end() :] for word in piece)])
        found += [
            (word[0], word.start(), word.end(), round(float(whole - score), 6))
            for word, score in zip(piece, without, strict=True)
        ]
    return found
