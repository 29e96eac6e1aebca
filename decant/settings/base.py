"""What all sections of params.yaml are made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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
