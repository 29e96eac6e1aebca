"""capacity: students of other sizes, trained as the one that ships, to show size against quality.

In: what distil reads. Out: models/<task>/capacity/capacity.csv (cached only), one row per entry of distil.sweep with its
parameters (about a byte each in int8) and its best valid metrics; test stays closed. An empty sweep is done at once.
"""

import shutil

import pandas as pd
import torch

from decant import checked, paths, stage, tables
from decant.files import writing
from decant.members import soft
from decant.problem import Problem
from decant.runs import checkpoints
from decant.scoring import selection
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.distil import Distil
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens
from decant.training import student


class Sections(Section):
    decision: Decision
    distil: Distil
    encoders: list[str]
    heads: Heads
    seeds: list[int]
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    torch.set_num_threads(p.threads)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    lesson = soft.load(task, frames["train"], p.encoders, p.seeds) if p.distil.sweep else None
    rows = []
    for size in p.distil.sweep:
        settings = Distil.model_validate(p.distil.model_dump() | size.model_dump())
        start = student.source(task, settings, p.encoders, p.seeds)
        layers = "-".join(map(str, size.layers))
        work = checkpoints.work_folder("capacity", {"task": task}, f"{layers}-{size.min_count}")
        model, _, epochs = student.train(start, problem, settings, frames, lesson, work, layers)
        rows.append(student.record(model, settings) | {"layers": layers} | selection.best(epochs, settings.select))
        shutil.rmtree(work, ignore_errors=True)
    with writing(paths.capacity(task)) as partial:
        partial.mkdir()
        pd.DataFrame(rows, columns=None if rows else ["layers"]).to_csv(partial / "capacity.csv", index=False)


if __name__ == "__main__":
    stage.run(main)
