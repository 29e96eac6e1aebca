"""Training: a run repeats byte for byte, goes on after a kill, and keeps its best epoch."""

import numpy as np
import pandas as pd
import pytest
import torch
from losses import BASE, HEADS, PLAIN, STEPS, TRAIN, VALID, settings
from safetensors.torch import load_file
from transformers import set_seed

from decant import tables
from decant.errors import CacheError, ParamsError
from decant.heads import probabilities
from decant.models import encoder
from decant.models.model import batched, build, windows
from decant.training import losses, optimizer, precision, trainer


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

    def apart(first, second):
        return losses.disagreement(first["logits"], second["logits"], HEADS)

    def error(logits, targets):
        return {"nll": 0.0, "macro_f1": -float(((probabilities(logits, HEADS) - targets) ** 2).mean())}

    def train(work, loss=head_loss, measure=error, **changes):
        torch.set_num_threads(1)
        set_seed(13)
        bias = losses.start_bias(labels, HEADS)
        model = build(encoder.load_weights(tiny_encoder), HEADS, "mean", 0.1, bias)
        return model, trainer.fit(
            model, tokenizer, *rows, settings(**changes), 13, loss, apart, measure, work / "run-0"
        )

    train.loss, train.tokenizer = head_loss, tokenizer
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


def weights_of(folder):
    return load_file(folder / "model.safetensors")


def test_the_mean_of_the_last_epochs_is_kept_where_it_is_better(run, tmp_path):
    model, epochs = run(tmp_path, measure=planned(0.1, 0.2, 0.3, 0.9), averaged=2)
    last = [weights_of(tmp_path / "run-0" / f"checkpoint-{epoch * STEPS}") for epoch in (2, 3)]
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, (last[0][name] + last[1][name]) / 2, rtol=1e-6, atol=1e-7)
    assert epochs["averaged"].tolist() == [1, 1, 1, 2]
    assert epochs["valid_macro_f1"].tolist() == [0.1, 0.2, 0.3, 0.9]
    assert epochs["epoch"].tolist() == [1, 2, 3, 3]


def test_the_best_epoch_stays_where_the_mean_is_no_better(run, whole, tmp_path):
    model, epochs = run(tmp_path, measure=planned(0.1, 0.5, 0.3, 0.5), averaged=2)
    best = weights_of(tmp_path / "run-0" / f"checkpoint-{2 * STEPS}")
    assert all(torch.equal(tensor, best[name]) for name, tensor in model.state_dict().items())
    assert epochs["averaged"].tolist() == [1, 1, 1]
    assert "averaged" not in whole[1]


def test_a_killed_run_averages_the_same_epochs(run, tmp_path):
    once, epochs = run(tmp_path / "whole", averaged=2)
    with pytest.raises(Killed):
        run(tmp_path / "killed", loss=counting(run.loss, last=2 * STEPS + 3), averaged=2)
    again, resumed = run(tmp_path / "killed", averaged=2)
    assert same_weights(once, again)
    pd.testing.assert_frame_equal(epochs, resumed)


def test_r_drop_draws_two_passes_together(run, tmp_path):
    passes = counting(run.loss)
    run(tmp_path / "on", loss=passes, epochs=1, r_drop=1.0)
    assert passes.steps == 2 * STEPS
    loose, tight = (
        run(tmp_path / name, measure=planned(0.1, 0.2, 0.3), r_drop=weight)[0]
        for name, weight in (("a", 0.0), ("b", 20.0))
    )
    assert spread(tight, run.tokenizer) < spread(loose, run.tokenizer) / 2


def spread(model, tokenizer) -> float:
    """How far passes with dropout differ on train."""
    ids = windows(tokenizer, TRAIN["text"].tolist(), 32, None)
    batch = batched(ids, tokenizer.pad_token_id)
    model.train()
    torch.manual_seed(1)
    with torch.no_grad():
        first, second = (model(**batch)["logits"] for _ in range(2))
    return float(losses.disagreement(first, second, HEADS))


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


def test_a_training_without_one_number_stops(run, tmp_path):
    with pytest.raises(ParamsError, match="macro_f1 of valid is no number in any epoch"):
        run(tmp_path, measure=planned(*[float("nan")] * 3), select="macro_f1")


def test_a_best_epoch_whose_weights_are_gone_is_no_last_epoch(run, tmp_path):
    values = planned(0.9, 0.5, 0.6)
    seen = []

    def measure(logits, targets):
        seen.append(1)
        if len(seen) == 3:
            (tmp_path / "run-0" / f"checkpoint-{STEPS}" / encoder.WEIGHTS).unlink()
        return values(logits, targets)

    with pytest.raises(CacheError, match=rf"checkpoint-{STEPS}/model.safetensors: gone while the training ran"):
        run(tmp_path, measure=measure, select="macro_f1")


def test_training_stops_when_its_patience_ends(run, tmp_path):
    loss = counting(run.loss)
    _, epochs = run(tmp_path, loss=loss, measure=planned(0.9, 0.5, 0.6, 0.7, 0.8), patience=1, epochs=5)
    assert len(epochs) == 2
    assert loss.steps == 2 * STEPS


def test_bf16_is_refused_where_the_processor_lacks_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        ParamsError, match=r"precision: bf16 .* needs a processor with AVX512-BF16 .*set it to auto or fp32"
    ):
        run(tmp_path, precision="bf16")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("fast", "expected"), [(True, "bf16"), (False, "fp32")])
def test_auto_is_the_best_that_the_machine_computes_itself(monkeypatch, fast, expected):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.resolved("auto") == expected
    assert precision.resolved("fp32") == "fp32"


def test_each_parameter_is_in_the_right_group(tiny_encoder):
    model = build(encoder.load_weights(tiny_encoder), HEADS, "mean", 0.1, np.zeros(5))
    group_of = {
        id(tensor): (group["lr"], group["weight_decay"])
        for group in optimizer.optimizer(model, settings()).param_groups
        for tensor in group["params"]
    }
    assert len(group_of) == len(list(model.parameters()))
    for name, tensor in model.named_parameters():
        rate = BASE["head_rate"] if name.startswith("classifier.") else BASE["learning_rate"]
        plain = name.endswith(".bias") or "LayerNorm" in name
        assert group_of[id(tensor)] == (rate, 0.0 if plain else BASE["weight_decay"]), name
