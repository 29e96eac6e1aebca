"""How a stage starts: with its arguments, or with one line that says how to call it."""

import subprocess
import sys

import pytest
from graph import ROOT
from shell import ENVIRONMENT

from decant import stage
from decant.errors import DataError

TASKS = "tasks are demo, emotion, feelings, goemotions, scam, toxicity"


def one(task: str) -> None:
    print(f"ran {task}")


def three(task: str, encoder: str, seed: str) -> None:
    print("ran", task, encoder, seed)


def none() -> None:
    print("ran")


def optional(task: str, role: str = "stage") -> None:
    print("ran", task, role)


def start(monkeypatch, main, *arguments: str) -> int:
    """The exit status of a stage file called name.py."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/stages/name.py", *arguments])
    monkeypatch.setenv("DVC_STAGE", "name")  # as under dvc, where check has come first
    try:
        stage.run(main)
    except SystemExit as stopped:
        return stopped.code
    return 0


CALLS = {
    "none for one": (one, [], f"usage: python -m stages.name TASK; {TASKS}"),
    "two for one": (one, ["demo", "scam"], f"usage: python -m stages.name TASK; {TASKS}"),
    "one for three": (three, ["demo"], f"usage: python -m stages.name TASK ENCODER SEED; {TASKS}"),
    "one for none": (none, ["demo"], "usage: python -m stages.name"),
    "none for one or two": (optional, [], f"usage: python -m stages.name TASK [ROLE]; {TASKS}"),
    "three for one or two": (optional, ["a", "b", "c"], f"usage: python -m stages.name TASK [ROLE]; {TASKS}"),
}


@pytest.mark.parametrize(("main", "arguments", "line"), CALLS.values(), ids=CALLS)
def test_too_few_or_too_many_arguments_are_answered_by_how_to_call_it(
    workspace, monkeypatch, capsys, main, arguments, line
):
    assert start(monkeypatch, main, *arguments) == 2
    assert capsys.readouterr() == ("", f"{line}\n")


def test_the_right_arguments_reach_the_stage(workspace, monkeypatch, capsys):
    assert start(monkeypatch, three, "demo", "minilm", "13") == 0
    assert start(monkeypatch, none) == 0
    assert start(monkeypatch, optional, "demo") == 0
    assert start(monkeypatch, optional, "demo", "worker") == 0
    assert capsys.readouterr().out == "ran demo minilm 13\nran\nran demo stage\nran demo worker\n"


def test_an_error_of_ours_is_one_line(workspace, monkeypatch, capsys):
    def fails(task: str) -> None:
        raise DataError(f"{task}: no rows")

    assert start(monkeypatch, fails, "demo") == 1
    assert capsys.readouterr().err == "error: demo: no rows\n"


def test_a_bug_keeps_its_traceback(workspace, monkeypatch):
    with pytest.raises(ZeroDivisionError):
        start(monkeypatch, lambda task: 1 / 0, "demo")


def test_a_stage_of_the_project_says_how_to_call_it():
    command = [sys.executable, "-m", "stages.split"]
    found = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (2, f"usage: python -m stages.split TASK; {TASKS}\n")
