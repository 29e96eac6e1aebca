"""Fine-tuning an encoder into a classifier for all heads of a task at once. Teachers, and trials of their settings, share it."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast, TrainerCallback, set_seed

from decant import tables
from decant.heads import Head, layout
from decant.models.encoder import WEIGHTS, compare_with_file, load_tokenizer, load_weights, pooling
from decant.models.model import Classifier, build, windows
from decant.scoring.selection import measure
from decant.settings.catalogue import Encoder
from decant.settings.teacher import Teacher
from decant.training import losses, trainer


def settings_of(teacher: Teacher, encoder: Encoder, found: dict | None = None) -> Teacher:
    """The teacher section with the encoder's own rates, and over both what a search has found (key -> value)."""
    own = {key: value for key, value in encoder.teacher.model_dump().items() if value is not None}
    return Teacher.model_validate(teacher.model_dump() | own | (found or {}))


def fine_tune(
    source: Path,
    described: dict[str, dict],
    rule: dict,
    max_length: int,
    settings: Teacher,
    seed: int,
    train: pd.DataFrame,
    valid: pd.DataFrame,
    work: Path,
    callbacks: tuple[TrainerCallback, ...] = (),
) -> tuple[Classifier, PreTrainedTokenizerFast, pd.DataFrame]:
    """The model of the best epoch, its tokenizer, and one row of metrics per epoch.

    source: folder of an encoder. described: head -> kind and labels. rule: the decision. work: see trainer.fit.
    """
    heads = layout(described)
    set_seed(seed)
    tokenizer = load_tokenizer(source)
    overlap = settings.overlap if settings.long_texts == "chunk" else None
    rows = {
        split: trainer.TokenRows(
            windows(tokenizer, frame["text"].tolist(), max_length, overlap), labels=tables.targets(frame, heads)
        )
        for split, frame in (("train", train), ("valid", valid))
    }
    labels = rows["train"].arrays["labels"]
    bias = losses.start_bias(labels, heads)
    model = build(load_weights(source), described, pooling(source), settings.dropout, bias, overlap)
    compare_with_file(model.encoder, source / WEIGHTS)  # not some other encoder of the same shape
    weights = class_weights(labels, heads, settings.class_weights, settings.max_weight)
    whole, used = cut_table(model, list(rows.values()), tokenizer.pad_token_id)
    epochs = trainer.fit(
        model,
        tokenizer,
        rows["train"],
        rows["valid"],
        settings,
        seed,
        loss=lambda output, batch: losses.head_loss(
            output["logits"], batch["labels"], heads, weights, settings.label_smoothing
        ),
        measure=lambda logits, targets: measure(logits, targets, heads, rule),
        work=work,
        callbacks=callbacks,
    )
    with torch.no_grad():
        learnt = model.encoder.get_input_embeddings().weight
        whole.weight[torch.from_numpy(used)] = learnt.to(whole.weight.device)
    model.encoder.set_input_embeddings(whole.to(learnt.device))
    return model.to("cpu"), tokenizer, epochs


def cut_table(model: Classifier, splits: list[trainer.TokenRows], pad: int) -> tuple[torch.nn.Embedding, np.ndarray]:
    """Leave only the embeddings of tokens that the rows hold, and give the rows the new ids; returns the whole table and
    the old ids, (kept,).

    The other rows would get no gradient but cost the optimizer as much: 30,522 of them are half the weights of MiniLM.
    Nothing is lost: the whole table comes back after training, with what was learnt.
    """
    whole = model.encoder.get_input_embeddings()
    held = [token for rows in splits for windows in rows.ids for window in windows for token in window]
    used = np.union1d(held, np.arange(pad + 1))  # the padding keeps its number, by which some encoders count positions
    place = np.full(whole.num_embeddings, -1)
    place[used] = np.arange(len(used))
    for rows in splits:
        rows.ids = [[place[window].tolist() for window in windows] for windows in rows.ids]
    small = torch.nn.Embedding(len(used), whole.embedding_dim, padding_idx=whole.padding_idx)
    with torch.no_grad():
        small.weight.copy_(whole.weight[torch.from_numpy(used)])
    model.encoder.set_input_embeddings(small)
    return whole, used


def class_weights(labels: np.ndarray, heads: tuple[Head, ...], how: str, most: float) -> torch.Tensor:
    """(w,) weight of each label in the loss: 1, or n / (k n_c) of a softmax class and neg / pos of a sigmoid label."""
    weights = np.ones(labels.shape[1], dtype=np.float32)
    for head in heads:
        if how == "none" or head.kind == "regression":
            continue
        found = np.maximum(labels[:, head.slice].sum(axis=0), 1)
        balanced = len(labels) / (len(found) * found) if head.kind == "softmax" else (len(labels) - found) / found
        weights[head.slice] = np.minimum(balanced if how == "balanced" else np.sqrt(balanced), most)
    return torch.from_numpy(weights)
