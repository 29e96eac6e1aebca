"""What stages leave for the report, in small: rows whose scores know the answer a little, and every file made from them."""

from pathlib import Path

import numpy as np
import pandas as pd

from decant import decision, paths
from decant.files import write_json
from decant.keys import STUDENT_INT8, bounds, class_keys
from decant.scoring import curves, metrics, subgroups
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.settings.params import read

ROWS = 240
OTHERS = ("linear", "probe", "teacher_minilm_13", "ensemble", "student")
GATES = {
    "int8_size": {"metric": "quantize", "key": "bytes", "value": 7_000_000, "bound": 9_000_000.0, "side": "max", "by": "value",
                  "result": "holds"},
    "quality": {"metric": "test", "key": f"{STUDENT_INT8}.macro_f1", "value": 0.8, "low": 0.74, "high": 0.86, "bound": 0.78,
                "side": "min", "by": "interval", "result": "open", "more_rows": 1234},
    "alarms": {"metric": "test", "key": f"{STUDENT_INT8}.classes.scam.fpr", "value": 0.1, "low": 0.07, "high": 0.14, "bound": 0.02,
               "side": "max", "by": "interval", "result": "fails"},
}  # fmt: skip


STUDENTS = [
    {"parameters": size * 1_000_000, "layers": layers, "shipped": size == 7, "intermediate": wide, "heads": heads,
     "vocabulary": 9_000 + size, "bytes": size * 1_020_000, "ms": ms, "valid_macro_f1": quality, "valid_micro_auc": quality}
    for size, layers, wide, heads, ms, quality in (
        (7, "0-1-2", None, None, 2.2, 0.83), (4, "0-2", None, None, 1.5, 0.82), (5, "0-1-2", 512, 6, 1.4, 0.815),
        (3, "0-1", 512, 6, 1.0, 0.80), (9, "0-1-2-3", None, None, 2.9, 0.825), (2, "0", None, None, 0.8, None),
    )
]  # fmt: skip
OLDER = ("feelings",)  # tasks whose timings are those of before: no contestants, no lengths, no students of other sizes
BEFORE = {"int8_ms_p50": 3.0, "int8_ms_p95": 6.0, "fp32_ms_p50": 7.0, "processor": "one", "threads": 1, "instructions": "avx2",
          "onnxruntime": "1"}  # fmt: skip
TOOK = {"linear": 0.9, "probe": 14.0, "teacher_minilm_13": 14.5, "ensemble": 15.4, "student": 4.0, STUDENT_INT8: 1.7,
        "student_torch": 8.0}  # fmt: skip
BENCHMARK = BEFORE | {
    "int8_ms_p50": 1.7, "int8_ms_p95": 3.4, "fp32_ms_p50": 4.0, "fp32_ms_p95": 8.0, "clock": "thread", "wall_ratio": 1.5,
    "peak_memory_mb": 83.2, "floor": {"int8_gmacs": 220.0, "fp32_gmacs": 50.0},
    "contestants": {
        name: {"texts": 32, "ms_p50": ms, "ms_p95": 2 * ms, "to_int8": ms / 1.7, "rows_per_second": 1000 / ms, "bytes": 7_000_000}
        | ({"cold_start_s": 0.25, "peak_memory_mb": 83.2} if name != "ensemble" else {})
        for name, ms in TOOK.items()
    },
    "lengths": {
        str(tokens): {"int8_ms_p50": tokens / 16, "int8_ms_p95": tokens / 14, "fp32_ms_p50": tokens / 8, "fp32_ms_p95": tokens / 7,
                      "int8_floor_ms": tokens / 40, "fp32_floor_ms": tokens / 9, "int8_to_fp32": 0.5, "int8_to_floor": 2.5,
                      "multiply_adds": 5_000_000 * tokens}
        for tokens in (8, 16, 32, 64, 96)
    },
}  # fmt: skip


def rows_of(task: str, seed: int = 3) -> tuple[list[str], bool, np.ndarray, np.ndarray, np.ndarray]:
    """names, whether several may hold, gold, answers (n, k) and scores of ROWS rows."""
    settings = read(task)
    rule = rule_of(settings.decision)
    names = decision.classes(rule, heads_of(settings.heads))
    draws, several = np.random.default_rng(seed), rule.name == "thresholds"
    one_of = np.arange(len(names)) == draws.integers(len(names), size=ROWS)[:, None]
    gold = draws.random((ROWS, len(names))) < 0.2 if several else one_of
    scores = 1 / (1 + np.exp(2 - 3 * gold - 1.6 * draws.normal(size=gold.shape)))
    answers = scores >= 0.5 if several else np.arange(len(names)) == scores.argmax(axis=1)[:, None]
    return names, several, gold, answers, scores


def contestant(names: list[str], gold: np.ndarray, answers: np.ndarray, scores: np.ndarray) -> dict:
    """An entry of test.json."""
    entry = {"n": len(gold)} | metrics.summary(gold, answers) | metrics.ranking(gold, scores)
    for key in ("accuracy", "macro_f1", "micro_auc", "macro_auc"):
        entry |= zip(bounds(key), (entry[key] - 0.04, entry[key] + 0.03), strict=True)
    tally = metrics.rates(metrics.counts(gold, answers))
    classes = {}
    for column, key in enumerate(class_keys(names).values()):
        classes[key] = {rate: float(values[column]) for rate, values in tally.items()}
        for rate in ("precision", "recall", "fpr", "f1"):
            classes[key] |= {
                f"{rate}_low": classes[key][rate] * 0.9,
                f"{rate}_high": min(classes[key][rate] * 1.1, 1.0),
            }
        classes[key] |= {"support": int(gold[:, column].sum()), "roc_auc": 0.9, "average_precision": 0.8}
    return entry | {"head_first": {"nll": 0.2, "ece": 0.02, "brier": 0.1, "n": len(gold)}, "classes": classes}


def write(task: str) -> None:
    """metrics/<task> in the working folder, for a task of its params.yaml."""
    names, several, gold, answers, scores = rows_of(task)
    keys, settings = class_keys(names), read(task)
    entry = contestant(names, gold, answers, scores)
    thresholds = {} if settings.decision.rule == "argmax" else {
        key: {"threshold": 0.5, "feasible": 1, "positives": 40, "negatives": 200, "recall": 0.7, "precision": 0.8, "fpr": 0.01,
              "fpr_high": 0.02}
        for name, key in keys.items() if several or name in settings.decision.order
    }  # fmt: skip
    gap = {"n": ROWS, "mended": 9, "broken": 4, "mcnemar_p": 0.27}
    for key in ("accuracy", "macro_f1", "micro_auc", "macro_auc"):
        gap |= {key: 0.02, f"{key}_low": -0.01, f"{key}_high": 0.05}
    heat = {"temperature": 1.1, "n": 99} | {
        f"{key}_{when}": 0.1 for key in ("nll", "ece", "brier") for when in ("before", "after")
    }
    valid = {f"valid_{key}": 0.8 for key in ("nll", "accuracy", "macro_f1", "micro_auc", "macro_auc")}
    frame = pd.DataFrame(
        {"id": [f"{task}-{row:03}" for row in range(ROWS)], "length": np.arange(ROWS), "has_url": False}
    )
    groups = subgroups.figures(subgroups.groups(frame, [], frame), names, gold, answers, 30, 0.95)
    files = {
        "test": {"judged": {"n": ROWS, "rows_sha256": "ab" * 32, "bundle_md5": "cd" * 16}}
        | dict.fromkeys((*OTHERS, STUDENT_INT8), entry) | {f"{STUDENT_INT8}_vs_student": {"agreement": 0.99}},
        "crossfit": {"folds": 0},
        "paired": {f"minus_{other}": gap for other in OTHERS},
        "subgroups": groups,
        "thresholds": {"n": 300} | {name: {"classes": thresholds} for name in (*OTHERS, STUDENT_INT8) if thresholds},
        "gate": {"verdict": "red", "gates": GATES, "evidence": {"bundle_md5": "cd" * 16, "model_md5": "ef" * 16,
                 "rows_sha256": "ab" * 32, "params_sha256": "01" * 32, "metrics": {"test": "23" * 32}}},
        "split": {name: {"n": 100, "sha256": "45" * 32, "drift": 0.0} for name in paths.SPLITS},
        "baseline": {"linear": {"first": {"strength": 1.0, "folds": 5}}},
        "soften": {name: {"weight": 0.5, "first": heat} for name in ("linear", "ensemble")},
        "export": {"max_difference": "1e-06", "bytes": 30_000_000, "parameters": 7_000_000, "vocabulary": 9_000,
                   "calibration": {"first": heat}},
        "quantize": {"recipe": "channel", "bytes": 7_000_000, "recipes": {"channel": {"bytes": 7_000_000, "agreement": 0.99}}},
        "learning": {"encoders": {"minilm": {"gain": {"seeds": 0}}}, "teachers": {"teacher_minilm_13": valid}, "student": valid},
        "provenance": {"commit": "none"},
        "profile": {"train": {"n": 100, "encoder_minilm": {"cut": 0.01}, "languages": {"en": 0.9, "unsure": 0.1}}},
        "benchmark": BEFORE if task in OLDER else BENCHMARK,
    }  # fmt: skip
    for name, content in files.items():
        write_json(paths.metrics(task, name), plain(content))
    tables(task, names, gold, answers, scores, frame["id"].tolist(), several)


def tables(task: str, names: list[str], gold, answers, scores, ids: list[str], several: bool) -> None:
    """plots/*.csv and learning/*.csv."""
    limited = names if several else names[:-1]
    evidence = {name: scores[:, names.index(name)] for name in limited}
    plots = {
        "confusion": curves.confusion(ids, names, gold, answers, not several),
        "precision_recall": curves.precision_recall(names, gold, scores),
        "roc": curves.roc(names, gold, scores),
        "thresholds": curves.thresholds(evidence, dict(zip(names, gold.T, strict=True)), dict.fromkeys(names, 0.5)),
        "reliability": curves.reliability(names, gold, scores, 10),
        "sizes": pd.DataFrame({"contestant": [*OTHERS, STUDENT_INT8], "bytes": [9e6, 9e7, 9e7, 1e8, 3e7, 7e6]}).astype({"bytes": int}),
    }  # fmt: skip
    learning = {
        "teachers": pd.DataFrame(
            [{"encoder": "minilm", "seed": 13, "learning_rate": 5e-5, "epoch": 2, "valid_nll": 0.2}]
        ),
        "capacity": pd.DataFrame([{"parameters": size, "layers": "0-1", "shipped": size == 7} for size in (7, 9)])
        if task in OLDER
        else pd.DataFrame(STUDENTS),
    }
    for folder, parts in ((paths.plots(task), plots), (paths.learning(task), learning)):
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            part.to_csv(folder / f"{name}.csv", index=False)


def plain(value: object) -> object:
    """numpy's scalars as Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.item() if hasattr(value, "item") else value


def page(task: str) -> Path:
    return paths.page(task, "report").with_suffix(".html")
