"""Gates in params.yaml: a key that no metrics file can ever hold is refused before anything is trained, a right one never."""

import json
import re
import typing
from pathlib import Path

import committed
import numpy as np
import pytest
from test_params import COMMITTED, GONE, changed, refuses

from decant.heads import layout
from decant.scoring import calibration, metrics
from decant.settings import gate_keys, params
from decant.settings.gates import Gate

METRICS = typing.get_args(Gate.model_fields["metric"].annotation)


def trees(task: str, file: Path = COMMITTED, **shared) -> dict:
    p = params.read(task, file)
    return gate_keys.trees(p, shared.get("encoders", p.encoders), shared.get("seeds", p.seeds))


def keys(node, way: str = "") -> list[str]:
    """The dotted keys of all numbers."""
    if isinstance(node, dict):
        return [key for name, inner in node.items() for key in keys(inner, f"{way}.{name}".strip("."))]
    return [] if isinstance(node, bool | str) else [way]


# -- right keys --------------------------------------------------------------------------------------------------------


def test_every_metrics_file_that_a_gate_may_name_has_its_keys():
    assert set(trees("demo")) == set(METRICS)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("task", committed.current())
def test_every_number_in_the_committed_metrics_can_have_a_gate(at_head, task, metric):
    file = at_head / "metrics" / task / f"{metric}.json"
    written = json.loads(file.read_text(encoding="utf-8"))
    contestants = json.loads((file.parent / "test.json").read_text(encoding="utf-8"))
    teachers = {match for name in contestants if (match := re.fullmatch(r"teacher_(.+)_(\d+)", name))}
    encoders, seeds = [list(dict.fromkeys(match[part] for match in teachers)) for part in (1, 2)]
    tree = trees(task, at_head / "params.yaml", encoders=encoders, seeds=seeds)[metric]
    figures = {name: part for name, part in written.items() if name not in {"judged", "policy"}}
    wrong = [problem for key in keys(figures) if (problem := gate_keys.problem(key, tree, file.name))]
    assert keys(written)
    assert wrong == []


@pytest.mark.parametrize("metric", ["test", "thresholds", "soften", "export", "quantize"])
def test_every_key_that_a_gate_may_name_is_in_the_committed_metrics_of_demo(at_head, metric):
    """So that a name which the code no longer writes is refused too."""
    written = json.loads((at_head / "metrics" / "demo" / f"{metric}.json").read_text(encoding="utf-8"))
    tree = trees("demo", at_head / "params.yaml")[metric]
    assert {key for key in named(tree) if "recipes" not in key} <= set(keys(written))


def named(node, way: str = "") -> list[str]:
    """The dotted keys of a tree."""
    if isinstance(node, dict):
        return [key for name, inner in node.items() for key in named(inner, f"{way}.{name}".strip("."))]
    return [way]


def test_figures_of_coarse_groups_can_have_a_gate():
    tree = trees("emotion")["test"]
    assert gate_keys.problem("student_int8.coarse.macro_f1", tree, "test.json") is None
    assert "never holds" in gate_keys.problem("student_int8.coarse.macro_f1", trees("toxicity")["test"], "test.json")


def test_the_figures_of_a_class_are_those_that_are_measured():
    gold, answers = np.array([[True], [False], [True]]), np.array([[True], [True], [False]])
    found = metrics.per_class(["a b"], gold, answers, np.array([[0.9], [0.6], [0.2]]), 0.95)
    assert list(found) == ["a_b"]
    tree = trees("demo")["test"]["linear"]
    assert set(found["a_b"]) == set(tree["classes"]["scam"])
    summary = metrics.summary(gold, answers, single=True) | metrics.ranking(gold, np.array([[0.9], [0.6], [0.2]]))
    headline = ("accuracy", "macro_f1", "micro_auc", "macro_auc")
    bounds = {f"{name}_{end}" for name in headline for end in ("low", "high")}
    assert {key for key, value in tree.items() if value is None} == {"n"} | set(summary) | bounds


def test_the_figures_of_a_head_are_those_that_are_measured():
    heads = layout(
        {"scam": {"kind": "softmax", "labels": ["no", "yes"]}, "urgency": {"kind": "regression", "labels": []}}
    )
    targets, logits = np.array([[1, 0, 0.1], [0, 1, 0.9]]), np.array([[1, 0, 0.2], [0, 1, 0.7]])
    tree = trees("demo")["test"]["linear"]
    assert set(calibration.report(logits, targets, heads, 10)["scam"]) == set(tree["head_scam"])
    assert set(metrics.regression(heads, targets, logits)["urgency"]) == set(tree["head_urgency"])
    tempered = calibration.before_and_after(logits, targets, heads, {"scam": 1.0}, 10)["scam"]
    assert set(tempered) == set(trees("demo")["export"]["calibration"]["scam"])


def test_a_gate_on_frozen_rows_can_be_written(tmp_path):
    gate = {"metric": "split", "key": "leakage_frozen", "max": 0}
    assert params.read("demo", changed(tmp_path, {"demo.gates.frozen": gate})).gates["frozen"].max == 0


def test_teachers_are_named_by_encoder_and_seed(tmp_path):
    gate = {"metric": "test", "key": "teacher_minilm_29.macro_f1", "min": 0.5}
    file = changed(tmp_path, {"demo.gates.teacher": gate, "seeds": [13, 29]})
    assert params.read("demo", file).gates["teacher"].key == gate["key"]
    refuses(
        tmp_path,
        {"demo.gates.teacher": gate, "seeds": [13]},
        "demo.gates.teacher.key: ",
        "did you mean 'teacher_minilm_13'?",
    )


# -- wrong keys --------------------------------------------------------------------------------------------------------


def test_a_sampled_figure_without_an_interval_is_judged_by_value_or_not_at_all(tmp_path):
    entry = {"metric": "test", "key": "student_int8.macro_recall", "min": 0.5}
    words = "demo.gates.one.key: 'student_int8.macro_recall' of test.json has no interval that the gate could judge by"
    refuses(tmp_path, {"demo.gates.one": entry}, words, "say by: value")
    kept = params.read("demo", changed(tmp_path, {"demo.gates.one": entry | {"by": "value"}}))
    assert kept.gates["one"].by == "value"


@pytest.mark.parametrize(
    ("metric", "key"),
    [
        ("paired", "minus_linear.classes.scam.recall"),
        ("paired", "minus_champion.macro_f1"),
        ("subgroups", "with_url.accuracy"),
        ("benchmark", "int8_to_fp32"),
        ("split", "leakage_any"),
        ("test", "student_int8.classes.scam.precision"),
    ],
)
def test_a_gate_may_be_about_any_figure(tmp_path, metric, key):
    entry = {"metric": metric, "key": key, "min": 0.5}
    assert params.read("demo", changed(tmp_path, {"demo.gates.one": entry})).gates["one"].key == key


def gate(key: str, metric: str = "test", **more) -> dict:
    return {"demo.gates.one": {"metric": metric, "key": key, "min": 0.5} | more}


WRONG = {
    "a misspelt contestant": (
        gate("student_in8.macro_f1") | {"encoders": ["minilm"], "seeds": [13]},
        "demo.gates.one.key: test.json never holds 'student_in8.macro_f1'; it can be linear, probe, teacher_minilm_13, ensemble",
        "did you mean 'student_int8'?",
    ),
    "a misspelt figure": (
        gate("student_int8.macrof1"),
        "demo.gates.one.key: test.json never holds 'student_int8.macrof1'; under 'student_int8' can be n, accuracy, macro_f1",
        "classes",
        "did you mean 'macro_f1'?",
    ),
    "a misspelt figure of a class": (
        gate("student_int8.classes.scam.fpt"),
        "under 'student_int8.classes.scam' can be precision, recall",
    ),
    "a class of another task": (
        gate("student_int8.classes.topic_crypto.fpr"),
        "never holds 'student_int8.classes.topic_crypto.fpr'",
    ),
    "a label that is no answer": (
        gate("student_int8.classes.money.fpr"),
        "test.json never holds 'student_int8.classes.money.fpr'",
    ),
    "a key that goes on below a number": (
        gate("student_int8.macro_f1.low"),
        "never holds 'student_int8.macro_f1.low': 'student_int8.macro_f1' is a number itself",
    ),
    "a section": (
        gate("student_int8.classes.scam"),
        "demo.gates.one.key: 'student_int8.classes.scam' in test.json is no number; under it are precision, recall",
    ),
    "nothing": (gate(""), "demo.gates.one.key: test.json never holds ''"),
    "what is subtracted": (
        gate("student.macro_f1", minus="linaer.macro_f1", by="value"),
        "demo.gates.one.minus: test.json never holds 'linaer.macro_f1'",
        "did you mean 'linear'?",
    ),
    "a text": (gate("recipe", "quantize"), "demo.gates.one.key: quantize.json never holds 'recipe'"),
    "a threshold of a class without one": (
        gate("student_int8.classes.clean.fpr", "thresholds"),
        "thresholds.json never holds",
    ),
    "tuned rows of the fp32 student": (gate("student.classes.scam.fpr", "thresholds"), "did you mean 'student_int8'?"),
    "splits in the wrong order": (gate("leakage_test_train", "split"), "did you mean 'leakage_train_test'?"),
    "a step that is none": (gate("cleaned_html.rows_changed", "prepare"), "prepare.json never holds 'cleaned_html"),
    "a head of another task": (gate("ensemble.emotion.ece_after", "soften"), "under 'ensemble' can be scam, topic"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_key_that_no_file_can_hold_is_refused(tmp_path, case):
    refuses(tmp_path, *case)


def test_a_wrong_gate_of_the_defaults_is_named_there_with_the_task(tmp_path):
    changes = {"defaults.gates.fpr": {"metric": "test", "key": "student_int8.classes.topic_crypto.fpr", "max": 0.1}}
    words = "defaults.gates.fpr.key: of demo: test.json never holds 'student_int8.classes.topic_crypto.fpr'"
    refuses(tmp_path, changes, words, "defaults.gates.fpr.key: of emotion: ")


def test_a_wrong_gate_of_the_defaults_is_named_for_a_task_without_gates_of_its_own(tmp_path):
    changes = {
        "emotion.gates": GONE,
        "defaults.gates.fpr": {"metric": "test", "key": "student_int8.classes.scam.fpr", "max": 0.1},
    }
    refuses(
        tmp_path, changes, "defaults.gates.fpr.key: of emotion: test.json never holds 'student_int8.classes.scam.fpr'"
    )


def test_a_task_without_thresholds_has_none_to_judge(tmp_path):
    changes = {"toxicity.gates.tuned": {"metric": "thresholds", "key": "student_int8.classes.negative.fpr", "max": 0.1}}
    refuses(tmp_path, changes, "toxicity.gates.tuned.key: thresholds.json", "under 'student_int8.classes' is nothing")


def test_a_contestant_that_does_not_vote_has_thresholds_all_the_same(tmp_path):
    changes = {"demo.gates.one": {"metric": "thresholds", "key": "probe.classes.scam.fpr", "max": 0.1, "by": "value"}}
    changes["demo.soften"] = {"members": ["linear"]}
    assert params.read("demo", changed(tmp_path, changes)).gates["one"].key == "probe.classes.scam.fpr"


def test_only_an_adapted_encoder_has_a_probe_of_its_own(tmp_path):
    changes = {"demo.gates.one": {"metric": "test", "key": "probe_adapted.macro_f1", "min": 0.1}}
    refuses(tmp_path, changes, "test.json never holds 'probe_adapted.macro_f1'")
    changes["demo.adapt"] = {"contrastive": {"on": True}}
    assert params.read("demo", changed(tmp_path, changes)).gates["one"].metric == "test"
