"""What a search draws, and which draws it refuses, prunes or lets fail. Trainings are stood in for by a formula."""

import itertools

import pytest
import searching
import torch

from decant.errors import ParamsError
from decant.files import read_json
from decant.search import trials
from stages import search


@pytest.fixture
def small(workspace, tiny_encoder, monkeypatch):
    searching.arrange(workspace, tiny_encoder)
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    return workspace


# --- the space ------------------------------------------------------------------------------------------------------------


def test_a_grid_tries_every_combination_once(small, capsys):
    searching.settle(small, method="grid", space=searching.GRID, trials=50)
    search.main("demo", "tiny")
    rows = searching.table()
    tried = sorted(zip(rows["head_rate"], rows["batch_size"], strict=True))
    assert tried == sorted(itertools.product(["0.001", "0.01"], ["16", "32"]))
    assert read_json(searching.OUT / "search.json")["trials"] == 4
    assert "combinations" not in capsys.readouterr().out


def test_a_grid_that_is_cut_short_says_so(small, capsys):
    searching.settle(small, method="grid", space=searching.GRID, trials=3)
    search.main("demo", "tiny")
    assert len(searching.table()) == 3
    assert "the grid has 4 combinations; search.trials leaves 3 of them" in capsys.readouterr().out


def test_values_have_the_kind_of_their_key(small):
    space = {
        "epochs": {"low": 1, "high": 3}, "warmup": {"low": 0, "high": 1}, "weight_decay": {"choices": [0, 0.1]},
        "checkpointing": {"choices": [True, False]}, "schedule": {"choices": ["linear", "cosine"]},
    }  # fmt: skip
    searching.settle(small, space, trials=8)
    search.main("demo", "tiny")
    rows, found = searching.table(), searching.settings()
    assert {key: type(value) for key, value in found.items()} == {
        "epochs": int, "warmup": float, "weight_decay": float, "checkpointing": bool, "schedule": str,
    }  # fmt: skip
    assert set(rows["epochs"]) <= {"1", "2", "3"}
    assert rows["epochs_run"].tolist() == rows["epochs"].tolist()
    assert not set(rows["warmup"].astype(float)) & {0.0, 1.0}  # a span of whole numbers would draw nothing else
    assert set(rows["weight_decay"]) == {"0.0", "0.1"}
    assert set(rows["checkpointing"]) == {"True", "False"}


def test_what_the_search_finds_outranks_the_encoders_own_rates(small, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "decant.training.finetune.fine_tune", lambda *given: (seen.append(given[2]), searching.quick(*given))[1]
    )
    file = small / "params.yaml"
    tree = searching.YAML_SAFE.load(file.read_text(encoding="utf-8"))
    tree["catalogue"]["tiny"]["teacher"] = {"learning_rate": 0.5, "dropout": 0.25}
    searching.YAML_SAFE.dump(tree, file)
    search.main("demo", "tiny")
    assert [str(one.learning_rate) for one in seen] == searching.table()["learning_rate"].tolist()
    assert {one.dropout for one in seen} == {0.25}


# --- combinations that cannot be trained ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "space", "teacher", "words"),
    [
        pytest.param(
            "random", {"batch_size": {"choices": [16, 24]}}, {"accumulation": 16},
            r"demo\.search\.space\.batch_size: 24: batch_size: 24 rows do not fall into 16 parts", id="batch",
        ),
        pytest.param(
            "tpe", {"frozen_epochs": {"low": 0, "high": 2}}, {},
            r"demo\.search\.space\.frozen_epochs: 2: teacher: frozen_epochs is 2 of 2 epochs", id="end of a span",
        ),
        pytest.param(
            "tpe", {"frozen_epochs": {"choices": [0, 3]}, "epochs": {"choices": [2, 3]}}, {},
            r"demo\.search\.space\.frozen_epochs: 3: teacher: frozen_epochs is 3 of 2 epochs", id="with no value of another",
        ),
        pytest.param(
            "grid", {"batch_size": {"choices": [20, 24]}, "accumulation": {"choices": [4, 5]}}, {},
            r"demo\.search\.space: the grid's combination batch_size 24, accumulation 5: batch_size: 24 rows", id="grid",
        ),
        pytest.param(
            "random", {"precision": {"choices": ["fp32", "fp16"]}}, {},
            r"demo\.search\.space\.precision: fp16: precision: fp16 .* needs an NVIDIA GPU", id="precision",
        ),
    ],
)  # fmt: skip
def test_what_can_never_be_trained_is_refused_before_anything_is(small, monkeypatch, method, space, teacher, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    searching.settle(small, space, teacher, method=method)
    with pytest.raises(ParamsError, match=words):
        search.main("demo", "tiny")
    assert not (small / ".work").exists()
    assert not (small / searching.OUT).exists()


def test_a_combination_that_cannot_be_trained_is_pruned_with_its_reason(small):
    space = {"frozen_epochs": {"choices": [0, 1]}, "epochs": {"choices": [1, 2]}}
    searching.settle(small, space, trials=8)
    search.main("demo", "tiny")
    rows = searching.table()
    bad = (rows["frozen_epochs"] == "1") & (rows["epochs"] == "1")
    assert 0 < bad.sum() < 8
    assert set(rows["state"][bad]) == {"PRUNED"}
    assert set(rows["state"][~bad]) == {"COMPLETE"}
    assert set(rows["epochs_run"][bad]) == {"0"}
    assert set(rows["reason"][bad]) == {
        "params.yaml: teacher: frozen_epochs is 1 of 1 epochs; the encoder would never learn"
    }
    assert set(rows["reason"][~bad]) == {""}
    assert read_json(searching.OUT / "search.json")["pruned"] == bad.sum()


def test_settings_that_need_too_much_memory_have_failed(small, monkeypatch):
    def large(*given):
        if given[2].batch_size == 32:
            raise torch.OutOfMemoryError("asked for much")
        return searching.quick(*given)

    monkeypatch.setattr("decant.training.finetune.fine_tune", large)
    searching.settle(small, searching.GRID, method="grid")
    search.main("demo", "tiny")
    rows, found = searching.table(), read_json(searching.OUT / "search.json")
    assert set(rows["state"][rows["batch_size"] == "32"]) == {"FAIL"}
    assert set(rows["reason"][rows["batch_size"] == "32"]) == {"the GPU's memory is too small for it"}
    assert (found["complete"], found["pruned"], found["failed"]) == (2, 0, 2)
    assert searching.settings()["batch_size"] == 16


def test_a_metric_that_is_no_number_ends_the_trial(small, monkeypatch):
    real = trials.Report.on_evaluate

    def measured(self, args, state, control, metrics):
        number = self.taken.trial.number
        real(self, args, state, control, metrics=metrics if number else {"eval_nll": float("nan")})

    monkeypatch.setattr(trials.Report, "on_evaluate", measured)
    search.main("demo", "tiny")
    assert searching.table()["reason"].tolist() == ["nll is nan after epoch 1", "", "", ""]
