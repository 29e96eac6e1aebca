"""soften: what all members together say about each row, calibrated: the soft labels that the student learns.

Weights of the members are fitted on valid, temperatures on calib; test stays closed. For train rows the linear members
speak through their out-of-fold logits, so that no member repeats a label it has learnt by heart. Scores are kept as
float16 with the ids of their rows (models/<task>/soft/<split>.safetensors). Texts without labels, given or made from
train rows, are scored too where params say so (extra.parquet, extra.safetensors).

Teachers read in shards that outlive a kill; `accelerate launch --num_processes 2 -m stages.soften <task>` shares them out.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize

from decant import stage, tables
from decant.data.lexical import Lexer
from decant.files import digest, write_json, write_metrics, writing
from decant.heads import Head, layout, probabilities, tempered
from decant.members import augment, ensemble, scores, soft
from decant.models.encoder import WEIGHTS
from decant.runs import processes, shards
from decant.scoring import calibration
from decant.settings.params import read


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    torch.set_num_threads(p.threads)
    models, length = Path("models") / task, p.tokens.max_length
    teachers, probes = ensemble.teachers(p.encoders, p.seeds), ensemble.probes(p.adapt)

    frames = {split: tables.load(task, split, heads) for split in ("train", "valid", "calib")}
    labels = {split: tables.targets(frame, heads) for split, frame in frames.items()}
    texts = {split: (frame["text"].tolist(), frame["linear"].tolist()) for split, frame in frames.items()}
    copies = augment.copies(texts["train"][0], frames["train"]["answer"].tolist(), p.soften.copies, p.soften.seed)
    given = pd.read_parquet(Path("data") / task / "unlabelled.parquet") if p.soften.unlabelled else None
    words = Lexer(p.linear_text.model_dump())
    texts["extra"] = (copies, [words(text) for text in copies])
    if given is not None:
        texts["extra"] = (copies + given["text"].tolist(), texts["extra"][1] + given["linear"].tolist())

    logits: dict[str, dict[str, np.ndarray]] = {split: {} for split in texts}
    states: dict[str, dict[str, np.ndarray]] = {split: {} for split in texts}
    for name, folder in teachers.items():  # first, since every process takes its part of it
        key = digest(models / "teachers" / folder / WEIGHTS) + digest(models / "teachers" / folder / "tokenizer.json")
        for split, (plain, _) in texts.items():
            if plain:
                logits[split][name], states[split][f"pooled_{name}"] = shards.score(
                    lambda part, folder=folder, what=f"{name} {split}": ensemble.teacher_logits(
                        task, folder, part, length, what
                    ),
                    plain,
                    f"{task}/soft",
                    f"{key}{length}",
                )
    if not processes.is_first():
        return
    for split, (plain, linear) in texts.items():
        own = {"linear": ensemble.linear_logits(task, linear)} if plain else {}
        for name in probes if plain else ():
            own[name] = ensemble.probe_logits(task, name, plain, p.baseline.probe_encoder, length)
        if split == "train" and p.soften.out_of_fold:
            sources = {"train": digest(tables.split_file(task, "train"))}
            for name, folder in probes.items():
                sources[name] = digest(models / folder / p.baseline.probe_encoder / WEIGHTS)
            ids = frames["train"]["id"].tolist()
            held_out = scores.load(models / "baseline" / "out_of_fold.safetensors", ids, sources)
            own = {name: held_out[name] for name in own}
        logits[split] = own | logits[split]

    # everyone is calibrated, since everyone is a contestant; only members vote
    groups = {"linear": ["linear"], "probe": list(probes), "teachers": list(teachers)}
    members = [name for group in groups if group in p.soften.members for name in groups[group]]
    own = {name: calibration.temperatures(found, labels["calib"], heads) for name, found in logits["calib"].items()}
    voices = {split: {name: found[name] for name in members} for split, found in logits.items() if found}
    weights = vote(voices["valid"], labels["valid"], heads, own, p.soften.weights, p.soften.pool)
    mixed = {split: ensemble.combine(found, heads, weights, own, p.soften.pool) for split, found in voices.items()}
    own["ensemble"] = calibration.temperatures(mixed["calib"], labels["calib"], heads)

    with writing(soft.folder(task)) as partial:
        partial.mkdir()
        extra = pd.DataFrame(
            {"id": [f"extra-{row}" for row in range(len(texts["extra"][0]))], "text": texts["extra"][0]}
        )
        extra.to_parquet(partial / "extra.parquet", index=False)
        tables_of = {split: tables.split_file(task, split) for split in frames} | {"extra": partial / "extra.parquet"}
        for split, table in tables_of.items():
            arrays = {}
            if split in mixed:
                arrays = logits[split] | {"ensemble": tempered(mixed[split], heads, own["ensemble"])}
            if split in ("train", "extra"):
                arrays |= states[split]  # only students read them
            ids = extra["id"] if split == "extra" else frames[split]["id"]
            scores.save(
                partial / f"{split}.safetensors",
                ids.tolist(),
                {name: half(array) for name, array in arrays.items()},
                soft.sources(task, table, p.encoders, p.seeds),
            )
        record = {"pool": p.soften.pool, "weights": weights, "temperatures": own}
        write_json(partial / "ensemble.json", record)
    everyone = logits["calib"] | {"ensemble": mixed["calib"]}
    write_metrics(
        f"metrics/{task}/soften.json",
        {
            name: ({"weight": weights[name]} if name in weights else {})
            | calibration.before_and_after(raw, labels["calib"], heads, own[name], p.soften.bins)
            for name, raw in everyone.items()
        },
    )
    bins = [
        {"member": name, "head": head, "when": when} | row
        for name, raw in everyone.items()
        for when, found in (("before", raw), ("after", tempered(raw, heads, own[name])))
        for head, rows in calibration.bins(found, labels["calib"], heads, p.soften.bins).items()
        for row in rows
    ]
    with writing(f"metrics/{task}/calibration.csv") as partial:
        pd.DataFrame(bins).to_csv(partial, index=False)
    shards.forget(f"{task}/soft")


def half(array: np.ndarray) -> np.ndarray:
    """float16, or float32 where a number head goes beyond 65,504."""
    return array.astype(np.float16 if np.abs(array).max(initial=0) < np.finfo(np.float16).max else np.float32)


def vote(
    logits: dict[str, np.ndarray], labels: np.ndarray, heads: tuple[Head, ...], temperatures: dict, how: str, pool: str
) -> dict[str, float]:
    """Weight of each member, summing to 1: equal, or the lowest NLL (plus squared error of numbers) on valid."""
    names = list(logits)
    equal = dict.fromkeys(names, round(1 / len(names), 6))
    if how == "equal" or len(names) == 1:
        return equal
    voices = np.stack(
        [ensemble.voice(tempered(logits[name], heads, temperatures[name]), heads, pool) for name in names]
    )
    # averaged logits are less sure than their members; calibration makes up for that later, and so does a scale here
    scaled = pool == "logits"

    def loss(raw: np.ndarray) -> float:
        shares = np.exp(raw[: len(names)] - raw[: len(names)].max())
        mean = np.tensordot(shares / shares.sum(), voices, axes=1)
        if scaled:
            common = {head.name: np.exp(-raw[-1]) for head in heads}
            mean = probabilities(tempered(mean, heads, common), heads)
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

    start = np.zeros(len(names) + scaled)
    fitted = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-7, "maxiter": 4000})
    found = fitted.x[: len(names)]
    shares = np.exp(found - found.max())
    return {name: round(float(share), 6) for name, share in zip(names, shares / shares.sum(), strict=True)}


if __name__ == "__main__":
    stage.run(main)
