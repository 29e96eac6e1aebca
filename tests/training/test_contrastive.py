"""contrastive: pairs by shared labels, half alike and half not; the encoder on disk learns them, and labels matter."""

import numpy as np
import pytest
import torch
from adapting import CONTRASTIVE, HEADS, SPLITS, written

from decant import tables
from decant.errors import DataError
from decant.heads import layout
from decant.models import encoder
from decant.models.model import embed
from decant.settings.adapt import Contrastive
from decant.training import contrastive

TEXTS = SPLITS["train"]["text"].tolist()
TARGETS = tables.targets(SPLITS["train"], HEADS)
SCAM, TOPIC, URGENCY = HEADS
ANY = layout({"mood": {"kind": "sigmoid", "labels": ["a", "b", "c"]}})


@pytest.fixture(scope="module")
def source(tiny_encoder, tmp_path_factory):
    return written(tiny_encoder, tmp_path_factory.mktemp("source") / "tiny")


def learnt(source, work, targets=TARGETS, heads=HEADS, **changes):
    torch.set_num_threads(1)
    settings = Contrastive(**CONTRASTIVE | changes)
    return contrastive.learn(source, TEXTS, targets, heads, 32, settings, "fp32", 13, work)


# --- pairs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ([1, 0, 0], [1, 0, 0], 1),
        ([1, 1, 0], [1, 0, 0], 1 / 2),
        ([1, 1, 0], [0, 1, 1], 1 / 3),
        ([1, 0, 0], [0, 1, 1], 0),
        ([0, 0, 0], [0, 1, 0], 0),
        ([0, 0, 0], [0, 0, 0], 1),
    ],
)
def test_labels_overlap_by_what_is_shared(one, other, alike):
    targets = np.array([one, other], dtype=np.float32)
    pairs = np.array([[0, 1], [1, 0]])
    assert contrastive.overlap(targets, pairs, ANY[0]) == pytest.approx([alike, alike])


def test_half_of_a_heads_pairs_share_a_label_and_half_do_not():
    pairs = contrastive.draw(TARGETS, (SCAM,), 2001, 13)
    same = TARGETS[pairs[:, 0], 1] == TARGETS[pairs[:, 1], 1]
    assert pairs.shape == (2001, 2)
    assert same.sum() == 1001
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert len(np.unique(pairs)) == len(TEXTS)  # every row has its turn
    assert abs(same[:1000].sum() - 500) < 60  # in no order


def test_heads_take_turns():
    pairs = contrastive.draw(TARGETS, (SCAM, TOPIC), 4000, 13)
    for head in (SCAM, TOPIC):
        alone = (contrastive.overlap(TARGETS, contrastive.draw(TARGETS, (head,), 4000, 1), head) > 0).mean()
        assert alone == 0.5
        assert 0.3 < (contrastive.overlap(TARGETS, pairs, head) > 0).mean() < 0.7


def test_a_rare_class_has_its_pairs():
    """Two rows of a hundred share the class: one random pair of five thousand."""
    targets = np.zeros((100, 3), dtype=np.float32)
    targets[:, 0] = 1
    targets[:2, :2] = 0, 1
    heads = layout({"kind": {"kind": "softmax", "labels": ["a", "b", "c"]}})
    pairs = contrastive.draw(targets, heads, 200, 13)
    differ = pairs[contrastive.overlap(targets, pairs, heads[0]) == 0]
    assert len(differ) == 100
    assert (np.isin(differ, [0, 1]).sum(axis=1) == 1).all()


def test_draws_repeat_and_hang_on_the_seed():
    first, again, other = (contrastive.draw(TARGETS, (SCAM, TOPIC), 100, seed) for seed in (13, 13, 14))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        pytest.param(np.tile([1, 0, 0], (40, 1)), r"none differ in head mood", id="no negatives"),
        pytest.param(np.eye(3), r"of 3 train rows none share a label in head mood", id="no positives"),
    ],
)
def test_labels_without_pairs_of_both_kinds_are_refused(targets, words):
    with pytest.raises(
        DataError, match=rf"adapt\.contrastive: of [\d,]+ random pairs .*{words}, half of the pairs have to"
    ):
        contrastive.draw(targets.astype(np.float32), ANY, 64, 13)


def test_numbers_alone_give_no_pairs(source, tmp_path):
    with pytest.raises(DataError, match=r"adapt\.contrastive: no head has labels to share"):
        contrastive.learn(source, TEXTS, TARGETS, (URGENCY,), 32, Contrastive(**CONTRASTIVE), "fp32", 13, tmp_path)


# --- the loss ---------------------------------------------------------------------------------------------------------


def loss_of(states, rows, targets, heads):
    distance = contrastive.CosineSimilarityLoss(torch.nn.Identity())
    return float(contrastive.pair_loss(distance, torch.tensor(states), np.array(rows), np.array(targets), heads))


def cosine(one, other):
    return np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other)


def test_the_loss_weighs_pairs_that_share_a_label_as_much_as_the_others():
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]], dtype=np.float32)
    states = np.random.default_rng(0).normal(size=(4, 5))
    shared = {(0, 1): 0.5, (2, 3): 1.0}
    others = [(0, 2), (0, 3), (1, 2), (1, 3)]
    alike = np.mean([(cosine(states[a], states[b]) - wanted) ** 2 for (a, b), wanted in shared.items()])
    unlike = np.mean([cosine(states[a], states[b]) ** 2 for a, b in others])
    assert loss_of(states, range(4), targets, ANY) == pytest.approx((alike + unlike) / 2, abs=1e-6)


def test_a_row_is_not_compared_with_itself():
    targets = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    states = np.random.default_rng(0).normal(size=(3, 5))
    wanted = np.mean([cosine(states[2], states[index]) ** 2 for index in (0, 1)])
    assert loss_of(states, [0, 0, 1], targets, ANY) == pytest.approx(wanted, abs=1e-6)


def test_heads_share_the_target_and_weigh_alike():
    """Two rows agree in one head of two: half alike, and the one pair counts once for each head."""
    heads = layout({name: {"kind": "softmax", "labels": [f"{name}1", f"{name}2"]} for name in ("a", "b")})
    states = np.array([[1.0, 0.0], [0.6, 0.8]])
    assert loss_of(states, [0, 1], np.array([[1, 0, 1, 0], [1, 0, 0, 1]], dtype=np.float32), heads) == pytest.approx(
        0.01
    )


# --- learning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_model_that_learns_gives_the_embeddings_that_others_read(tiny_encoder, tmp_path, pooling):
    folder = written(tiny_encoder, tmp_path / "tiny", pooling)
    tokenizer = encoder.load_tokenizer(folder)
    wanted = embed(encoder.load_weights(folder), tokenizer, TEXTS[:9], 32, pooling, "texts")
    model = contrastive.sentence_model(folder).eval()
    ids = [torch.tensor([one]) for one in encoder.encode(tokenizer, TEXTS[:9], 32)]
    with torch.inference_mode():
        found = [model({"input_ids": one, "attention_mask": torch.ones_like(one)})["sentence_embedding"] for one in ids]
    np.testing.assert_allclose(torch.cat(found).numpy(), wanted, atol=1e-5)


def test_rows_with_a_shared_label_come_closer_than_others(source, tmp_path):
    model, figures = learnt(source, tmp_path / "work-1", heads=(SCAM,), steps=40)
    tokenizer = encoder.load_tokenizer(source)
    gaps = []
    for one in (encoder.load_weights(source), model):
        states = embed(one, tokenizer, TEXTS, 32, "mean", "texts")
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        near = states @ states.T
        same = TARGETS[:, 1][:, None] == TARGETS[:, 1]
        others = ~np.eye(len(TEXTS), dtype=bool)
        gaps.append(near[same & others].mean() - near[~same].mean())
    assert abs(gaps[0]) < 0.02
    assert gaps[1] > 0.1
    assert figures["loss_last"] < figures["loss_first"]
    assert (figures["rows"], figures["steps"]) == (64, 40)


def test_labels_decide_what_is_learnt(source, tmp_path):
    swapped = TARGETS[np.random.default_rng(1).permutation(len(TARGETS))]
    one, other = (
        learnt(source, tmp_path / f"work-{number}", targets)[0].state_dict()
        for number, targets in enumerate((TARGETS, swapped))
    )
    assert not all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_numbers_are_not_read(source, tmp_path):
    other = TARGETS.copy()
    other[:, URGENCY.start] = 1 - other[:, URGENCY.start]
    one, two = (
        learnt(source, tmp_path / f"work-{number}", targets)[0].state_dict()
        for number, targets in enumerate((TARGETS, other))
    )
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())
