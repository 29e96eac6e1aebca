"""The loss of hard labels, shared by teachers and students, and where the last layer starts."""

import numpy as np
import torch
import torch.nn.functional as F

from decant.heads import Head


def head_loss(
    logits: torch.Tensor, labels: torch.Tensor, heads: tuple[Head, ...], weights: torch.Tensor, smoothing: float = 0.0
) -> torch.Tensor:
    """Mean over the heads of cross entropy, binary cross entropy or squared error.

    labels: (n, w) in the form of head outputs, hard or soft. weights: (w,) per label, 1 for a plain mean. smoothing:
    share of a label that is spread over all of its head, of a sigmoid label over yes and no.
    """
    logits = logits.float()
    losses = []
    for head in heads:
        given, wanted = logits[:, head.slice], labels[:, head.slice].float()
        weight = weights[head.slice].to(given.device)
        if head.kind != "regression":
            wanted = wanted * (1 - smoothing) + smoothing / (wanted.shape[1] if head.kind == "softmax" else 2)
        if head.kind == "softmax":
            # weighted mean, as torch's own class weights: a batch of rare rows does not get a larger step
            rows = -(wanted * weight * F.log_softmax(given, dim=1)).sum(dim=1)
            losses.append(rows.sum() / (wanted * weight).sum())
        elif head.kind == "sigmoid":
            losses.append(F.binary_cross_entropy_with_logits(given, wanted, pos_weight=weight))
        else:
            losses.append(F.mse_loss(given, wanted))
    return torch.stack(losses).mean()


def start_bias(labels: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """(w,) where the last layer starts: log shares, log-odds, or the mean, of the train labels."""
    bias = np.zeros(labels.shape[1], dtype=np.float32)
    for head in heads:
        mean = labels[:, head.slice].mean(axis=0)
        safe = np.clip(mean, 1e-3, 1 - 1e-3)
        bias[head.slice] = {"softmax": np.log(safe), "sigmoid": np.log(safe / (1 - safe)), "regression": mean}[
            head.kind
        ]
    return bias
