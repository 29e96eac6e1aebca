"""The names of figures in the metrics files: one place for the code that writes them and for the gates that ask for them.

test.json is contestant -> figure, and below a contestant stand its heads (head_*), coarse groups and classes too.
"""

from typing import NamedTuple

BOUNDS = ("low", "high")  # of an interval: accuracy_low, accuracy_high
BOUNDED = ("precision", "recall", "fpr")  # rates of a class that have an exact interval


class Summary(NamedTuple):
    """Of one contestant, over all classes."""

    accuracy: float
    macro_f1: float
    micro_f1: float
    weighted_f1: float
    macro_precision: float
    macro_recall: float


class Ranking(NamedTuple):
    """Over the classes that have both positives and negatives."""

    micro_auc: float
    macro_auc: float


class ClassRates(NamedTuple):
    """Of a class, or arrays over classes."""

    precision: float
    recall: float
    f1: float
    fpr: float
    fnr: float


class Curves(NamedTuple):
    """Of a class that has both positives and negatives."""

    roc_auc: float
    average_precision: float


class Calibrated(NamedTuple):
    """Of a head with labels."""

    nll: float
    ece: float
    brier: float


class Tuned(NamedTuple):
    """A threshold on the rows that it was tuned on."""

    threshold: float
    feasible: int
    positives: int
    negatives: int
    recall: float
    precision: float
    fpr: float
    fpr_high: float


def bounds(name: str) -> tuple[str, ...]:
    return tuple(f"{name}_{end}" for end in BOUNDS)


SHIPPED = "student_int8"  # the contestant that the bundle holds
# Of a contestant: figures with an interval, and compared pair by pair.
HEADLINE = ("accuracy", "macro_f1", *Ranking._fields)
INTERVALS = tuple(end for name in HEADLINE for end in bounds(name))
# What stands beside the classes of a contestant in test.json, so that no class may be called so; head_* too.
METRICS = {"n", *Summary._fields, *Ranking._fields, *INTERVALS, "coarse"}


def teacher_name(encoder: str, seed: int) -> str:
    return f"teacher_{encoder}_{seed}"


def contestants(encoders: list[str], seeds: list[int]) -> list[str]:
    """Everyone in test.json."""
    teachers = [teacher_name(encoder, seed) for encoder in encoders for seed in seeds]
    return ["linear", "probe", "probe_adapted", *teachers, "ensemble", "student", SHIPPED]
