"""distil: a student cut from an encoder's layers and vocabulary learns the ensemble's probabilities.

In: the encoder, the soft labels with their row ids, train and valid. Out: models/<task>/student (cached only, since it
is expensive). The student starts from pretrained layers, not from nothing: three of six layers and the tokens that train
uses keep most of the knowledge in a tenth of the bytes (on scam, 8.9 MB of int8 beside 91 MB).
"""

import copy
import shutil
from pathlib import Path

import torch
from torch.nn import functional as F
from transformers import AutoModel, PreTrainedModel, set_seed

from decant import ensemble, scores, stage, tables, training
from decant.encoder import (
    WEIGHTS,
    architecture_options,
    cut_vocabulary,
    load_tokenizer,
    load_weights,
    pooling,
    save_tokenizer,
)
from decant.errors import BudgetError, ParamsError
from decant.files import digest, write_json, writing
from decant.heads import Head, layout
from decant.model import build, windows
from decant.params import read
from decant.selection import measure
from decant.settings import Distil


def main(task: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    source = Path("models") / task / "adapted" / p.distil.encoder
    torch.set_num_threads(p.threads)
    set_seed(p.distil.seed)

    train, valid = (tables.load(task, split, heads) for split in ("train", "valid"))
    labels = {"train": tables.targets(train, heads), "valid": tables.targets(valid, heads)}
    soft_file = Path("models") / task / "soft" / "train.safetensors"
    soft = scores.load(soft_file, train["id"].tolist(), {"table": digest(tables.split_file(task, "train"))})

    whole = load_tokenizer(source)
    tokenizer, kept = cut_vocabulary(whole, train["text"].tolist(), p.distil.min_count)
    cut = cut_encoder(load_weights(source), p.distil.layers, kept, tokenizer.pad_token_id, p.distil.encoder)
    bias = training.start_bias(labels["train"], heads)
    model = build(
        cut, {name: head.model_dump() for name, head in p.heads.items()}, pooling(source), p.distil.dropout, bias
    )
    size = sum(tensor.numel() for tensor in model.parameters())
    if size > p.distil.max_parameters:
        raise BudgetError(
            f"student: {size:,} parameters, {task}.distil.max_parameters allows {p.distil.max_parameters:,}. "
            f"Take fewer layers than {p.distil.layers}, or raise min_count to cut the vocabulary of {len(kept):,} tokens"
        )
    print(f"student: {len(p.distil.layers)} layers, {len(kept):,} of {len(whole):,} tokens, {size:,} parameters")

    extra = {"soft": soft["ensemble"].astype("float32")}
    if p.distil.hidden_weight:
        extra["pooled"] = pooled_states(soft, p.distil, p.encoders, p.seeds, model.classifier.in_features)
    train_rows = training.Rows(
        windows(tokenizer, train["text"].tolist(), p.tokens.max_length, None), labels=labels["train"], **extra
    )
    valid_rows = training.Rows(
        windows(tokenizer, valid["text"].tolist(), p.tokens.max_length, None), labels=labels["valid"]
    )
    rule = p.decision.model_dump()
    work = training.work_folder(
        f"{task}/student",
        {"settings": p.distil.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
        [soft_file, tables.split_file(task, "valid"), source / WEIGHTS],
        __file__,
    )
    epochs = training.fit(
        model,
        tokenizer,
        train_rows,
        valid_rows,
        p.distil,
        p.distil.seed,
        loss=lambda output, batch: student_loss(output, batch, heads, p.distil),
        measure=lambda logits, targets: measure(logits, targets, heads, rule),
        work=work,
    )
    with writing(Path("models") / task / "student") as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        record = {"parameters": size, "vocabulary": len(kept), "layers": p.distil.layers, "encoder": p.distil.encoder}
        write_json(partial / "student.json", record)
    shutil.rmtree(work)


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


def pooled_states(soft: dict, settings: Distil, encoders: list[str], seeds: list[int], width: int):
    """(n, h) pooled states of the teacher that the student was cut from, the first seed's."""
    name = f"pooled_{ensemble.teacher_name(settings.encoder, seeds[0])}"
    if settings.encoder not in encoders or name not in soft or soft[name].shape[1] != width:
        raise ParamsError(
            f"distil.hidden_weight: no teacher {settings.encoder} of width {width} among encoders {encoders} and soften.members; "
            "its states would not align with the student's. Set hidden_weight to 0"
        )
    return soft[name].astype("float32")


def student_loss(output: dict, batch: dict, heads: tuple[Head, ...], settings: Distil) -> torch.Tensor:
    """soft_weight * soft + hard_weight * hard + hidden_weight * (1 - cosine of the pooled states)."""
    logits = output["logits"].float()
    total = settings.hard_weight * training.head_loss(logits, batch["labels"], heads, torch.ones(logits.shape[1]))
    total = total + settings.soft_weight * soft_loss(logits, batch["soft"], heads, settings.temperature)
    if settings.hidden_weight:
        likeness = F.cosine_similarity(output["pooled"].float(), batch["pooled"], dim=1)
        total = total + settings.hidden_weight * (1 - likeness).mean()
    return total


def soft_loss(logits: torch.Tensor, soft: torch.Tensor, heads: tuple[Head, ...], t: float) -> torch.Tensor:
    """Mean over the heads of the divergence from the ensemble, both sides softened by t.

    Times t squared, which keeps the gradient's size when t changes (Hinton et al. 2015).
    """
    losses = []
    for head in heads:
        given, wanted = logits[:, head.slice], soft[:, head.slice]
        if head.kind == "softmax":
            divergence = F.kl_div(
                F.log_softmax(given / t, dim=1),
                F.log_softmax(wanted / t, dim=1),
                log_target=True,
                reduction="batchmean",
            )
            losses.append(t * t * divergence)
        elif head.kind == "sigmoid":
            losses.append(t * t * F.binary_cross_entropy_with_logits(given / t, torch.sigmoid(wanted / t)))
        else:
            losses.append(F.mse_loss(given, wanted))
    return torch.stack(losses).mean()


if __name__ == "__main__":
    stage.run(main)
