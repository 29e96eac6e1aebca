"""How many bytes each contestant needs to answer: all that it reads, weights, vocabularies and tokenizers."""

from pathlib import Path

import pandas as pd

from decant import paths
from decant.keys import STUDENT_INT8
from decant.members import ensemble


def sizes(
    task: str, encoders: list[str], seeds: list[int], adapted: bool, probe: str, weights: dict, shipped: str
) -> pd.DataFrame:
    """contestant, bytes. adapted: whether the task has a probe of the adapted encoder; probe: the encoder of the probes;
    weights: member -> its weight in the ensemble, which reads those alone that have one; shipped: whose files are the bundle's.
    """
    folder = paths.baseline(task)
    probes = ensemble.probes(adapted)
    read = {"linear": {folder / name for name in ("linear.safetensors", "tfidf.json", "tfidf.safetensors")}}
    read |= {name: {folder / f"{name}.safetensors"} | files(place(task, probe)) for name, place in probes.items()}
    read |= {name: files(place) for name, place in ensemble.teachers(task, encoders, seeds).items()}
    read["ensemble"] = set().union(*(read[name] for name, weight in weights.items() if weight))
    tokenizer = paths.student(task) / "tokenizer.json"
    read |= {"student": {paths.onnx(task), tokenizer}, STUDENT_INT8: {paths.quantized(task), tokenizer}}
    read[shipped] = files(paths.bundle(task))
    rows = [{"contestant": name, "bytes": sum(file.stat().st_size for file in part)} for name, part in read.items()]
    return pd.DataFrame(rows)


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}
