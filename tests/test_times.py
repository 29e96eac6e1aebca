"""Seconds of a stage: what they are of, and where they go."""

import itertools
import json
import sys

import pytest

from decant import paths, stage, times


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(times, "_spent", {})
    monkeypatch.setenv("DVC_STAGE", "teacher@demo-minilm-13")


def recorded() -> dict:
    return json.loads(paths.times("demo").read_text(encoding="utf-8"))


def test_what_is_inside_counts_once_as_the_outer_one(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(times.time, "perf_counter", lambda: float(next(ticks)))
    with times.spent("training"), times.spent("scoring"):
        pass
    with times.spent("scoring"):
        pass
    with times.spent("training"):
        pass
    assert times._spent == {"training": 3.0, "scoring": 1.0}  # a tick for each look at the clock


def test_a_failure_inside_is_counted_and_passes_on():
    with pytest.raises(ValueError, match="oh"), times.spent("training"):
        raise ValueError("oh")
    assert set(times._spent) == {"training"}
    assert times._open == []


def test_a_stage_adds_its_own_beside_those_of_others(monkeypatch):
    times.record("demo", 1.5)
    first = recorded()["teacher@demo-minilm-13"]
    assert first["start"] == 1.5
    assert first["all"] > 0
    assert first["processor"] > 0
    monkeypatch.setenv("DVC_STAGE", "distil@demo")
    with times.spent("training"):
        pass
    times.record("demo", 0.5)
    assert set(recorded()) == {"teacher@demo-minilm-13", "distil@demo"}
    assert recorded()["teacher@demo-minilm-13"] == first
    assert set(recorded()["distil@demo"]) == {"start", "training", "all", "processor"}


def test_nothing_is_written_outside_of_dvc_or_by_another_process(monkeypatch):
    monkeypatch.setenv("RANK", "1")
    times.record("demo", 1.0)
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("DVC_STAGE")
    times.record("demo", 1.0)
    assert not paths.times("demo").exists()


def test_a_broken_file_is_begun_anew():
    paths.times("demo").parent.mkdir(parents=True)
    paths.times("demo").write_text("{", encoding="utf-8")
    times.record("demo", 1.0)
    assert set(recorded()) == {"teacher@demo-minilm-13"}


def test_whatever_runs_as_a_stage_of_a_task_is_timed(monkeypatch):
    def main(task: str) -> None:
        pass

    monkeypatch.setattr(sys, "argv", ["-c", "demo"])
    stage.run(main)
    found = recorded()["teacher@demo-minilm-13"]
    assert found["all"] >= found["start"] > 0
