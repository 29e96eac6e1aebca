"""From heads to the answer: the section decision."""

from typing import Annotated, Literal

from pydantic import model_validator

from decant.decision import Rule
from decant.settings.base import Distinct, Section
from decant.settings.heads import HeadSettings


class Decision(Section):
    rule: Literal["argmax", "thresholds", "priority"]
    """argmax: the head's likeliest label; thresholds: each label on its own; priority: first label over its threshold."""
    head: str | None = None
    """The head that argmax or thresholds read."""
    order: Annotated[list[str], Distinct] = []
    """Labels that priority tries, first to last."""
    otherwise: str | None = None
    """The answer when priority finds none."""

    @model_validator(mode="after")
    def _keys_fit_rule(self):
        if self.rule == "priority" and (not self.order or not self.otherwise or self.head):
            raise ValueError("rule priority needs order and otherwise, and no head")
        if self.rule != "priority" and (not self.head or self.order or self.otherwise):
            raise ValueError(f"rule {self.rule} needs head, and neither order nor otherwise")
        return self


def thresholded(decision: Decision, heads: dict[str, HeadSettings]) -> list[str]:
    """The classes that have a threshold: the listed ones of a priority rule, none of argmax."""
    if decision.rule == "priority":
        return decision.order
    return list(heads[decision.head].labels) if decision.rule == "thresholds" else []


def rule_of(decision: Decision) -> Rule:
    return Rule.read(decision.model_dump())
