"""How settings of the teacher are searched: the section search."""

from typing import Annotated, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, model_validator

from decant.settings.base import Ordered, Positive, Section, Seed
from decant.settings.teacher import Teacher


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
    space: Ordered[str, Space]
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
        if self.method == "grid" and (spans := [key for key, space in self.space.items() if space.choices is None]):
            raise ValueError(f"space: a grid needs choices, {', '.join(spans)} has low and high")
        if self.on and not self.space:
            raise ValueError("space: nothing to search")
        return self
