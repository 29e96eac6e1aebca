"""Seconds of a stage: what they are of, and where they go."""

import json
import sys
import time

import pytest

from decant import paths, stage, times


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(times, "_spent", {})
    monkeypatch.setenv("DVC_STAGE", "teacher@demo-minilm-13")


def recorded() -> dict:
    return json.loads(paths.times("demo").read_text(encoding="utf-8"))


def test_what_is_inside_counts_once_as_the_outer_one():
    with times.spent("training"):
        time.sleep(0.02)
        with times.spent("scoring"):
            time.sleep(0.02)
    with times.spent("scoring"):
        time.sleep(0.01)
    assert times._spent["training"] >= 0.04
    assert 0.01 <= times._spent["scoring"] < times._spent["training"]


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
        time.sleep(0.01)
    times.record("demo", 0.5)
    assert set(recorded()) == {"teacher@demo-minilm-13", "distil@demo"}
    assert recorded()["teacher@demo-minilm-13"] == first
    assert recorded()["distil@demo"]["training"] >= 0.01


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
        time.sleep(0.01)

    monkeypatch.setattr(sys, "argv", ["-c", "demo"])
    stage.run(main)
    assert recorded()["teacher@demo-minilm-13"]["all"] >= recorded()["teacher@demo-minilm-13"]["start"] + 0.01
