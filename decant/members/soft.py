"""What the ensemble says of the train side, as soften writes it and whoever trains a student reads it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from decant import tables
from decant.errors import CacheError
from decant.files import digest
from decant.members import ensemble, scores
from decant.models.encoder import WEIGHTS


@dataclass
class Lesson:
    """Logits of members and ensemble, (n, w), and teachers' pooled states, (n, h), by name: of the train rows and of texts
    without labels."""

    train: dict[str, np.ndarray]
    texts: list[str]
    extra: dict[str, np.ndarray]


def folder(task: str) -> Path:
    return Path("models") / task / "soft"


def files(task: str) -> list[Path]:
    """What a lesson is read from."""
    return [folder(task) / name for name in ("train.safetensors", "extra.safetensors", "extra.parquet")]


def sources(task: str, table: Path, encoders: list[str], seeds: list[int]) -> dict[str, str]:
    """Digest of everything that soft labels are computed from: the rows, and the weights of every possible member."""
    models = Path("models") / task
    inputs = {"table": table}
    inputs |= {file.stem: file for file in sorted((models / "baseline").glob("*.safetensors"))}
    for name, member in ensemble.teachers(encoders, seeds).items():
        inputs[name] = models / "teachers" / member / WEIGHTS
    for file in inputs.values():
        if not file.exists():
            raise CacheError(f"{file}: missing. Run dvc repro, or dvc checkout to restore it")
    return {name: digest(file) for name, file in inputs.items()}


def load(task: str, train: pd.DataFrame, encoders: list[str], seeds: list[int]) -> Lesson:
    """The lesson for these train rows. Raises CacheError: missing, changed since, for other rows, or of other members."""
    inputs = sources(task, tables.split_file(task, "train"), encoders, seeds)
    rows = scores.load(folder(task) / "train.safetensors", train["id"].tolist(), inputs)
    table = folder(task) / "extra.parquet"
    inputs = sources(task, table, encoders, seeds)
    texts = pd.read_parquet(table)
    extra = scores.load(folder(task) / "extra.safetensors", texts["id"].tolist(), inputs)
    return Lesson(rows, texts["text"].tolist(), extra)
