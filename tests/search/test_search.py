"""search: what it hands on is what was tried and measured, with real trainings of a tiny encoder."""

import contextlib

import optuna
import pandas as pd
import pytest
import searching

from decant.errors import CacheError, SearchError
from decant.files import read_json, write_json
from decant.runs import checkpoints
from decant.search import space, storage, trials
from stages import search, teacher


@pytest.fixture
def small(workspace, tiny_encoder):
    searching.arrange(workspace, tiny_encoder)
    return workspace


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_encoder):
    """A finished search of four random trials, in a folder of its own."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "params.yaml").write_bytes((searching.ROOT / "params.yaml").read_bytes())
    searching.arrange(folder, tiny_encoder)
    with contextlib.chdir(folder):
        search.main("demo", "tiny")
    return folder


def study_of(workspace) -> optuna.Study:
    address = f"sqlite:///{workspace / '.work/demo/search-tiny.db'}"
    return optuna.load_study(study_name=None, storage=address)


def test_equal_searches_write_equal_bytes(whole, small):
    search.main("demo", "tiny")
    assert searching.outputs() == searching.outputs(whole)
    assert set(searching.outputs()) == {"settings.json", "trials.csv", "search.json"}


def test_the_table_holds_every_trial_as_it_was_drawn(whole):
    study, rows = study_of(whole), searching.table(whole)
    assert list(rows) == ["number", "state", "value", "epochs_run", "learning_rate", "batch_size", "reason"]
    assert rows["number"].tolist() == ["0", "1", "2", "3"]
    for row, trial in zip(rows.to_dict("records"), study.trials, strict=True):
        assert {key: row[key] for key in searching.SPACE} == {key: str(value) for key, value in trial.params.items()}
        assert (float(row["value"]), row["state"], row["epochs_run"]) == (trial.value, "COMPLETE", "2")
    assert rows["learning_rate"].nunique() == 4


def test_the_winner_is_the_trial_of_the_lowest_nll(whole):
    rows, found = searching.table(whole), read_json(whole / searching.OUT / "search.json")
    winner = rows.iloc[rows["value"].astype(float).argmin()]
    assert searching.settings(whole) == {
        "learning_rate": float(winner["learning_rate"]),
        "batch_size": int(winner["batch_size"]),
    }
    assert found == {
        "method": "random", "trials": 4, "complete": 4, "pruned": 0, "failed": 0, "best_trial": int(winner["number"]),
        "select": "nll", "best_value": float(winner["value"]), "valid_n": 40,
    }  # fmt: skip


def test_the_highest_is_best_of_every_other_metric(small):
    searching.settle(small, teacher={"select": "macro_auc", "epochs": 1}, trials=3)
    search.main("demo", "tiny")
    values = searching.table()["value"].astype(float)
    assert values.nunique() > 1
    assert read_json(searching.OUT / "search.json")["best_value"] == values.max()
    assert read_json(searching.OUT / "search.json")["best_trial"] == values.argmax()


def test_the_teacher_repeats_what_the_winner_reached(whole):
    with contextlib.chdir(whole):
        teacher.main("demo", "tiny", "13")  # the seed of the trials
        record = read_json("models/demo/teachers/tiny-13/teacher.json")
        epochs = pd.read_csv("models/demo/teachers/tiny-13/epochs.csv")
    assert {key: record["settings"][key] for key in searching.SPACE} == searching.settings(whole)
    assert epochs["valid_nll"].min() == read_json(whole / searching.OUT / "search.json")["best_value"]


def test_nothing_but_the_study_is_left_behind(whole):
    left = {path.name for path in (whole / ".work/demo").iterdir()}
    assert {name for name in left if not name.startswith("teacher-")} == {"search-tiny.db", "search-tiny.db.locks"}


def test_switched_off_it_hands_on_nothing(small):
    searching.settle(small, on=False)
    search.main("demo", "tiny")
    assert searching.outputs() == {"settings.json": b"{}\n"}
    assert not (small / ".work").exists()


def steps_of(monkeypatch) -> list[int]:
    """Grows by the trial's number at each step of the optimizer."""
    taken: list[int] = []
    monkeypatch.setattr(
        trials.Report, "on_step_end",
        lambda report, args, state, control, **kwargs: taken.append(report.taken.trial.number),
    )  # fmt: skip
    return taken


def test_a_trial_that_others_beat_is_stopped_after_its_epoch(small, monkeypatch):
    steps = steps_of(monkeypatch)
    searching.settle(small, {"learning_rate": {"choices": [1.0e-2, 1.0e-6]}}, method="grid", pruner="halving", seed=1)
    search.main("demo", "tiny")
    rows = searching.table()
    assert rows["learning_rate"].tolist() == ["0.01", "1e-06"]
    assert rows["state"].tolist() == ["COMPLETE", "PRUNED"]
    assert rows["epochs_run"].tolist() == ["2", "1"]
    assert rows["value"].tolist()[1] == ""
    assert rows["reason"][1].endswith("after epoch 1 is worse than that of other trials")
    assert [steps.count(number) for number in (0, 1)] == [6, 3]  # 96 rows in batches of 32
    assert read_json(searching.OUT / "search.json")["pruned"] == 1


def test_settings_that_blow_the_weights_up_lose(small):
    searching.settle(small, {"learning_rate": {"choices": [1.0e-3, 1.0e38]}}, method="grid")
    search.main("demo", "tiny")
    rows = searching.table().set_index("learning_rate")
    assert rows["state"].to_dict() == {"0.001": "COMPLETE", "1e+38": "PRUNED"}
    assert rows["reason"]["1e+38"] == "weights are not finite after epoch 1"
    assert searching.settings() == {"learning_rate": 0.001}


def test_a_search_without_a_winner_stops(small):
    searching.settle(small, {"learning_rate": {"choices": [1.0e37, 1.0e38]}}, method="grid")
    for _ in range(2):  # the second time nothing is left to train
        with pytest.raises(SearchError, match=r"none of 2 trials was completed.*trial 0: weights are not finite"):
            search.main("demo", "tiny")
    assert not (small / "models/demo/search").exists()


# --- the defect that this stage must not have: a winner that is not the one that was measured ------------------------


def planted(monkeypatch, change) -> None:
    """Have the stage write other settings than the winner's."""

    def write(path, content):
        write_json(path, change(content) if path.name == "settings.json" else content)

    monkeypatch.setattr(search, "write_json", write)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(lambda found: {}, r"settings\.json: has the parameters \[\], search\.space has", id="no parameters"),
        pytest.param(lambda found: found | {"epochs": 3}, r"has the parameters \['batch_size', 'epochs'", id="one more"),
        pytest.param(lambda found: found | {"learning_rate": 0.5}, "learning_rate is 0.5, which is not in", id="outside"),
        pytest.param(
            lambda found: found | {"batch_size": 48 - found["batch_size"]}, "batch_size is .* the best trial, .*, had",
            id="another trial's",
        ),
    ],
)  # fmt: skip
def test_settings_that_are_not_the_winners_are_never_handed_on(small, monkeypatch, change, words):
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    with monkeypatch.context() as patch:
        planted(patch, change)
        with pytest.raises(SearchError, match=words):
            search.main("demo", "tiny")
    assert not (small / searching.OUT).exists()
    search.main("demo", "tiny")
    assert (small / searching.OUT).exists()


def test_a_best_trial_that_records_no_parameters_stops_the_search(small, monkeypatch):
    """What a search by index arithmetic leaves in the study: a value, and nothing that it belongs to."""
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    add = optuna.Study.add_trial

    def empty(study, trial):
        if not isinstance(study._storage, optuna.storages.InMemoryStorage):
            trial = optuna.trial.create_trial(state=trial.state)
        add(study, trial)

    monkeypatch.setattr(optuna.Study, "add_trial", empty)
    monkeypatch.setattr(space, "candidate", lambda teacher, encoder, found: teacher)
    with pytest.raises(SearchError, match=r"trial 0: has the parameters \[\], search\.space has \['batch_size'"):
        search.main("demo", "tiny")
    assert not (small / searching.OUT).exists()


def test_a_missing_encoder_is_named(small):
    (small / "models/demo/adapted/tiny/encoder.json").unlink()
    with pytest.raises(CacheError, match=r"adapted/tiny/encoder\.json: missing"):
        search.main("demo", "tiny")


def test_the_storage_and_the_study_are_named(small, monkeypatch, capsys):
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    search.main("demo", "tiny")
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines[0].startswith("4 trials: study demo-tiny-")
    assert lines[0].endswith(f"in {checkpoints.WORK}/demo/search-tiny.db")
    assert [line.split(":")[0] for line in lines[1:]] == ["trial 0", "trial 1", "trial 2", "trial 3"]
    assert "learning_rate 0.0008978, batch_size 32: nll " in lines[1]
    assert storage.VARIABLE not in lines[0]
