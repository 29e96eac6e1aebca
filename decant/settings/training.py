"""What every training by gradient steps has: keys that the sections teacher and distil share."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Positive, Section, Share


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
    precision: Literal["auto", "bf16", "fp16", "fp32"]
    """bf16 autocast, fp16 on a GPU (each is an error where the machine has it not), or fp32; auto: bf16 where it can be."""
    checkpointing: bool
    """Gradient checkpointing: a third more time, far less memory."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Dropout before the last layer."""
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    """Rate of each layer over that of the layer above it, the embeddings below all of them; 1: one rate for all."""
    frozen_embeddings: bool
    """Leave the table of token embeddings as it is: words that train does not use keep their place beside those it does."""
    averaged: Positive
    """Last epochs whose weights are averaged at the end; the mean is kept where valid finds it better than the best epoch."""
    r_drop: Annotated[float, Field(ge=0)]
    """Weight of the divergence between two passes of each batch, which differ by dropout (R-Drop); twice the time."""
