"""A contestant by itself: opened from its own files, and answering texts as whoever deploys it would.

Stages that score everyone open a contestant for each table; here it is opened once and stays open, so that its time can be
taken. A recipe is plain JSON, so that a fresh process can open the same one: `python -m decant.members.alone`, with
{"recipe": ..., "texts": [...]} on standard input, says what a cold start costs. What a kind needs is imported when it is
opened: a process that serves int8 has no torch in it.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from decant.keys import STUDENT_INT8

Answer = Callable[[list[str]], np.ndarray]  # texts -> (n, w) logits
IN_TORCH = "student_torch"  # the student as it was trained; no contestant of test.json, for there it is `student`
READS = {"linear": "linear", "bundle": "raw"}  # kind -> column of the tables that it reads; all others read text
SLOW = ("probe", "torch")  # kinds that are timed on fewer texts


def recipes(
    task: str,
    encoders: list[str],
    seeds: list[int],
    adapted: bool,
    probe: str,
    shipped: str,
    max_length: int,
    overlap: int | None,
    threads: int,
) -> dict[str, dict]:
    """Contestant -> how to open it: all of test.json but the ensemble, and the student in torch.

    adapted: whether the task has a probe of the adapted encoder; probe: the encoder of the probes; shipped: who is opened as
    the bundle; overlap: tokens that the windows of a long text share in ONNX.
    """
    from decant import paths
    from decant.members import ensemble

    def of(kind: str, **files: Path) -> dict:
        named = {name: str(file) for name, file in files.items()}
        return {"kind": kind, "max_length": max_length, "overlap": overlap, "threads": threads} | named

    baseline, student = paths.baseline(task), paths.student(task)
    tokenizer = student / "tokenizer.json"
    return {
        "linear": of("linear", folder=baseline),
        **{name: of("probe", folder=place(task, probe), weights=baseline / f"{name}.safetensors")
           for name, place in ensemble.probes(adapted).items()},
        **{name: of("torch", folder=folder) for name, folder in ensemble.teachers(task, encoders, seeds).items()},
        IN_TORCH: of("torch", folder=student),
        "student": of("onnx", file=paths.onnx(task), tokenizer=tokenizer),
        STUDENT_INT8: of("onnx", file=paths.quantized(task), tokenizer=tokenizer),
    } | {shipped: of("bundle", folder=paths.bundle(task))}  # fmt: skip


def opened(recipe: dict) -> Answer:
    """The contestant of a recipe, ready to answer."""
    kinds = {"linear": _linear, "probe": _probe, "torch": _torch, "onnx": _onnx, "bundle": _bundle}
    return kinds[recipe["kind"]](recipe)


def _bundle(recipe: dict) -> Answer:
    from decant.runtime import Bundle

    return Bundle(recipe["folder"], recipe["threads"]).logits


def _onnx(recipe: dict) -> Answer:
    from decant.shipped.model import Model

    read = (recipe["max_length"], recipe["threads"], recipe["overlap"])
    return Model(recipe["file"], recipe["tokenizer"], *read).logits


def _linear(recipe: dict) -> Answer:
    from decant.members import linear

    weights, _ = linear.load_weights(Path(recipe["folder"]) / "linear.safetensors")
    tfidf = linear.Tfidf.load(Path(recipe["folder"]))
    return lambda texts: weights.logits(tfidf.transform(texts))


def _probe(recipe: dict) -> Answer:
    import torch

    from decant.members import linear
    from decant.models import encoder, model

    torch.set_num_threads(recipe["threads"])
    weights, standard = linear.load_weights(Path(recipe["weights"]))
    inner, tokenizer = encoder.load_weights(recipe["folder"]).eval(), encoder.load_tokenizer(recipe["folder"])
    pooling = encoder.pooling(recipe["folder"])

    def answer(texts: list[str]) -> np.ndarray:
        ids = model.windows(tokenizer, texts, recipe["max_length"], None)
        batch = model.batched(ids, tokenizer.pad_token_id)
        with torch.inference_mode():
            states = model.pool(inner(**batch).last_hidden_state, batch["attention_mask"], pooling)
        return weights.logits(standard.transform(states.numpy()))

    return answer


def _torch(recipe: dict) -> Answer:
    import torch

    from decant.models import encoder, model

    torch.set_num_threads(recipe["threads"])
    classifier, tokenizer = model.load(recipe["folder"]), encoder.load_tokenizer(recipe["folder"])

    def answer(texts: list[str]) -> np.ndarray:
        ids = model.windows(tokenizer, texts, recipe["max_length"], classifier.config.overlap)
        with torch.inference_mode():
            return classifier(**model.batched(ids, tokenizer.pad_token_id))["logits"].numpy()

    return answer


def peak_memory() -> int:
    """The most memory that this process has held at once, in bytes.

    Not ru_maxrss where the kernel says better: a child begins with its parent's there. A bundle of 82 MB was reported as 224
    by a parent that held 224, and as 807 by one that held 807.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Opens the contestant and answers; prints seconds of processor time to its first answer, and its peak memory."""
    given = json.load(sys.stdin)
    answer = opened(given["recipe"])
    answer(given["texts"][:1])
    first = time.process_time()  # since the process began, the interpreter's own start among it
    for text in given["texts"][1:]:
        answer([text])
    print(json.dumps({"cold_start_s": first, "peak_memory_mb": peak_memory() / 1e6}))


if __name__ == "__main__":
    main()
