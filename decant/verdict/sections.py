"""The sections of a report, in their order: what a stage measured in, Markdown blocks out (headings, text, tables).

shipped: the contestant that the report is about. confidence: of its intervals, between 0 and 1.
"""

import pandas as pd

from decant.scoring import paired
from decant.verdict.pages import table

TAUGHT = ("encoder", "seed", "max_length", "epochs", "batch_size", "label_smoothing", "learning_rate", "head_rate", "warmup",
          "epoch", "valid_nll", "valid_accuracy", "valid_macro_f1", "valid_micro_auc", "valid_macro_auc")  # fmt: skip
HEADLINE = ("accuracy", "macro_f1", "macro_f1_low", "macro_f1_high", "micro_auc", "micro_auc_low", "micro_auc_high",
            "macro_auc", "macro_auc_low", "macro_auc_high")  # fmt: skip
CLASSWISE = (
    "precision",
    "recall",
    "recall_low",
    "recall_high",
    "fpr",
    "fpr_low",
    "fpr_high",
    "f1",
    "average_precision",
    "support",
)
CAPPED = ("threshold", "recall", "precision", "fpr", "fpr_high")


def verdict(task: str, gate: dict) -> list[str]:
    """The title with the verdict, and every gate. gate: of gate.json."""
    gates = [{"gate": name, **entry} for name, entry in gate.items() if isinstance(entry, dict)]
    return [
        f"# {task}: {gate['verdict']}",
        f"Verdict on the int8 model with md5 `{gate['model_md5']}`.",
        table(gates, "gate"),
    ]


def contestants(ranked: dict[str, dict], n: int, confidence: float, tuned: bool) -> list[str]:
    """Everyone's headline figures. ranked: name -> figures, the best first; n: test rows; tuned: thresholds were."""
    rows = [{"contestant": name} | {key: entry.get(key) for key in HEADLINE} for name, entry in ranked.items()]
    how = ", each with thresholds tuned on the same rows" if tuned else ""
    return [
        f"## Contestants on the same {n:,} test rows",
        f"Macro F1 with its {confidence:.0%} bootstrap interval; all by one decision rule{how}.",
        table(rows, "contestant"),
        "![Macro F1 of every contestant with its interval](figures/contestants.png)",
    ]


def differences(shipped: str, paired_with: dict[str, dict], confidence: float) -> list[str]:
    """The shipped model minus each other one. paired_with: minus_<other> -> figures, of paired.json."""
    rows = [{shipped: name.replace("_", " ", 1)} | entry for name, entry in paired_with.items()]
    return [
        f"### {shipped} against each other contestant",
        f"Differences on the same resampled rows, {confidence:.0%} interval. An interval that holds 0 is no difference.",
        table(rows, shipped),
    ]


def by_class(entry: dict, named: list[str]) -> str:
    """The table of a contestant's classes. entry: its part of test.json; named: its classes there."""
    return table([{"class": name} | {key: entry[name].get(key) for key in CLASSWISE} for name in named], "class")


def classes(shipped: str, entry: dict, named: list[str], confidence: float) -> list[str]:
    """The shipped model class by class, with its figures, and head by head. entry, named: as for by_class."""
    heads = [{"head": key.removeprefix("head_")} | values for key, values in entry.items() if key.startswith("head_")]
    return [
        f"## {shipped}, class by class",
        f"Exact (Clopper-Pearson) {confidence:.0%} intervals.",
        by_class(entry, named),
        "![Confusion matrix](figures/confusion.png)",
        "![Precision and recall at every threshold](figures/precision_recall.png)",
        "![Scores against frequencies](figures/reliability.png)",
        "### Head by head, before any decision",
        table(heads, "head"),
    ]


def subgroups(groups: dict[str, dict], named: list[str]) -> list[str]:
    """Figures of each subgroup, and recall and FPR of the named classes in it. groups: of subgroups.json."""
    rows = []
    for group, entry in groups.items():
        plain = {key: value for key, value in entry.items() if not isinstance(value, dict)}
        rates = {
            f"{name}: {key}": entry[name][key]
            for name in named if name in entry for key in ("recall", "fpr") if key in entry[name]
        }  # fmt: skip
        rows.append({"subgroup": group} | plain | rates)
    return ["## Subgroups", table(rows, "subgroup")]


def threshold_rows(thresholds: dict, names: list[str]) -> list[dict]:
    """One row per contestant of `names` and class; none under argmax. thresholds: of thresholds.json."""
    return [
        {"contestant": name, "class": label} | {key: entry[key] for key in CAPPED}
        for name in names for label, entry in thresholds.get(name, {}).items()
    ]  # fmt: skip


def thresholds(rows: list[dict], n: int, policy: str, first: str) -> list[str]:
    """rows: of threshold_rows; n: rows they were tuned on; policy: of params; first: the column that stands out."""
    if not rows:
        return ["## No thresholds", "The rule is argmax: the likeliest label is the answer."]
    return [f"## Thresholds ({policy}, tuned on {n:,} rows)", table(rows, first)]


def linear_members(baseline: dict) -> list[str]:
    """What cross-validation found of the linear members. baseline: of baseline.json."""
    return [
        "## Linear members, on train rows held out",
        "The settings that cross-validation chose (`probe_adapted`: valid); baseline.csv has every other.",
        table(of_heads(baseline, "member"), "member"),
    ]


def calibration(soften: dict, student: dict) -> list[str]:
    """Calibration of the members (soften.json) and of the student (export.json, calibration)."""
    return [
        "## Calibration, before and after temperatures, on calib",
        table(of_heads(soften | {"student": student}, "contestant"), "contestant"),
    ]


def of_heads(entries: dict, who: str) -> list[dict]:
    """name -> head -> figures as rows, with the name in column `who`; whatever else stands beside them is left out."""
    return [
        {who: name, "head": head} | values
        for name, heads in entries.items() if isinstance(heads, dict)
        for head, values in heads.items() if isinstance(values, dict)
    ]  # fmt: skip


def teachers(learnt: pd.DataFrame) -> list[str]:
    """Settings and valid metrics of each teacher. learnt: learning/teachers.csv."""
    return [
        "## Teachers, as they learnt on train and were kept on valid",
        "What a text shows, epochs, rows per step, weights and smoothing are the same for all; rates may be an encoder's own.",
        table(learnt[[name for name in TAUGHT if name in learnt]].to_dict("records"), "encoder"),
    ]


def gains(encoders: dict[str, dict]) -> list[str]:
    """What adapting brought, if it was measured. encoders: name -> gain and more, of learning.json."""
    rows = [
        {"encoder": name, "rows of": split, "n": entry["gain"][split]["n"], "seeds": entry["gain"]["seeds"]}
        | entry["gain"][split]["difference"]
        for name, entry in encoders.items() if entry["gain"]["seeds"] for split in ("valid", "calib")
    ]  # fmt: skip
    low, high = paired.TAILS
    return [
        "## What adapting the encoder brought",
        "Teachers on the adapted encoder minus teachers on the published one, means over the same seeds, "
        f"{high - low:g}% interval.",
        table(rows, "encoder"),
    ] if rows else []  # fmt: skip


def recipes(quantize: dict, export: dict) -> list[str]:
    """int8 recipes, and how close ONNX fp32 is to torch. quantize, export: of their JSON files."""
    return [
        "## int8 recipes on valid",
        f"Chosen: `{quantize['recipe']}`. A logit of ONNX fp32 differs from torch's by at most "
        f"{export['max_difference']}.",
        table([{"recipe": name} | entry for name, entry in quantize["recipes"].items()], "recipe"),
    ]
