"""The ensemble's members: who they are, what each says about a text, and how their votes become one.

Members: linear, probe, probe_adapted where the encoder was adapted, and a teacher per encoder and seed. Each member is
calibrated by its own temperatures; then their probabilities or their logits are averaged with the weights, and the
result is calibrated once more.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from decant import paths
from decant.heads import Head, logits_of, probabilities, tempered
from decant.keys import teacher_name
from decant.members import linear
from decant.models.encoder import load_tokenizer, load_weights, pooling
from decant.models.model import embed, load, predict

PROBES = {"probe": paths.encoder, "probe_adapted": paths.adapted}  # member -> where its encoder lies


def teachers(task: str, encoders: list[str], seeds: list[int]) -> dict[str, Path]:
    """Contestant name -> folder: exactly those that params list."""
    return {teacher_name(encoder, seed): paths.teacher(task, encoder, seed) for encoder in encoders for seed in seeds}


def probes(adapted: bool) -> dict[str, Callable[[str, str], Path]]:
    """Those of PROBES that a task has: of the encoder as published and, where a step of adapt is on, as adapted."""
    return {name: place for name, place in PROBES.items() if adapted or place is not paths.adapted}


def linear_logits(task: str, texts: list[str]) -> np.ndarray:
    """texts: the linear model's own, column `linear` of the table."""
    folder = paths.baseline(task)
    weights, _ = linear.load_weights(folder / "linear.safetensors")
    return weights.logits(linear.Tfidf.load(folder).transform(texts))


def probe_logits(task: str, name: str, texts: list[str], encoder: str, max_length: int) -> np.ndarray:
    """name: one of PROBES."""
    weights, standard = linear.load_weights(paths.baseline(task) / f"{name}.safetensors")
    return weights.logits(standard.transform(embeddings(PROBES[name](task, encoder), texts, max_length, name)))


def embeddings(folder: Path, texts: list[str], max_length: int, what: str) -> np.ndarray:
    """(n, h) float32 pooled states of the encoder in `folder`, frozen. what: shown while it runs."""
    return embed(load_weights(folder), load_tokenizer(folder), texts, max_length, pooling(folder), what)


def teacher_logits(folder: Path, texts: list[str], max_length: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits and pooled states of the teacher in `folder`. what: shown while it runs."""
    return predict(load(folder), load_tokenizer(folder), texts, max_length, what)


def combine(
    members: dict[str, np.ndarray],
    heads: tuple[Head, ...],
    weights: dict[str, float],
    temperatures: dict[str, dict[str, float]],
    pool: str,
) -> np.ndarray:
    """Weighted mean of what the members say, as logits (n, w) not yet calibrated themselves.

    pool: "probabilities" or "logits", see voice.
    """
    voices = (
        weights[name] * voice(tempered(logits, heads, temperatures[name]), heads, pool)
        for name, logits in members.items()
    )
    return as_logits(sum(voices), heads, pool)


def voice(calibrated: np.ndarray, heads: tuple[Head, ...], pool: str) -> np.ndarray:
    """What is averaged, from a member's calibrated logits (n, w): its probabilities (linear opinion pool), or their logits
    (logarithmic opinion pool; Genest and Zidek 1986, "Combining Probability Distributions")."""
    chances = probabilities(calibrated, heads)
    return chances if pool == "probabilities" else logits_of(chances, heads)


def as_logits(mean: np.ndarray, heads: tuple[Head, ...], pool: str) -> np.ndarray:
    """Logits (n, w) of averaged voices."""
    return logits_of(mean, heads) if pool == "probabilities" else mean
