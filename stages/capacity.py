"""capacity: students of other sizes, trained as the one that ships, to show size against quality.

In: what distil reads. Out: models/<task>/capacity/capacity.csv (cached only), one row per entry of distil.sweep with its
parameters (about a byte each in int8) and its best valid metrics; test stays closed. An empty sweep is done at once.
"""

import shutil
from pathlib import Path

import pandas as pd
import torch

from decant import stage, tables
from decant.files import writing
from decant.heads import layout
from decant.members import soft
from decant.runs import checkpoints
from decant.settings.distil import Distil
from decant.settings.params import read
from decant.training import student, trainer


def main(task: str) -> None:
    p = read(task)
    described = {name: head.model_dump() for name, head in p.heads.items()}
    rule = p.decision.model_dump()
    torch.set_num_threads(p.threads)
    frames = {split: tables.load(task, split, layout(described)) for split in ("train", "valid")}
    lesson = soft.load(task, frames["train"], p.encoders, p.seeds) if p.distil.sweep else None
    rows = []
    for size in p.distil.sweep:
        settings = Distil.model_validate(p.distil.model_dump() | size.model_dump())
        start = student.source(task, settings, p.seeds)
        layers = "-".join(map(str, size.layers))
        work = checkpoints.work_folder(
            f"{task}/capacity-{layers}-{size.min_count}",
            {"settings": settings.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
            [*soft.files(task), tables.split_file(task, "valid"), *start.files],
        )
        model, _, epochs = student.train(
            start, described, rule, p.tokens.max_length, settings, frames, lesson, p.encoders, p.seeds, work, layers
        )
        rows.append(student.record(model, settings) | {"layers": layers} | trainer.best(epochs, settings.select))
        shutil.rmtree(work, ignore_errors=True)
    with writing(Path("models") / task / "capacity") as partial:
        partial.mkdir()
        pd.DataFrame(rows, columns=None if rows else ["layers"]).to_csv(partial / "capacity.csv", index=False)


if __name__ == "__main__":
    stage.run(main)
