"""The text of the linear model: lower case, tokens, stopwords, stems and lemmas by NLTK, each by choice.

Encoders and the shipped classifier never read it. NLTK's corpora are not part of its package: what the settings need
must be there before the first row, or the stage stops and says which command gets it. There is no second-best tokenizer.
"""

import re
from collections import Counter
from functools import lru_cache

import nltk
from nltk.stem import PorterStemmer, SnowballStemmer, WordNetLemmatizer
from nltk.tokenize import TweetTokenizer, word_tokenize
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from decant.errors import ResourceError

LETTERS = re.compile(r"[^\W\d_]{3,}")  # a `t or an `m is no content
SAMPLES = 8  # lost tokens that an error shows


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


class LinearText:
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
        self.counts["content_words"] += self._content([text])
        tokens = self._tokenize(text)
        self.counts["tokenizer"] += self._content(tokens)
        if self.settings["alphabetic"]:
            self.lost.update(token for token in tokens if not token.isalpha() and self._content([token]))
            tokens = [token for token in tokens if token.isalpha()]
            self.counts["alphabetic"] += self._content(tokens)
        if self._stopwords:
            tokens = [token for token in tokens if token.lower() not in self._stopwords]
            self.counts["stopwords"] += self._content(tokens)
        return " ".join(map(self._form, tokens))

    def _content(self, parts: list[str]) -> int:
        return sum(word.lower() not in self._stopwords for part in parts for word in LETTERS.findall(part))

    def _form(self, token: str) -> str:
        form = self._stem(token) if self._stem else token
        return self._lemma(form) if self._lemma else form


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
