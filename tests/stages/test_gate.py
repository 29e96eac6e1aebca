"""The gate stage: each gate of params.yaml can fail, a red one is written and not raised, none passes by a missing figure."""

import shutil
import sys

import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant.errors import CacheError, ParamsError
from decant.files import digest, read_json, write_json
from decant.keys import bounds, class_keys
from decant.settings.gates import SAMPLED, Gate
from decant.settings.params import merge, read
from decant.shipped.record import KEYS
from decant.verdict import binding
from stages import gate


def tree():
    return YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def tasks():
    return [name for name, block in tree().items() if isinstance(block, dict) and "heads" in block]


def gates_of_params():
    """(task, gate) for every task block, inherited gates included."""
    whole = tree()
    return [
        pytest.param(task, name, id=f"{task}-{name}")
        for task in tasks()
        for name in merge(whole["defaults"]["gates"], whole[task]["gates"])
    ]


def section(metrics, entry: Gate, key):
    """The dict that holds a dotted key of a gate's metrics file, and the key's last part."""
    node = metrics.setdefault(entry.metric, {})
    *path, last = key.split(".")
    for step in path:
        node = node.setdefault(step, {})
    return node, last


def put(metrics, entry: Gate, value):
    """Make `value` what the gate reads, with an interval of no width where it judges by one."""
    node, last = section(metrics, entry, entry.key)
    if entry.minus:
        other, name = section(metrics, entry, entry.minus)
        if name not in other:
            other[name] = node.setdefault(last, 0.5) - value
        value += other[name]
    node[last] = value
    if entry.by == "interval" and entry.metric in SAMPLED:
        node |= dict.fromkeys(bounds(last), value)


def bound(entry: Gate) -> float:
    return entry.max if entry.max is not None else entry.min


def judge(workspace, task, metrics, feasible=1):
    """Run the gate stage on these metrics, with a threshold that holds each cap; returns what it wrote."""
    keys = class_keys(list(read(task).thresholds.caps)).values()
    held = {"classes": {key: {"feasible": feasible} for key in keys}}
    metrics = {"thresholds": {}, "test": {}} | metrics
    metrics["thresholds"] = {"student_int8": held} | metrics["thresholds"]
    bundle = workspace / "models" / task / "bundle"
    (bundle / "onnx").mkdir(parents=True, exist_ok=True)
    (bundle / "onnx" / "model_quantized.onnx").write_bytes(b"")  # a protobuf message without a field
    write_json(bundle / "tokenizer.json", {})
    files = {name: digest(bundle / name) for name in ("onnx/model_quantized.onnx", "tokenizer.json")}
    record = {key: kind() for key, kind in KEYS.items()} | {"format": 1, "max_length": 48, "files": files}
    record |= {"heads": {"a": {"kind": "softmax", "labels": ["b", "c"]}}, "decision": {"rule": "argmax", "head": "a"}}
    write_json(bundle / "decant.json", record | {"cleaning": read(task).cleaning.model_dump()})
    write_json(workspace / "metrics" / task / "manifest.json", {"rows": {"test": "0" * 64}})
    metrics["test"] |= {"judged": binding.judged(task, bundle, 1)}
    for name, content in metrics.items():
        write_json(workspace / "metrics" / task / f"{name}.json", content)
    gate.main(task)
    return read_json(workspace / "metrics" / task / "gate.json")


def on_the_bounds(task):
    """Metrics that meet every gate exactly."""
    metrics = {}
    for entry in sorted(read(task).gates.values(), key=lambda entry: entry.minus is not None):
        put(metrics, entry, bound(entry))
    return metrics


def replace_gates(workspace, **gates):
    """The demo task with these gates alone."""
    whole = tree()
    for block in ("defaults", *tasks()):
        whole[block]["gates"] = gates if block == "demo" else {}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(whole, file)


@pytest.mark.parametrize("task", tasks())
def test_values_on_their_bounds_are_green(workspace, task):
    written = judge(workspace, task, on_the_bounds(task))
    assert written["verdict"] == "green"
    settings = read(task)
    caps = {f"cap_of_{key}" for key in class_keys(list(settings.thresholds.caps)).values()}
    assert set(written["gates"]) == set(settings.gates) | caps


@pytest.mark.parametrize(("task", "name"), gates_of_params())
def test_every_gate_of_params_can_fail(workspace, task, name):
    metrics, entry = on_the_bounds(task), read(task).gates[name]
    beyond = bound(entry) + (0.001 if entry.max is not None else -0.001)
    put(metrics, entry, beyond)
    written = judge(workspace, task, metrics)
    assert written["verdict"] == "red"
    judged = written["gates"][name]
    assert (judged["result"], judged["bound"], judged["value"]) == ("fails", bound(entry), pytest.approx(beyond))


@pytest.mark.parametrize(("task", "name"), gates_of_params())
def test_every_gate_of_params_on_sampled_figures_can_be_open(workspace, task, name):
    metrics, entry = on_the_bounds(task), read(task).gates[name]
    node, last = section(metrics, entry, entry.key)
    node |= dict(zip(bounds(last), (node[last] - 0.1, node[last] + 0.1), strict=True))
    assert judge(workspace, task, metrics)["gates"][name]["result"] == "open"


def test_two_gates_of_like_names_do_not_hide_one_another(workspace):
    """Names become keys of gate.json, where a blank and a dot cannot stand."""
    entry = {"metric": "test", "key": "linear.accuracy", "max": 0.5}
    replace_gates(workspace, **{"scam fpr": entry, "scam.fpr": entry})
    with pytest.raises(ParamsError, match=r"'scam fpr' cannot be a name"):
        judge(workspace, "demo", {})


@pytest.mark.parametrize("name", ["verdict", "evidence", "gates", "n"])
def test_a_gate_may_have_any_name_and_takes_no_place_but_its_own(workspace, name):
    replace_gates(workspace, **{name: {"metric": "quantize", "key": "bytes", "max": 1}})
    written = judge(workspace, "demo", {"quantize": {"bytes": 2}})
    assert written["verdict"] == "red"
    assert written["gates"][name]["result"] == "fails"


def test_the_verdict_names_the_bytes_it_is_about(workspace):
    about = judge(workspace, "demo", on_the_bounds("demo"))["evidence"]
    bundle = workspace / "models" / "demo" / "bundle"
    assert about["model_md5"] == digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert about["bundle_md5"] == digest(bundle / "decant.json", "md5")
    assert about["rows_sha256"] == "0" * 64
    files = {name: digest(workspace / f"metrics/demo/{name}.json") for name in about["metrics"]}
    assert about["metrics"] == files
    assert set(files) == {"paired", "quantize", "split", "test", "thresholds"}


@pytest.mark.parametrize("change", [{"max": 0.09}, {"by": "value"}, {"key": "student.classes.scam.fpr"}], ids=str)
def test_the_verdict_names_what_was_asked(workspace, change):
    first = judge(workspace, "demo", on_the_bounds("demo"))["evidence"]["params_sha256"]
    asked = {"metric": "test", "key": "student_int8.classes.scam.fpr", "max": 0.08}
    digests = set()
    for entry in (asked, asked | change):
        replace_gates(workspace, scam_fpr=entry)
        digests.add(judge(workspace, "demo", on_the_bounds("demo"))["evidence"]["params_sha256"])
    assert len(digests | {first}) == 3


def test_a_red_verdict_is_no_failure_of_the_stage(workspace):
    """dvc records nothing of a stage that fails, and the verdict would be lost."""
    metrics = on_the_bounds("demo")
    put(metrics, read("demo").gates["scam_fpr"], 1.0)
    judge(workspace, "demo", metrics)
    for name in ("decant", "stages"):
        shutil.copytree(ROOT / name, workspace / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "constraints.txt", workspace)
    for stage in (["stages.check"], ["stages.gate", "demo"]):
        run(workspace, sys.executable, "-m", *stage)
    assert read_json(workspace / "metrics" / "demo" / "gate.json")["verdict"] == "red"


def test_a_figure_that_is_not_there_stops_the_stage_and_what_is_there_is_named(workspace):
    replace_gates(workspace, fpr={"metric": "test", "key": "student.classes.scam.fpr", "max": 0.05})
    words = r"demo\.gates\.fpr: test\.json has no 'student\.classes\.scam\.fpr'; at 'scam' it has: clean"
    with pytest.raises(ParamsError, match=words):
        judge(workspace, "demo", {"test": {"student": {"classes": {"clean": {"fpr": 0.0}}}}})
    assert not (workspace / "metrics" / "demo" / "gate.json").exists()


def test_a_missing_metrics_file_is_named(workspace):
    metrics = on_the_bounds("demo")
    del metrics["quantize"]
    with pytest.raises(CacheError, match=r"metrics/demo/quantize\.json: missing"):
        judge(workspace, "demo", metrics)


@pytest.mark.parametrize("task", ["demo", "scam"])
def test_a_cap_that_no_threshold_holds_is_red_though_no_gate_asks_for_it(workspace, task):
    written = judge(workspace, task, on_the_bounds(task), feasible=0)
    assert written["verdict"] == "red"
    assert written["gates"]["cap_of_scam"]["result"] == "fails"
    assert judge(workspace, task, on_the_bounds(task))["verdict"] == "green"


def test_a_task_without_any_gate_is_not_green(workspace):
    replace_gates(workspace)
    with pytest.raises(ParamsError, match=r"demo\.gates: none"):
        judge(workspace, "demo", {})
