"""What a killed command has left in a fold is waited for where it has ended, and refused where it still runs."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from decant.crossfit import left
from decant.errors import CacheError


@pytest.fixture
def fold(tmp_path):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    return tmp_path


def held(fold, *numbers: int) -> None:
    first, *others = [{"pid": number, "cmd": "dvc repro"} for number in numbers]
    record = {"write": {"checked": first}, "read": {"params.yaml": others}}
    (fold / ".dvc/tmp/rwlock").write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.bad_input
def test_dvc_that_still_runs_is_named_with_what_ends_it(fold):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        held(fold, other.pid)
        with pytest.raises(CacheError, match=rf"still builds this fold \(process {other.pid}\)\. .*: kill {other.pid}"):
            left.refuse(fold)
        other.stdin.close()


def test_what_has_ended_is_waited_for_until_the_system_forgets_it(fold, monkeypatch):
    ended = os.fork()
    if not ended:
        os._exit(0)
    while psutil.Process(ended).status() != psutil.STATUS_ZOMBIE:
        pass
    held(fold, ended, ended)
    assert left.holders(fold) == [ended]
    waited = []

    def forget(seconds: float) -> None:
        waited.append(seconds)
        os.waitpid(ended, 0)

    monkeypatch.setattr(left.time, "sleep", forget)
    left.refuse(fold)
    assert len(waited) == 1


def test_one_that_is_never_forgotten_stops_it_after_a_while(fold, monkeypatch):
    held(fold, os.getpid())
    monkeypatch.setattr(left, "alive", lambda number: False)
    with pytest.raises(CacheError, match="still builds this fold"):
        left.refuse(fold, patience=0.2)


@pytest.mark.parametrize("record", [None, "{", "{}"])
def test_a_fold_that_nobody_holds_is_free(fold, record):
    if record is not None:
        (fold / ".dvc/tmp/rwlock").write_text(record, encoding="utf-8")
    left.refuse(fold)


def test_a_stage_without_its_dvc_is_refused_too(fold, monkeypatch):
    def refuse(folder) -> None:
        raise CacheError(f"a stage runs in {folder.name}")

    monkeypatch.setattr(left, "refuse_orphans", refuse)
    with pytest.raises(CacheError, match=f"a stage runs in {fold.name}"):
        left.refuse(fold)
