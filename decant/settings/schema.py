"""The typed model of params.yaml, part two: what a task is, and the whole file.

`decant.settings.params` reads the file, merges `defaults` with a task's block and checks the result against these classes.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from decant.files import KEY, slug
from decant.keys import METRICS
from decant.settings.adapting import Adapt, Gain
from decant.settings.base import Distinct, Positive, Section, Seed
from decant.settings.data import Cleaning, Duplicates, Generator, LinearText, Split
from decant.settings.learning import Baseline, Distil, Rates, Soften, Teacher, Tokens
from decant.settings.release import Benchmark, Evaluate, Export, Gate, Quantize, Thresholds
from decant.settings.searching import Search
from decant.settings.source import COLUMNS, Labels, Source


class Scratch(Section):
    """An encoder that starts from nothing: BERT of this shape, and a WordPiece tokenizer trained on train text."""

    layers: Positive
    """Transformer layers."""
    hidden_size: Positive
    """Width of the token states."""
    heads: Positive
    """Attention heads, which share the width."""
    intermediate_size: Positive
    """Width of the feed-forward layers."""
    seed: Seed
    """Of the first weights."""

    @model_validator(mode="after")
    def _heads_divide(self):
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of {self.heads} heads")
        return self


def _origin(source: str) -> str:
    if not re.fullmatch(r"folder:.+|package:[A-Za-z_]\w*|hub:[\w.-]+/[\w.-]+(@[^@\s]+)?", source):
        raise ValueError(f"{source!r}: write folder:PATH, package:NAME or hub:OWNER/NAME@COMMIT")
    return source


class Encoder(Section):
    sources: list[Annotated[str, AfterValidator(_origin)]] = []
    """Where to look, in this order: folder:PATH, package:NAME (needs get_model_path()), hub:OWNER/NAME@COMMIT (in full)."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Digest of model.safetensors, the same wherever it comes from. null will do for weights from a hub source, since the
    commit is a digest of everything in it: the stage then says which one it found. Other sources need it."""
    scratch: Scratch | None = None
    """In place of sources: an encoder that starts from nothing."""
    vocab_size: Positive
    """Entries in the tokenizer and rows in the embedding table; both must be this. From scratch: at most this."""
    pooling: Literal["mean", "cls"]
    """How token states become one vector: the mean over the mask, or the first token."""
    teacher: Rates = Rates()
    """How fast this encoder learns, where it differs from the teacher section."""

    @model_validator(mode="after")
    def _one_origin(self):
        if bool(self.sources) == (self.scratch is not None):
            raise ValueError("an encoder has sources, or scratch")
        if self.scratch and self.sha256:
            raise ValueError("sha256: weights that start from nothing have no digest to compare")
        return self


class Transfer(Section):
    first: str
    """Task whose teacher has learnt first."""
    encoder: str
    """Encoder of the catalogue that it was fine-tuned from."""
    seed: Seed
    """Seed of that teacher."""


class Head(Section):
    kind: Literal["softmax", "sigmoid", "regression"]
    """softmax: one of the labels; sigmoid: any of them; regression: one number."""
    labels: list[str] = []
    """The head's labels, in the order of its logits."""
    groups: dict[str, list[str]] = {}
    """Coarse group -> labels, reported beside the labels themselves; no model learns them."""

    @model_validator(mode="after")
    def _labels_fit_kind(self):
        least = {"softmax": 2, "sigmoid": 1, "regression": 0}[self.kind]
        if len(self.labels) < least or (self.kind == "regression" and self.labels):
            raise ValueError(f"a {self.kind} head needs {'no' if not least else f'at least {least}'} labels")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        grouped = [label for members in self.groups.values() for label in members]
        if self.groups and sorted(grouped) != sorted(self.labels):
            odd = sorted(set(grouped) ^ set(self.labels)) or sorted({one for one in grouped if grouped.count(one) > 1})
            raise ValueError(f"groups must hold each label once; look at {odd}")
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
    linear_text: LinearText
    duplicates: Duplicates
    split: Split
    tokens: Tokens
    adapt: Adapt
    gain: Gain
    baseline: Baseline
    search: Search
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
            if slug(label) in METRICS or slug(label).startswith("head_"):
                raise ValueError(
                    f"heads: label {label!r} would overwrite a figure of that name in test.json; rename it"
                )
        figures: dict[str, str] = {}
        for name in self.heads:
            if not KEY.fullmatch(name):
                raise ValueError(f"heads: {name!r} cannot be a key of the metrics; use letters, digits, - and _")
            if figures.setdefault(slug(name), name) != name:
                raise ValueError(f"heads: {figures[slug(name)]!r} and {name!r} are both {slug(name)!r} in the metrics")
            if name in COLUMNS:
                raise ValueError(f"heads: {name!r} is a column of the prepared table already; name the head otherwise")
        for name in self.source.slices:
            if name in COLUMNS or name in self.heads:
                raise ValueError(
                    f"source.slices: {name!r} is a column of the prepared table already; name it otherwise"
                )
        if self.split.order == "time" and not self.source.time:
            raise ValueError("split.order: time needs source.time, the column that says when a row was written")
        if self.split.order == "time" and self.source.splits:
            raise ValueError(
                "split.order: time would place rows that source.splits has placed already; take one of the two out"
            )
        if self.split.carve and not self.source.splits:
            raise ValueError("split.carve takes a missing split out of a given one; this task brings no splits")
        if set(self.source.labels) != set(self.heads):
            raise ValueError(f"source.labels names {sorted(self.source.labels)}, heads names {sorted(self.heads)}")
        for name, head in self.heads.items():
            _labels_match(name, head, self.source.labels[name])
        _decision_matches(self.decision, self.heads)
        tunable = thresholded(self.decision, self.heads)
        for label in self.thresholds.caps:
            if self.decision.rule == "argmax":
                raise ValueError(
                    f"thresholds.caps: {label!r} has no threshold: the rule argmax has none, so that nothing could hold a cap. "
                    f"Rule priority has, decision: {{rule: priority, order: [{label}], otherwise: another class}}, and rule "
                    "thresholds for a sigmoid head"
                )
            if label not in tunable:
                raise ValueError(
                    f"thresholds.caps: {label!r} has no threshold that could hold a cap; classes with one: {tunable}"
                )
        for name in self.gates:
            if slug(name) != name or name in ("verdict", "model_md5", "bundle_md5"):
                raise ValueError(
                    f"gates: {name!r} cannot be a key of gate.json; use letters, digits, - and _, e.g. {slug(name)}_gate"
                )
        if self.teacher.long_texts == "chunk" and self.teacher.overlap > self.tokens.max_length // 2:
            raise ValueError(
                f"teacher.overlap: {self.teacher.overlap} of {self.tokens.max_length} tokens (tokens.max_length); windows that "
                "share more than half of their tokens read everything three times and more"
            )
        if self.distil.soft_weight + self.distil.hard_weight == 0:
            raise ValueError("distil: soft_weight and hard_weight are both 0, nothing is left to learn from")
        return self


def _labels_match(name: str, head: Head, labels: Labels) -> None:
    if head.kind == "regression":
        if labels.classes or labels.otherwise or labels.separator or labels.unlabelled:
            raise ValueError(f"source.labels.{name}: a regression head takes a column, or columns to count, only")
        return
    classes = labels.classes if labels.classes is not None else dict.fromkeys(head.labels)
    known = set(classes) | ({labels.otherwise} if labels.otherwise else set())
    if known != set(head.labels):
        raise ValueError(f"source.labels.{name} gives {sorted(known)}, heads.{name}.labels says {sorted(head.labels)}")
    claimed = {raw for names in classes.values() for raw in names or ()} if labels.classes is not None else known
    if labels.columns is not None and (odd := sorted(set(labels.columns) ^ claimed)):
        raise ValueError(f"source.labels.{name}: columns and classes disagree about {odd}")
    if head.kind == "sigmoid" and labels.otherwise:
        raise ValueError(f"source.labels.{name}.otherwise: a sigmoid head has no such class; no label is an answer too")
    if head.kind == "softmax" and labels.unlabelled == "allow":
        raise ValueError(f"source.labels.{name}.unlabelled: a softmax head has one label in every row; fail or drop")


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
    transfers: dict[str, Transfer] = {}
    """Task -> the task whose teacher its encoder comes from, where adapt.intermediate is on."""
