"""Fine-tuning on one machine: transformers' Trainer with length-bucketed batches, the best checkpoint kept, and a
folder of checkpoints to resume from after a kill. The teacher and distil stages share it; each brings its own loss.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F
from transformers import EarlyStoppingCallback, PreTrainedTokenizerFast, Trainer, TrainingArguments

from decant.errors import ParamsError
from decant.files import digest
from decant.heads import Head
from decant.model import Classifier, padded
from decant.settings import Training

WORK = Path(".work")  # ignored by git and dvc: what is in it only saves time


class Rows(torch.utils.data.Dataset):
    """Token ids and, by name, one array row each: labels, and soft labels or hidden states where a loss needs them."""

    def __init__(self, ids: list[list[int]], **arrays: np.ndarray):
        self.ids = ids
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> dict:
        return {"input_ids": self.ids[row], **{name: array[row] for name, array in self.arrays.items()}}


class HeadTrainer(Trainer):
    """Trainer whose loss is a function of the model's output and the whole batch."""

    def __init__(self, *args, loss: Callable[[dict, dict], torch.Tensor], **kwargs):
        super().__init__(*args, **kwargs)
        self.loss = loss

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        output = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        return self.loss(output, inputs)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        """Logits and labels alone: valid rows have no soft labels, and epochs are chosen by metrics, not by the loss."""
        with torch.no_grad(), self.compute_loss_context_manager():
            output = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
        return None, output["logits"].float(), inputs["labels"]


def fit(
    model: Classifier,
    tokenizer: PreTrainedTokenizerFast,
    train: Rows,
    valid: Rows,
    settings: Training,
    seed: int,
    loss: Callable[[dict, dict], torch.Tensor],
    measure: Callable[[np.ndarray, np.ndarray], dict[str, float]],
    work: Path,
) -> pd.DataFrame:
    """Train `model` in place and leave the weights of its best epoch in it; returns one row per epoch.

    measure: logits (n, w) and labels (n, w) -> metrics, of which settings.select picks the epoch.
    work: folder for checkpoints; a run that was killed continues from the last one in it.

    Raises ParamsError where the processor has no bf16 and settings ask for it.
    """
    # On a processor without it, autocast falls back to emulation, which is slower than fp32 and gives other weights.
    if settings.precision == "bf16" and not torch.cpu._is_avx512_bf16_supported() and not torch.cuda.is_available():
        raise ParamsError(
            "params.yaml: teacher.precision and distil.precision: bf16 needs a processor with AVX512-BF16 or AMX, or a GPU; "
            "set them to fp32"
        )
    arguments = TrainingArguments(
        output_dir=str(work),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=2 * settings.batch_size,
        warmup_steps=settings.warmup,  # below 1: a share of all steps
        lr_scheduler_type=settings.schedule,
        max_grad_norm=settings.clip,
        bf16=settings.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="group_by_length",
        # one evaluation and one checkpoint per epoch: were they apart, the best epoch would have no checkpoint
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        load_best_model_at_end=True,
        save_total_limit=1,  # besides the best one
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
        callbacks=[EarlyStoppingCallback(settings.patience)],
        optimizers=(optimizer(model, settings), None),
        loss=loss,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    return history(trainer.state.log_history)


def collate(batch: list[dict], pad: int) -> dict[str, torch.Tensor]:
    arrays = {
        name: torch.from_numpy(np.stack([row[name] for row in batch])) for name in batch[0] if name != "input_ids"
    }
    return padded([row["input_ids"] for row in batch], pad) | arrays


def optimizer(model: Classifier, settings: Training) -> torch.optim.Optimizer:
    """AdamW; the last layer at its own rate; no decay on biases and norms (tensors of one dimension)."""
    groups: dict[tuple[float, float], list] = {}
    for name, tensor in model.named_parameters():
        rate = settings.head_rate if name.startswith("classifier.") else settings.learning_rate
        decay = settings.weight_decay if tensor.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(tensor)
    return torch.optim.AdamW(
        [{"params": tensors, "lr": rate, "weight_decay": decay} for (rate, decay), tensors in groups.items()],
        fused=True,
    )


def head_loss(
    logits: torch.Tensor, labels: torch.Tensor, heads: tuple[Head, ...], weights: torch.Tensor
) -> torch.Tensor:
    """Mean over the heads of cross entropy, binary cross entropy or squared error.

    labels: (n, w) in the form of head outputs, hard or soft. weights: (w,) per label, 1 for a plain mean.
    """
    logits = logits.float()
    losses = []
    for head in heads:
        given, wanted, weight = logits[:, head.slice], labels[:, head.slice].float(), weights[head.slice]
        if head.kind == "softmax":
            # weighted mean, as torch's own class weights: a batch of rare rows does not get a larger step
            rows = -(wanted * weight * F.log_softmax(given, dim=1)).sum(dim=1)
            losses.append(rows.sum() / (wanted * weight).sum())
        elif head.kind == "sigmoid":
            losses.append(F.binary_cross_entropy_with_logits(given, wanted, pos_weight=weight))
        else:
            losses.append(F.mse_loss(given, wanted))
    return torch.stack(losses).mean()


def start_bias(labels: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """(w,) where the last layer starts: log shares, log-odds, or the mean, of the train labels."""
    bias = np.zeros(labels.shape[1], dtype=np.float32)
    for head in heads:
        mean = labels[:, head.slice].mean(axis=0)
        safe = np.clip(mean, 1e-3, 1 - 1e-3)
        bias[head.slice] = {"softmax": np.log(safe), "sigmoid": np.log(safe / (1 - safe)), "regression": mean}[
            head.kind
        ]
    return bias


def work_folder(name: str, settings: dict, files: list[Path | str]) -> Path:
    """The checkpoint folder of a run, named by its settings and input bytes, so that no run resumes another's.

    Folders of earlier inputs under the same name are removed.
    """
    content = json.dumps([settings, [digest(file) for file in files]], sort_keys=True)
    folder = WORK / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    for other in WORK.glob(f"{name}-????????????????"):
        if other != folder:
            shutil.rmtree(other)
    return folder


def last_checkpoint(work: Path) -> str | None:
    """The newest whole checkpoint: trainer_state.json is written last, a folder without it was cut off."""
    whole = [folder for folder in work.glob("checkpoint-*") if (folder / "trainer_state.json").exists()]
    return str(max(whole, key=lambda folder: int(folder.name.split("-")[1]))) if whole else None


def history(log: list[dict]) -> pd.DataFrame:
    """One row per epoch: train loss, and every valid metric."""
    epochs: dict[float, dict] = {}
    for entry in log:
        row = epochs.setdefault(round(entry["epoch"], 3), {"epoch": round(entry["epoch"], 3)})
        if "loss" in entry:
            row["train_loss"] = round(entry["loss"], 6)
        row |= {
            key.replace("eval_", "valid_"): round(value, 6)
            for key, value in entry.items()
            if key.startswith("eval_") and "runtime" not in key and "per_second" not in key
        }
    return pd.DataFrame([row for row in epochs.values() if len(row) > 1])
