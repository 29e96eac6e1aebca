"""Optimizer steps over rows in an order that is settled before the first one: what DAPT and contrastive fine-tuning share.

Nothing is chosen on the way, so there is no evaluation; checkpoints only serve to go on after a kill.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import Trainer, TrainingArguments, set_seed
from transformers.trainer_pt_utils import get_length_grouped_indices

from decant import times
from decant.runs import device
from decant.runs.checkpoints import last_checkpoint, live_log
from decant.settings.adapt import Contrastive, Dapt
from decant.training.livelog import LiveLog
from decant.training.precision import resolved

SAVES = 10  # checkpoints of a run: a kill costs a tenth of it at most
LOGS = 20  # losses of a run


class InOrder(Trainer):
    """Trainer that takes the rows as they lie, with a loss of model and batch."""

    def __init__(self, *args, loss: Callable[[torch.nn.Module, dict], torch.Tensor], **kwargs):
        super().__init__(*args, **kwargs)
        self.loss = loss

    def _get_train_sampler(self, train_dataset=None) -> torch.utils.data.Sampler:
        return torch.utils.data.SequentialSampler(train_dataset or self.train_dataset)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        return self.loss(model, inputs)


def by_length(lengths: list[int], batch_size: int, seed: int) -> list[int]:
    """Every row once, in an order in which rows of like length share a step, so that hardly any padding is computed."""
    generator = torch.Generator().manual_seed(seed)
    return get_length_grouped_indices(lengths, batch_size, generator=generator)


def run(
    model: torch.nn.Module,
    rows: torch.utils.data.Dataset,
    collate: Callable[[list], dict],
    loss: Callable[[torch.nn.Module, dict], torch.Tensor],
    settings: Dapt | Contrastive,
    precision: str,
    seed: int,
    work: Path,
) -> list[float]:
    """Train `model` in place, one pass over `rows`, settings.batch_size of them a step; returns the losses of LOGS parts.

    AdamW with a decay of 0.01, the rate rising over settings.warmup of the steps, then falling to 0. work: folder for
    checkpoints; a run that was killed continues from the last one in it. Its live log is beside it.

    Raises ParamsError: a precision that this machine does not have.
    """
    precision = resolved(precision)
    set_seed(seed)
    steps = -(-len(rows) // settings.batch_size)
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=0.01,
        optim="adamw_torch_fused",
        warmup_steps=settings.warmup,  # below 1: a share of all steps
        lr_scheduler_type="linear",
        max_grad_norm=1.0,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=device.chosen() == "cpu",
        save_strategy="steps",
        save_steps=-(-steps // SAVES),
        save_total_limit=1,
        logging_steps=-(-steps // LOGS),
        remove_unused_columns=False,
        report_to="none",
        seed=seed,
        data_seed=seed,
    )
    trainer = InOrder(
        model, arguments, data_collator=collate, train_dataset=rows, callbacks=[LiveLog(live_log(work))], loss=loss
    )
    with times.spent("training"):
        trainer.train(resume_from_checkpoint=last_checkpoint(work))
    model.to("cpu").eval()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
