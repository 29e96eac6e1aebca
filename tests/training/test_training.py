"""Training: a run repeats byte for byte, goes on after a kill, and keeps its best epoch."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from losses import BASE, DESCRIBED, HEADS, PLAIN, STEPS, TRAIN, VALID, settings
from transformers import set_seed

from decant import tables
from decant.errors import ParamsError
from decant.heads import probabilities
from decant.models import encoder
from decant.models.model import build, windows
from decant.runs import checkpoints
from decant.training import losses, student, trainer


@pytest.fixture(scope="module")
def run(tiny_encoder):
    """Train the tiny classifier in a work folder: returns the model and the epochs."""
    tokenizer = encoder.load_tokenizer(tiny_encoder)
    labels = tables.targets(TRAIN, HEADS)
    rows = [
        trainer.TokenRows(windows(tokenizer, frame["text"].tolist(), 32, None), labels=tables.targets(frame, HEADS))
        for frame in (TRAIN, VALID)
    ]

    def head_loss(output, batch):
        return losses.head_loss(output["logits"], batch["labels"], HEADS, PLAIN)

    def error(logits, targets):
        return {"nll": 0.0, "macro_f1": -float(((probabilities(logits, HEADS) - targets) ** 2).mean())}

    def train(work, loss=head_loss, measure=error, **changes):
        torch.set_num_threads(1)
        set_seed(13)
        bias = losses.start_bias(labels, HEADS)
        model = build(encoder.load_weights(tiny_encoder), DESCRIBED, "mean", 0.1, bias)
        return model, trainer.fit(model, tokenizer, *rows, settings(**changes), 13, loss, measure, work / "run-0")

    train.loss = head_loss
    return train


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """A run of three epochs that nothing interrupted."""
    return run(tmp_path_factory.mktemp("whole"))


class Killed(Exception):
    pass


def counting(loss, last=None):
    """The loss, which counts its steps and dies after step `last`."""

    def counted(output, batch):
        if counted.steps == last:
            raise Killed
        counted.steps += 1
        return loss(output, batch)

    counted.steps = 0
    return counted


def planned(*values):
    """A measure that says these values, one per epoch, whatever the model does; the same logits get the same value."""
    rest, said = list(values), {}

    def measure(logits, _):
        key = logits.tobytes()
        said[key] = said[key] if key in said else rest.pop(0)
        return {"macro_f1": said[key], "nll": said[key]}

    return measure


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_two_runs_give_the_same_bytes(run, whole, tmp_path):
    again, epochs = run(tmp_path / "work")
    for name, model in (("a", whole[0]), ("b", again)):
        model.save_pretrained(tmp_path / name)
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in "ab")
    assert first == second
    pd.testing.assert_frame_equal(epochs, whole[1])


def test_training_learns_and_writes_one_row_per_epoch(whole):
    _, epochs = whole
    assert epochs["epoch"].tolist() == [1, 2, 3]
    assert {"train_loss", "valid_macro_f1"} <= set(epochs)
    assert epochs["train_loss"].is_monotonic_decreasing
    assert not [name for name in epochs if "runtime" in name or "second" in name]


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_run_goes_on_from_its_last_epoch(run, whole, tmp_path, epoch):
    with pytest.raises(Killed):
        run(tmp_path, loss=counting(run.loss, last=epoch * STEPS + 3))
    resumed = counting(run.loss)
    model, epochs = run(tmp_path, loss=resumed)
    assert resumed.steps == (3 - epoch) * STEPS
    assert same_weights(model, whole[0])
    pd.testing.assert_frame_equal(epochs, whole[1])


def test_a_run_killed_within_its_first_epoch_starts_again(run, whole, tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, loss=counting(run.loss, last=5))
    resumed = counting(run.loss)
    model, _ = run(tmp_path, loss=resumed)
    assert resumed.steps == 3 * STEPS
    assert same_weights(model, whole[0])


def test_a_run_killed_while_it_wrote_a_checkpoint_goes_on_from_the_one_before(run, whole, tmp_path, monkeypatch):
    real = trainer.HeadTrainer._save_rng_state

    def dies(trainer, folder):
        if trainer.state.global_step > STEPS:
            raise Killed
        real(trainer, folder)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.HeadTrainer, "_save_rng_state", dies)
        with pytest.raises(Killed):
            run(tmp_path)
    assert (tmp_path / "run-0" / f"checkpoint-{2 * STEPS}" / "model.safetensors").exists()
    resumed = counting(run.loss)
    model, _ = run(tmp_path, loss=resumed)
    assert resumed.steps == 2 * STEPS
    assert same_weights(model, whole[0])


def test_a_resumed_run_has_no_more_patience_than_an_uninterrupted_one(run, tmp_path):
    values = (0.9, 0.5, 0.4, 0.3, 0.2)
    _, wanted = run(tmp_path / "whole", measure=planned(*values), patience=2, epochs=5)
    assert len(wanted) == 3
    measure = planned(*values)
    with pytest.raises(Killed):
        run(tmp_path / "work", loss=counting(run.loss, last=2 * STEPS + 3), measure=measure, patience=2, epochs=5)
    _, epochs = run(tmp_path / "work", measure=measure, patience=2, epochs=5)
    assert epochs["epoch"].tolist() == wanted["epoch"].tolist()


@pytest.mark.parametrize("changes", [{"epochs": 3}, {"epochs": 5, "patience": 2}], ids=["all epochs", "stopped early"])
def test_a_run_killed_after_training_ends_the_same(run, tmp_path, changes):
    """The stage may die while it writes its outs; the next run finds the best checkpoint and goes on from there."""
    measure = planned(0.9, 0.5, 0.4, 0.95)
    first, wanted = run(tmp_path, measure=measure, **changes)
    again = counting(run.loss)
    model, epochs = run(tmp_path, loss=again, measure=measure, **changes)
    assert again.steps == 2 * STEPS
    assert same_weights(model, first)
    assert epochs["valid_macro_f1"].tolist() == wanted["valid_macro_f1"].tolist() == [0.9, 0.5, 0.4]


@pytest.mark.parametrize(
    ("select", "values"),
    [
        pytest.param("macro_f1", (0.9, 0.5, 0.6), id="the highest F1"),
        pytest.param("nll", (0.1, 0.5, 0.4), id="the lowest nll"),
    ],
)
def test_the_best_epoch_is_kept(run, tmp_path, select, values):
    changes = {"schedule": "constant_with_warmup", "warmup": 0.0, "select": select}
    first, _ = run(tmp_path / "one", epochs=1, measure=planned(*values), **changes)
    best, epochs = run(tmp_path / "three", measure=planned(*values), **changes)
    assert epochs[f"valid_{select}"].tolist() == list(values)
    assert same_weights(best, first)
    last, _ = run(tmp_path / "last", measure=planned(*sorted(values, reverse=select == "nll")), **changes)
    assert not same_weights(last, first)


def test_training_stops_when_its_patience_ends(run, tmp_path):
    loss = counting(run.loss)
    _, epochs = run(tmp_path, loss=loss, measure=planned(0.9, 0.5, 0.6, 0.7, 0.8), patience=1, epochs=5)
    assert len(epochs) == 2
    assert loss.steps == 2 * STEPS


def test_bf16_is_refused_where_the_processor_lacks_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"precision: bf16 .* needs a processor with AVX512-BF16 .*set it to fp32"):
        run(tmp_path, precision="bf16")
    assert not list(tmp_path.iterdir())


def test_each_parameter_is_in_the_right_group(tiny_encoder):
    model = build(encoder.load_weights(tiny_encoder), DESCRIBED, "mean", 0.1, np.zeros(5))
    group_of = {
        id(tensor): (group["lr"], group["weight_decay"])
        for group in trainer.optimizer(model, settings()).param_groups
        for tensor in group["params"]
    }
    assert len(group_of) == len(list(model.parameters()))
    for name, tensor in model.named_parameters():
        rate = BASE["head_rate"] if name.startswith("classifier.") else BASE["learning_rate"]
        plain = name.endswith(".bias") or "LayerNorm" in name
        assert group_of[id(tensor)] == (rate, 0.0 if plain else BASE["weight_decay"]), name


# --- work folders -----------------------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"rows")
    return tmp_path / "train.parquet"


def test_equal_runs_share_a_work_folder(source):
    folder = checkpoints.work_folder("demo/student", {"epochs": 3, "seed": 1}, [source])
    folder.mkdir(parents=True)
    assert checkpoints.work_folder("demo/student", {"seed": 1, "epochs": 3}, [source]) == folder
    assert folder.exists()


@pytest.mark.parametrize("what", ["settings", "bytes"])
def test_another_run_does_not_resume_it_and_removes_it(source, what):
    old = checkpoints.work_folder("demo/student", {"epochs": 3}, [source])
    (old / "checkpoint-8").mkdir(parents=True)
    if what == "bytes":
        source.write_bytes(b"other rows")
    new = checkpoints.work_folder("demo/student", {"epochs": 3 if what == "bytes" else 4}, [source])
    assert new != old
    assert not old.exists()


def test_folders_of_other_names_stay(source):
    others = [
        checkpoints.work_folder(name, {}, [source])
        for name in ("demo/teacher-tiny-13", "demo/teacher-tiny-1", "scam/student", "demo/student-2")
    ]
    for folder in others:
        folder.mkdir(parents=True)
    checkpoints.work_folder("demo/student", {"epochs": 4}, [source])
    checkpoints.work_folder("demo/teacher-tiny-1", {"epochs": 4}, [source])
    assert [folder.exists() for folder in others] == [True, False, True, True]


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    assert checkpoints.last_checkpoint(tmp_path) is None
    for step in (8, 16, 104):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert checkpoints.last_checkpoint(tmp_path) is None
    for step in (8, 16):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert checkpoints.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-16")


def test_other_code_does_not_resume_a_run_either(source, tmp_path, monkeypatch):
    assert Path(trainer.__file__) in checkpoints.code()
    assert Path(student.__file__) in checkpoints.code()
    old = checkpoints.work_folder("demo/student", {}, [source])
    other = tmp_path / "student.py"
    other.write_text("# another student")
    monkeypatch.setattr(checkpoints, "code", lambda real=checkpoints.code: [*real()[:-1], other])
    assert checkpoints.work_folder("demo/student", {}, [source]) != old
