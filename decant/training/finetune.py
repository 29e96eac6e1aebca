"""Fine-tuning an encoder into a classifier for all heads of a task at once. Teachers, and trials of their settings, share it."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast, TrainerCallback, set_seed

from decant import tables
from decant.members.taught import Taught
from decant.models.encoder import WEIGHTS, compare_with_file, load_tokenizer, load_weights, pooling
from decant.models.model import Classifier, build, windows
from decant.problem import Problem
from decant.scoring.selection import measure
from decant.settings.catalogue import Encoder
from decant.settings.teacher import Teacher
from decant.training import losses, trainer


def settings_of(teacher: Teacher, encoder: Encoder, tuned: dict | None = None) -> Teacher:
    """The teacher section with the encoder's own rates, and over both what a search has found (key -> value)."""
    own = {key: value for key, value in encoder.teacher.model_dump().items() if value is not None}
    return Teacher.model_validate(teacher.model_dump() | own | (tuned or {}))


def fine_tune(
    source: Path,
    problem: Problem,
    settings: Teacher,
    seed: int,
    frames: dict[str, pd.DataFrame],
    taught: Taught,
    work: Path,
    callbacks: tuple[TrainerCallback, ...] = (),
) -> tuple[Classifier, PreTrainedTokenizerFast, pd.DataFrame]:
    """The model of the best epoch, its tokenizer, and one row of metrics per epoch.

    source: folder of an encoder. frames: train and valid. taught: what the rows of train teach. work: see trainer.fit.
    """
    heads = problem.heads
    set_seed(seed)
    tokenizer = load_tokenizer(source)
    kept = taught.weights > 0
    train, taught = frames["train"][kept], taught.only(kept)
    texts = {"train": train["text"].tolist(), "valid": frames["valid"]["text"].tolist()}
    arrays = {
        "train": {"labels": taught.labels, "weights": taught.weights},
        "valid": {"labels": tables.targets(frames["valid"], heads)},
    }
    overlap = settings.overlap if settings.long_texts == "chunk" else None
    rows = {
        split: trainer.TokenRows(windows(tokenizer, texts[split], problem.max_length, overlap), **arrays[split])
        for split in texts
    }
    bias = losses.start_bias(taught.labels, heads)
    model = build(load_weights(source), heads, pooling(source), settings.dropout, bias, overlap)
    compare_with_file(model.encoder, source / WEIGHTS)  # not some other encoder of the same shape
    weights = losses.class_weights(taught.labels, heads, settings.class_weights, settings.max_weight)
    whole, used = cut_table(model, list(rows.values()), tokenizer.pad_token_id)
    epochs = trainer.fit(
        model,
        tokenizer,
        rows["train"],
        rows["valid"],
        settings,
        seed,
        loss=lambda output, batch: losses.head_loss(
            output["logits"], batch["labels"], heads, weights, settings.label_smoothing, batch["weights"]
        ),
        apart=lambda first, second: losses.disagreement(first["logits"].float(), second["logits"].float(), heads),
        measure=lambda logits, targets: measure(logits, targets, problem),
        work=work,
        callbacks=callbacks,
        frozen=settings.frozen_epochs,
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
