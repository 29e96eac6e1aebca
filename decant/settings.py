"""The typed model of params.yaml, part one: how each stage works, one class per section, one line per key."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)


def _distinct(values: list) -> list:
    if len(set(values)) != len(values):
        raise ValueError("values repeat")
    return values


def _runs(longest: int) -> int:
    if longest == 1:
        raise ValueError("runs of characters start at 2; 0 takes none")
    return longest


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0)]
Distinct = AfterValidator(_distinct)
Runs = Annotated[int, Field(ge=0), AfterValidator(_runs)]
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


class Tokens(Section):
    max_length: Annotated[int, Field(ge=8, le=512)]
    """Tokens a text may have, specials included; longer ones are cut."""
    max_unknown: Share
    """Highest share of unknown tokens in train text before the encoder counts as the wrong one."""


class Baseline(Section):
    word_ngrams: Annotated[list[Positive], Field(min_length=1), Distinct]
    """Candidates of the longest run of words that is a feature."""
    char_ngrams: Annotated[list[Runs], Field(min_length=1), Distinct]
    """Candidates of the longest run of characters within a word that is a feature; runs start at 2, 0 takes none."""
    min_df: Annotated[list[Positive], Field(min_length=1), Distinct]
    """Candidates of the rows that must hold a feature."""
    max_df: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1), Distinct]
    """Candidates of the largest share of rows that may hold a feature."""
    max_features: Annotated[list[Count], Field(min_length=1), Distinct]
    """Candidates of the number of features of each kind, the most frequent first; 0 keeps all."""
    strengths: Strengths
    """Candidates of the linear member's inverse regularisation C (1 / alpha of the ridge on a number)."""
    penalties: Annotated[list[Literal["l2", "l1"]], Field(min_length=1), Distinct]
    """Candidates of the penalty; l1 leaves most features without weight. A number always has l2 (ridge)."""
    class_weights: Annotated[list[Literal["none", "balanced"]], Field(min_length=1), Distinct]
    """Candidates of the weight of a class in the loss: equal, or n / (k n_c)."""
    resampling: Annotated[list[Literal["none", "over", "under", "smote"]], Field(min_length=1), Distinct]
    """Candidates of what evens the classes out, inside the fit rows of each fold alone: nothing, repeated rows of rare
    classes, fewer rows of frequent ones, or synthetic rows between neighbours (SMOTE)."""
    select: Literal["nll", "macro_f1"]
    """Cross-validated metric that picks the candidate; macro F1 (of a head's likeliest label, or of 0.5) only for rankings."""
    probe_strengths: Strengths
    """Candidates of the probe's C."""
    folds: Annotated[int, Field(ge=2)]
    """Cross-validation folds, for the search and for out-of-fold soft labels."""
    seed: Seed
    """Which rows go to which fold, and what resampling draws."""
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
    """Rows per step, over all processes."""
    accumulation: Positive
    """Parts in which the rows of a step pass through the model; more parts need less memory."""
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
    select: Literal["macro_f1", "micro_f1", "accuracy", "macro_auc", "micro_auc", "nll"]
    """Valid metric that picks the checkpoint (nll: the lowest, all others: the highest)."""
    precision: Literal["bf16", "fp16", "fp32"]
    """bf16 autocast where the processor has it, fp16 on a GPU (each is an error where not), or fp32."""
    checkpointing: bool
    """Gradient checkpointing: a third more time, far less memory."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Dropout before the last layer."""


class Teacher(Training):
    class_weights: Literal["none", "balanced", "sqrt"]
    """Weight of a class in the loss: equal, n / (k n_c), or its square root (neg / pos of a sigmoid label)."""
    max_weight: Annotated[float, Field(ge=1)]
    """Largest such weight: a label of three rows would have one of hundreds."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    """Share of each label that is spread over all labels of its head (a sigmoid label moves towards one half)."""
    frozen_epochs: Count
    """First epochs in which only the last layer learns."""
    long_texts: Literal["cut", "chunk"]
    """Texts over tokens.max_length: cut there, or read in overlapping windows whose pooled states are averaged."""
    overlap: Count
    """Tokens that neighbouring windows share."""

    @model_validator(mode="after")
    def _epochs_unfreeze(self):
        if self.frozen_epochs >= self.epochs:
            raise ValueError(
                f"frozen_epochs is {self.frozen_epochs} of {self.epochs} epochs; the encoder would never learn"
            )
        return self


class Rates(Section):
    """What may differ between encoders that are compared: how fast each one learns. Never how much it sees or how long."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """In place of teacher.learning_rate."""
    head_rate: Annotated[float, Field(gt=0)] | None = None
    """In place of teacher.head_rate."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """In place of teacher.weight_decay."""
    warmup: Share | None = None
    """In place of teacher.warmup."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """In place of teacher.dropout."""

    @model_validator(mode="before")
    @classmethod
    def _fair(cls, given):
        own = set(given) - set(cls.model_fields) if isinstance(given, dict) else set()
        for section, kind in (("teacher", Teacher), ("tokens", Tokens)):
            if shared := sorted(own & set(kind.model_fields)):
                raise ValueError(
                    f"{', '.join(shared)}: not for one encoder alone. One that sees more of a text, or trains for longer or "
                    f"against another loss, cannot be compared with the others; set it in <task>.{section}, for all"
                )
        return given


class Dapt(Section):
    on: bool
    """Domain-adaptive pretraining: masked language modelling on train text and source.unlabelled."""
    epochs: Positive
    """Passes over the text."""
    mask: Annotated[float, Field(gt=0, lt=1)]
    """Share of tokens to predict."""
    learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate."""
    batch_size: Positive
    """Texts per step."""
    warmup: Share
    """Share of the steps in which the rate rises."""


class Intermediate(Section):
    on: bool
    """Start from the encoder that the teacher of another task has learnt; `transfers` says of which."""


class Contrastive(Section):
    on: bool
    """Contrastive fine-tuning on pairs of train rows: alike where they share labels."""
    steps: Positive
    """Optimizer steps."""
    batch_size: Annotated[int, Field(ge=2)]
    """Pairs per step; all of their texts are compared with one another."""
    learning_rate: Annotated[float, Field(gt=0)]
    """Peak learning rate."""
    warmup: Share
    """Share of the steps in which the rate rises."""


class Adapt(Section):
    intermediate: Intermediate
    """First step: start from the encoder of another task's teacher."""
    dapt: Dapt
    """Second step: guess masked tokens of the task's text."""
    contrastive: Contrastive
    """Third step: tell train rows apart by their labels."""
    precision: Literal["bf16", "fp16", "fp32"]
    """As of the teacher; a key of its own, so that another teacher does not mean another encoder."""
    seed: Seed
    """Of masks, pairs and dropout."""


class Gain(Section):
    seeds: Annotated[list[Seed], Distinct]
    """Seeds on which teachers are trained with and without the adaptation, to compare them; none measures nothing. A
    section of its own: whoever wants to measure an encoder does not want to adapt it again."""


class Space(Section):
    low: float | int | None = None
    """Smallest value, of a key that is a number; whole where the key is."""
    high: float | int | None = None
    """Largest value."""
    log: bool = False
    """Drawn evenly over orders of magnitude."""
    choices: list[float | int | str | bool] | None = None
    """Or: the values themselves."""

    @model_validator(mode="after")
    def _one_kind(self):
        span = self.low is not None and self.high is not None
        if span == (self.choices is not None) or (self.low is None) != (self.high is None):
            raise ValueError("a search space has low and high, or choices; null takes away what the defaults give")
        if span and (self.low >= self.high or (self.log and self.low <= 0)):
            raise ValueError(f"low {self.low} must be below high {self.high}, and above 0 if log is true")
        if self.choices is not None and (not self.choices or self.log):
            raise ValueError("choices is empty" if not self.choices else "choices have no log; set it to false")
        if self.choices is not None and len(set(self.choices)) != len(self.choices):
            raise ValueError("choices repeat")
        return self

    def named(self) -> list[float | int | str | bool]:
        """The values that it names: all of choices, or both ends."""
        return self.choices if self.choices is not None else [self.low, self.high]


class Search(Section):
    on: bool
    """Search settings of the teacher on valid; the winner is trained once more by the teacher stage."""
    method: Literal["tpe", "random", "grid"]
    """Tree-structured Parzen estimator, random draws, or every combination (choices only)."""
    trials: Positive
    """Trials in all, over all workers and resumed runs; a grid ends when it is through."""
    pruner: Literal["none", "median", "halving"]
    """Stop a trial early: never, below the median of the others (once five are complete), or where it is not in the
    better half after 1, 2, 4, ... epochs."""
    space: dict[str, Space]
    """Key of the teacher section -> its values."""
    seed: Seed
    """Of the sampler."""
    teacher_seed: Seed
    """Of each trial's training, the same for all."""

    @model_validator(mode="after")
    def _space_fits(self):
        for key, space in self.space.items():
            if key not in Teacher.model_fields:
                raise ValueError(f"space: the teacher section has no {key!r}; it has {', '.join(Teacher.model_fields)}")
            if key == "select":
                raise ValueError("space: trials are compared by teacher.select; it must be the same for all")
            field = Teacher.model_fields[key]
            if space.choices is None and field.annotation not in (int, float):
                raise ValueError(f"space: {key} is no number and has no low and high; give choices")
            kind = TypeAdapter(Annotated[field.annotation, field], config=ConfigDict(strict=True))
            for value in space.named():
                try:
                    kind.validate_python(value)
                except ValidationError as failure:
                    raise ValueError(f"space: {key}: found {value!r}; {failure.errors()[0]['msg']}") from None
        if self.method == "grid" and (spans := [key for key, one in self.space.items() if one.choices is None]):
            raise ValueError(f"space: a grid needs choices, {', '.join(spans)} has low and high")
        if self.on and not self.space:
            raise ValueError("space: nothing to search")
        return self


class Soften(Section):
    members: Annotated[list[Literal["linear", "probe", "teachers"]], Field(min_length=1), Distinct]
    """Who votes in the ensemble: probe includes probe_adapted where adapt is on, teachers means every encoder and seed."""
    weights: Literal["fitted", "equal"]
    """Votes by the lowest NLL on valid, or equal votes."""
    bins: Positive
    """Bins of the expected calibration error."""
    out_of_fold: bool
    """Linear members speak about train rows through models that did not see them, not through the final ones."""
    copies: Count
    """Augmented copies of each train row (words left out, runs of words swapped in from rows of like answer) that the
    ensemble labels for the student."""
    unlabelled: bool
    """The ensemble labels source.unlabelled for the student too."""
    seed: Seed
    """Of the augmented copies."""


class Student(Section):
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Layers of the encoder that stay, counted from 0."""
    min_count: Positive
    """Times that train must use a token before it keeps its row of the embedding."""


class Distil(Training):
    encoder: str
    """Encoder of the catalogue that the student is cut from; one with the source scratch starts from nothing."""
    start: Literal["encoder", "teacher"]
    """Weights to start from: the encoder's, or those of its fine-tuned teacher of the first seed."""
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Layers of that encoder that stay, counted from 0."""
    min_count: Positive
    """Times that train must use a token before it keeps its row of the embedding."""
    soft_weight: Share
    """Weight of the ensemble's soft labels in the loss."""
    hard_weight: Share
    """Weight of the given labels in the loss."""
    hidden_weight: Annotated[float, Field(ge=0)]
    """Weight of the distance to the pooled state of a teacher; a linear map in between where widths differ."""
    temperature: Annotated[float, Field(gt=0)]
    """Softens both sides of the soft loss."""
    seed: Seed
    """Seed of dropout, order and last layer."""
    max_parameters: Positive
    """Budget: a larger student stops the stage."""
    sweep: list[Student]
    """Other students that the capacity stage trains, to show size against quality; none is quick."""


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
