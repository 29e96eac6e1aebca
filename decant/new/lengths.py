"""Which language the texts are in, whether the encoder knows it, and how many tokens tokens.max_length has to hold."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from decant.data import languages
from decant.models import packaged
from decant.models.coverage import Coverage, covered, strange
from decant.new.blocks import Block
from decant.new.call import Call
from decant.new.language import let_through, unread
from decant.settings.params import TaskParams
from decant.text import words

LENGTHS = (32, 48, 64, 96, 128, 192, 256)  # of tokens.max_length
SAMPLE = 5000  # texts to tokenize
TOGETHER = 10  # texts whose language is guessed as one: alone, most are too short
WHOLE = 0.95  # share of texts below which cutting is said
PER_WORD = 1.5  # tokens of a word and the signs about it, where a tokenizer is trained on the texts themselves
MANY = 2.0  # pieces per word from which an encoder has read little of a language: 1.1 in English, 1.4 in French, 2.6 in German


def propose(block: Block, p: TaskParams, texts: list[str], call: Call) -> list[str]:
    """Name the language, set tokens.max_length, and print both with their reasons. Returns warnings.

    Raises DataError: the encoder does not know the words, and linear does not ship. A first answer goes on with a warning.
    """
    name = p.distil.encoder
    sample = texts[:: -(-len(texts) // SAMPLE)]
    language, warnings = spoken(sample), []
    folder = package(p, name)
    if p.catalogue[name].scratch:
        sizes = np.array([PER_WORD * words(text) + 2 for text in sample])
    elif folder is None:
        print(f"tokens: max_length {p.tokens.max_length}, the default (encoder {name} is not installed to count them)")
        return []
    else:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        found = covered(tokenizer, unknown(tokenizer), sample)
        if over := strange(found, p.tokens):
            if p.ship != "linear" and call.command == "new":
                raise unread(name, language, found, p, call)
            let_through(block, name, found, over)
            warnings = [] if p.ship == "linear" else [str(unread(name, language, found, p, call))]
        else:
            warnings = little(name, found, language)
        sizes = np.array([len(encoding.ids) for encoding in tokenizer.encode_batch(sample)])
    half, nearly = np.percentile(sizes, [50, 99])
    length = next((limit for limit in LENGTHS if limit >= nearly), LENGTHS[-1])
    whole = (sizes <= length).mean()
    about = f"with {PER_WORD:g} tokens a word, " if p.catalogue[name].scratch else ""
    block.put("tokens", "max_length", value=length, note=f"{about}holds {whole * 100:.1f} % of the texts whole")
    count = f"{len(sizes):,} text{'' if len(sizes) == 1 else 's'}"
    print(
        f"tokens: max_length {length} ({about}holds {whole * 100:.1f} % of {count} whole; half have at most {half:.0f} tokens, 99 % "
        f"at most {nearly:.0f})"
    )
    return [*too_long(length, whole, half), *warnings]


def spoken(texts: list[str]) -> str:
    """The commonest language of the texts, which is printed with its share; where none is likely, in words."""
    together = [" ".join(texts[start : start + TOGETHER]) for start in range(0, len(texts), TOGETHER)]
    shares = languages.spoken(together, languages.guesser())
    said = ", ".join(f"{name} {share * 100:.0f} %" for name, share in shares.items() if share >= 0.01)
    print(f"language: {said} (by py3langid, {TOGETHER} texts at a time)")
    return next((name for name in shares if name != languages.UNSURE), "the words of these texts")


def package(p: TaskParams, name: str) -> Path | None:
    """The folder of an encoder of the catalogue that an installed package brings."""
    names = [source.removeprefix("package:") for source in p.catalogue[name].sources if source.startswith("package:")]
    return next((found for one in names if (found := packaged.folder(one))), None)


def unknown(tokenizer: Tokenizer) -> str | None:
    """Its token for what it does not know, by the two names that there are for it."""
    return next((token for token in ("[UNK]", "<unk>") if tokenizer.token_to_id(token) is not None), None)


def little(name: str, found: Coverage, language: str) -> list[str]:
    """A warning, where the encoder has read little of the language."""
    if found.pieces < MANY:
        return []
    return [
        f"encoder {name} cuts a word into {found.pieces:.1f} pieces, so it has read little of {language}. See with python -m decant try "
        "whether linear is as good, and then give --ship linear"
    ]


def too_long(length: int, whole: float, half: float) -> list[str]:
    if whole >= WHOLE:
        return []
    return [
        f"tokens.max_length {length} holds {whole * 100:.0f} % of the texts whole (half have more than {half:.0f} tokens), and what "
        "is behind it is cut off. Set teacher.long_texts: chunk and runtime.long_texts: chunk, which read long texts in "
        "overlapping windows, or a larger max_length, which costs time"
    ]
