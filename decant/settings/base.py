"""What all sections of params.yaml are made of."""

import json
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationInfo

K, V = TypeVar("K"), TypeVar("V")


def _distinct(values: list) -> list:
    if len(set(values)) != len(values):
        raise ValueError("values repeat")
    return values


def _runs(longest: int) -> int:
    if longest == 1:
        raise ValueError("runs of characters start at 2; 0 takes none")
    return longest


def _mapping(value: object, info: ValidationInfo) -> object:
    return json.loads(value) if info.context is CHECKED and isinstance(value, str) else value


def _text(mapping: dict) -> str:
    plain = {key: value.model_dump() if isinstance(value, BaseModel) else value for key, value in mapping.items()}
    return json.dumps(plain, ensure_ascii=False)


CHECKED = {"from": "checked"}  # the context in which `decant.checked` reads: in params.yaml a text is no mapping
# Keys of the user's own, whose order counts: which logit a head has, which class is tried first. checked/ has such a
# mapping as one text of JSON, because dvc compares mappings without their order and would not run again what swapped
# heads need; and dvc.lock, which each `dvc repro` reads twice, is a tenth shorter (demo and scam: 4,417 lines of 4,955).
Ordered = Annotated[dict[K, V], BeforeValidator(_mapping), PlainSerializer(_text, when_used="json")]
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
