"""gain: what adapting an encoder is worth (models/<task>/gain/<encoder>.json).

Teachers from the published and from the adapted encoder, with the same settings and the same seeds (gain.seeds),
judged on valid, which picks their epochs, and on calib, which nothing here chooses by; test stays closed. The difference
comes with an interval. Without seeds, or where adapt is off, there is nothing to compare, and the stage says so at once.
Only a cached out, so that a run cache restores it. A killed run repeats no teacher that it has finished.
"""

import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

from decant import stage, tables
from decant.files import write_metrics, writing
from decant.heads import layout
from decant.models.encoder import WEIGHTS
from decant.models.model import predict
from decant.runs import checkpoints
from decant.scoring import paired
from decant.scoring.selection import measure
from decant.settings.params import read
from decant.training import finetune

JUDGED = ("valid", "calib")
SIDES = {"published": "encoders", "adapted": "adapted"}  # -> folder in models/<task>


def main(task: str, encoder: str) -> None:
    p = read(task)
    described = {name: head.model_dump() for name, head in p.heads.items()}
    heads, rule = layout(described), p.decision.model_dump()
    settings = finetune.settings_of(p.teacher, p.encoder(encoder))
    target = Path("models") / task / "gain" / f"{encoder}.json"
    if not p.gain.seeds or not p.adapt.on:
        write_metrics(target, {"seeds": 0})
        return
    torch.set_num_threads(p.threads)
    frames = {split: tables.load(task, split, heads) for split in ("train", *JUDGED)}
    works = []

    def logits_of(side: str, seed: int) -> dict[str, np.ndarray]:
        """Split -> logits of a teacher of that side and seed."""
        source = Path("models") / task / SIDES[side] / encoder
        work = checkpoints.work_folder(
            f"{task}/gain-{encoder}-{side}-{seed}",
            {"settings": settings.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
            [*(tables.split_file(task, split) for split in frames), source / WEIGHTS],
        )
        works.append(work)
        done = work / "logits.safetensors"
        if not done.exists():
            model, tokenizer, _ = finetune.fine_tune(
                source, described, rule, p.tokens.max_length, settings, seed, frames["train"], frames["valid"], work
            )
            with writing(done) as partial:
                save_file(
                    {
                        split: predict(model, tokenizer, frames[split]["text"].tolist(), p.tokens.max_length, split)[0]
                        for split in JUDGED
                    },
                    partial,
                )
        return load_file(done)

    found = {(side, seed): logits_of(side, seed) for seed in p.gain.seeds for side in SIDES}
    gains = {"seeds": len(p.gain.seeds)}
    for split in JUDGED:
        targets = tables.targets(frames[split], heads)
        each = {key: measure(logits[split], targets, heads, rule) for key, logits in found.items()}
        sides = {side: [found[side, seed][split] for seed in p.gain.seeds] for side in SIDES}
        gains[split] = {"n": len(targets)}
        for side in SIDES:
            rows = [each[side, seed] for seed in p.gain.seeds]
            gains[split][side] = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
            gains[split] |= {f"{side}_{seed}": each[side, seed] for seed in p.gain.seeds}
        gains[split]["difference"] = paired.difference(
            sides["adapted"], sides["published"], targets, heads, rule, p.adapt.seed, f"gain on {split}"
        )
    write_metrics(target, gains)
    for work in works:
        shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
