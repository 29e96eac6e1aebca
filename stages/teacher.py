"""teacher: one encoder fine-tuned on one seed, for all heads at once (models/<task>/teachers/<encoder>-<seed>).

In: the adapted encoder, the settings that search has found (if it is on), train to fit, valid to keep the best epoch.
Only cached outs, so that a colleague's run cache restores it. A run that was killed goes on from its last epoch, and
`accelerate launch --num_processes 2 -m stages.teacher <task> <encoder> <seed>` shares each step out to several processes.
"""

import shutil
from pathlib import Path

import torch

from decant import stage, tables
from decant.files import digest, read_json, write_json, writing
from decant.heads import layout
from decant.models.encoder import WEIGHTS, save_tokenizer
from decant.runs import checkpoints, processes
from decant.settings.params import read
from decant.training import finetune


def main(task: str, encoder: str, seed: str) -> None:
    p = read(task)
    described = {name: head.model_dump() for name, head in p.heads.items()}
    rule = p.decision.model_dump()
    source = Path("models") / task / "adapted" / encoder
    found = read_json(Path("models") / task / "search" / encoder / "settings.json")
    settings = finetune.settings_of(p.teacher, p.encoder(encoder), found)
    torch.set_num_threads(p.threads)

    train, valid = (tables.load(task, split, layout(described)) for split in ("train", "valid"))
    work = checkpoints.work_folder(
        f"{task}/teacher-{encoder}-{seed}",
        {"settings": settings.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
        [tables.split_file(task, "train"), tables.split_file(task, "valid"), source / WEIGHTS],
    )
    model, tokenizer, epochs = finetune.fine_tune(
        source, described, rule, p.tokens.max_length, settings, int(seed), train, valid, work
    )
    if not processes.is_first():
        return
    with writing(Path("models") / task / "teachers" / f"{encoder}-{seed}") as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        record = {"encoder": encoder, "seed": int(seed), "encoder_sha256": digest(source / WEIGHTS)}
        write_json(partial / "teacher.json", record | {"settings": settings.model_dump()})
    shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
