"""What a distilled student would cost here, in minutes: a few steps of each training are timed, on the table's own texts.

Steps of short, middling and long texts are timed, since rows of like length share a step and a step's time grows with
its longest text. The estimate leaves out what depends on no row: reading the weights, and the other stages.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from decant.members.clock import Clock
from decant.models.encoder import encode
from decant.models.model import Classifier, build
from decant.models.vocabulary import cut_vocabulary
from decant.progress import bar
from decant.runs import device
from decant.settings.params import TaskParams
from decant.settings.training import Training
from decant.training import losses, slimming
from decant.training.optimizer import optimizer
from decant.training.precision import resolved
from decant.training.student import cut_encoder
from decant.training.trainer import TokenRows, collate, read
from decant.trying.encoder import Here
from decant.trying.rows import Rows

TIMED = 6  # steps of each training, at these shares of the lengths; one before them warms up
SOME = 256  # texts that choose the neurons that a slim student keeps; which ones changes no time
FORWARD = 1 / 3  # of a step: what a batch of valid costs, which has no backward pass


@dataclass(frozen=True)
class Cost:
    """Of one training. seconds: of a step, the mean over the lengths of the texts."""

    name: str
    seconds: float
    steps: int  # in all its epochs
    epochs: int
    valid: int  # batches of valid after all epochs together

    @property
    def minutes(self) -> float:
        return self.seconds * (self.steps + FORWARD * self.valid) / 60


def costs(here: Here, rows: Rows, p: TaskParams, max_length: int, train: int, valid: int, clock: Clock) -> list[Cost]:
    """Of a teacher and of the student cut from it, if both need all their epochs. train, valid: rows of the splits.

    Raises EncoderError: a vocabulary that cannot be cut.
    """
    bias = losses.start_bias(rows.targets, (rows.head,))
    teacher = build(here.model, (rows.head,), here.pooling, p.teacher.dropout, bias)
    small, kept = cut_vocabulary(here.tokenizer, rows.texts, p.distil.min_count)
    inner = cut_encoder(here.model, p.distil.layers, kept, small.pad_token_id, here.name)
    inner = slimming.slim(inner, encode(small, rows.texts[:SOME], max_length), p.distil.intermediate, p.distil.heads)
    student = build(inner, (rows.head,), here.pooling, p.distil.dropout, bias)
    crews = (("teacher", teacher, here.tokenizer, p.teacher), ("student", student, small, p.distil))
    found = []
    with bar(total=len(crews) * TIMED, what="time of a step", unit="step") as shown:
        for name, model, tokenizer, settings in crews:
            ids = encode(tokenizer, rows.texts, max_length)
            seconds = timed(model, ids, rows, settings, tokenizer.pad_token_id, clock, shown)
            batches = -(-train // settings.batch_size), -(-valid // (2 * settings.batch_size)) * 2
            found.append(
                Cost(name, seconds, *(settings.epochs * batches[0], settings.epochs, settings.epochs * batches[1]))
            )
    return found


def timed(
    model: Classifier, ids: list[list[int]], rows: Rows, settings: Training, pad: int, clock: Clock, shown: tqdm
) -> float:
    """Mean seconds of a training step: forward, backward and the optimizer's."""
    data = TokenRows([[one] for one in ids], labels=rows.targets)
    order = np.argsort([len(one) for one in ids], kind="stable")
    size = min(settings.batch_size, len(order))
    starts = (np.linspace(0, 1, 2 * TIMED + 1)[1::2] * (len(order) - size)).round().astype(int)
    model.train().to(device.chosen())
    steps, plain = optimizer(model, settings), torch.ones(rows.targets.shape[1], device=device.chosen())
    exact = resolved(settings.precision) == "fp32"

    def step(start: int) -> None:
        batch = collate([data[row] for row in order[start : start + size]], pad)
        batch = {name: tensor.to(device.chosen()) for name, tensor in batch.items()}
        with nullcontext() if exact else torch.autocast(device.chosen(), torch.bfloat16):
            logits = model(**read(batch))["logits"].float()
        losses.head_loss(logits, batch["labels"], (rows.head,), plain).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip).item()  # waits for a GPU
        steps.step()
        steps.zero_grad()

    step(starts[len(starts) // 2])
    taken = []
    for start in starts:
        taken.append(clock.seconds(step, start))
        shown.update()
    return float(np.mean(taken))
