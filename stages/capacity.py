"""capacity: students of other sizes, trained as the one that ships, to show size against quality.

In: what distil reads. Out: models/<task>/capacity (cached only): capacity.csv, one row per entry of capacity.sweep with its
parameters, its bytes in int8 and its best valid metrics, and the int8 files, which the benchmark times. Test stays closed.
An empty sweep is done at once.
"""

import shutil
import tempfile
from pathlib import Path

from decant import checked, paths, stage
from decant.files import writing
from decant.problem import Problem
from decant.settings.base import Section
from decant.settings.capacity import Capacity, Student
from decant.settings.decision import Decision, rule_of
from decant.settings.distil import Distil
from decant.settings.export import Export
from decant.settings.heads import Heads, heads_of
from decant.settings.quantize import Quantize
from decant.settings.tokens import Tokens

RECIPE = "channel_reduced"


class Sections(Section):
    capacity: Capacity
    decision: Decision
    device: str
    distil: Distil
    export: Export
    heads: Heads
    quantize: Quantize
    seeds: list[int]
    teachers: list[str]
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    with writing(paths.capacity(task)) as partial:
        partial.mkdir()
        if p.capacity.sweep:
            sweep(task, p, partial)
        else:
            (partial / "capacity.csv").write_text("layers\n", encoding="utf-8")


def sweep(task: str, p: Sections, folder: Path) -> None:
    """Train every size, and write the table and the int8 files."""
    import pandas as pd

    from decant import tables
    from decant.members import soft, taught
    from decant.runs import device

    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    device.use(p.device, p.threads)
    frames = {split: tables.load(task, split, problem.heads) for split in ("train", "valid")}
    given = taught.load(task, frames["train"])
    lesson = soft.load(task, frames["train"], p.teachers, p.seeds)
    rows = [trained(task, p, problem, size, frames, given, lesson, folder) for size in p.capacity.sweep]
    pd.DataFrame(rows).to_csv(folder / "capacity.csv", index=False)


def trained(task: str, p: Sections, problem: Problem, size: Student, frames: dict, given, lesson, folder: Path) -> dict:
    """One row of the table; the student's int8 file goes to `folder`. given, lesson: of decant.members.taught and soft."""
    from decant.models.int8 import quantize
    from decant.models.model import load
    from decant.models.onnx_graph import to_onnx
    from decant.runs import checkpoints
    from decant.scoring import selection
    from decant.training import student

    settings = Distil.model_validate(p.distil.model_dump() | size.model_dump())
    parts = {"min_count": size.min_count, "intermediate": size.intermediate, "heads": size.heads}
    layers = "-".join(map(str, size.layers))
    name = layers + "".join(f"_{key}{value}" for key, value in parts.items() if value is not None)
    start = student.source(task, settings, p.teachers, p.seeds)
    work = checkpoints.work_folder("capacity", {"task": task}, name)
    model, tokenizer, epochs = student.train(start, problem, settings, frames, given, lesson, work, name)
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
