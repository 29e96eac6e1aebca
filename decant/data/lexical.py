"""The text of the linear model: lower case, tokens, stopwords, stems and lemmas by NLTK, each by choice.

Encoders and the shipped classifier never read it. NLTK's corpora are not part of its package: what the settings need
must be there before the first row, or the stage stops and says which command gets it. There is no second-best tokenizer.
Words are counted on the way, so that a step that eats them shows, in every script.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

import nltk
from nltk.stem import PorterStemmer, SnowballStemmer, WordNetLemmatizer
from nltk.tokenize import TweetTokenizer, word_tokenize
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from decant.errors import ResourceError

SHORTEST = 3  # letters of a content word; a `t or an `m is no content
WORD = re.compile(rf"[^\W\d_]\S{{{SHORTEST - 1},}}")  # where all but letters and marks is blank
ENOUGH = 100  # words of which some must be content words
SAMPLES = 8  # lost tokens that an error shows


class _Letters(dict):
    """Code point -> itself in a word, else a blank; filled as characters turn up."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        # marks are the vowels of Hindi, Thai and Arabic; joiners (U+200C, U+200D) stand inside words of Hindi and Persian
        self[point] = char if unicodedata.category(char)[0] in "LM" or char in "\u200c\u200d" else " "
        return self[point]


_LETTERS = _Letters()


def is_word(token: str) -> bool:
    """Nothing but letters, with the marks on them. A mark alone is none, though a tokenizer may cut it off."""
    return token.isalpha() or (token[:1].isalpha() and token.translate(_LETTERS) == token)


def resources(settings: dict) -> dict[str, str]:
    """NLTK package -> its path, for everything that the settings need."""
    wanted = {}
    if settings["tokenizer"] == "punkt":
        wanted["punkt_tab"] = f"tokenizers/punkt_tab/{settings['language']}/"
    if settings["stopwords"] == "nltk":
        wanted["stopwords"] = f"corpora/stopwords/{settings['language']}"
    if settings["lemma"] == "wordnet":
        wanted["wordnet"] = "corpora/wordnet"
    return wanted


def check_resources(settings: dict) -> None:
    """Raises ResourceError for the first resource that is not on this machine, and for a stemmer that NLTK lacks."""
    if settings["stem"] == "snowball" and settings["language"] not in SnowballStemmer.languages:
        raise ResourceError(
            f"linear_text.language: NLTK has no snowball stemmer for {settings['language']!r}; it has "
            f"{', '.join(SnowballStemmer.languages)}"
        )
    for package, path in resources(settings).items():
        for form in (path, f"{path.rstrip('/')}.zip"):
            try:
                nltk.data.find(form)
                break
            except LookupError:
                continue
        else:
            raise ResourceError(
                f"NLTK resource {path} is missing; linear_text in params.yaml needs it. Get it once with: python -m "
                f"nltk.downloader {package} (or unpack nltk_data from a copy and set NLTK_DATA to its folder), or choose "
                "settings that need none: tokenizer tweet, stopwords sklearn, a stem in place of the lemma"
            )


class Lexer:
    """text -> the linear model's text, counting what every step leaves.

    counts: words and content words (three letters or more, no stopword) in, and content words after each step.
    """

    def __init__(self, settings: dict):
        check_resources(settings)
        self.settings = settings
        self.counts: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.steps: list[str] = [
            name
            for name, on in (
                ("tokenizer", settings["tokenizer"] != "none"),
                ("alphabetic", settings["alphabetic"]),
                ("stopwords", settings["stopwords"] != "none"),
            )
            if on
        ]
        self._tokenize = {
            "none": None,
            "blanks": str.split,
            "tweet": TweetTokenizer().tokenize,
            "punkt": lambda text: word_tokenize(text, language=settings["language"]),
        }[settings["tokenizer"]]
        self._stopwords = {"none": frozenset(), "sklearn": ENGLISH_STOP_WORDS}.get(settings["stopwords"])
        if self._stopwords is None:
            self._stopwords = frozenset(nltk.corpus.stopwords.words(settings["language"]))
        self._stem = {"none": None, "porter": PorterStemmer}.get(settings["stem"], SnowballStemmer)
        if self._stem:
            self._stem = (self._stem(settings["language"]) if settings["stem"] == "snowball" else self._stem()).stem
        self._lemma = WordNetLemmatizer().lemmatize if settings["lemma"] == "wordnet" else None
        self._form = lru_cache(maxsize=1 << 18)(self._form)  # words come again, and Porter is slow

    def __call__(self, text: str) -> str:
        if self.settings["lowercase"]:
            text = text.lower()
        if self._tokenize is None:
            return text
        tokens = self._tokenize(text)
        words = self._content(text)
        pieces = pieces_of(text, words, tokens)
        kept = [True] * len(tokens)
        left = whole(words, pieces, kept)
        self.counts["content_words"] += len(words)
        self.counts["tokenizer"] += len(left)
        self.lost.update(text[slice(*span)] for word, span in enumerate(words) if word not in left)
        if self.settings["alphabetic"]:
            kept = [is_word(token) for token in tokens]
            dropped = dict.fromkeys(number for number, word, _ in pieces if word in left and not kept[number])
            self.lost.update(tokens[number] for number in dropped)
            left = whole(words, pieces, kept)
            self.counts["alphabetic"] += len(left)
        if self._stopwords:
            kept = [stays and token.lower() not in self._stopwords for stays, token in zip(kept, tokens, strict=True)]
            self.counts["stopwords"] += len(whole(words, pieces, kept))
        return " ".join(self._form(token) for stays, token in zip(kept, tokens, strict=True) if stays)

    def _content(self, text: str) -> list[tuple[int, int]]:
        """Start and end of every content word."""
        return [
            match.span() for match in WORD.finditer(text.translate(_LETTERS)) if match[0].lower() not in self._stopwords
        ]

    def _form(self, token: str) -> str:
        form = self._stem(token) if self._stem else token
        return self._lemma(form) if self._lemma else form


def pieces_of(text: str, words: list[tuple[int, int]], tokens: list[str]) -> list[tuple[int, int, int]]:
    """What the tokens hold of the words: (token, word, letters), tokens and words by their numbers."""
    pieces, at, word = [], 0, 0
    for number, token in enumerate(tokens):
        if not token.isalpha() and token.translate(_LETTERS).isspace():
            continue  # punkt writes `` for ", which is not in the text, or elsewhere
        start = text.find(token, at)
        if start < 0:  # letters that are not in the text, as a tokenizer makes them of &eacute;
            continue
        at = start + len(token)
        while word < len(words) and words[word][1] <= start:
            word += 1
        inside = word
        while inside < len(words) and words[inside][0] < at:
            pieces.append((number, inside, min(at, words[inside][1]) - max(start, words[inside][0])))
            inside += 1
    return pieces


def whole(words: list[tuple[int, int]], pieces: list[tuple[int, int, int]], kept: list[bool]) -> set[int]:
    """Numbers of the words that are left: all letters in tokens that are kept, some as a run that is still a word.

    Counting words in what is left would hide a loss: a tokenizer makes two of cannot.
    """
    held, longest = [0] * len(words), [0] * len(words)
    for token, word, letters in pieces:
        if kept[token]:
            held[word] += letters
            longest[word] = max(longest[word], letters)
    return {word for word, (start, end) in enumerate(words) if held[word] == end - start and longest[word] >= SHORTEST}


def loss(content_words: int, left: dict[str, int]) -> float:
    """Share of content words that did not reach the last step. left: step -> content words after it."""
    return 1 - list(left.values())[-1] / content_words if left and content_words else 0.0


def explain(content_words: int, left: dict[str, int], lost: Counter) -> str:
    """Which step lost how much, and the tokens that went: for the error of a stage that refuses to lose them."""
    said, before = [], content_words
    for step, after in left.items():
        said.append(f"{step} {1 - after / max(before, 1):.1%}")
        before = after
    examples = ", ".join(repr(token) for token, _ in lost.most_common(SAMPLES))
    return ", ".join(said) + (f"; lost tokens: {examples}" if examples else "")
