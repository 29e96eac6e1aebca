"""The typed model of params.yaml, part one: how each stage works, one class per section, one line per key."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _distinct(values: list) -> list:
    if len(set(values)) != len(values):
        raise ValueError("values repeat")
    return values


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Distinct = AfterValidator(_distinct)
Strengths = Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]


class Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


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
    """Texts with more than one answer: keep their rows, drop them all, or keep the rows of the answer that most have
    (none, if two answers are equally frequent)."""


class Carve(Section):
    source: Literal["train", "valid", "calib", "test"]
    """Given split to take the rows from."""
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
    """Largest difference between an answer's share in a stratified split and in all rows."""
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
        return self


class Tokens(Section):
    max_length: Annotated[int, Field(ge=8, le=512)]
    """Tokens a text may have, specials included; longer ones are cut."""
    max_unknown: Share
    """Highest share of unknown tokens in train text before the encoder counts as the wrong one."""


class Baseline(Section):
    word_ngrams: Positive
    """Longest run of words that is a feature."""
    char_ngrams: Annotated[int, Field(ge=2)]
    """Longest run of characters within a word that is a feature; runs start at 2."""
    min_df: Positive
    """Rows that must hold a feature."""
    strengths: Strengths
    """Candidates of the linear member's inverse regularisation C."""
    probe_strengths: Strengths
    """Candidates of the probe's C."""
    folds: Annotated[int, Field(ge=2)]
    """Cross-validation folds, for the search and for out-of-fold soft labels."""
    seed: Seed
    """Which rows go to which fold."""
    probe_encoder: str
    """Encoder of the catalogue whose frozen embeddings the probe reads."""


class Training(Section):
    epochs: Positive
    """Passes over train at most."""
    learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate of AdamW."""
    head_rate: Annotated[float, Field(gt=0)]
    """Learning rate of the last layer, which starts from nothing."""
    batch_size: Positive
    """Rows per step."""
    weight_decay: Annotated[float, Field(ge=0)]
    """AdamW's decay, not on biases and norms."""
    warmup: Share
    """Share of the steps in which the rate rises."""
    schedule: Literal["linear", "cosine", "constant_with_warmup"]
    """How the rate falls afterwards."""
    clip: Annotated[float, Field(gt=0)]
    """Longest gradient."""
    patience: Positive
    """Evaluations without a better result before training stops."""
    select: Literal["macro_f1", "micro_f1", "accuracy", "macro_auc", "nll"]
    """Valid metric that picks the checkpoint (nll: the lowest, all others: the highest)."""
    precision: Literal["bf16", "fp32"]
    """bf16 autocast where the processor has it (it is an error where not), or fp32."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Dropout before the last layer."""


class Teacher(Training):
    class_weights: Literal["none", "balanced", "sqrt"]
    """Weight of a class in the loss: equal, n / (k n_c), or its square root."""


class Soften(Section):
    members: Annotated[list[Literal["linear", "probe", "teachers"]], Field(min_length=1)]
    """Who votes in the ensemble; teachers means every encoder and seed."""
    weights: Literal["fitted", "equal"]
    """Votes by the lowest NLL on valid, or equal votes."""
    bins: Positive
    """Bins of the expected calibration error."""


class Distil(Training):
    encoder: str
    """Encoder of the catalogue that the student is cut from."""
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Layers of that encoder that stay, counted from 0."""
    min_count: Positive
    """Times that train must use a token before it keeps its row of the embedding."""
    soft_weight: Share
    """Weight of the ensemble's soft labels in the loss."""
    hard_weight: Share
    """Weight of the given labels in the loss."""
    hidden_weight: Annotated[float, Field(ge=0)]
    """Weight of the distance to the teacher's pooled state; needs the student's encoder among the teachers."""
    temperature: Annotated[float, Field(gt=0)]
    """Softens both sides of the soft loss."""
    seed: Seed
    """Seed of dropout, order and last layer."""
    max_parameters: Positive
    """Budget: a larger student stops the stage."""


class Export(Section):
    opset: Annotated[int, Field(ge=17)]
    """ONNX operator set."""
    rows: Positive
    """Rows to compare with torch (all, if the table has fewer)."""
    tolerance: Annotated[float, Field(gt=0)]
    """Largest difference of a logit between torch and ONNX."""


class Quantize(Section):
    recipes: Annotated[list[Literal["tensor", "channel", "channel_reduced", "channel_ffn_fp32"]], Field(min_length=1)]
    """Recipes to try: weight scales per tensor or per channel, 7-bit weights, last feed-forward layer left fp32."""
    min_agreement: Share
    """Least share of valid rows that int8 and fp32 answer alike."""
    max_bytes: Positive
    """Largest int8 file."""


class Thresholds(Section):
    policy: Literal["empirical", "risk_controlled"]
    """empirical: the FPR on the rows is under the cap; risk_controlled: its upper confidence bound is."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of that bound."""
    rows: Annotated[list[Literal["valid", "calib"]], Field(min_length=1), Distinct]
    """Splits to tune on; add valid where calib alone holds too few negatives."""
    caps: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    """Class -> highest false-positive rate; classes without a cap get the threshold of the best F1."""


class Evaluate(Section):
    resamples: Annotated[int, Field(ge=100)]
    """Bootstrap resamples for intervals and paired differences."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """Confidence of the intervals."""
    seed: Seed
    """Which rows are drawn."""
    least: Positive
    """Rows that a subgroup needs before its figures are written."""


class Benchmark(Section):
    texts: Positive
    """Valid texts to time, at their own lengths."""
    repeats: Positive
    """Passes over them; the fastest time of each text counts."""


class Gate(Section):
    metric: Literal["test", "thresholds", "quantize", "export", "soften", "split", "prepare"]
    """Metrics file, without its .json."""
    key: str
    """Value in it, nested keys joined by dots."""
    minus: str | None = None
    """Second value of the same file, subtracted from the first."""
    min: float | None = None
    """The value must be at least this."""
    max: float | None = None
    """The value must be at most this."""

    @model_validator(mode="after")
    def _one_bound(self):
        if (self.min is None) == (self.max is None):
            raise ValueError("a gate has either min or max")
        return self


class Generator(Section):
    rows: Annotated[int, Field(ge=100)]
    """Posts to write."""
    seed: Seed
    """Same seed, same bytes."""
    label_noise: Share
    """Share of rows with a wrong label."""
