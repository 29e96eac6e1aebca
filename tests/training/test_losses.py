"""Losses are torch's own, class weights scikit-learn's, and the last layer starts at the shares of train."""

import numpy as np
import pytest
import torch
from losses import HEADS, PLAIN, SCAM, TOPIC, TRAIN, URGENCY, random_batch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from decant import tables
from decant.heads import probabilities
from decant.training import losses


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(SCAM, lambda x, y: F.cross_entropy(x[:, :2], y[:, :2].argmax(dim=1)), id="softmax"),
        pytest.param(TOPIC, lambda x, y: F.binary_cross_entropy_with_logits(x[:, 2:4], y[:, 2:4]), id="sigmoid"),
        pytest.param(URGENCY, lambda x, y: F.mse_loss(x[:, 4], y[:, 4]), id="regression"),
    ],
)
def test_the_loss_of_a_head_is_torchs_own(head, wanted):
    logits, labels = random_batch()
    torch.testing.assert_close(losses.head_loss(logits, labels, (head,), PLAIN), wanted(logits, labels))


def test_the_loss_of_all_heads_is_their_mean():
    logits, labels = random_batch()
    each = [losses.head_loss(logits, labels, (head,), PLAIN) for head in HEADS]
    torch.testing.assert_close(losses.head_loss(logits, labels, HEADS, PLAIN), torch.stack(each).mean())


def test_class_weights_act_as_in_torch():
    logits, labels = random_batch()
    weights = torch.tensor([0.5, 3.0, 2.0, 0.25, 1.0])
    found = losses.head_loss(logits, labels, (SCAM,), weights)
    torch.testing.assert_close(found, F.cross_entropy(logits[:, :2], labels[:, 1].long(), weight=weights[:2]))
    found = losses.head_loss(logits, labels, (TOPIC,), weights)
    wanted = F.binary_cross_entropy_with_logits(logits[:, 2:4], labels[:, 2:4], pos_weight=weights[2:4])
    torch.testing.assert_close(found, wanted)


def test_soft_labels_are_learnt_as_torch_does():
    logits, _ = random_batch()
    soft = torch.from_numpy(probabilities(random_batch(1)[0].numpy(), HEADS)).float()
    found = losses.head_loss(logits, soft, (SCAM,), PLAIN)
    torch.testing.assert_close(found, F.cross_entropy(logits[:, :2], soft[:, :2]))


def test_the_loss_is_computed_in_fp32():
    logits, labels = random_batch()
    assert losses.head_loss(logits.bfloat16(), labels, HEADS, PLAIN).dtype == torch.float32


@pytest.mark.parametrize("how", ["none", "balanced", "sqrt"])
def test_class_weights_are_those_of_sklearn(how):
    labels = tables.targets(TRAIN, HEADS)
    found = losses.class_weights(labels, HEADS, how, 1e9)
    power = {"none": 0, "balanced": 1, "sqrt": 0.5}[how]
    balanced = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels[:, 1])
    np.testing.assert_allclose(found[:2], balanced**power, rtol=1e-5)
    negatives, positives = (labels[:, 2:4] == 0).sum(axis=0), (labels[:, 2:4] == 1).sum(axis=0)
    np.testing.assert_allclose(found[2:4], (negatives / positives) ** power, rtol=1e-5)
    assert found[4] == 1


def test_class_weights_of_an_absent_class_are_finite():
    labels = np.zeros((20, 5), dtype=np.float32)
    labels[:, 0] = 1
    assert torch.isfinite(losses.class_weights(labels, HEADS, "balanced", 50.0)).all()


def test_the_start_bias_answers_the_shares_of_train():
    labels = tables.targets(TRAIN, HEADS)
    bias = losses.start_bias(labels, HEADS)
    np.testing.assert_allclose(probabilities(bias[None], HEADS)[0], labels.mean(axis=0), atol=1e-5)


def test_the_start_bias_of_an_absent_label_is_finite():
    bias = losses.start_bias(np.zeros((9, 5), dtype=np.float32), HEADS)
    assert np.isfinite(bias).all()
    assert bias[2] < -6


def test_a_weight_has_a_ceiling():
    labels = np.zeros((1000, 5), dtype=np.float32)
    labels[:, 0] = 1
    labels[0, 2] = 1
    assert losses.class_weights(labels, HEADS, "balanced", 50.0)[2] == 50
    assert losses.class_weights(labels, HEADS, "balanced", 1e9)[2] == 999


def test_label_smoothing_is_that_of_torch():
    logits, labels = random_batch()
    found = losses.head_loss(logits, labels, (SCAM,), PLAIN, smoothing=0.1)
    torch.testing.assert_close(found, F.cross_entropy(logits[:, :2], labels[:, 1].long(), label_smoothing=0.1))
    found = losses.head_loss(logits, labels, (TOPIC,), PLAIN, smoothing=0.1)
    wanted = F.binary_cross_entropy_with_logits(logits[:, 2:4], labels[:, 2:4] * 0.9 + 0.05)
    torch.testing.assert_close(found, wanted)
    found = losses.head_loss(logits, labels, (URGENCY,), PLAIN, smoothing=0.1)
    torch.testing.assert_close(found, F.mse_loss(logits[:, 4], labels[:, 4]))


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.kind)
def test_a_row_of_weight_two_counts_as_two_rows(head):
    logits, labels = random_batch()
    weights = torch.ones(len(logits))
    weights[3] = 2
    twice = [torch.cat([given, given[3:4]]) for given in (logits, labels)]
    found = losses.head_loss(logits, labels, (head,), PLAIN, rows=weights)
    torch.testing.assert_close(found, losses.head_loss(*twice, (head,), PLAIN))
    torch.testing.assert_close(
        losses.head_loss(logits, labels, (head,), PLAIN, rows=torch.ones(len(logits))),
        losses.head_loss(logits, labels, (head,), PLAIN),
        rtol=0, atol=0,
    )  # fmt: skip


def test_passes_that_agree_do_not_differ():
    logits, _ = random_batch()
    other, _ = random_batch(1)
    apart = losses.disagreement(logits, other, HEADS)
    torch.testing.assert_close(apart, losses.disagreement(other, logits, HEADS))
    scam = (SCAM,)
    both = [torch.distributions.Categorical(logits=given[:, SCAM.slice]) for given in (logits, other)]
    kl = torch.distributions.kl_divergence
    wanted = (kl(both[0], both[1]).mean() + kl(both[1], both[0]).mean()) / 2
    torch.testing.assert_close(losses.disagreement(logits, other, scam), wanted)
    assert losses.disagreement(logits, logits, scam) == pytest.approx(0, abs=1e-7)
