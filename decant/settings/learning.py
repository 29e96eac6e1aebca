"""How contestants learn: one class per section of params.yaml, one line per key."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Count, Distinct, Positive, Runs, Section, Seed, Share, Strengths


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


class Soften(Section):
    members: Annotated[list[Literal["linear", "probe", "teachers"]], Field(min_length=1), Distinct]
    """Who votes in the ensemble: probe includes probe_adapted where adapt is on, teachers means every encoder and seed."""
    weights: Literal["fitted", "equal"]
    """Votes by the lowest NLL on valid, or equal votes."""
    pool: Literal["probabilities", "logits"]
    """What is averaged: probabilities (linear pool), or logits (logarithmic pool), by which a member that rules an
    answer out is heard even where the others like it."""
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
