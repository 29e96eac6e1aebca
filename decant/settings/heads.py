"""What a model says of a text: the entries of heads."""

from typing import Literal

from pydantic import model_validator

from decant.heads import KINDS, Head, layout
from decant.settings.base import Ordered, Section


class HeadSettings(Section):
    kind: Literal[tuple(KINDS)]
    """softmax: one of the labels; sigmoid: any of them; regression: one number."""
    labels: list[str] = []
    """The head's labels, in the order of its logits."""
    groups: Ordered[str, list[str]] = {}
    """Coarse group -> labels, reported beside the labels themselves; no model learns them."""

    @model_validator(mode="after")
    def _labels_fit_kind(self):
        least = KINDS[self.kind].least
        if len(self.labels) < least or (not least and self.labels):
            raise ValueError(f"a {self.kind} head needs {'no' if not least else f'at least {least}'} labels")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        grouped = [label for members in self.groups.values() for label in members]
        if self.groups and sorted(grouped) != sorted(self.labels):
            odd = sorted(set(grouped) ^ set(self.labels)) or sorted(
                {label for label in grouped if grouped.count(label) > 1}
            )
            raise ValueError(f"groups must hold each label once; look at {odd}")
        return self


Heads = Ordered[str, HeadSettings]


def heads_of(heads: Heads) -> tuple[Head, ...]:
    """In the order of params.yaml, which is that of the logits."""
    return layout({name: head.model_dump() for name, head in heads.items()})
