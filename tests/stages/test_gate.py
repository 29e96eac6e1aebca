"""Gates: each one of params.yaml can fail, a red one is written and not raised, and none passes by a missing figure."""

import contextlib
import shutil
import sys

import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant.errors import CacheError, ParamsError
from decant.files import digest, read_json, write_json
from decant.settings.gates import Gate
from decant.settings.params import merge, read
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
    """Make `value` what the gate reads, whatever figures other gates have put there."""
    node, last = section(metrics, entry, entry.key)
    if entry.minus:
        other, name = section(metrics, entry, entry.minus)
        if name not in other:
            other[name] = node.setdefault(last, 0.5) - value
        value += other[name]
    node[last] = round(value, 6)


def bound(entry: Gate) -> float:
    return entry.max if entry.max is not None else entry.min


def judge(workspace, task, metrics, feasible=1):
    """Run the gate stage on these metrics, with a threshold that holds each cap; returns what it wrote."""
    held = {label: {"feasible": feasible} for label in read(task).thresholds.caps}
    metrics = {"thresholds": {}} | metrics
    metrics["thresholds"] = {"student_int8": held} | metrics["thresholds"]
    bundle = workspace / "models" / task / "bundle"
    (bundle / "onnx").mkdir(parents=True, exist_ok=True)
    (bundle / "onnx" / "model_quantized.onnx").write_bytes(b"int8")
    (bundle / "decant.json").write_bytes(b"{}")
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
    found = judge(workspace, task, on_the_bounds(task))
    assert found["verdict"] == "green"
    settings = read(task)
    caps = {f"cap_of_{name}" for name in settings.thresholds.caps}
    assert {name for name, entry in found.items() if isinstance(entry, dict)} == set(settings.gates) | caps


@pytest.mark.parametrize(("task", "name"), gates_of_params())
def test_every_gate_of_params_can_fail(workspace, task, name):
    metrics, entry = on_the_bounds(task), read(task).gates[name]
    beyond = bound(entry) + (0.001 if entry.max is not None else -0.001)
    put(metrics, entry, beyond)
    found = judge(workspace, task, metrics)
    assert found["verdict"] == "red"
    assert found[name] == {"value": pytest.approx(beyond), "bound": bound(entry), "pass": False}


@pytest.mark.parametrize(
    ("settings", "value", "passes"),
    [
        pytest.param({"max": 0.05}, 0.05, True, id="max met exactly"),
        pytest.param({"max": 0.05}, 0.0501, False, id="max exceeded"),
        pytest.param({"max": 0}, 1, False, id="max 0"),
        pytest.param({"min": 0.9}, 0.9, True, id="min met exactly"),
        pytest.param({"min": 0.9}, 0.8999, False, id="min missed"),
        pytest.param({"min": 0.0}, -0.0001, False, id="min 0"),
        pytest.param({"min": 0.0}, 0, True, id="min 0 met"),
    ],
)
def test_a_bound_is_a_bound(workspace, settings, value, passes):
    replace_gates(workspace, one={"metric": "test", "key": "student.accuracy"} | settings)
    found = judge(workspace, "demo", {"test": {"student": {"accuracy": value}}})
    assert found["one"]["pass"] is passes
    assert found["verdict"] == ("green" if passes else "red")


@pytest.mark.parametrize(
    ("first", "second", "passes"),
    [
        pytest.param(0.85, 0.845, True, id="0.005 lost, to the last bit"),
        pytest.param(0.85, 0.8449, False, id="0.0051 lost"),
        pytest.param(0.8, 0.9, True, id="nothing lost"),
    ],
)
def test_a_difference_is_judged_as_it_is_shown(workspace, first, second, passes):
    keys = {"key": "student.macro_f1", "minus": "student_int8.macro_f1"}
    replace_gates(workspace, loss={"metric": "test", "max": 0.005} | keys)
    found = judge(workspace, "demo", {"test": {"student": {"macro_f1": first}, "student_int8": {"macro_f1": second}}})
    assert found["loss"]["value"] == round(first - second, 4)
    assert found["loss"]["pass"] is passes


def test_one_red_gate_among_green_ones_is_a_red_verdict(workspace):
    values = {"linear": 0.1, "probe": 0.9, "student": 0.2}
    settings = [{"metric": "test", "max": 0.5, "key": f"{name}.accuracy"} for name in values]
    replace_gates(workspace, **dict(zip("abc", settings, strict=True)))
    found = judge(workspace, "demo", {"test": {name: {"accuracy": value} for name, value in values.items()}})
    assert found["verdict"] == "red"
    assert [found[name]["pass"] for name in "abc"] == [True, False, True]


def test_two_gates_of_like_names_do_not_hide_one_another(workspace):
    """Names become metric keys; "scam fpr" and "scam.fpr" become the same one."""
    replace_gates(
        workspace,
        **{
            "scam fpr": {"metric": "test", "key": "linear.accuracy", "max": 0.5},
            "scam.fpr": {"metric": "test", "key": "probe.accuracy", "max": 0.5},
        },
    )
    with contextlib.suppress(ParamsError):
        judge(workspace, "demo", {"test": {"linear": {"accuracy": 0.9}, "probe": {"accuracy": 0.1}}})
    written = workspace / "metrics" / "demo" / "gate.json"
    assert not written.exists() or read_json(written)["verdict"] == "red"


@pytest.mark.parametrize("name", ["verdict", "model_md5", "bundle_md5"])
def test_a_gate_cannot_take_the_place_of_the_verdict(workspace, name):
    replace_gates(workspace, **{name: {"metric": "test", "key": "linear.accuracy", "max": 0.5}})
    with contextlib.suppress(ParamsError):
        judge(workspace, "demo", {"test": {"linear": {"accuracy": 0.9}}})
    written = workspace / "metrics" / "demo" / "gate.json"
    assert not written.exists() or read_json(written)["verdict"] == "red"


def test_the_verdict_names_the_bytes_it_is_about(workspace):
    found = judge(workspace, "demo", on_the_bounds("demo"))
    bundle = workspace / "models" / "demo" / "bundle"
    assert found["model_md5"] == digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert found["bundle_md5"] == digest(bundle / "decant.json", "md5")


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
    replace_gates(workspace, fpr={"metric": "test", "key": "student.scam.fpr", "max": 0.05})
    words = r"demo\.gates\.fpr: test\.json has no 'student\.scam\.fpr'; at 'scam' it has: accuracy, clean"
    with pytest.raises(ParamsError, match=words):
        judge(workspace, "demo", {"test": {"student": {"accuracy": 0.9, "clean": {"fpr": 0.0}}}})
    assert not (workspace / "metrics" / "demo" / "gate.json").exists()


def test_a_missing_figure_to_subtract_stops_the_stage(workspace):
    keys = {"key": "student.accuracy", "minus": "linear.accuracy"}
    replace_gates(workspace, loss={"metric": "test", "max": 0.05} | keys)
    words = r"demo\.gates\.loss: test\.json has no 'linear\.accuracy'; at 'linear' it has: student"
    with pytest.raises(ParamsError, match=words):
        judge(workspace, "demo", {"test": {"student": {"accuracy": 0.5}}})


@pytest.mark.parametrize("value", [{"b": 1}, "0.01", True], ids=["a section", "a text", "a truth value"])
def test_a_figure_that_is_no_number_stops_the_stage(workspace, value):
    replace_gates(workspace, one={"metric": "export", "key": "bytes", "max": 0.05})
    with pytest.raises(ParamsError, match=r"demo\.gates\.one: 'bytes' in export\.json is .*, not a number"):
        judge(workspace, "demo", {"export": {"bytes": value}})


def test_a_missing_metrics_file_is_named(workspace):
    metrics = on_the_bounds("demo")
    del metrics["quantize"]
    with pytest.raises(CacheError, match=r"metrics/demo/quantize\.json: missing"):
        judge(workspace, "demo", metrics)


@pytest.mark.parametrize("task", ["demo", "scam"])
def test_a_cap_that_no_threshold_holds_is_red_though_no_gate_asks_for_it(workspace, task):
    found = judge(workspace, task, on_the_bounds(task), feasible=0)
    assert found["verdict"] == "red"
    assert found["cap_of_scam"] == {"value": 0, "bound": 1, "pass": False}
    assert judge(workspace, task, on_the_bounds(task))["verdict"] == "green"


def test_a_task_without_any_gate_is_not_green(workspace):
    replace_gates(workspace)
    with pytest.raises(ParamsError, match=r"demo\.gates: none"):
        judge(workspace, "demo", {})
