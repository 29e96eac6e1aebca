"""Which keys a task's metrics files can hold, so that a gate on a figure that no file ever holds is refused in params.yaml.

The gate stage would find it too, but only after hours of training. Names are built from the task's classes and heads, from
encoders and seeds, and from `decant.keys`, which the code that writes the figures uses as well.
"""

import difflib
from fnmatch import fnmatchcase
from itertools import combinations

from decant.files import slug
from decant.keys import (
    BOUNDED,
    DIFFERING,
    HEADLINE,
    INTERVALS,
    STUDENT_INT8,
    Calibrated,
    ClassRates,
    Curves,
    Ranking,
    Summary,
    Tuned,
    bounds,
    class_keys,
    contestants,
)
from decant.paths import SPLITS
from decant.settings.benchmark import OF_CONTESTANT, OF_FLOOR, OF_LENGTH, OF_STUDENT, TIMED
from decant.settings.decision import thresholded
from decant.settings.gates import SAMPLED, Gate
from decant.settings.heads import HeadSettings
from decant.settings.schema import Task
from decant.shipping import CONTESTANT

# In a tree None stands for a number, a dict for more keys, OPEN for what only its stage knows, such as steps of cleaning.
OPEN = "open"
Tree = dict[str, "Tree | str | None"]


def problem(key: str, tree: Tree, file: str) -> str | None:
    """What is wrong with a dotted key of a metrics file; None if a number can stand there. Names in a tree may be patterns."""
    node, way = tree, ""
    for step in key.split("."):
        if not isinstance(node, dict):
            return None if node == OPEN else f"{file} never holds {key!r}: {way!r} is a number itself"
        name = next((pattern for pattern in node if fnmatchcase(step, pattern)), None)
        if name is None:
            close = difflib.get_close_matches(step, node, 1)
            inside = f"under {way!r}" if way else "it"
            holds = f"{inside} can be {', '.join(node)}" if node else f"{inside} is nothing"
            return f"{file} never holds {key!r}; {holds}" + (f"; did you mean {close[0]!r}?" if close else "")
        node, way = node[name], f"{way}.{step}".strip(".")
    return f"{key!r} in {file} is no number; under it are {', '.join(node)}" if isinstance(node, dict) else None


def of_gate(gate: Gate, key: str, tree: Tree) -> str | None:
    """What is wrong with a key of a gate: no number, or one without the interval by which the gate judges; None if nothing."""
    file = f"{gate.metric}.json"
    if wrong := problem(key, tree, file):
        return wrong
    if gate.by == "value" or gate.metric not in SAMPLED or not problem(bounds(key)[0], tree, file):
        return None
    return f"{key!r} of {file} has no interval that the gate could judge by; say by: value, or ask for a figure that has one"


def of_another(gate: Gate, key: str, ship: str) -> str | None:
    """What is wrong with a key that is about the student where linear ships, or compares what ships with itself."""
    ours, first, rest = CONTESTANT[ship], *key.partition(".")[::2]
    if gate.metric == "paired" and first == f"minus_{ours}":
        other = next(f"minus_{name}.{rest}" for name in CONTESTANT.values() if name != ours)
        return f"{key!r} compares {ours} with itself, for {ours} ships; ask for {other!r}, or set the gate to null"
    if ours == STUDENT_INT8 or gate.minus:
        return None
    if gate.metric in ("test", "crossfit", "thresholds") and first == STUDENT_INT8:
        return f"{key!r} is about {first}, and {ours} ships; ask for {f'{ours}.{rest}'!r}, or set the gate to null"
    if gate.metric in ("quantize", "export"):
        size = "; its bytes are {metric: benchmark, key: bundle_bytes}" if key == "bytes" else ""
        return f"{gate.metric}.json is about the student, and {ours} ships{size}, or set the gate to null"
    return None


def trees(task: Task, encoders: list[str], seeds: list[int]) -> dict[str, Tree]:
    """Metrics file, without its .json -> the keys that it can hold for this task."""
    rule, heads = task.decision, task.heads
    classes = [*rule.order, rule.otherwise] if rule.rule == "priority" else heads[rule.head].labels
    keys = class_keys(classes)
    answers = numbers(*keys.values())
    everyone, ours = contestants(encoders, seeds), CONTESTANT[task.ship]
    everyone = [name for name in everyone if name != "probe_adapted" or task.adapt.on]
    members = everyone[: everyone.index("ensemble")]  # a contestant that does not vote has no weight, but all else
    tempered = {name: temperature() for name, head in heads.items() if head.labels}

    # one class a row: micro F1 would repeat the accuracy
    summed = [name for name in Summary._fields if rule.rule == "thresholds" or name != "micro_f1"]
    figures = numbers("n", *summed, *Ranking._fields, *INTERVALS)
    figures |= dict(of_head(name, head) for name, head in heads.items())
    if rule.head and heads[rule.head].groups:
        figures["coarse"] = numbers("groups", *summed)
    each = numbers(*ClassRates._fields, *(end for name in BOUNDED for end in bounds(name)), "support", *Curves._fields)
    tuned = {"classes": {keys[label]: numbers(*Tuned._fields) for label in thresholded(rule, heads)}}
    for label in task.thresholds.caps:
        tuned["classes"][keys[label]] |= numbers("cap", "confidence")
    promised = {"risk_controlled": "breaks_at_most", "empirical": "breaks_about"}[task.thresholds.policy]
    promise = numbers(promised) if task.thresholds.caps else {}
    groups = numbers("n", "accuracy", "macro_f1", *bounds("accuracy"), *bounds("macro_f1"))
    groups |= {"classes": dict.fromkeys(answers, numbers("support", "fpr", "recall"))}
    gaps = [*HEADLINE, *(end for name in HEADLINE for end in bounds(name))]
    apart = [*DIFFERING, *(end for name in DIFFERING for end in bounds(name))]
    differences = numbers("n", "mended", "broken", "mcnemar_p", *gaps)
    differences |= {"classes": dict.fromkeys(answers, numbers(*apart))}
    tests = {name: figures | {"classes": dict.fromkeys(answers, each)} for name in everyone}
    return {
        "test": tests
        | {
            f"{STUDENT_INT8}_vs_student": numbers(
                "agreement", "mean_difference", *(["raw_differ"] if ours == STUDENT_INT8 else [])
            )
        },
        "crossfit": of_crossfit(tests, differences, ours),
        "paired": {f"minus_{name}": differences for name in [*everyone, "champion"] if name != ours},
        "subgroups": {"*": groups},
        "benchmark": of_benchmark(task, everyone),
        "thresholds": numbers("n") | promise | dict.fromkeys([*members, "ensemble", STUDENT_INT8], promise | tuned),
        "soften": {name: numbers("weight") | tempered for name in members} | {"ensemble": tempered},
        "export": numbers("rows", "bytes", "parameters", "vocabulary") | {"calibration": tempered},
        "quantize": numbers("n", "bytes", "bytes_fp32") | {"recipes": dict.fromkeys(task.quantize.recipes, OPEN)},
        "split": of_split(answers),
        "prepare": of_prepare(answers),
    }


def numbers(*names: str) -> Tree:
    return dict.fromkeys(names)


def temperature() -> Tree:
    """Of a head in soften.json and export.json."""
    return numbers("temperature", "n", *(f"{key}_{when}" for key in Calibrated._fields for when in ("before", "after")))


def of_crossfit(tests: Tree, differences: Tree, ours: str) -> Tree:
    """tests: contestant -> its keys in test.json. differences: of a pair, in paired.json. ours: the contestant that ships."""
    order = [ours, *(name for name in tests if name != ours)]
    averaged = numbers(*HEADLINE, *INTERVALS)
    drawn = numbers("average_precision_low", "average_precision_high")
    found = {
        name: figures
        | {"over_folds": averaged, "classes": {key: each | drawn for key, each in figures["classes"].items()}}
        for name, figures in tests.items()
    }
    plain = {key: value for key, value in differences.items() if key != "classes"}
    pairs = {
        name: {f"minus_{other}": differences if name == ours else plain for other in order[place + 1 :]}
        for place, name in enumerate(order[:-1])
    }
    return numbers("folds", "n") | found | {"paired": pairs}


def of_head(name: str, head: HeadSettings) -> tuple[str, Tree]:
    """Key and figures of a head in test.json."""
    if not head.labels:
        return f"head_{slug(name)}", numbers("mae", "n", "spearman")
    return slug(f"head_{name}"), numbers(*Calibrated._fields, "n")


def of_benchmark(task: Task, everyone: list[str]) -> Tree:
    wanted = [str(tokens) for tokens in task.benchmark.lengths if tokens <= task.tokens.max_length]
    started = {name: numbers(*OF_CONTESTANT) for name in [*everyone, "student_torch"]}
    started["ensemble"] = numbers(*(name for name in OF_CONTESTANT if name not in ("cold_start_s", "peak_memory_mb")))
    lengths = dict.fromkeys(wanted, numbers(*OF_LENGTH))
    parts = {"contestants": started, "lengths": lengths, "students": {"*": numbers(*OF_STUDENT)}}
    return numbers(*TIMED) | parts | {"floor": numbers(*OF_FLOOR)}


def of_split(answers: Tree) -> Tree:
    pairs = numbers(*(f"{early}_{late}" for early, late in combinations(SPLITS, 2)))
    dropped = (f"dropped_{why}" for why in ("time", "leaks", "fast", "frozen"))
    counted = ("clusters", "clusters_near", "rows_in_clusters", "largest_cluster", "frozen_rows", "leakage_frozen")
    return {
        **numbers(*(f"given_{split}" for split in SPLITS), *dropped, *counted, *(f"leakage_{pair}" for pair in pairs)),
        "leakage_any": None,
        **{f"leakage_{kind}": pairs for kind in ("id", "exact", "near", "group")},
        **{f"given_leakage_{kind}": pairs for kind in ("exact", "near", "group")},
        "dropped_time_sharing": numbers("exact", "near", "group"),
        **{split: numbers("n", "drift", "pair_drift") | {"answers": answers} for split in SPLITS},
    }


def of_prepare(answers: Tree) -> Tree:
    dropped = ("rows_dropped_as_conflicts", "rows_dropped_as_repeats")
    counted = ("duplicates", "conflicting_texts", "conflicting_rows", "words_raw", "words", "content_words")
    broken = ("cells_with_line_breaks", "longest_cell_lines")
    rows = numbers("rows_raw", "rows", "rows_bad", "rows_empty", "rows_unlabelled", *dropped, *counted, *broken)
    return rows | {"answers": answers, "clean_*": OPEN, "linear_*": OPEN, "agreement": OPEN}
