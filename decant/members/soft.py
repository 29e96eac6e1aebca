"""What the ensemble says of the train side, as soften writes it and whoever trains a student reads it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from decant import paths
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


def sources(task: str, table: Path, encoders: list[str], seeds: list[int]) -> dict[str, str]:
    """Digest of everything that soft labels are computed from: the rows, and the weights of every possible member."""
    inputs = {"table": table}
    inputs |= {file.stem: file for file in sorted(paths.baseline(task).glob("*.safetensors"))}
    for name, folder in ensemble.teachers(task, encoders, seeds).items():
        inputs[name] = folder / WEIGHTS
    for file in inputs.values():
        if not file.exists():
            raise CacheError(f"{file}: missing. Run dvc repro, or dvc checkout to restore it")
    return {name: digest(file) for name, file in inputs.items()}


def load(task: str, train: pd.DataFrame, encoders: list[str], seeds: list[int]) -> Lesson:
    """The lesson for these train rows. Raises CacheError: missing, changed since, for other rows, or of other members."""
    inputs = sources(task, paths.split_file(task, "train"), encoders, seeds)
    rows = scores.load(paths.soft(task) / "train.safetensors", train["id"].tolist(), inputs)
    table = paths.soft(task) / "extra.parquet"
    inputs = sources(task, table, encoders, seeds)
    texts = pd.read_parquet(table)
    extra = scores.load(paths.soft(task) / "extra.safetensors", texts["id"].tolist(), inputs)
    return Lesson(rows, texts["text"].tolist(), extra)
