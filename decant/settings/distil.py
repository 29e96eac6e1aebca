"""The student: the section distil."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Positive, Seed, Share
from decant.settings.training import Training


class Distil(Training):
    encoder: str
    """Encoder of the catalogue that the student is cut from; one with the source scratch starts from nothing."""
    start: Literal["encoder", "teacher"]
    """Weights to start from: the encoder's, or those of its fine-tuned teacher of the first seed."""
    layers: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    """Layers of that encoder that stay, counted from 0."""
    min_count: Positive
    """Times that train must use a token before it keeps its row of the embedding."""
    intermediate: Positive | None
    """Feed-forward neurons of each layer that stay, those that carry most on train; null keeps all."""
    heads: Positive | None
    """Attention heads of each layer that stay, chosen in the same way; null keeps all."""
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
