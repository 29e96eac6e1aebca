"""distil: a student cut from an encoder's layers and vocabulary learns the ensemble's probabilities.

In: the encoder (or its fine-tuned teacher), the soft labels with their row ids, train and valid. Out:
models/<task>/student (cached only, since it is expensive). The student starts from pretrained layers, not from nothing:
three of six layers and the tokens that train uses keep most of the knowledge in a tenth of the bytes (on scam, 8.9 MB of
int8 beside 91 MB). An encoder with the source `scratch` gives a student that starts from nothing.
"""

import shutil

from decant import checked, paths, stage, tables
from decant.files import write_json, writing
from decant.members import soft, taught
from decant.models.encoder import save_tokenizer
from decant.problem import Problem
from decant.runs import checkpoints, device, processes
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.distil import Distil
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens
from decant.training import student


class Sections(Section):
    decision: Decision
    device: str
    distil: Distil
    heads: Heads
    seeds: list[int]
    teachers: list[str]
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    device.use(p.device, p.threads)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    lesson = soft.load(task, frames["train"], p.teachers, p.seeds)
    given = taught.load(task, frames["train"])
    start = student.source(task, p.distil, p.teachers, p.seeds)
    work = checkpoints.work_folder("distil", {"task": task})
    model, tokenizer, epochs = student.train(start, problem, p.distil, frames, given, lesson, work, "student")
    if not processes.is_first():
        return
    with writing(paths.student(task)) as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        write_json(partial / "student.json", student.record(model, p.distil))
    shutil.rmtree(work)


if __name__ == "__main__":
    stage.run(main)
