"""What torch adds to each kind of head: losses of hard and of soft labels, class weights, and where the last layer starts."""

import numpy as np
import torch
import torch.nn.functional as F

from decant.heads import Head, labelled


class CrossEntropy:
    """Of outputs of which one holds. given, wanted: (n, o) logits and labels of one head, hard or soft."""

    @staticmethod
    def hard(
        given: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor, smoothing: float, rows: torch.Tensor
    ) -> torch.Tensor:
        """smoothing: share of a label that is spread over all of the head. rows: (n,) weights."""
        wanted = (wanted * (1 - smoothing) + smoothing / wanted.shape[1]) * rows.unsqueeze(1)
        # weighted mean, as torch's own class weights: a batch of rare rows does not get a larger step
        each = -(wanted * weight * F.log_softmax(given, dim=1)).sum(dim=1)
        return each.sum() / (wanted * weight).sum()

    @staticmethod
    def soft(given: torch.Tensor, wanted: torch.Tensor, t: float) -> torch.Tensor:
        """Divergence from other logits, both sides softened by t. Times t squared, which keeps the gradient's size when t
        changes (Hinton et al. 2015)."""
        given, wanted = F.log_softmax(given / t, dim=1), F.log_softmax(wanted / t, dim=1)
        return t * t * F.kl_div(given, wanted, log_target=True, reduction="batchmean")

    @staticmethod
    def start(means: np.ndarray) -> np.ndarray:
        """Bias (o,) that says the mean labels."""
        return np.log(_inside(means))

    @staticmethod
    def balanced(rows: int, counts: np.ndarray) -> np.ndarray:
        """Weight of each output that `counts` of the rows have: n / (k n_c)."""
        return rows / (len(counts) * counts)


class BinaryCrossEntropy:
    """Of outputs that hold each on its own; as CrossEntropy."""

    @staticmethod
    def hard(
        given: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor, smoothing: float, rows: torch.Tensor
    ) -> torch.Tensor:
        """smoothing: share of a label that is spread over yes and no. rows: (n,) weights."""
        wanted = wanted * (1 - smoothing) + smoothing / 2
        mean = F.binary_cross_entropy_with_logits(given, wanted, rows.unsqueeze(1), pos_weight=weight)
        return mean * (len(rows) / rows.sum())

    @staticmethod
    def soft(given: torch.Tensor, wanted: torch.Tensor, t: float) -> torch.Tensor:
        return t * t * F.binary_cross_entropy_with_logits(given / t, torch.sigmoid(wanted / t))

    @staticmethod
    def start(means: np.ndarray) -> np.ndarray:
        safe = _inside(means)
        return np.log(safe / (1 - safe))

    @staticmethod
    def balanced(rows: int, counts: np.ndarray) -> np.ndarray:
        """Negatives over positives."""
        return (rows - counts) / counts


class SquaredError:
    """Of a number, which has neither temperature nor class weights; as CrossEntropy."""

    @staticmethod
    def hard(
        given: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor, smoothing: float, rows: torch.Tensor
    ) -> torch.Tensor:
        return (F.mse_loss(given, wanted, reduction="none").mean(dim=1) * rows).sum() / rows.sum()

    @staticmethod
    def soft(given: torch.Tensor, wanted: torch.Tensor, t: float) -> torch.Tensor:
        return F.mse_loss(given, wanted)

    @staticmethod
    def start(means: np.ndarray) -> np.ndarray:
        return means


LOSSES = {"softmax": CrossEntropy, "sigmoid": BinaryCrossEntropy, "regression": SquaredError}  # by kind of head


def head_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    heads: tuple[Head, ...],
    weights: torch.Tensor,
    smoothing: float = 0.0,
    rows: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over the heads of the loss of given labels: cross entropy, binary cross entropy or squared error.

    labels: (n, w) in the form of head outputs, hard or soft. weights: (w,) per label, 1 for a plain mean. smoothing: share of
    a label that is spread over all of its head, of a sigmoid label over yes and no. rows: (n,) weight of each row, not all
    0; null: 1.
    """
    logits = logits.float()
    rows = logits.new_ones(len(logits)) if rows is None else rows
    losses = []
    for head in heads:
        given, wanted = logits[:, head.slice], labels[:, head.slice].float()
        losses.append(LOSSES[head.kind].hard(given, wanted, weights[head.slice].to(given.device), smoothing, rows))
    return torch.stack(losses).mean()


def soft_loss(logits: torch.Tensor, soft: torch.Tensor, heads: tuple[Head, ...], t: float) -> torch.Tensor:
    """Mean over the heads of the divergence from the ensemble's logits (n, w), both sides softened by t."""
    losses = [LOSSES[head.kind].soft(logits[:, head.slice], soft[:, head.slice], t) for head in heads]
    return torch.stack(losses).mean()


def disagreement(first: torch.Tensor, second: torch.Tensor, heads: tuple[Head, ...]) -> torch.Tensor:
    """How far two passes of one batch, logits (n, w), differ by dropout alone: the mean of both divergences (Liang et al.
    2021, "R-Drop: Regularized Dropout for Neural Networks")."""
    return (soft_loss(first, second, heads, 1.0) + soft_loss(second, first, heads, 1.0)) / 2


def start_bias(labels: np.ndarray, heads: tuple[Head, ...]) -> np.ndarray:
    """(w,) where the last layer starts: log shares, log-odds, or the mean, of the train labels."""
    bias = np.zeros(labels.shape[1], dtype=np.float32)
    for head in heads:
        bias[head.slice] = LOSSES[head.kind].start(labels[:, head.slice].mean(axis=0))
    return bias


def class_weights(labels: np.ndarray, heads: tuple[Head, ...], how: str, most: float) -> torch.Tensor:
    """(w,) weight of each label in the loss: 1, or n / (k n_c) of a softmax class and neg / pos of a sigmoid label."""
    weights = np.ones(labels.shape[1], dtype=np.float32)
    for head in labelled(heads) if how != "none" else ():
        counts = np.maximum(labels[:, head.slice].sum(axis=0), 1)
        balanced = LOSSES[head.kind].balanced(len(labels), counts)
        weights[head.slice] = np.minimum(balanced if how == "balanced" else np.sqrt(balanced), most)
    return torch.from_numpy(weights)


def _inside(means: np.ndarray) -> np.ndarray:
    return np.clip(means, 1e-3, 1 - 1e-3)
