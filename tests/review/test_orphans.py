"""A stage that goes on without its dvc is found before the next run starts another of it."""

import os
import subprocess
import sys
import time
from pathlib import Path

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
            if Path(f"/proc/{running[-1].pid}/cmdline").read_bytes().count(b"\0") >= len(program):
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


def planted(proc: Path, tree: dict[int, tuple[int, list[str]]], root: Path) -> Path:
    for number, (parent, words) in tree.items():
        folder = proc / str(number)
        folder.mkdir(parents=True)
        (folder / "cmdline").write_text("\0".join(words) + "\0")
        (folder / "stat").write_text(f"{number} (a) name) S {parent} 1 1")
        (folder / "cwd").symlink_to(root)
    return proc


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
        ({7: (7, STAGE)}, [7]),
    ],
)
def test_a_stage_that_has_dvc_above_it_is_no_orphan(tmp_path, tree, found):
    proc = planted(tmp_path / "proc", tree, tmp_path)
    assert [one.number for one in orphans.orphans(tmp_path, proc)] == found


def test_a_machine_without_proc_has_none(tmp_path):
    assert orphans.orphans(tmp_path, tmp_path / "none") == []


def test_the_check_before_a_run_asks_for_them(monkeypatch, workspace, capsys):
    from decant.__main__ import main

    def refuse(*_):
        raise CacheError("still runs here")

    monkeypatch.setattr(orphans, "refuse_orphans", refuse)
    monkeypatch.setattr(check, "contents", lambda: pytest.fail("too late"))
    assert main(["check"]) == 1
    assert "still runs here" in capsys.readouterr().err
    assert "python -m decant check" in (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)/", "")
