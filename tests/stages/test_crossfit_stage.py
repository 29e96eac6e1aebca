"""crossfit: off at once, and else what the command does."""

import json
import subprocess
import sys

import pytest
from mini import BLOCK, TASK, arrange

from decant import paths
from stages import crossfit


def test_without_folds_it_says_so_and_starts_nothing(workspace, monkeypatch):
    arrange(workspace, None)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a command"))
    crossfit.main(TASK)
    assert json.loads(paths.metrics(TASK, "crossfit").read_text()) == {"folds": 0}


@pytest.mark.parametrize("ended", [0, 1])
def test_with_folds_it_is_the_command_and_ends_as_that_does(workspace, monkeypatch, ended):
    arrange(workspace, None, {"crossfit": {"folds": 5, "rows": "all", "processes": 2}} | BLOCK)
    started = []
    monkeypatch.setattr(
        subprocess, "run", lambda command: started.append(command) or subprocess.CompletedProcess(command, ended)
    )
    if ended:
        with pytest.raises(SystemExit, match="1"):
            crossfit.main(TASK)
    else:
        crossfit.main(TASK)
    assert started == [
        [sys.executable, "-m", "decant", "crossfit", "--task", TASK, "--folds", "5", "--rows", "all", "--processes", "2",
         "--out", "metrics/mini/crossfit.json"]
    ]  # fmt: skip
