"""The checkpoint that a training hands back is the one whose metric it reports: evaluated and saved at the same steps."""

import functools

import numpy as np
import pytest
import searching
import torch
from transformers import TrainerCallback

from decant.decision import Rule
from decant.files import write_json
from decant.heads import layout
from decant.members import taught
from decant.models.model import predict
from decant.problem import Problem
from decant.scoring.selection import best, measure
from decant.settings.teacher import Teacher
from decant.tables import targets
from decant.training import finetune, trainer

HEADS = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)
PROBLEM = Problem(HEADS, Rule("argmax", head="scam"), 32)
SETTINGS = {
    "epochs": 4, "learning_rate": 3e-2, "head_rate": 3e-2, "batch_size": 16, "accumulation": 1, "weight_decay": 0.0,
    "warmup": 0.0, "schedule": "constant_with_warmup", "clip": 1.0, "patience": 4, "select": "nll", "precision": "fp32",
    "checkpointing": False, "dropout": 0.0, "class_weights": "none", "max_weight": 50.0, "label_smoothing": 0.0,
    "frozen_epochs": 0, "long_texts": "cut", "overlap": 8, "layer_decay": 1.0, "frozen_embeddings": False, "averaged": 1,
    "r_drop": 0.0,
}  # fmt: skip


class Steps(TrainerCallback):
    """When the trainer evaluated, and when it saved."""

    def __init__(self):
        self.evaluated, self.saved = [], []

    def on_evaluate(self, args, state, control, **kwargs):
        self.evaluated.append(state.global_step)

    def on_save(self, args, state, control, **kwargs):
        self.saved.append(state.global_step)


@pytest.fixture
def source(tmp_path, tiny_encoder):
    searching.shutil.copytree(tiny_encoder, tmp_path / "encoder")
    write_json(tmp_path / "encoder" / "encoder.json", {"pooling": "mean"})
    return tmp_path / "encoder"


def tune(source, work, *callbacks, **changes):
    torch.set_num_threads(1)
    train, valid = searching.posts(96, 4), searching.posts(40, 5)
    settings = Teacher(**SETTINGS | changes)
    frames = {"train": train, "valid": valid}
    given = taught.plain(targets(train, PROBLEM.heads))
    return valid, *finetune.fine_tune(source, PROBLEM, settings, 13, frames, given, work, callbacks)


@pytest.mark.parametrize("select", ["nll", "macro_auc"])
def test_the_model_handed_back_measures_what_its_best_epoch_says(source, tmp_path, select):
    steps = Steps()
    valid, model, tokenizer, epochs = tune(source, tmp_path / "work", steps, select=select)
    assert steps.evaluated == steps.saved == [6, 12, 18, 24]
    column = epochs[f"valid_{select}"]
    kept = column.argmin() if select == "nll" else column.argmax()
    assert kept < len(column) - 1, "the last epoch is the best, and this test says nothing"
    logits, _ = predict(model, tokenizer, valid["text"].tolist(), 32, "valid")
    found = measure(logits, targets(valid, HEADS), PROBLEM)
    assert found[select] == pytest.approx(column[kept], abs=1e-5)
    assert best(epochs, select) == epochs.iloc[kept].to_dict()
    assert not np.isclose(column[kept], column.drop(index=kept), atol=1e-4).any()


@pytest.mark.parametrize("planted", [{"save_strategy": "steps", "save_steps": 5}, {"eval_strategy": "no"}], ids=str)
def test_evaluating_and_saving_apart_is_refused(source, tmp_path, monkeypatch, planted):
    real = trainer.TrainingArguments
    monkeypatch.setattr(trainer, "TrainingArguments", lambda **given: functools.partial(real, **given)(**planted))
    with pytest.raises(ValueError, match=r"load_best_model_at_end requires the save and eval (strategy|steps)"):
        tune(source, tmp_path / "work")
    assert not (tmp_path / "work").exists()
