"""Fine-tuning: the section teacher."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.settings.base import Count
from decant.settings.training import Training


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
