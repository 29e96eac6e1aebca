"""A stage that goes on without its dvc is found before the next run starts another of it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from graph import ROOT

from decant.errors import CacheError
from decant.review import orphans
from decant.settings import check

SLEEPS = "import time\ntime.sleep(60)\n"


@pytest.fixture
def started(tmp_path):
    """A function that starts a program in a folder with a stage that sleeps; it ends with the test."""
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/__init__.py").touch()
    (tmp_path / "stages/teacher.py").write_text(SLEEPS)
    running = []

    def start(*program: str) -> int:
        running.append(subprocess.Popen(program, cwd=tmp_path, start_new_session=True))
        for _ in range(600):
            if len(psutil.Process(running[-1].pid).cmdline()) >= len(program):
                break
            time.sleep(0.05)
        return running[-1].pid

    yield start
    for process in running:
        os.killpg(process.pid, 9)
        process.wait()


def test_a_stage_without_dvc_is_named_with_what_to_do(started, tmp_path):
    number = started(sys.executable, "-m", "stages.teacher", "demo", "minilm", "13")
    words = rf"still runs here: .* -m stages\.teacher demo minilm 13 \(process {number}\).*kill {number}"
    with pytest.raises(CacheError, match=words):
        orphans.refuse_orphans(tmp_path)


def test_a_stage_of_another_folder_is_none_of_ours(started, tmp_path_factory):
    started(sys.executable, "-m", "stages.teacher", "demo")
    orphans.refuse_orphans(tmp_path_factory.mktemp("other"))


def test_what_is_no_stage_may_run(started, tmp_path):
    started(sys.executable, "-c", SLEEPS)
    orphans.refuse_orphans(tmp_path)


class Planted:
    """A process as psutil shows it. tree: number -> its parent and its command."""

    def __init__(self, pid: int, tree: dict[int, tuple[int, list[str]]], root: Path):
        self.pid, self.tree, self.root = pid, tree, root

    def cmdline(self) -> list[str]:
        return self.tree[self.pid][1]

    def cwd(self) -> str:
        return str(self.root)

    def parents(self) -> list["Planted"]:
        above = self.tree[self.pid][0]
        if above not in self.tree:
            return []
        return [parent := Planted(above, self.tree, self.root), *parent.parents()]


STAGE = ["python", "-m", "stages.teacher", "demo"]


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({1: (0, ["init"]), 5: (1, ["/env/bin/python", "/env/bin/dvc", "repro"]), 7: (5, STAGE)}, []),
        ({1: (0, ["init"]), 5: (1, ["python", "-m", "dvc", "repro"]), 6: (5, ["sh", "-c", "x"]), 7: (6, STAGE)}, []),
        ({1: (0, ["init"]), 7: (1, STAGE)}, [7]),
        ({1: (0, ["init"]), 6: (1, ["sh", "-c", "python -m stages.teacher demo"]), 7: (6, STAGE)}, [7]),
        ({1: (0, ["init"]), 5: (1, ["dvc", "repro"]), 7: (1, STAGE)}, [7]),
        ({7: (99, STAGE)}, [7]),
    ],
)
def test_a_stage_that_has_dvc_above_it_is_no_orphan(tmp_path, tree, found):
    assert list(orphans.orphans(tmp_path, [Planted(number, tree, tmp_path) for number in tree])) == found


@pytest.mark.parametrize("gone", [psutil.NoSuchProcess(7), psutil.AccessDenied(7)])
def test_one_that_ends_meanwhile_or_is_somebody_elses_is_passed_by(tmp_path, gone, monkeypatch):
    def fails(_):
        raise gone

    monkeypatch.setattr(Planted, "cwd", fails)
    assert orphans.orphans(tmp_path, [Planted(7, {7: (1, STAGE)}, tmp_path)]) == {}


def test_the_check_before_a_run_asks_for_them(monkeypatch, workspace, capsys):
    from decant.__main__ import main

    def refuse(*_):
        raise CacheError("still runs here")

    monkeypatch.setattr(orphans, "refuse_orphans", refuse)
    monkeypatch.setattr(check, "contents", lambda: pytest.fail("too late"))
    assert main(["check"]) == 1
    assert "still runs here" in capsys.readouterr().err
    assert "python -m decant check" in (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)/", "")
