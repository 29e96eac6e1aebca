"""Two commands at once: each builds the folds that the other has not taken, and waits for the rest."""

import threading
import time
from types import SimpleNamespace

import pytest
from filelock import FileLock

from decant.crossfit import folds, project
from decant.errors import DataError
from decant.files import write_json


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Three folds that are built by writing down their number."""
    made = SimpleNamespace(folder=tmp_path, folds=3, fold=lambda number: tmp_path / f"fold-{number}", order=[])

    def repro(plan, number, folder, say):
        plan.order.append(number)
        return {}

    monkeypatch.setattr(project, "cache_of_main", lambda: tmp_path)
    monkeypatch.setattr(project, "lay", lambda plan, number, cache: plan.fold(number))
    monkeypatch.setattr(folds, "repro", repro)
    monkeypatch.setattr(folds, "timed", lambda *_: {})
    monkeypatch.setattr(folds, "read", lambda plan: [])
    return made


def test_a_fold_that_another_process_builds_is_left_to_it_and_waited_for(plan):
    lock, said = FileLock(plan.folder / "fold-0.lock", thread_local=False), []
    lock.acquire()

    def other():
        while plan.order != [1, 2]:
            time.sleep(0.01)
        write_json(folds.done(plan, 0), {"files": {}, "seconds": {}})  # the other one is done
        lock.release()

    releasing = threading.Thread(target=other)
    releasing.start()
    folds.run(plan, 1, said.append)
    releasing.join()
    assert plan.order == [1, 2]  # and never 0
    assert said == ["fold 1 of 3: another process builds it"]


def test_a_fold_whose_builder_was_killed_is_built_by_who_waited(plan):
    lock = FileLock(plan.folder / "fold-0.lock", thread_local=False)
    lock.acquire()
    threading.Timer(0.5, lock.release).start()  # as the system lets go of a lock, with nothing written
    folds.run(plan, 2, lambda line: None)
    assert sorted(plan.order) == [0, 1, 2]
    assert plan.order[-1] == 0


def test_what_is_finished_is_not_built_again(plan):
    write_json(folds.done(plan, 1), {"files": {}, "seconds": {}})
    folds.run(plan, 3, lambda line: None)
    assert sorted(plan.order) == [0, 2]


def test_where_a_fold_stops_no_other_begins(plan, monkeypatch):
    def repro(plan, number, folder, say):
        plan.order.append(number)
        raise DataError("out of rows")

    monkeypatch.setattr(folds, "repro", repro)
    with pytest.raises(DataError, match="out of rows"):
        folds.run(plan, 1, lambda line: None)
    assert plan.order == [0]
