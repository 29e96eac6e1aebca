"""teacher: one encoder fine-tuned on one seed, for all heads at once (models/<task>/teachers/<encoder>-<seed>).

Fits on train, keeps the epoch that is best on valid. Only cached outs, so that a colleague's run cache restores it.
A run that was killed goes on from its last epoch.
"""

import shutil
from pathlib import Path

import numpy as np
import torch
from transformers import set_seed

from decant import stage, tables, training
from decant.encoder import WEIGHTS, encode, load_tokenizer, load_weights, pooling, save_tokenizer
from decant.files import digest, write_json, writing
from decant.heads import Head, layout
from decant.model import build
from decant.params import read
from decant.selection import measure


def main(task: str, encoder: str, seed: str) -> None:
    p = read(task)
    heads = layout({name: head.model_dump() for name, head in p.heads.items()})
    source = Path("models") / task / "encoders" / encoder
    torch.set_num_threads(p.threads)
    set_seed(int(seed))

    tokenizer = load_tokenizer(source)
    train, valid = (tables.load(task, split, heads) for split in ("train", "valid"))
    labels = {"train": tables.targets(train, heads), "valid": tables.targets(valid, heads)}
    rows = {
        split: training.Rows(encode(tokenizer, frame["text"].tolist(), p.tokens.max_length), labels=labels[split])
        for split, frame in (("train", train), ("valid", valid))
    }
    model = build(
        load_weights(source),
        {name: head.model_dump() for name, head in p.heads.items()},
        pooling(source),
        p.teacher.dropout,
        training.start_bias(labels["train"], heads),
    )
    weights = class_weights(labels["train"], heads, p.teacher.class_weights)
    rule = p.decision.model_dump()
    work = training.work_folder(
        f"{task}/teacher-{encoder}-{seed}",
        {"settings": p.teacher.model_dump(), "tokens": p.tokens.model_dump(), "threads": p.threads, "rule": rule},
        [
            tables.split_file(task, "train"),
            tables.split_file(task, "valid"),
            source / WEIGHTS,
            __file__,
            training.__file__,
        ],
    )
    epochs = training.fit(
        model,
        tokenizer,
        rows["train"],
        rows["valid"],
        p.teacher,
        int(seed),
        loss=lambda output, batch: training.head_loss(output["logits"], batch["labels"], heads, weights),
        measure=lambda logits, targets: measure(logits, targets, heads, rule),
        work=work,
    )
    with writing(Path("models") / task / "teachers" / f"{encoder}-{seed}") as partial:
        model.save_pretrained(partial)
        save_tokenizer(tokenizer, partial, p.tokens.max_length)
        epochs.to_csv(partial / "epochs.csv", index=False)
        write_json(
            partial / "teacher.json",
            {"encoder": encoder, "seed": int(seed), "encoder_sha256": digest(source / WEIGHTS)},
        )
    shutil.rmtree(work)


def class_weights(labels: np.ndarray, heads: tuple[Head, ...], how: str) -> torch.Tensor:
    """(w,) weight of each label in the loss: 1, or n / (k n_c) of a softmax class and neg / pos of a sigmoid label."""
    weights = np.ones(labels.shape[1], dtype=np.float32)
    for head in heads:
        if how == "none" or head.kind == "regression":
            continue
        found = np.maximum(labels[:, head.slice].sum(axis=0), 1)
        balanced = len(labels) / (len(found) * found) if head.kind == "softmax" else (len(labels) - found) / found
        weights[head.slice] = balanced if how == "balanced" else np.sqrt(balanced)
    return torch.from_numpy(weights)


if __name__ == "__main__":
    stage.run(main)
