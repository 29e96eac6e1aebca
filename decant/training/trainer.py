"""Training a classifier: transformers' Trainer with length-bucketed batches, the best checkpoint kept, and a folder of
checkpoints to resume from after a kill. Whoever trains shares it; each brings its own loss.

Runs in one process, or in several under `accelerate launch` or `torchrun`: each step then takes the same rows, shared out.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import EarlyStoppingCallback, PreTrainedTokenizerFast, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_pt_utils import get_length_grouped_indices
from transformers.utils import SAFE_WEIGHTS_NAME

from decant import times
from decant.errors import CacheError, ParamsError
from decant.models.model import Classifier, batched
from decant.runs import checkpoints, device, processes
from decant.settings.training import Training
from decant.training import averaging
from decant.training.livelog import LiveLog
from decant.training.optimizer import optimizer
from decant.training.precision import resolved

LOGS = 20  # lines of the live log per epoch
Loss = Callable[[dict, dict], torch.Tensor]  # of a model's output and the batch
Apart = Callable[[dict, dict], torch.Tensor]  # of two outputs for one batch


class TokenRows(torch.utils.data.Dataset):
    """Windows of token ids and, by name, one array row each: labels, and soft labels or hidden states for a loss.

    ids: per row a list of windows, each a list of token ids; one window unless long texts are read in chunks.
    """

    def __init__(self, ids: list[list[list[int]]], **arrays: np.ndarray):
        self.ids = ids
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> dict:
        return {"windows": self.ids[row], **{name: array[row] for name, array in self.arrays.items()}}


class Buckets(torch.utils.data.Sampler):
    """Every row once per epoch, rows of like length in one step; the order hangs on seed and epoch alone.

    transformers' own sampler draws from the global generator, whose state differs between processes after the first
    dropout: each process would shuffle in its own way, and rows would come twice or never.
    """

    def __init__(self, rows: TokenRows, batch_size: int, seed: int):
        self.lengths = [sum(map(len, windows)) for windows in rows.ids]
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def __len__(self) -> int:
        return len(self.lengths)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(1000 * self.seed + self.epoch)
        return iter(get_length_grouped_indices(self.lengths, self.batch_size, generator=generator))


class HeadTrainer(Trainer):
    """Trainer whose loss is a function of the model's output and the whole batch, of two passes where R-Drop is on."""

    def __init__(self, *args, loss: Loss, apart: Apart, r_drop: float, rows_per_step: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss, self.apart, self.r_drop = loss, apart, r_drop
        self.rows_per_step = rows_per_step

    def _get_train_sampler(self, train_dataset=None) -> Buckets:
        return Buckets(train_dataset or self.train_dataset, self.rows_per_step, self.args.data_seed)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        output = model(**read(inputs))
        if not self.r_drop:
            return self.loss(output, inputs)
        again = model(**read(inputs))
        mean = (self.loss(output, inputs) + self.loss(again, inputs)) / 2
        return mean + self.r_drop * self.apart(output, again)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        """Logits and labels alone: valid rows have no soft labels, and epochs are chosen by metrics, not by the loss."""
        with torch.no_grad(), self.compute_loss_context_manager():
            output = model(**read(inputs))
        return None, output["logits"].float(), inputs["labels"]


def read(batch: dict) -> dict:
    """What of a batch the model reads."""
    return {name: batch[name] for name in ("input_ids", "attention_mask", "windows") if name in batch}


class Frozen(TrainerCallback):
    """Only the last layer learns in the first epochs."""

    def __init__(self, model: Classifier, epochs: int):
        self.model, self.epochs = model, epochs

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.model.frozen = round(state.epoch or 0) < self.epochs


def fit(
    model: Classifier,
    tokenizer: PreTrainedTokenizerFast,
    train: TokenRows,
    valid: TokenRows,
    settings: Training,
    seed: int,
    loss: Loss,
    apart: Apart,
    measure: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    work: Path,
    callbacks: tuple[TrainerCallback, ...] = (),
    frozen: int = 0,
) -> pd.DataFrame:
    """Train `model` in place and leave the weights of its best epoch in it; returns one row per epoch, and one more for the
    mean of the last epochs' weights, where params ask for it and it is better.

    loss: what is kept low. apart: how far two passes of a batch differ, for settings.r_drop.
    measure: logits (n, w) and labels (n, w) -> metrics, of which settings.select picks the epoch.
    work: folder for checkpoints; a run that was killed continues from the last one in it. Its live log is beside it.
    frozen: first epochs in which only the last layer learns.

    Raises ParamsError: a precision that this machine does not have, a batch that cannot be shared out, a training that diverged;
    CacheError: the weights of the best epoch are gone.
    """
    precision = resolved(settings.precision)
    parts = parts_of_a_step(settings)
    steps = -(-len(train) // settings.batch_size)
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size // parts,
        per_device_eval_batch_size=2 * settings.batch_size // parts,
        gradient_accumulation_steps=settings.accumulation,
        activation_checkpointing=settings.checkpointing,
        warmup_steps=settings.warmup,  # below 1: a share of all steps
        lr_scheduler_type=settings.schedule,
        max_grad_norm=settings.clip,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=device.chosen() == "cpu",
        ddp_backend=None if device.chosen() == "cuda" or processes.count() == 1 else "gloo",
        ddp_find_unused_parameters=frozen > 0,  # the encoder's, as long as it is frozen
        # one evaluation and one checkpoint per epoch: were they apart, the best epoch would have no checkpoint
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_steps=max(1, steps // LOGS),
        load_best_model_at_end=True,
        save_total_limit=settings.averaged + (settings.averaged > 1),  # besides the best one
        restore_callback_states_from_checkpoint=True,  # patience counts on after a kill
        metric_for_best_model=settings.select,
        greater_is_better=settings.select != "nll",
        label_names=["labels"],
        remove_unused_columns=False,
        report_to="none",
        seed=seed,
        data_seed=seed,
    )
    trainer = HeadTrainer(
        model,
        arguments,
        data_collator=lambda batch: collate(batch, tokenizer.pad_token_id),
        train_dataset=train,
        eval_dataset=valid,
        processing_class=tokenizer,
        compute_metrics=lambda result: measure(result.predictions, result.label_ids),
        callbacks=[
            EarlyStoppingCallback(settings.patience),
            Frozen(model, frozen),
            LiveLog(checkpoints.live_log(work)),
            *callbacks,
        ],
        optimizers=(optimizer(model, settings), None),
        loss=loss,
        apart=apart,
        r_drop=settings.r_drop,
        rows_per_step=settings.batch_size,
    )
    with times.spent("training"):
        trainer.train(resume_from_checkpoint=checkpoints.last_checkpoint(work))
    require_best(trainer.state.best_model_checkpoint, settings.select)
    epochs = history(trainer.state.log_history)
    if settings.averaged > 1:
        epochs = averaging.average(trainer, epochs, settings, work)
    processes.together()
    return epochs


def require_best(checkpoint: str | None, select: str) -> None:
    """An error where transformers leaves the last epoch's weights in place of the best epoch's, with a warning at most."""
    if checkpoint is None:
        raise ParamsError(
            f"{select} of valid is no number in any epoch: the training diverged. Try a smaller learning_rate"
        )
    if not (weights := Path(checkpoint) / SAFE_WEIGHTS_NAME).exists():
        raise CacheError(f"{weights}: gone while the training ran, and with it the best epoch. Run the stage again")


def parts_of_a_step(settings: Training) -> int:
    """Into how many parts the rows of a step fall; ParamsError if they do not."""
    parts = settings.accumulation * processes.count()
    if settings.batch_size % parts:
        raise ParamsError(
            f"params.yaml: batch_size: {settings.batch_size} rows do not fall into {settings.accumulation} parts "
            f"(accumulation) on {processes.count()} processes; make it a multiple of {parts}"
        )
    return parts


def collate(batch: list[dict], pad: int) -> dict[str, torch.Tensor]:
    arrays = {name: torch.from_numpy(np.stack([row[name] for row in batch])) for name in batch[0] if name != "windows"}
    return batched([row["windows"] for row in batch], pad) | arrays


def history(log: list[dict]) -> pd.DataFrame:
    """One row per epoch: mean train loss, and every valid metric."""
    rows, losses = [], []
    for entry in log:
        if "loss" in entry:
            losses.append(entry["loss"])
        if "eval_nll" in entry:
            row = {"epoch": round(entry["epoch"], 3)} | (
                {"train_loss": round(float(np.mean(losses)), 6)} if losses else {}
            )
            row |= {
                key.replace("eval_", "valid_"): round(value, 6)
                for key, value in sorted(entry.items())  # a resumed log is sorted, one in one go is not
                if key.startswith("eval_") and "runtime" not in key and "per_second" not in key
            }
            rows.append(row)
            losses = []
    return pd.DataFrame(rows)
