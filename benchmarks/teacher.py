"""How fast a teacher learns: python -m benchmarks.teacher [--task toxicity] [--rows 4000] [--threads 1]

One epoch over the same train rows, twice: in the way of the reference systems (every text padded to 128 tokens, fp32,
rows in random order, the whole vocabulary in the optimizer) and by decant.training.finetune (length buckets, bf16 where the
processor has it, only the embeddings of tokens that occur, fused AdamW). Both start from the same encoder with the same
rows per step, and neither counts loading or evaluating. Prints seconds, rows per second and the ratio.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback, set_seed

from decant import paths, tables
from decant.heads import Head
from decant.members import taught
from decant.models.encoder import encode, load_tokenizer, load_weights, pooling
from decant.models.model import build, padded
from decant.problem import Problem
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.settings.params import read
from decant.training import finetune, losses

PADDED = 128  # tokens, as all four references
PRECISION = "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


class Clock(TrainerCallback):
    """Time from the first step to the end of the epoch."""

    def on_step_begin(self, args, state, control, **kwargs):
        if not state.global_step:
            self.started = time.perf_counter()

    def on_epoch_end(self, args, state, control, **kwargs):
        self.seconds = time.perf_counter() - self.started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="toxicity", help="whose train rows and teacher settings")
    parser.add_argument("--encoder", default="minilm", help="of the catalogue, already below models/<task>/encoders")
    parser.add_argument("--rows", type=int, default=4000, help="of train, the first ones")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    p = read(options.task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    source = paths.encoder(options.task, options.encoder)
    train = tables.load(options.task, "train", problem.heads)[: options.rows]
    valid = tables.load(options.task, "valid", problem.heads)[:64]
    settings = p.teacher.model_copy(update={"epochs": 1, "precision": PRECISION, "frozen_epochs": 0})

    given = taught.plain(tables.targets(train, problem.heads))
    slow = reference(source, problem.heads, p.teacher, train)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "run-0"
        finetune.fine_tune(source, problem, settings, 13, {"train": train, "valid": valid}, given, work, (clock,))
        shutil.rmtree(work)
    for name, seconds in (("reference loop", slow), (f"decant ({PRECISION})", clock.seconds)):
        print(f"{name:16} {len(train):,} rows in {seconds:7.1f} s, {len(train) / seconds:6.1f} rows/s")
    print(f"{slow / clock.seconds:.2f} times as fast, {options.threads} thread")


def reference(source: Path, heads: tuple[Head, ...], settings, train) -> float:
    """Seconds of one epoch as the references train: no buckets, no autocast, everything padded, everything updated."""
    set_seed(13)
    tokenizer = load_tokenizer(source)
    labels = torch.from_numpy(tables.targets(train, heads))
    model = build(
        load_weights(source), heads, pooling(source), settings.dropout, losses.start_bias(labels.numpy(), heads)
    ).train()
    filler = tokenizer.pad_token_id
    ids = [row + [filler] * (PADDED - len(row)) for row in encode(tokenizer, train["text"].tolist(), PADDED)]
    lengths = [sum(token != filler for token in row) for row in ids]
    batch = padded(ids, filler) | {"labels": labels}
    batch["attention_mask"] = torch.tensor([[1] * size + [0] * (PADDED - size) for size in lengths])
    rows = [{name: tensor[row] for name, tensor in batch.items()} for row in range(len(ids))]
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    weights = torch.ones(labels.shape[1])
    started = time.perf_counter()
    for part in DataLoader(rows, batch_size=settings.batch_size, shuffle=True):
        output = model(input_ids=part["input_ids"], attention_mask=part["attention_mask"])
        losses.head_loss(output["logits"], part["labels"], heads, weights).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
