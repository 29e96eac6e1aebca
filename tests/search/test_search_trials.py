"""A search that dies and is run again, or shared out, ends as one in one go. Trainings are stood in for by a formula."""

import shutil

import fresh
import optuna
import pytest
import searching
from optuna.trial import TrialState

from decant import checked, paths
from decant.errors import ParamsError, SearchError
from decant.runs import checkpoints, declared
from decant.search import trials
from stages import search

METHODS = {
    "random": {"space": searching.SPACE, "trials": 6},
    "grid": {"space": searching.GRID | {"learning_rate": {"choices": [1.0e-4, 1.0e-3]}}, "trials": 8},
    # ten draws at random come before the first that TPE makes
    "tpe": {"space": searching.SPACE | {"warmup": {"low": 0, "high": 0.5}}, "trials": 14},
}


@pytest.fixture
def small(workspace, tiny_encoder, monkeypatch):
    searching.arrange(workspace, tiny_encoder)
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    return workspace


def anew(workspace) -> dict[str, bytes]:
    """The outs of one search in one go, everything of an earlier one forgotten."""
    for name in (".work", "models/demo/search"):
        shutil.rmtree(workspace / name, ignore_errors=True)
    search.main("demo", "tiny")
    return searching.outputs()


def study_of(workspace) -> optuna.Study:
    return optuna.load_study(study_name=None, storage=f"sqlite:///{workspace}/.work/demo/search-tiny.db")


# --- killed and run again ---------------------------------------------------------------------------------------------


class Killed(Exception):
    pass


def dying(monkeypatch, number: int, place: str) -> None:
    """Have trial `number` die once: before its first report, between two, before it is told, or before it is tidied."""
    report, finish, rmtree = trials.Report.on_evaluate, trials.finish, shutil.rmtree
    alive = [True]

    def die(now: str) -> None:
        if alive and now == place:
            alive.clear()
            raise Killed

    def on_evaluate(self, args, state, control, **kwargs):
        if self.taken.trial.number == number and state.global_step == 1:
            die("at once")
        report(self, args, state, control, **kwargs)
        if self.taken.trial.number == number and state.global_step == 1:
            die("between epochs")

    def last(study, url, taken, work, *how):
        if taken.trial.number != number:
            return finish(study, url, taken, work, *how)
        die("before it is told")
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", lambda folder: (die("before it is tidied"), rmtree(folder)))
            return finish(study, url, taken, work, *how)

    monkeypatch.setattr(trials.Report, "on_evaluate", on_evaluate)
    monkeypatch.setattr(trials, "finish", last)


@pytest.mark.parametrize(("method", "pruner"), [("random", "none"), ("grid", "median"), ("tpe", "halving")])
def test_a_search_in_several_goes_writes_what_it_writes_in_one(small, monkeypatch, method, pruner):
    searching.settle(small, method=method, pruner=pruner, teacher={"epochs": 4}, **METHODS[method])
    wanted = anew(small)
    count = METHODS[method]["trials"]
    assert len(searching.table()) == count
    shutil.rmtree(small / ".work")
    deaths = {0: "at once", 2: "between epochs", 3: "before it is told", count - 2: "before it is told"}
    for number, place in deaths.items():
        with monkeypatch.context() as patch:
            dying(patch, number, place)
            with pytest.raises(Killed):
                search.main("demo", "tiny")
    kept = study_of(small).get_trials()
    assert [trial.number for trial in kept] == list(range(count - 1))
    assert [trial.state == TrialState.RUNNING for trial in kept] == [False] * (count - 2) + [True]
    search.main("demo", "tiny")
    assert searching.outputs() == wanted
    now = study_of(small).get_trials()
    assert len(now) == count
    assert [trial.params for trial in now[: count - 1]] == [trial.params for trial in kept]
    assert [trial.datetime_complete for trial in now[: count - 2]] == [trial.datetime_complete for trial in kept[:-1]]


def test_tpe_draws_from_what_it_has_seen(small):
    """The test above would be empty if the last trials were drawn at random like the first ten."""
    searching.settle(small, method="tpe", **METHODS["tpe"])
    anew(small)
    tpe = searching.table()["learning_rate"].astype(float).tolist()
    searching.settle(small, method="random", **METHODS["tpe"])
    anew(small)
    random = searching.table()["learning_rate"].astype(float).tolist()
    assert tpe[:10] == random[:10]
    assert set(tpe[10:]).isdisjoint(random)


def test_a_trial_goes_on_in_its_own_folder_and_leaves_none(small, monkeypatch, capsys):
    seen = []

    def remembering(*given):
        work = given[6]
        seen.append((work, work.exists()))
        return searching.quick(*given)

    monkeypatch.setattr("decant.training.finetune.fine_tune", remembering)
    with monkeypatch.context() as patch:
        dying(patch, 1, "between epochs")
        with pytest.raises(Killed):
            search.main("demo", "tiny")
    search.main("demo", "tiny")
    folders = [work for work, _ in seen]
    assert [work.name.rpartition("-")[0] for work in folders] == ["trial-0", "trial-1", "trial-1", "trial-2", "trial-3"]
    assert folders[1] == folders[2]
    assert [there for _, there in seen] == [False, False, True, False, False]
    assert (
        "trial 1: its worker is gone; it goes on with learning_rate 0.0004299, batch_size 16" in capsys.readouterr().out
    )
    assert not (checkpoints.WORK / "demo/search-tiny").exists()


def test_checkpoints_that_a_killed_worker_left_are_removed_at_the_end(small, monkeypatch):
    with monkeypatch.context() as patch:
        dying(patch, 3, "before it is tidied")
        with pytest.raises(Killed):
            search.main("demo", "tiny")
    assert list((checkpoints.WORK / "demo/search-tiny").glob("trial-3-*/checkpoint"))
    search.main("demo", "tiny")
    assert not (checkpoints.WORK / "demo/search-tiny").exists()


def test_more_trials_go_on_from_those_that_there_are_and_fewer_count_the_first(small):
    searching.settle(small, trials=5)
    wanted = anew(small)
    searching.settle(small, trials=3)
    first = anew(small)
    searching.settle(small, trials=5)
    search.main("demo", "tiny")
    assert searching.outputs() == wanted
    assert len(study_of(small).trials) == 5
    searching.settle(small, trials=3)
    search.main("demo", "tiny")
    assert searching.outputs() == first


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: searching.settle(folder, seed=14, trials=1), id="seed"),
        pytest.param(lambda folder: searching.settle(folder, teacher_seed=14, trials=1), id="seed of the teachers"),
        pytest.param(lambda folder: searching.settle(folder, teacher={"clip": 2.0}, trials=1), id="another setting"),
        pytest.param(lambda folder: searching.settle(folder, {"clip": {"choices": [1.0, 2.0]}}, trials=1), id="space"),
        pytest.param(lambda folder: searching.posts(96, 9).to_parquet("data/demo/train.parquet"), id="train"),
        pytest.param(lambda folder: searching.posts(40, 9).to_parquet("data/demo/valid.parquet"), id="valid"),
        pytest.param(lambda folder: (folder / "models/demo/adapted/tiny/encoder.json").write_text("{ }"), id="encoder"),
    ],
)
def test_other_inputs_have_a_study_of_their_own(small, change):
    searching.settle(small, trials=1)
    search.main("demo", "tiny")
    change(small)
    search.main("demo", "tiny")
    names = optuna.get_all_study_names(f"sqlite:///{small}/.work/demo/search-tiny.db")
    assert len(names) == 2


def test_other_code_has_a_study_of_its_own(small, monkeypatch):
    searching.settle(small, trials=1)
    search.main("demo", "tiny")
    found = fresh.read(paths.checked(checked.CODE))
    monkeypatch.setattr(
        declared, "read_json", lambda path: found | {"search": "0"} if "code" in path else fresh.read(path)
    )
    search.main("demo", "tiny")
    assert len(optuna.get_all_study_names(f"sqlite:///{small}/.work/demo/search-tiny.db")) == 2


# --- workers ----------------------------------------------------------------------------------------------------------


def test_a_worker_joins_only_a_study_that_has_begun(small):
    with pytest.raises(SearchError, match=r"no study demo-tiny-\w{16} in the storage: start .* Studies .*: none"):
        search.main("demo", "tiny", "worker")
    search.main("demo", "tiny")
    name = optuna.get_all_study_names(f"sqlite:///{small}/.work/demo/search-tiny.db")[0]
    searching.settle(small, seed=14)
    with pytest.raises(SearchError, match=f"Studies of other ones there: {name}"):
        search.main("demo", "tiny", "worker")


def test_a_worker_adds_trials_and_writes_nothing(small, monkeypatch):
    wanted = anew(small)
    shutil.rmtree(small / ".work")
    shutil.rmtree(small / "models/demo/search")
    with monkeypatch.context() as patch:
        dying(patch, 1, "at once")
        with pytest.raises(Killed):
            search.main("demo", "tiny")
    search.main("demo", "tiny", "worker")
    assert [trial.state for trial in study_of(small).trials] == [TrialState.COMPLETE] * 4
    assert not (small / "models/demo/search").exists()
    search.main("demo", "tiny")
    assert searching.outputs() == wanted


@pytest.mark.parametrize(
    ("role", "on", "words"),
    [
        ("helper", True, "'helper' is no role; say worker"),
        ("worker", False, "demo: search.on: false; there is no search"),
    ],
)
def test_a_worker_without_a_search_is_refused(small, role, on, words):
    searching.settle(small, on=on)
    with pytest.raises(ParamsError, match=words):
        search.main("demo", "tiny", role)


def test_several_processes_of_one_training_are_refused(small, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ParamsError, match="a trial runs in one process; start more workers"):
        search.main("demo", "tiny")
