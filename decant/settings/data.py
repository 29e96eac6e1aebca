"""How rows become text and splits: one class per section of params.yaml, one line per key."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Section, Seed, Share


class Generator(Section):
    rows: Annotated[int, Field(ge=100)]
    """Posts to write."""
    seed: Seed
    """Same seed, same bytes."""
    label_noise: Share
    """Share of rows with a wrong label."""


class Cleaning(Section):
    html: bool
    """Unescape entities (&amp;) and drop tags."""
    mojibake: bool
    """Repair text that was decoded in the wrong encoding (ftfy): it doesnâ€™t becomes it doesn’t."""
    unicode: Literal["NFKC", "NFC", "keep"]
    """Normal form: NFKC also folds the styled letters that scams use to dodge filters."""
    invisible: bool
    """Drop zero-width and control characters."""
    urls: Literal["keep", "strip", "mask"]
    """Links: keep, drop, or replace by a placeholder."""
    mentions: Literal["keep", "strip", "mask"]
    """@handles: keep, drop, or replace by a placeholder."""
    hashtags: Literal["keep", "strip", "mask", "word"]
    """#tags: keep, drop, replace by a placeholder, or keep the word without its #."""
    cashtags: Literal["keep", "strip", "mask", "word"]
    """$BTC and other tickers: as hashtags."""
    numbers: Literal["keep", "strip", "mask"]
    """Numbers with their separators (1,000.50): keep, drop, or replace by a placeholder."""
    repeats: Annotated[int, Field(ge=0)]
    """Longest run of one character; 0 leaves runs alone."""
    whitespace: bool
    """Fold runs of blanks and line breaks into one blank."""


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


class Duplicates(Section):
    repeats: Literal["keep", "first"]
    """Rows of one given split that repeat a text (normalised): keep them, or only the first."""
    conflicts: Literal["keep", "drop", "majority"]
    """Texts with more than one answer in one given split (in all rows, where the data bring no splits): keep their rows,
    drop them all, or keep the rows of the answer that most have (none, if two answers are equally frequent)."""


class Carve(Section):
    source: Literal["train", "valid", "calib", "test"]
    """Given split to take the rows from; not test, which is what is published and compared."""
    share: Annotated[float, Field(gt=0, lt=1)]
    """Share of its rows, stratified."""


class Split(Section):
    train: Share
    """Share of the rows to fit on."""
    valid: Share
    """Share to choose by: early stopping, weights of the ensemble, recipe of the quantization."""
    calib: Share
    """Share for temperatures and thresholds."""
    test: Share
    """Share that only evaluate opens."""
    seed: Seed
    """Order in which equally good placements are tried."""
    order: Literal["stratified", "time"]
    """stratified: every label spread evenly; time: the oldest rows are train, the newest test."""
    near: Annotated[float, Field(gt=0.4, le=1)]
    """Jaccard similarity of character 5-grams from which two texts count as near-duplicates; 1: only equal texts."""
    fast: Annotated[float, Field(gt=0, le=1)]
    """Share of train that is kept, stratified: quick trials on large tables."""
    least: Annotated[int, Field(ge=0)]
    """Rows of each answer that every split must hold; fewer stop the stage."""
    max_drift: Annotated[float, Field(gt=0, le=1)]
    """Largest difference between an answer's share in a stratified split and in all rows (carved: in the split that the
    rows come from)."""
    leaks: Literal["fail", "drop", "report"]
    """Given splits that share a text, a near-duplicate or a group, and rows that were test in a frozen manifest: stop,
    drop the row from train (or the earlier split), or only report."""
    carve: dict[Literal["train", "valid", "calib", "test"], Carve]
    """Split that the data does not bring -> given split whose rows it takes."""
    released: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]
    """sha256 of frozen manifests whose test rows may be trained on again."""

    @model_validator(mode="after")
    def _shares_add_up(self):
        total = self.train + self.valid + self.calib + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + valid + calib + test is {total:g}, it must be 1")
        for name, part in self.carve.items():
            if part.source == name:
                raise ValueError(f"carve.{name} takes rows from {name} itself")
            if part.source == "test":
                raise ValueError(
                    f"carve.{name} takes rows from test, which is what is published and compared; take them from train or valid"
                )
        return self
