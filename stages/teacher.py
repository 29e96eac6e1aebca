"""teacher: one encoder fine-tuned on one seed, for all heads at once (models/<task>/teachers/<encoder>-<seed>).

In: the adapted encoder, the settings that search has found (if it is on), train to fit, valid to keep the best epoch.
Only cached outs, so that a colleague's run cache restores it. A run that was killed goes on from its last epoch, and
`accelerate launch --num_processes 2 -m stages.teacher <task> <encoder> <seed>` shares each step out to several processes.
"""

import shutil
from pathlib import Path

from decant import checked, paths, stage
from decant.files import digest, read_json, write_json, writing
from decant.models import unused
from decant.settings.base import Section
from decant.settings.catalogue import Encoder, chosen
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.teacher import Teacher
from decant.settings.tokens import Tokens


class Sections(Section):
    catalogue: dict[str, Encoder]
    decision: Decision
    device: str
    heads: Heads
    teacher: Teacher
    threads: int
    tokens: Tokens


def main(task: str, encoder: str, seed: str) -> None:
    p = checked.read(Sections, task)
    source = paths.adapted(task, encoder)
    if unused.marked(source):
        unused.put(paths.teacher(task, encoder, seed), task, encoder)
    else:
        learn(task, encoder, seed, p, source)


def learn(task: str, encoder: str, seed: str, p: Sections, source: Path) -> None:
    """Fine-tune the encoder at `source`, and write the model of the best epoch."""
    from decant import tables
    from decant.members import taught
    from decant.models.encoder import WEIGHTS, save_tokenizer
    from decant.problem import Problem
    from decant.runs import checkpoints, device, processes
    from decant.training import finetune
    from decant.training.precision import resolved

    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    tuned = read_json(paths.search(task, encoder) / "settings.json")
    settings = finetune.settings_of(p.teacher, chosen(p.catalogue, encoder), tuned)
    device.use(p.device, p.threads)

    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    given = taught.load(task, frames["train"])
    work = checkpoints.work_folder("teacher", {"task": task, "encoder": encoder, "seed": seed})
    model, tokenizer, epochs = finetune.fine_tune(source, problem, settings, int(seed), frames, given, work)
    if not processes.is_first():
        return
    with writing(paths.teacher(task, encoder, seed)) as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        record = {"encoder": encoder, "seed": int(seed), "encoder_sha256": digest(source / WEIGHTS)}
        used = settings.model_dump() | {"precision": resolved(settings.precision)}
        write_json(partial / "teacher.json", record | {"settings": used})
    shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
