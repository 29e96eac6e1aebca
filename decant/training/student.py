"""The student: layers and vocabulary of an encoder, trained on the ensemble's soft labels.

Distil trains the one that ships, the capacity stage others beside it.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerFast, set_seed

from decant import paths, tables
from decant.errors import BudgetError, EncoderError, ParamsError
from decant.heads import Head
from decant.members import ensemble
from decant.members.soft import Lesson
from decant.members.taught import Taught
from decant.models.encoder import (
    architecture_options,
    encode,
    load_tokenizer,
    load_weights,
    pooling,
    position_padding,
)
from decant.models.model import Classifier, build, load, windows
from decant.models.vocabulary import cut_vocabulary
from decant.problem import Problem
from decant.scoring.selection import measure
from decant.settings.distil import Distil
from decant.training import losses, slimming, trainer


@dataclass
class Start:
    """What a student is cut from."""

    encoder: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    pooling: str
    states: str  # pooled states that it comes close to, where distil.hidden_weight says so: of a teacher


def source(task: str, settings: Distil, encoders: list[str], seeds: list[int]) -> Start:
    """The adapted encoder, or the encoder inside its fine-tuned teacher of the first seed."""
    adapted = paths.adapted(task, settings.encoder)
    folder = adapted
    if settings.start == "teacher":
        folder = paths.teacher(task, settings.encoder, seeds[0])
    encoder = load(folder).encoder if settings.start == "teacher" else load_weights(folder)
    return Start(encoder, load_tokenizer(folder), pooling(adapted), pooled_states(settings, encoders, seeds))


def train(
    start: Start,
    problem: Problem,
    settings: Distil,
    frames: dict[str, pd.DataFrame],
    taught: Taught,
    lesson: Lesson,
    work: Path,
    what: str,
) -> tuple[Classifier, PreTrainedTokenizerFast, pd.DataFrame]:
    """The student of the best epoch, its tokenizer, and one row of metrics per epoch.

    frames: train and valid. taught: what the labels of train teach. lesson: what the ensemble says of the train rows, and of
    texts without labels. what: shown.

    Raises BudgetError: more parameters than settings allow.
    """
    heads = problem.heads
    set_seed(settings.seed)
    texts = {split: frame["text"].tolist() for split, frame in frames.items()}
    small, kept = cut_vocabulary(start.tokenizer, texts["train"], settings.min_count)
    cut = cut_encoder(start.encoder, settings.layers, kept, small.pad_token_id, settings.encoder)
    ids = encode(small, texts["train"], problem.max_length)
    cut = slimming.slim(cut, ids, settings.intermediate, settings.heads)
    model = build(cut, heads, start.pooling, settings.dropout, losses.start_bias(taught.labels, heads))
    size = sum(tensor.numel() for tensor in model.parameters())
    if size > settings.max_parameters:
        raise BudgetError(
            f"{what}: {size:,} parameters, distil.max_parameters allows {settings.max_parameters:,}. Take fewer layers than "
            f"{settings.layers}, or raise min_count to cut the vocabulary of {len(kept):,} tokens"
        )
    print(
        f"{what}: {len(settings.layers)} layers, {len(kept):,} of {len(start.tokenizer):,} tokens, {size:,} parameters"
    )

    hidden = hidden_states(settings, start.states, lesson.train)
    arrays = {"labels": taught.labels, "weights": taught.weights, "soft": lesson.train["ensemble"]}
    more = {"soft": lesson.extra["ensemble"]} if lesson.texts else {}
    if hidden:
        arrays["hidden"] = lesson.train[hidden]
        more |= {"hidden": lesson.extra[hidden]} if lesson.texts else {}
        if arrays["hidden"].shape[1] != model.classifier.in_features:
            # states of unlike width: a linear map between them
            model.projection = torch.nn.Linear(model.classifier.in_features, arrays["hidden"].shape[1])
    if lesson.texts:
        more["labels"] = np.zeros((len(lesson.texts), taught.labels.shape[1]))
        more["weights"] = np.zeros(len(lesson.texts))  # nobody has given them a label
        arrays = {name: np.concatenate([array, more[name]]) for name, array in arrays.items()}
        texts["train"] += lesson.texts
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    epochs = trainer.fit(
        model,
        small,
        trainer.TokenRows(windows(small, texts["train"], problem.max_length, None), **arrays),
        trainer.TokenRows(
            windows(small, texts["valid"], problem.max_length, None), labels=tables.targets(frames["valid"], heads)
        ),
        settings,
        settings.seed,
        loss=lambda output, batch: loss(output, batch, heads, settings),
        apart=lambda first, second: losses.disagreement(first["logits"].float(), second["logits"].float(), heads),
        measure=lambda logits, targets: measure(logits, targets, problem),
        work=work,
    )
    model.projection = None
    return model.to("cpu"), small, epochs


def record(model: Classifier, settings: Distil) -> dict:
    """What is said of a student beside its weights."""
    return {
        "parameters": sum(tensor.numel() for tensor in model.parameters()),
        "vocabulary": model.encoder.get_input_embeddings().num_embeddings,
        "layers": settings.layers,
        "min_count": settings.min_count,
        "intermediate": settings.intermediate,
        "heads": settings.heads,
        "encoder": settings.encoder,
        "start": settings.start,
    }


def cut_encoder(encoder: PreTrainedModel, layers: list[int], kept: list[int], pad: int, name: str) -> PreTrainedModel:
    """An encoder with only these layers, in this order, and only the kept rows of the embedding table.

    Works for every architecture whose layers are one ModuleList as long as config.num_hidden_layers (BERT, RoBERTa,
    DistilBERT, MPNet, ELECTRA); any other is refused.
    """
    config = encoder.config
    stacks = [
        path for path, module in encoder.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == config.num_hidden_layers
    ]  # fmt: skip
    if len(stacks) != 1:
        raise ParamsError(
            f"distil.encoder: {name}: {len(stacks)} stacks of {config.num_hidden_layers} layers, expected one to cut"
        )
    if max(layers) >= config.num_hidden_layers:
        raise ParamsError(f"distil.layers: {max(layers)}: {name} has layers 0 to {config.num_hidden_layers - 1}")
    if position_padding(encoder) not in (None, pad):
        raise EncoderError(
            f"distil.encoder: {name} counts positions from the number of its padding, which the cut moves from "
            f"{position_padding(encoder)} to {pad}: its specials have to be the first tokens of its vocabulary"
        )
    smaller = copy.deepcopy(config)
    smaller.num_hidden_layers, smaller.vocab_size, smaller.pad_token_id = len(layers), len(kept), pad
    student = AutoModel.from_config(smaller, **architecture_options(smaller))
    old = encoder.state_dict()
    table = (
        next(path for path, module in encoder.named_modules() if module is encoder.get_input_embeddings()) + ".weight"
    )
    state = {}
    for key in student.state_dict():
        if key.startswith(f"{stacks[0]}."):
            position, rest = key.removeprefix(f"{stacks[0]}.").split(".", 1)
            state[key] = old[f"{stacks[0]}.{layers[int(position)]}.{rest}"]
        else:
            state[key] = old[key][kept] if key == table else old[key]
    student.load_state_dict(state, strict=True)
    return student


def pooled_states(settings: Distil, encoders: list[str], seeds: list[int]) -> str:
    """Which pooled states a student may come close to: of its own encoder's teacher, or else the first one's."""
    encoder = settings.encoder if settings.encoder in encoders else encoders[0]
    return f"pooled_{ensemble.teacher_name(encoder, seeds[0])}"


def hidden_states(settings: Distil, name: str, soft: dict[str, np.ndarray]) -> str | None:
    """The name of the pooled states if the student is to come close to them.

    Raises ParamsError: it is, and they are not among what the members said.
    """
    if not settings.hidden_weight:
        return None
    if name not in soft:
        raise ParamsError(
            "distil.hidden_weight: soften.members has no teachers, so there are no states to come close to; set it to 0"
        )
    return name


def loss(output: dict, batch: dict, heads: tuple[Head, ...], settings: Distil) -> torch.Tensor:
    """soft_weight * soft + hard_weight * hard, of rows with given labels and by their weights + hidden_weight * (1 - cosine
    of the states)."""
    logits = output["logits"].float()
    total = settings.soft_weight * losses.soft_loss(logits, batch["soft"], heads, settings.temperature)
    weights = batch["weights"]
    labelled = weights > 0
    if settings.hard_weight and labelled.any():
        plain = torch.ones(logits.shape[1])
        hard = losses.head_loss(logits[labelled], batch["labels"][labelled], heads, plain, rows=weights[labelled])
        total = total + settings.hard_weight * weights.mean() * hard
    if settings.hidden_weight:
        likeness = F.cosine_similarity(output["hidden"].float(), batch["hidden"], dim=1)
        total = total + settings.hidden_weight * (1 - likeness).mean()
    return total
