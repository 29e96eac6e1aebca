"""gain: what adapting an encoder is worth (models/<task>/gain/<encoder>.json).

Teachers from the published and from the adapted encoder, with the same settings and the same seeds (gain.seeds),
judged on valid, which picks their epochs, and on calib, which nothing here chooses by; test stays closed. The difference
comes with an interval. Without seeds, or where adapt is off, there is nothing to compare, and the stage says so at once.
Only a cached out, so that a run cache restores it. A killed run repeats no teacher that it has finished.
"""

import shutil
from pathlib import Path

from decant import checked, paths, stage
from decant.files import write_metrics, writing
from decant.models import unused
from decant.problem import Problem
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.catalogue import Encoder, chosen
from decant.settings.decision import Decision, rule_of
from decant.settings.gain import Gain
from decant.settings.heads import Heads, heads_of
from decant.settings.teacher import Teacher
from decant.settings.tokens import Tokens

JUDGED = ("valid", "calib")
SIDES = {"published": paths.encoder, "adapted": paths.adapted}  # -> where its encoder lies


class Sections(Section):
    adapt: Adapt
    catalogue: dict[str, Encoder]
    decision: Decision
    device: str
    gain: Gain
    heads: Heads
    teacher: Teacher
    threads: int
    tokens: Tokens


def main(task: str, encoder: str) -> None:
    p = checked.read(Sections, task)
    target = paths.gain(task, encoder)
    if not p.gain.seeds or not p.adapt.on or unused.marked(paths.encoder(task, encoder)):
        write_metrics(target, {"seeds": 0})
    else:
        compare(task, encoder, p, target)


def compare(task: str, encoder: str, p: Sections, target: Path) -> None:
    """Train both sides on every seed and write their difference."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    from decant import tables
    from decant.members import taught
    from decant.models.model import predict
    from decant.runs import checkpoints, device
    from decant.scoring import paired
    from decant.scoring.selection import measure
    from decant.training import finetune

    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    settings = finetune.settings_of(p.teacher, chosen(p.catalogue, encoder))
    device.use(p.device, p.threads)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", *JUDGED)}
    given = taught.load(task, frames["train"])
    works = []

    def logits_of(side: str, seed: int) -> dict:
        """Split -> logits of a teacher of that side and seed."""
        source = SIDES[side](task, encoder)
        work = checkpoints.work_folder("gain", {"task": task, "encoder": encoder}, f"{side}-{seed}")
        works.append(work)
        done = work / "logits.safetensors"
        if not done.exists():
            model, tokenizer, _ = finetune.fine_tune(source, problem, settings, seed, frames, given, work)
            with writing(done) as partial:
                save_file(
                    {
                        split: predict(model, tokenizer, frames[split]["text"].tolist(), p.tokens.max_length, split)[0]
                        for split in JUDGED
                    },
                    partial,
                )
        return load_file(done)

    runs = {(side, seed): logits_of(side, seed) for seed in p.gain.seeds for side in SIDES}
    gains = {"seeds": len(p.gain.seeds)}
    for split in JUDGED:
        targets = tables.targets(frames[split], problem.heads)
        each = {key: measure(logits[split], targets, problem) for key, logits in runs.items()}
        sides = {side: [runs[side, seed][split] for seed in p.gain.seeds] for side in SIDES}
        gains[split] = {"n": len(targets)}
        for side in SIDES:
            rows = [each[side, seed] for seed in p.gain.seeds]
            gains[split][side] = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
            gains[split] |= {f"{side}_{seed}": each[side, seed] for seed in p.gain.seeds}
        gains[split]["difference"] = paired.difference(
            sides["adapted"], sides["published"], targets, problem, p.adapt.seed, f"gain on {split}"
        )
    write_metrics(target, gains)
    for work in works:
        shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
