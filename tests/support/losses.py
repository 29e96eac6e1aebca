"""What tests of training share: three heads, a table of posts, logits and labels at random, and plain settings."""

import pandas as pd
import torch

from decant.decision import Rule
from decant.heads import layout
from decant.problem import Problem
from decant.settings.training import Training
from stages.demo import generate

DESCRIBED = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    "urgency": {"kind": "regression", "labels": []},
}
HEADS = layout(DESCRIBED)
SCAM, TOPIC, URGENCY = HEADS
PROBLEM = Problem(HEADS, Rule("priority", order=("scam", "crypto"), otherwise="clean"), 24)
PLAIN = torch.ones(5)
BASE = {
    "epochs": 3, "learning_rate": 1e-3, "head_rate": 5e-3, "batch_size": 16, "accumulation": 1, "weight_decay": 0.01,
    "warmup": 0.1, "schedule": "linear", "clip": 1.0, "patience": 3, "select": "macro_f1", "precision": "fp32",
    "checkpointing": False, "dropout": 0.1, "layer_decay": 1.0, "frozen_embeddings": False, "averaged": 1, "r_drop": 0.0,
}  # fmt: skip
TEACHER = BASE | {
    "class_weights": "none", "max_weight": 50.0, "label_smoothing": 0.0, "frozen_epochs": 0, "long_texts": "cut", "overlap": 8,
}  # fmt: skip
STUDENT = BASE | {
    "encoder": "tiny", "start": "encoder", "layers": [0], "min_count": 1, "intermediate": None, "heads": None, "soft_weight": 0.7,
    "hard_weight": 0.3, "hidden_weight": 0.1, "temperature": 2.0, "seed": 13, "max_parameters": 10**6,
}  # fmt: skip
STEPS = 8  # of one epoch: 120 posts in batches of 16


def settings(**changes) -> Training:
    return Training(**BASE | changes)


def table(posts):
    frame = pd.DataFrame({"id": [post["id"] for post in posts], "text": [post["text"] for post in posts]})
    frame["linear"] = frame["text"]
    frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in posts]
    for label in ("crypto", "money"):
        frame[f"topic.{label}"] = [label in post["topics"] for post in posts]
    return frame.assign(urgency=[post["urgency"] for post in posts])


TRAIN, VALID = table(generate(120, 4, 0.0)), table(generate(40, 5, 0.0))


def random_batch(seed=0, rows=12):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, 5, generator=generator)
    labels = torch.zeros(rows, 5)
    labels[torch.arange(rows), torch.arange(rows) % 2] = 1
    labels[:, 2:4] = (torch.rand(rows, 2, generator=generator) < 0.4).float()
    labels[:, 4] = torch.rand(rows, generator=generator)
    return logits, labels
