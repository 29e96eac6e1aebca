"""What a GPU is worth: python -m benchmarks.devices [--task toxicity] [--rows 4000] [--devices cpu cuda]

One epoch of a teacher on the same train rows, and its answers to valid, on the processor and on a GPU where there is one, in every
precision that the device has. Each training runs twice: is it the same to the bit? Prints a table in Markdown: rows per second
of learning and of reading, and how far the probabilities of valid lie from those of the first line, mean and largest. Loading
counts nowhere.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.teacher import Clock
from decant import paths, tables
from decant.heads import probabilities
from decant.members import taught
from decant.models.model import predict
from decant.problem import Problem
from decant.runs import device
from decant.settings.decision import rule_of
from decant.settings.heads import heads_of
from decant.settings.params import read
from decant.training import finetune, precision

SEED = 13
RUNS = 2  # trainings of each kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="toxicity", help="whose rows and teacher settings")
    parser.add_argument("--encoder", default="minilm", help="of the catalogue, already below models/<task>/encoders")
    parser.add_argument("--rows", type=int, default=4000, help="of train, the first ones")
    parser.add_argument(
        "--devices", nargs="+", default=["cpu", "auto"], help="(default: cpu, and a GPU where there is one)"
    )
    options = parser.parse_args()
    p = read(options.task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    source = paths.encoder(options.task, options.encoder)
    rows = {"train": tables.load(options.task, "train", problem.heads)[: options.rows]}
    rows["valid"] = tables.load(options.task, "valid", problem.heads)[: options.rows]

    lines = [
        "| device | numbers | learning, rows/s | reading, rows/s | twice the same | from the first: mean, largest |"
    ]
    lines.append("|---|---|---|---|---|---|")
    plain, done = None, set()
    for name in options.devices:
        device.use(name, p.threads)
        if device.chosen() in done:
            continue  # auto is the processor here
        done.add(device.chosen())
        for kind in dict.fromkeys(("fp32", precision.resolved("auto"))):
            settings = p.teacher.model_copy(update={"epochs": 1, "precision": kind})
            runs = [once(source, problem, settings, rows) for _ in range(RUNS)]
            same = all(np.array_equal(runs[0][0], other) for other, _, _ in runs[1:])
            plain = runs[0][0] if plain is None else plain
            far = np.abs(runs[0][0] - plain)
            learnt = max(len(rows["train"]) / seconds for _, seconds, _ in runs)
            answered = max(len(rows["valid"]) / seconds for _, _, seconds in runs)
            cells = (called(device.chosen()), kind, f"{learnt:,.0f}", f"{answered:,.0f}", "yes" if same else "no")
            lines.append(f"| {' | '.join(cells)} | {far.mean():.1e}, {far.max():.1e} |")
    print("\n".join(lines))  # last, below what each training says of itself


def called(name: str) -> str:
    return torch.cuda.get_device_name() if name == "cuda" else f"{name}, {torch.get_num_threads()} thread(s)"


def once(source: Path, problem: Problem, settings, rows: dict) -> tuple[np.ndarray, float, float]:
    """Probabilities of valid (n, w), seconds of the epoch, seconds of reading valid; the first batch of each warms up."""
    given = taught.plain(tables.targets(rows["train"], problem.heads))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "run-0"
        model, tokenizer, _ = finetune.fine_tune(source, problem, settings, SEED, rows, given, work, (clock,))
    texts = rows["valid"]["text"].tolist()
    predict(model, tokenizer, texts[:64], problem.max_length, "warming up")
    started = time.perf_counter()
    logits, _ = predict(model, tokenizer, texts, problem.max_length, "valid")
    return probabilities(logits, problem.heads), clock.seconds, time.perf_counter() - started


if __name__ == "__main__":
    main()
