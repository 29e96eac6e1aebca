"""Bars: they move in a terminal, also below dvc, and write a few lines into a log."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from graph import ROOT

from decant import progress

DVC = [sys.executable, "-m", "dvc"]  # make test sets no PATH
LOOP = "import time\nfrom decant.progress import bar\nfor _ in bar(range(40), what='rows of it', unit='text'): time.sleep(0.04)"


def in_terminal(command: list[str], folder: Path) -> str:
    """What a command writes to a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(
        slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0)
    )  # else it is 0 wide, and a bar has no room
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=folder, stdout=slave, stderr=slave, stdin=slave, env=environment)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 4096)
        except OSError:  # Linux says so where the other end is closed
            break
        if not piece:
            break
        said += piece
    assert process.wait() == 0
    os.close(master)
    return said.decode()


def staged(folder: Path) -> Path:
    """A dvc repository with one stage, which loops for a while."""
    for command in (["git", "init", "-q"], [*DVC, "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    (folder / "loop.py").write_text(LOOP, encoding="utf-8")
    (folder / "dvc.yaml").write_text(f"stages:\n  loop:\n    cmd: {sys.executable} loop.py\n", encoding="utf-8")
    return folder


def test_below_dvc_a_bar_moves_in_the_terminal_and_says_how_long_it_will_take(tmp_path):
    said = in_terminal([*DVC, "repro"], staged(tmp_path))
    moves = [line for line in said.split("\r") if "rows of it:" in line]
    assert len(moves) > 3
    assert any("<00:0" in line and "/40" in line for line in moves), "elapsed<remaining"
    assert "40/40" in said


def test_in_a_log_the_same_loop_writes_nothing_before_half_a_minute(tmp_path):
    command = [sys.executable, "-c", LOOP]
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert "rows of it" not in said.stderr


@pytest.mark.parametrize(("often", "least", "most"), [(0.3, 2, 5), (30, 0, 0)])
def test_in_a_log_a_bar_writes_as_seldom_as_said(capsys, monkeypatch, often, least, most):
    monkeypatch.setattr(progress, "DELAY", 0.01)
    monkeypatch.setattr(progress, "LOG", often)
    for _ in progress.bar(range(40), what="rows of it", unit="text"):
        time.sleep(0.02)
    assert least <= capsys.readouterr().err.count("rows of it") <= most


def test_what_is_done_at_once_shows_no_bar(capsys):
    assert list(progress.bar(range(3), what="quick", unit="text")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("total", [10, None])
def test_a_bar_that_its_caller_updates_counts_in_its_unit(capsys, monkeypatch, total):
    monkeypatch.setattr(progress, "DELAY", 0)
    with progress.bar(what="read", unit="batch", total=total) as shown:
        shown.update(10)
    said = capsys.readouterr().err
    assert "batch/s" in said
    assert ("10/10" in said) == (total is not None)


def test_bars_of_the_library_itself_are_quiet_in_a_log_of_make():
    """The trainer's and those of modules that `bar` does not serve."""
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nrepro:")[1].split("\n\n")[0]
    assert f"test -t 2 || export TQDM_MININTERVAL={progress.LOG} TQDM_MAXINTERVAL={progress.LOG};" in recipe
