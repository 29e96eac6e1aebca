"""Searches that the kernel kills, and several workers on one SQLite file: processes of their own, nothing stood in for
but, among workers, the training."""

import shutil
import signal

import optuna
import pytest
import searching
from optuna.trial import TrialState

from decant.search import trials
from stages import search


@pytest.fixture
def small(workspace, tiny_encoder):
    searching.arrange(workspace, tiny_encoder)
    return workspace


def test_a_trial_that_kill_9_has_hit_goes_on_from_its_checkpoint(small, monkeypatch):
    searching.settle(small, trials=3)
    died = searching.start(small, "main_killed(1, 8)")  # in the second of its epochs of 6 steps
    printed = died.communicate()
    assert died.returncode == -signal.SIGKILL, printed
    assert [file.parent.name for file in (small / ".work").rglob("trainer_state.json")] == ["checkpoint-6"]
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{small}/.work/demo/search-tiny.db")
    left = study.get_trials()
    assert [trial.state for trial in left] == [TrialState.COMPLETE, TrialState.RUNNING]

    steps = []
    monkeypatch.setattr(
        trials.Report, "on_step_end", lambda report, *given, **kwargs: steps.append(report.taken.trial.number)
    )
    search.main("demo", "tiny")
    resumed, found = searching.outputs(), study.get_trials()
    assert [steps.count(number) for number in range(3)] == [0, 6, 6]  # the third has batches of 32, two epochs of three
    assert [trial.params for trial in found[:2]] == [trial.params for trial in left]
    assert [trial.datetime_start for trial in found[:2]] == [trial.datetime_start for trial in left]
    shutil.rmtree(small / ".work")
    search.main("demo", "tiny")
    assert searching.outputs() == resumed


def test_workers_of_one_machine_share_the_trials_out(small, monkeypatch):
    """One of them is killed; the stage notices at once, and waits for the other."""
    searching.settle(small, trials=8)
    (small / ".work/demo").mkdir(parents=True)
    url = f"sqlite:///{small}/.work/demo/search-tiny.db"
    stage, first, second = searching.shared_out(small, url)
    found = searching.outputs()
    assert "trial 1: its worker is gone; it goes on with learning_rate 0.0004299, batch_size 16" in stage
    assert "trial 2: " in second
    assert "trial 2: " not in stage
    assert "trial" not in first.partition("\n")[2]
    assert len(optuna.load_study(study_name=None, storage=url).trials) == 8
    shutil.rmtree(small / ".work")
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    search.main("demo", "tiny")
    assert searching.outputs() == found
