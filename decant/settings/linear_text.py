"""The text that only the linear model reads: the section linear_text."""

from typing import Literal

from pydantic import model_validator

from decant.settings.base import Section, Share


class LinearText(Section):
    lowercase: bool
    """Lower case, as TF-IDF folds it anyway."""
    tokenizer: Literal["none", "blanks", "tweet", "punkt"]
    """none leaves the text whole; blanks cuts at blanks; NLTK's tweet and punkt tokenizers (punkt needs punkt_tab)."""
    alphabetic: bool
    """Keep only tokens of nothing but letters."""
    stopwords: Literal["none", "sklearn", "nltk"]
    """Drop function words: scikit-learn's list, or NLTK's (a resource)."""
    stem: Literal["none", "porter", "snowball"]
    """NLTK's stemmers."""
    lemma: Literal["none", "wordnet"]
    """NLTK's WordNet lemmatizer (a resource), after the stem as in the reference, if both are on."""
    language: str
    """Of stopwords, stemmer and tokenizer, as NLTK names it."""
    max_loss: Share
    """Largest share of content words (three letters or more, no stopword) that tokens may lose before the stage stops."""

    @model_validator(mode="after")
    def _tokens_for_filters(self):
        filters = [name for name in ("stopwords", "stem", "lemma") if getattr(self, name) != "none"]
        filters += ["alphabetic"] if self.alphabetic else []
        if self.tokenizer == "none" and filters:
            raise ValueError(f"{' and '.join(filters)} work on tokens; choose a tokenizer: blanks, tweet or punkt")
        if self.language != "english" and (
            self.stopwords == "sklearn" or self.stem == "porter" or self.lemma != "none"
        ):
            raise ValueError(f"sklearn's stopwords, porter and wordnet are English, language is {self.language!r}")
        return self
