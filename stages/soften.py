"""soften: what all members together say about each row, calibrated: the soft labels that the student learns.

Weights of the members are fitted on valid, temperatures on calib; test stays closed. For train rows the linear members
speak through their out-of-fold logits, so that no member repeats a label it has learnt by heart. Scores are kept as
float16 with the ids of their rows (models/<task>/soft/<split>.safetensors).
"""

from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize

from decant import calibration, ensemble, scores, stage, tables
from decant.encoder import WEIGHTS
from decant.files import digest, write_json, write_metrics
from decant.heads import Head, layout, probabilities, tempered
from decant.params import read


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    torch.set_num_threads(p.threads)
    models = Path("models") / task
    teachers = ensemble.teachers(p.encoders, p.seeds) if "teachers" in p.soften.members else {}
    encoder = models / "encoders" / p.baseline.probe_encoder

    frames = {split: tables.load(task, split, heads) for split in ("train", "valid", "calib")}
    labels = {split: tables.targets(frame, heads) for split, frame in frames.items()}
    logits: dict[str, dict[str, np.ndarray]] = {}
    states: dict[str, dict[str, np.ndarray]] = {}
    for split, frame in frames.items():
        texts = frame["text"].tolist()
        logits[split], states[split] = {}, {}
        if split == "train":
            sources = {"train": digest(tables.split_file(task, "train")), "encoder": digest(encoder / WEIGHTS)}
            held_out = scores.load(models / "baseline" / "out_of_fold.safetensors", frame["id"].tolist(), sources)
            logits[split] = {name: held_out[name] for name in ("linear", "probe") if name in p.soften.members}
        else:
            if "linear" in p.soften.members:
                logits[split]["linear"] = ensemble.linear_logits(task, frame["linear"].tolist())
            if "probe" in p.soften.members:
                logits[split]["probe"] = ensemble.probe_logits(
                    task, texts, p.baseline.probe_encoder, p.tokens.max_length
                )
        for name, folder in teachers.items():
            logits[split][name], states[split][f"pooled_{name}"] = ensemble.teacher_logits(
                task, folder, texts, p.tokens.max_length
            )

    members = list(logits["calib"])
    own = {name: calibration.temperatures(logits["calib"][name], labels["calib"], heads) for name in members}
    weights = vote(logits["valid"], labels["valid"], heads, own, p.soften.weights)
    mixed = {split: ensemble.combine(logits[split], heads, weights, own) for split in frames}
    own["ensemble"] = calibration.temperatures(mixed["calib"], labels["calib"], heads)

    for split, frame in frames.items():
        arrays = logits[split] | {"ensemble": tempered(mixed[split], heads, own["ensemble"])}
        if split == "train":
            arrays |= states[split]  # only distil reads them, and distil reads train
        scores.save(
            models / "soft" / f"{split}.safetensors",
            frame["id"].tolist(),
            {name: half(array) for name, array in arrays.items()},
            {"table": digest(tables.split_file(task, split))},
        )
    write_json(models / "soft" / "ensemble.json", {"weights": weights, "temperatures": own})
    everyone = {name: logits["calib"][name] for name in members} | {"ensemble": mixed["calib"]}
    write_metrics(
        f"metrics/{task}/soften.json",
        {
            name: ({"weight": weights[name]} if name in weights else {})
            | calibration.before_and_after(raw, labels["calib"], heads, own[name], p.soften.bins)
            for name, raw in everyone.items()
        },
    )


def half(array: np.ndarray) -> np.ndarray:
    """float16, or float32 where a number head goes beyond 65,504."""
    return array.astype(np.float16 if np.abs(array).max() < np.finfo(np.float16).max else np.float32)


def vote(
    logits: dict[str, np.ndarray], labels: np.ndarray, heads: tuple[Head, ...], temperatures: dict, how: str
) -> dict[str, float]:
    """Weight of each member, summing to 1: equal, or the lowest NLL (plus squared error of numbers) on valid."""
    names = list(logits)
    equal = dict.fromkeys(names, round(1 / len(names), 6))
    if how == "equal" or len(names) == 1:
        return equal
    chances = np.stack([probabilities(tempered(logits[name], heads, temperatures[name]), heads) for name in names])

    def loss(raw: np.ndarray) -> float:
        shares = np.exp(raw - raw.max())
        mean = np.tensordot(shares / shares.sum(), chances, axes=1)
        total = 0.0
        for head in heads:
            part, wanted = mean[:, head.slice], labels[:, head.slice]
            if head.kind == "regression":
                total += float(((part - wanted) ** 2).mean())
                continue
            safe = np.clip(part, 1e-7, 1 - 1e-7)
            hit = (wanted * np.log(safe)).sum(axis=1)
            miss = 0 if head.kind == "softmax" else ((1 - wanted) * np.log1p(-safe)).sum(axis=1)
            total -= float((hit + miss).mean())
        return total

    fitted = minimize(
        loss, np.zeros(len(names)), method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7, "maxiter": 4000}
    )
    shares = np.exp(fitted.x - fitted.x.max())
    return {name: round(float(share), 6) for name, share in zip(names, shares / shares.sum(), strict=True)}


if __name__ == "__main__":
    stage.run(main)
