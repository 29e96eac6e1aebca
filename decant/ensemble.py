"""The ensemble's members: who they are, what each says about a text, and how their votes become one.

Members: linear, probe, and a teacher per encoder and seed. Each member's probabilities are calibrated by its own
temperatures, averaged with the weights, and calibrated once more.
"""

from pathlib import Path

import numpy as np

from decant import linear
from decant.encoder import load_tokenizer, load_weights, pooling
from decant.heads import Head, logits_of, probabilities, tempered
from decant.keys import teacher_name
from decant.model import embed, load, predict


def teachers(encoders: list[str], seeds: list[int]) -> dict[str, str]:
    """Contestant name -> folder name below models/<task>/teachers: exactly those that params list."""
    return {teacher_name(encoder, seed): f"{encoder}-{seed}" for encoder in encoders for seed in seeds}


def linear_logits(task: str, texts: list[str]) -> np.ndarray:
    """texts: the linear model's own, column `linear` of the table."""
    folder = Path("models") / task / "baseline"
    weights, _ = linear.load_weights(folder / "linear.safetensors")
    return weights.logits(linear.Tfidf.load(folder).transform(texts))


def probe_logits(task: str, texts: list[str], encoder: str, max_length: int) -> np.ndarray:
    weights, standard = linear.load_weights(Path("models") / task / "baseline" / "probe.safetensors")
    folder = Path("models") / task / "encoders" / encoder
    states = embed(load_weights(folder), load_tokenizer(folder), texts, max_length, pooling(folder), "probe")
    return weights.logits(standard.transform(states))


def teacher_logits(task: str, name: str, texts: list[str], max_length: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Logits and pooled states of models/<task>/teachers/<name>. what: shown while it runs."""
    folder = Path("models") / task / "teachers" / name
    return predict(load(folder), load_tokenizer(folder), texts, max_length, what)


def combine(
    members: dict[str, np.ndarray],
    heads: tuple[Head, ...],
    weights: dict[str, float],
    temperatures: dict[str, dict[str, float]],
) -> np.ndarray:
    """Weighted mean of the members' calibrated probabilities, as logits (n, w) not yet calibrated themselves."""
    chances = sum(
        weights[name] * probabilities(tempered(logits, heads, temperatures[name]), heads)
        for name, logits in members.items()
    )
    return logits_of(chances, heads)
