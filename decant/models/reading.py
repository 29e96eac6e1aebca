"""How a tokenizer.json reads raw text by itself, against what it is to read: cleaned text, by the tokenizer of training."""

from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from decant.text import clean


class Compared(NamedTuple):
    """Of n texts: how many get other ids raw than cleaned, and how many that are clean already get other ids than before."""

    n: int
    differ: int
    spoilt: int


def ids(file: Path, texts: list[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, cut at max_length. file: a tokenizer.json."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


def differing(given: list[list[int]], wanted: list[list[int]]) -> int:
    """How many of the texts have other ids."""
    return sum(one != other for one, other in zip(given, wanted, strict=True))


def compare(shipped: Path, plain: Path, texts: list[str], cleaning: dict, max_length: int) -> Compared:
    """The shipped tokenizer.json on raw texts against the plain one on cleaned texts. cleaning: the section as a dict."""
    cleaned = [clean(text, cleaning) for text in texts]
    wanted = ids(plain, cleaned, max_length)
    differ = differing(ids(shipped, texts, max_length), wanted)
    return Compared(len(texts), differ, differing(ids(shipped, cleaned, max_length), wanted))
