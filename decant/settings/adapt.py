"""How an encoder is adapted before a teacher learns: the section adapt."""

from typing import Annotated, Literal

from pydantic import Field

from decant.settings.base import Positive, Section, Seed, Share


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
    precision: Literal["auto", "bf16", "fp16", "fp32"]
    """As of the teacher; a key of its own, so that another teacher does not mean another encoder."""
    seed: Seed
    """Of masks, pairs and dropout."""

    @property
    def on(self) -> bool:
        """Whether any step changes the encoder."""
        return self.intermediate.on or self.dapt.on or self.contrastive.on
