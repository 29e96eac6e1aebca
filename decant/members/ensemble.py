"""The ensemble's members: who they are, what each says about a text, and how their votes become one.

Members: linear, probe, probe_adapted where the encoder was adapted, and a teacher per encoder and seed. Each member is
calibrated by its own temperatures; then their probabilities or their logits are averaged with the weights, and the
result is calibrated once more.
"""

from pathlib import Path

import numpy as np

from decant.heads import Head, logits_of, probabilities, tempered
from decant.keys import teacher_name
from decant.members import linear
from decant.models.encoder import load_tokenizer, load_weights, pooling
from decant.models.model import embed, load, predict
from decant.settings.adapt import Adapt

PROBES = {"probe": "encoders", "probe_adapted": "adapted"}  # member -> folder of its encoder below models/<task>


def teachers(encoders: list[str], seeds: list[int]) -> dict[str, str]:
    """Contestant name -> folder name below models/<task>/teachers: exactly those that params list."""
    return {teacher_name(encoder, seed): f"{encoder}-{seed}" for encoder in encoders for seed in seeds}


def probes(adapt: Adapt) -> dict[str, str]:
    """Those of PROBES that a task has: of the encoder as published and, where a step of adapt is on, as adapted."""
    return {name: folder for name, folder in PROBES.items() if adapt.on or folder != "adapted"}


def linear_logits(task: str, texts: list[str]) -> np.ndarray:
    """texts: the linear model's own, column `linear` of the table."""
    folder = Path("models") / task / "baseline"
    weights, _ = linear.load_weights(folder / "linear.safetensors")
    return weights.logits(linear.Tfidf.load(folder).transform(texts))


def probe_logits(task: str, name: str, texts: list[str], encoder: str, max_length: int) -> np.ndarray:
    """name: one of PROBES."""
    models = Path("models") / task
    weights, standard = linear.load_weights(models / "baseline" / f"{name}.safetensors")
    return weights.logits(standard.transform(embeddings(models / PROBES[name] / encoder, texts, max_length, name)))


def embeddings(folder: Path, texts: list[str], max_length: int, what: str) -> np.ndarray:
    """(n, h) float32 pooled states of the encoder in `folder`, frozen. what: shown while it runs."""
    return embed(load_weights(folder), load_tokenizer(folder), texts, max_length, pooling(folder), what)


def teacher_logits(task: str, name: str, texts: list[str], max_length: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits and pooled states of models/<task>/teachers/<name>. what: shown while it runs."""
    folder = Path("models") / task / "teachers" / name
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
