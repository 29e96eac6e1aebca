"""The names of figures in the metrics files: one place for the code that writes them and for the gates that ask for them.

test.json is contestant -> figure, and below a contestant stand its heads (head_*), coarse groups and, one level down under
`classes`, the figures of each class by its key.
"""

import hashlib
import re
import unicodedata
from collections import Counter
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


STUDENT_INT8 = "student_int8"  # the student as it ships
# Of a contestant: figures with an interval, and compared pair by pair.
HEADLINE = ("accuracy", "macro_f1", *Ranking._fields)
DIFFERING = ("precision", "recall", "f1", "fpr")  # rates of a class that are compared pair by pair
INTERVALS = tuple(end for name in HEADLINE for end in bounds(name))


def class_keys(names: list[str]) -> dict[str, str]:
    """Label -> its key in metrics files: readable, and no two alike. names: the classes of a decision, all different.

    Letters of any script and their case stay, so that US and us are two, and so are two words of Chinese; an emoji or
    another symbol is called by its name in Unicode. What still looks alike (`a b` and `a.b`) gets four hexadecimal digits
    of its sha256, which do not depend on the order of the labels.
    """
    plain = {name: _readable(name) for name in names}
    often = Counter(plain.values())
    keys = {name: key if often[key] == 1 else f"{key}-{_digits(name)}" for name, key in plain.items()}
    if len(set(keys.values())) < len(keys):  # a label that spells another's digits, or one case in 65,536
        return {name: f"{key}-{_digits(name, 64)}" for name, key in plain.items()}
    return keys


def _readable(name: str) -> str:
    # symbols, not their modifiers: a red heart is a heart and an invisible selector of its colour
    words = [
        f"_{unicodedata.name(sign, 'symbol')}_".lower() if unicodedata.category(sign) in ("So", "Sm", "Sc") else sign
        for sign in unicodedata.normalize("NFC", name)
    ]
    return re.sub(r"[^\w-]+|_+", "_", "".join(words)).strip("_") or "label"


def _digits(name: str, length: int = 4) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:length]


def teacher_name(encoder: str, seed: int) -> str:
    return f"teacher_{encoder}_{seed}"


def contestants(encoders: list[str], seeds: list[int]) -> list[str]:
    """Everyone in test.json."""
    teachers = [teacher_name(encoder, seed) for encoder in encoders for seed in seeds]
    return ["linear", "probe", "probe_adapted", *teachers, "ensemble", "student", STUDENT_INT8]
