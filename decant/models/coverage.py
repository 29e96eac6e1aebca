"""How well a tokenizer knows the words of texts: unknown tokens, words that fall into single letters, pieces per word.

The share of unknown tokens alone says nothing of most languages: WordPiece has their letters, and spells every word. Of
sentences in Russian, Greek or Arabic, MiniLM's tokenizer makes single letters and not one unknown token.
"""

import re
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from decant.settings.tokens import Tokens
from decant.text import HAN, KANA, folded

# A Han character is a word; a run of another script is one, also of those that write no blanks, where the number of its pieces
# says nothing: kana, Thai, Lao, Burmese and Khmer.
WORDS = re.compile(rf"[{HAN}]|[^\s{HAN}]+")
UNSPACED = re.compile(f"[{HAN}{KANA}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


SAMPLE = 20_000  # texts at most, spread over all: .6 ms each


class Coverage(NamedTuple):
    """Of all pieces of the texts, specials left out."""

    unknown: float  # share that is the unknown token
    letters: float  # share of those in words that is one character of a longer word
    pieces: float  # per word, where a script has blanks between words


def covered(tokenizer: Tokenizer, unknown: str | None, texts: list[str]) -> Coverage:
    """What a tokenizer makes of the texts. unknown: its token for what it does not know. Leaves it without truncation."""
    texts = texts[:: -(-len(texts) // SAMPLE) or 1]
    tokenizer.no_padding()
    tokenizer.no_truncation()
    sign = tokenizer.token_to_id(unknown) if unknown else None
    total = missed = inside = letters = words = spaced = 0
    for text, encoding in zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True):
        total += len(encoding.ids)
        missed += encoding.ids.count(sign)
        spans = [match.span() for match in WORDS.finditer(folded(text))]
        if not spans or not encoding.ids:
            continue
        place = np.full(len(text) + 1, -1)  # character -> its word
        for number, (start, end) in enumerate(spans):
            place[start:end] = number
        within = np.cumsum(place >= 0)  # characters of words up to here, to count those of a piece
        offsets = np.array(encoding.offsets)
        start, end = offsets[:, 0], offsets[:, 1]
        covers = np.where(end > start, within[end - 1] - np.where(start > 0, within[start - 1], 0), 0)
        word = place[end - 1]  # a piece may begin with the blank before its word
        known = (covers > 0) & (word >= 0) & (np.array(encoding.ids) != sign)
        longer = np.diff(spans)[:, 0] > 1
        inside += int(known.sum())
        letters += int((known & (covers == 1) & longer[word]).sum())
        blanks = np.array([not UNSPACED.match(text[start]) for start, _ in spans])
        words += len(np.unique(word[known & blanks[word]]))
        spaced += int((known & blanks[word]).sum())
    return Coverage(missed / max(total, 1), letters / max(inside, 1), spaced / max(words, 1))


def strange(found: Coverage, tokens: Tokens) -> list[str]:
    """The keys of tokens whose limits the figures are beyond: the tokenizer was made for other texts."""
    limits = {
        "max_unknown": (found.unknown, tokens.max_unknown),
        "max_letters": (found.letters, tokens.max_letters),
        "max_pieces": (found.pieces, tokens.max_pieces),
    }
    return [key for key, (value, most) in limits.items() if value > most]


def told(found: Coverage) -> str:
    """The three figures in words."""
    return f"{found.unknown:.1%} of the pieces unknown, {found.letters:.0%} single letters of words, {found.pieces:.1f} pieces a word"
