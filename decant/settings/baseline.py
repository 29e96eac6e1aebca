"""The linear contestants: the section baseline."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Count, Distinct, Positive, Runs, Section, Seed, Strengths


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
