"""benchmark: everyone is in it, with figures that gates can ask for."""

import pytest
import timed

from decant import paths
from decant.files import read_json
from decant.keys import STUDENT_INT8
from decant.members import speed
from decant.settings import gate_keys, params
from decant.settings.gates import Gate
from decant.verdict import gates
from stages import benchmark

NAMES = {"linear", "probe", "teacher_tiny_13", "student_torch", "student", STUDENT_INT8, "ensemble"}


@pytest.fixture
def written(workspace, texts, monkeypatch) -> dict:
    """benchmark.json of a tiny task; fresh processes are not started."""
    timed.write(workspace, texts[:30])
    monkeypatch.setattr(speed, "fresh", lambda one, processes: {"cold_start_s": processes, "peak_memory_mb": 99.5})
    benchmark.main("demo")
    return read_json(paths.metrics("demo", "benchmark"))


def numbers(node, way: str = "") -> list[str]:
    if isinstance(node, dict):
        return [key for name, inner in node.items() for key in numbers(inner, f"{way}.{name}".strip("."))]
    return [] if isinstance(node, str) else [way]


def test_everyone_is_timed_and_lengths_stop_at_the_longest_text(written):
    assert set(written["contestants"]) == NAMES
    assert list(written["lengths"]) == ["8", "16", "32"]  # tokens.max_length is 48
    assert written["contestants"][STUDENT_INT8]["to_int8"] == 1.0
    sizes = {name: entry["bytes"] for name, entry in written["contestants"].items()}
    assert sizes[STUDENT_INT8] == written["bundle_bytes"] == sum(
        file.stat().st_size for file in paths.bundle("demo").rglob("*") if file.is_file()
    )  # fmt: skip
    assert sizes["student_torch"] > sizes["student"]
    assert {name for name, entry in written["contestants"].items() if "cold_start_s" in entry} == NAMES - {"ensemble"}
    assert written["contestants"]["linear"]["cold_start_s"] < written["cold_start_s"], (
        "the shipped one starts more often"
    )


def test_students_of_the_sweep_are_timed_beside_the_shipped_one(written):
    assert list(written["students"]) == ["shipped", "0-1_min_count2"]
    for entry in written["students"].values():
        assert 0 < entry["ms_p50"] <= entry["ms_p95"]


def test_the_flat_figures_are_those_of_the_two_that_older_files_have(written):
    for prefix, name in (("int8", STUDENT_INT8), ("fp32", "student")):
        for key in ("ms_p50", "ms_p95"):
            assert written[f"{prefix}_{key}"] == written["contestants"][name][key]
    assert written["int8_to_fp32"] == pytest.approx(1 / written["contestants"]["student"]["to_int8"])
    assert written["clock"] == "thread"


def test_every_number_can_have_a_gate_and_every_key_that_a_gate_may_name_is_there(written):
    tree = gate_keys.trees(params.read("demo"), [timed.ENCODER], [13])["benchmark"]
    found = numbers(written)
    assert [wrong for key in found if (wrong := gate_keys.problem(key, tree, "benchmark.json"))] == []
    assert {key for key in numbers(tree) if "probe_adapted" not in key and "*" not in key} <= set(found)
    assert {"students.shipped.ms_p50", "students.0-1_min_count2.ms_p95"} <= set(found)
    assert "lengths.64.int8_ms_p50" not in numbers(tree)


@pytest.mark.parametrize(("share", "result"), [(1.01, "holds"), (0.99, "fails")])
@pytest.mark.parametrize("key", ["lengths.32.int8_to_fp32", "contestants.student.to_int8", "int8_to_fp32"])
def test_a_gate_judges_a_ratio(written, key, share, result):
    value = written
    for step in key.split("."):
        value = value[step]
    found = gates.of(Gate(metric="benchmark", key=key, max=value * share), written, "demo.gates.speed")
    assert (found["value"], found["result"]) == (value, result)
