"""distil: a student cut from an encoder's layers and vocabulary learns the ensemble's probabilities.

In: the encoder (or its fine-tuned teacher), the soft labels with their row ids, train and valid. Out:
models/<task>/student (cached only, since it is expensive). The student starts from pretrained layers, not from nothing:
three of six layers and the tokens that train uses keep most of the knowledge in a tenth of the bytes (on scam, 8.9 MB of
int8 beside 91 MB). An encoder with the source `scratch` gives a student that starts from nothing.
"""

import shutil
from pathlib import Path

import torch

from decant import stage, tables
from decant.files import write_json, writing
from decant.heads import layout
from decant.members import soft
from decant.models.encoder import save_tokenizer
from decant.runs import checkpoints, processes
from decant.settings.params import read
from decant.training import student


def main(task: str) -> None:
    p = read(task)
    described = {name: head.model_dump() for name, head in p.heads.items()}
    rule = p.decision.model_dump()
    torch.set_num_threads(p.threads)
    frames = {split: tables.load(task, split, layout(described)) for split in ("train", "valid")}
    lesson = soft.load(task, frames["train"], p.encoders, p.seeds)
    start = student.source(task, p.distil, p.seeds)
    work = checkpoints.work_folder(
        f"{task}/student",
        {"settings": p.distil.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
        [*soft.files(task), tables.split_file(task, "valid"), *start.files],
    )
    model, tokenizer, epochs = student.train(
        start, described, rule, p.tokens.max_length, p.distil, frames, lesson, p.encoders, p.seeds, work, "student"
    )
    if not processes.is_first():
        return
    with writing(Path("models") / task / "student") as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        write_json(partial / "student.json", student.record(model, p.distil))
    shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
