"""The typed model of params.yaml, part two: what a task is, and the whole file.

`decant.params` reads the file, merges `defaults` with a task's block and checks the result against these classes.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from decant.files import slug
from decant.settings import (
    Baseline,
    Benchmark,
    Cleaning,
    Distil,
    Distinct,
    Evaluate,
    Export,
    Gate,
    Generator,
    Positive,
    Quantize,
    Section,
    Seed,
    Soften,
    Split,
    Teacher,
    Thresholds,
    Tokens,
)

SPLITS = ("train", "valid", "calib", "test")
# of the prepared table, besides labels and slices
COLUMNS = ("id", "text", "answer", "has_url", "split", "raw", "length")


class Encoder(Section):
    sources: Annotated[list[str], Field(min_length=1)]
    """Where to look, in this order: folder:PATH, package:NAME (needs get_model_path()), hub:OWNER/NAME@REVISION."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Digest of model.safetensors, the same wherever it comes from."""
    vocab_size: Positive
    """Entries in the tokenizer and rows in the embedding table; both must be this."""
    pooling: Literal["mean", "cls"]
    """How token states become one vector: the mean over the mask, or the first token."""


class Labels(Section):
    column: str
    """Raw column that holds the label, a list of labels, or a number for a regression head."""
    separator: str | None = None
    """Splits one cell into several labels, e.g. "|"."""
    classes: dict[str, list[str]] | None = None
    """Class of the head -> raw labels that mean it, tried in this order (priority)."""
    otherwise: str | None = None
    """Class of a row that none of the raw labels above claims."""


class Slice(Section):
    columns: Annotated[list[str], Field(min_length=1)]
    """Raw columns, the first with a value wins."""
    pattern: str | None = None
    """Regular expression whose first group is the value."""

    @field_validator("pattern")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "()").groups
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        if not groups:
            raise ValueError(f"{pattern!r} has no group (...) to take the value from")
        return pattern


class GivenSplits(Section):
    files: dict[Literal["train", "valid", "calib", "test"], str]
    """Split -> raw file whose rows' ids belong to it."""
    rest: Literal["train", "valid", "calib", "test"] | None = None
    """Split of the rows that no file names; null refuses such rows."""


class Source(Section):
    files: Annotated[list[str], Field(min_length=1)]
    """Raw files below data/raw/<task>, read in this order."""
    format: Literal["csv", "jsonl"]
    """How they are written."""
    id: str
    """Column with a unique id per row."""
    text: str
    """Column with the text."""
    labels: dict[str, Labels]
    """Head -> where its label comes from."""
    ignore: list[str] = []
    """Raw labels without a class, by name or wildcard (topic_*); any other unknown label stops the stage."""
    slices: dict[str, Slice] = {}
    """Extra columns kept to measure subgroups by."""
    splits: GivenSplits | None = None
    """Splits that come with the data; null lets the split stage make them."""


class Head(Section):
    kind: Literal["softmax", "sigmoid", "regression"]
    """softmax: one of the labels; sigmoid: any of them; regression: one number."""
    labels: list[str] = []
    """The head's labels, in the order of its logits."""

    @model_validator(mode="after")
    def _labels_fit_kind(self):
        least = {"softmax": 2, "sigmoid": 1, "regression": 0}[self.kind]
        if len(self.labels) < least or (self.kind == "regression" and self.labels):
            raise ValueError(f"a {self.kind} head needs {'no' if not least else f'at least {least}'} labels")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        return self


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


class Task(Section):
    source: Source
    generator: Generator | None = None
    """Of the demo task alone."""
    heads: dict[str, Head]
    decision: Decision
    cleaning: Cleaning
    split: Split
    tokens: Tokens
    baseline: Baseline
    teacher: Teacher
    soften: Soften
    distil: Distil
    export: Export
    quantize: Quantize
    thresholds: Thresholds
    evaluate: Evaluate
    benchmark: Benchmark
    gates: dict[str, Gate]

    @model_validator(mode="after")
    def _names_agree(self):
        labels = [label for head in self.heads.values() for label in head.labels]
        if len(set(labels)) != len(labels):
            raise ValueError("heads: a label name occurs in two heads; the decision could not tell them apart")
        keys: dict[str, str] = {}
        for label in [*labels, *filter(None, [self.decision.otherwise])]:
            if keys.setdefault(slug(label), label) != label:
                raise ValueError(f"heads: {keys[slug(label)]!r} and {label!r} are both {slug(label)!r} in the metrics")
        for name in self.heads:
            if name in COLUMNS:
                raise ValueError(f"heads: {name!r} is a column of the prepared table already; name the head otherwise")
        for name in self.source.slices:
            if name in COLUMNS or name in self.heads:
                raise ValueError(
                    f"source.slices: {name!r} is a column of the prepared table already; name it otherwise"
                )
        if set(self.source.labels) != set(self.heads):
            raise ValueError(f"source.labels names {sorted(self.source.labels)}, heads names {sorted(self.heads)}")
        for name, head in self.heads.items():
            _labels_match(name, head, self.source.labels[name])
        _decision_matches(self.decision, self.heads)
        tunable = thresholded(self.decision, self.heads)
        for label in self.thresholds.caps:
            if label not in tunable:
                raise ValueError(
                    f"thresholds.caps: {label!r} has no threshold that could hold a cap; classes with one: {tunable}"
                )
        for name in self.gates:
            if slug(name) != name or name in ("verdict", "model_md5", "bundle_md5"):
                raise ValueError(
                    f"gates: {name!r} cannot be a key of gate.json; use letters, digits, - and _, e.g. {slug(name)}_gate"
                )
        if self.distil.soft_weight + self.distil.hard_weight == 0:
            raise ValueError("distil: soft_weight and hard_weight are both 0, nothing is left to learn from")
        return self


def _labels_match(name: str, head: Head, labels: Labels) -> None:
    if head.kind == "regression":
        if labels.classes or labels.otherwise or labels.separator:
            raise ValueError(f"source.labels.{name}: a regression head takes a column only")
        return
    if not labels.classes:
        raise ValueError(f"source.labels.{name}.classes: missing for a {head.kind} head")
    known = set(labels.classes) | ({labels.otherwise} if labels.otherwise else set())
    if known != set(head.labels):
        raise ValueError(f"source.labels.{name} gives {sorted(known)}, heads.{name}.labels says {sorted(head.labels)}")
    if head.kind == "sigmoid" and labels.otherwise:
        raise ValueError(f"source.labels.{name}.otherwise: a sigmoid head has no such class; no label is an answer too")


def _decision_matches(decision: Decision, heads: dict[str, Head]) -> None:
    if decision.rule == "priority":
        known = {label for head in heads.values() for label in head.labels}
        for label in decision.order:
            if label not in known:
                raise ValueError(f"decision.order: unknown label {label!r}; the heads have {sorted(known)}")
        if decision.otherwise in decision.order:
            raise ValueError(f"decision.otherwise: {decision.otherwise!r} stands in order too")
        return
    wanted = {"argmax": "softmax", "thresholds": "sigmoid"}[decision.rule]
    if decision.head not in heads or heads[decision.head].kind != wanted:
        raise ValueError(f"decision.head: {decision.head!r} is not a {wanted} head; heads are {sorted(heads)}")


def thresholded(decision: Decision, heads: dict[str, Head]) -> list[str]:
    """The classes that have a threshold: the listed ones of a priority rule, none of argmax."""
    if decision.rule == "priority":
        return decision.order
    return list(heads[decision.head].labels) if decision.rule == "thresholds" else []


class Params(Section):
    tasks: Annotated[list[str], Field(min_length=1), Distinct]
    """Task blocks that `dvc repro` builds."""
    encoders: Annotated[list[str], Field(min_length=1), Distinct]
    """Encoders of the catalogue that become teachers."""
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]
    """One teacher per encoder and seed."""
    threads: Positive
    """Threads of torch and onnxruntime; weights differ between 1 and 2, so it is a parameter like any other."""
    catalogue: dict[str, Encoder]
    """Encoders by name."""
