"""capacity: students of other sizes, trained as the one that ships, to show size against quality.

In: what distil reads. Out: models/<task>/capacity (cached only): capacity.csv, one row per entry of capacity.sweep with its
parameters, its bytes in int8 and its best valid metrics, and the int8 files, which the benchmark times. Test stays closed.
An empty sweep is done at once.
"""

import shutil
import tempfile
from pathlib import Path

import pandas as pd
import torch

from decant import checked, paths, stage, tables
from decant.files import writing
from decant.members import soft
from decant.members.soft import Lesson
from decant.models.int8 import quantize
from decant.models.model import load
from decant.models.onnx_graph import to_onnx
from decant.problem import Problem
from decant.runs import checkpoints
from decant.scoring import selection
from decant.settings.base import Section
from decant.settings.capacity import Capacity, Student
from decant.settings.decision import Decision, rule_of
from decant.settings.distil import Distil
from decant.settings.export import Export
from decant.settings.heads import Heads, heads_of
from decant.settings.quantize import Quantize
from decant.settings.tokens import Tokens
from decant.training import student

RECIPE = "channel_reduced"


class Sections(Section):
    capacity: Capacity
    decision: Decision
    distil: Distil
    encoders: list[str]
    export: Export
    heads: Heads
    quantize: Quantize
    seeds: list[int]
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    torch.set_num_threads(p.threads)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    lesson = soft.load(task, frames["train"], p.encoders, p.seeds) if p.capacity.sweep else None
    with writing(paths.capacity(task)) as partial:
        partial.mkdir()
        rows = [trained(task, p, problem, size, frames, lesson, partial) for size in p.capacity.sweep]
        pd.DataFrame(rows, columns=None if rows else ["layers"]).to_csv(partial / "capacity.csv", index=False)


def trained(
    task: str, p: Sections, problem: Problem, size: Student, frames: dict, lesson: Lesson, folder: Path
) -> dict:
    """One row of the table; the student's int8 file goes to `folder`."""
    settings = Distil.model_validate(p.distil.model_dump() | size.model_dump())
    parts = {"min_count": size.min_count, "intermediate": size.intermediate, "heads": size.heads}
    layers = "-".join(map(str, size.layers))
    name = layers + "".join(f"_{key}{value}" for key, value in parts.items() if value is not None)
    start = student.source(task, settings, p.encoders, p.seeds)
    work = checkpoints.work_folder("capacity", {"task": task}, name)
    model, tokenizer, epochs = student.train(start, problem, settings, frames, lesson, work, name)
    shutil.rmtree(work, ignore_errors=True)
    with tempfile.TemporaryDirectory() as aside:
        source = Path(aside) / "model.onnx"
        model.save_pretrained(aside)
        # loaded again, as export loads the one that ships: the one that was trained runs in the precision of its training
        to_onnx(load(aside), source, p.export.opset, problem.max_length, tokenizer.pad_token_id)
        # one recipe for all, so that sizes compare; the scales of `static` would need texts
        quantize(source, folder / f"{name}.onnx", RECIPE, p.quantize.embedding_bits, [])
    entry = student.record(model, settings) | {"name": name, "layers": layers}
    return entry | {"bytes": (folder / f"{name}.onnx").stat().st_size} | selection.best(epochs, settings.select)


if __name__ == "__main__":
    stage.run(main)
