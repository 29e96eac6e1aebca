"""The typed model of the whole params.yaml: what a task is, and what all tasks share.

`decant.settings.params` reads the file, merges `defaults` with a task's block and checks the result against these classes.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decant.files import slug
from decant.heads import KINDS
from decant.settings import agreement
from decant.settings.adapt import Adapt
from decant.settings.base import Distinct, Positive, Section, Seed
from decant.settings.baseline import Baseline
from decant.settings.benchmark import Benchmark
from decant.settings.bundle import Reading
from decant.settings.capacity import Capacity
from decant.settings.card import Card
from decant.settings.catalogue import Encoder, LearningRates
from decant.settings.cleaning import Cleaning
from decant.settings.crossfit import Crossfit
from decant.settings.decision import Decision, thresholded
from decant.settings.distil import Distil
from decant.settings.duplicates import Duplicates
from decant.settings.evaluate import Evaluate
from decant.settings.export import Export
from decant.settings.gain import Gain
from decant.settings.gates import Gates
from decant.settings.generator import Generator
from decant.settings.heads import Heads, HeadSettings
from decant.settings.labels import refuse_unreadable
from decant.settings.linear_text import LinearText
from decant.settings.names import fault
from decant.settings.noise import Noise
from decant.settings.quantize import Quantize
from decant.settings.runtime import Runtime
from decant.settings.search import Search
from decant.settings.ship import Ship
from decant.settings.soften import Soften
from decant.settings.source import Labels, Source
from decant.settings.split import Split
from decant.settings.teacher import Teacher
from decant.settings.thresholds import Thresholds
from decant.settings.tokens import Tokens
from decant.settings.transfers import Transfer

# of the prepared table, besides labels and slices
COLUMNS = ("id", "text", "linear", "answer", "has_url", "split", "raw", "length", "group", "time", "cluster")


class Task(Section):
    source: Source
    generator: Generator | None = None
    """Of the demo task alone."""
    heads: Heads
    decision: Decision
    cleaning: Cleaning
    linear_text: LinearText
    duplicates: Duplicates
    split: Split
    tokens: Tokens
    adapt: Adapt
    gain: Gain
    baseline: Baseline
    noise: Noise
    search: Search
    teacher: Teacher
    soften: Soften
    distil: Distil
    export: Export
    quantize: Quantize
    thresholds: Thresholds
    teachers: Annotated[list[str], Field(min_length=1), Distinct] | None
    """Those of `encoders` that become teachers of the task; null takes all of them."""
    ship: Ship
    """What the bundle holds: the distilled student in int8 ONNX, or the linear model, where it is as good."""
    bundle: Reading
    capacity: Capacity
    evaluate: Evaluate
    crossfit: Crossfit
    benchmark: Benchmark
    runtime: Runtime
    gates: Gates
    card: Card = Card()

    @model_validator(mode="after")
    def _names_agree(self):
        refuse_unreadable(self.heads, self.source.labels, self.decision)
        labels = [label for head in self.heads.values() for label in head.labels]
        if len(set(labels)) != len(labels):
            raise ValueError("heads: a label name occurs in two heads; the decision could not tell them apart")
        figures: dict[str, str] = {}
        for name in self.heads:
            if wrong := fault(name):
                raise ValueError(f"heads: {wrong}")
            if name.isdecimal():  # 10 before 9, or 1 before a: not the order of the logits
                raise ValueError(f"heads: {name!r} is a number, and JavaScript sorts such keys; begin it with a letter")
            if figures.setdefault(slug(name), name) != name:
                raise ValueError(
                    f"heads: {figures[slug(name)]!r} and {name!r} are both {slug(name)!r} in the metrics, which have a to z, "
                    "digits, - and _ of a head's name; change one in those"
                )
            if name in COLUMNS:
                raise ValueError(f"heads: {name!r} is a column of the prepared table already; name the head otherwise")
        figures = {}
        for name in self.source.slices:
            if figures.setdefault(slug(name), name) != name:
                raise ValueError(
                    f"source.slices: {figures[slug(name)]!r} and {name!r} are both {slug(name)!r} in subgroups.json, which has a "
                    "to z, digits, - and _ of a slice's name; change one in those"
                )
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
            agreement.classes_can_hold(name, head, self.source.labels[name])
        agreement.sources_agree(self.source, self.heads)
        agreement.students_agree(self.distil, self.capacity)
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
            if wrong := fault(name):
                raise ValueError(f"gates: {wrong}")
        agreement.gates_can_judge(self.gates)
        agreement.gates_are_measured(self.gates, self.crossfit)
        if self.soften.unlabelled and self.source.unlabelled is None:
            raise ValueError("soften.unlabelled needs source.unlabelled, the files with more text; or set it to false")
        if self.ship == "linear" and self.linear_text.tokenizer != "none":
            raise ValueError(
                f"ship: linear, but linear_text.tokenizer is {self.linear_text.tokenizer!r}: a bundle has no NLTK, and would read "
                "other words than were learnt. Set linear_text.tokenizer: none, and its filters to none"
            )
        if self.teacher.long_texts == "chunk" and self.teacher.overlap > self.tokens.max_length // 2:
            raise ValueError(
                f"teacher.overlap: {self.teacher.overlap} of {self.tokens.max_length} tokens (tokens.max_length); windows that "
                "share more than half of their tokens read everything three times and more"
            )
        if self.runtime.long_texts == "chunk" and self.runtime.overlap > self.tokens.max_length // 2:
            raise ValueError(
                f"runtime.overlap: {self.runtime.overlap} of {self.tokens.max_length} tokens (tokens.max_length); windows that "
                "share more than half of their tokens read everything three times and more"
            )
        if self.distil.soft_weight + self.distil.hard_weight == 0:
            raise ValueError("distil: soft_weight and hard_weight are both 0, nothing is left to learn from")
        return self


def _labels_match(name: str, head: HeadSettings, labels: Labels) -> None:
    if not head.labels:
        if labels.classes or labels.otherwise or labels.separator or labels.unlabelled or labels.annotators:
            raise ValueError(f"source.labels.{name}: a {head.kind} head takes a column, or columns to count, only")
        return
    classes = labels.classes if labels.classes is not None else dict.fromkeys(head.labels)
    known = set(classes) | ({labels.otherwise} if labels.otherwise else set())
    if known != set(head.labels):
        raise ValueError(f"source.labels.{name} gives {sorted(known)}, heads.{name}.labels says {sorted(head.labels)}")
    claimed = {raw for names in classes.values() for raw in names or ()} if labels.classes is not None else known
    if labels.columns is not None and (odd := sorted(set(labels.columns) ^ claimed)):
        raise ValueError(f"source.labels.{name}: columns and classes disagree about {odd}")
    several = KINDS[head.kind].several
    if several and labels.otherwise:
        raise ValueError(
            f"source.labels.{name}.otherwise: a {head.kind} head has no such class; no label is an answer too"
        )
    if not several and labels.unlabelled == "allow":
        raise ValueError(
            f"source.labels.{name}.unlabelled: a {head.kind} head has one label in every row; fail or drop"
        )


def _decision_matches(decision: Decision, heads: dict[str, HeadSettings]) -> None:
    if decision.rule == "priority":
        known = {label for head in heads.values() for label in head.labels}
        for label in decision.order:
            if label not in known:
                raise ValueError(f"decision.order: unknown label {label!r}; the heads have {sorted(known)}")
        if decision.otherwise in decision.order:
            raise ValueError(f"decision.otherwise: {decision.otherwise!r} stands in order too")
        return
    wanted = [kind for kind, head in KINDS.items() if head.rule == decision.rule]
    if decision.head not in heads or heads[decision.head].kind not in wanted:
        raise ValueError(
            f"decision.head: {decision.head!r} is not a {' or '.join(wanted)} head; heads are {sorted(heads)}"
        )


class FairRates(LearningRates):
    """Rates of an encoder in params.yaml, where a key that belongs to all encoders is refused by name."""

    @model_validator(mode="before")
    @classmethod
    def _fair(cls, given):
        own = set(given) - set(LearningRates.model_fields) if isinstance(given, dict) else set()
        for section, kind in (("teacher", Teacher), ("tokens", Tokens)):
            if shared := sorted(own & set(kind.model_fields)):
                raise ValueError(
                    f"{', '.join(shared)}: not for one encoder alone. One that sees more of a text, or trains for longer or "
                    f"against another loss, cannot be compared with the others; set it in <task>.{section}, for all"
                )
        return given


class FairEncoder(Encoder):
    teacher: FairRates = FairRates()
    """How fast this encoder learns, where it differs from the teacher section."""


class Params(Section):
    tasks: Annotated[list[str], Field(min_length=1), Distinct]
    """Task blocks that `dvc repro` builds."""
    encoders: Annotated[list[str], Field(min_length=1), Distinct]
    """Encoders of the catalogue that become teachers, of all tasks or of those that name them in their `teachers`."""
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]
    """One teacher per encoder and seed."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where torch learns and reads: auto takes a GPU where there is one. Weights of a GPU are not those of a processor."""
    threads: Positive
    """Threads of torch and onnxruntime; weights differ between 1 and 2, so it is a parameter like any other."""
    catalogue: dict[str, FairEncoder]
    """Encoders by name."""
    transfers: dict[str, Transfer] = {}
    """Task -> the task whose teacher its encoder comes from, where adapt.intermediate is on."""
