"""Structured pruning: what carries nothing goes first, what stays works as before, and a slim student is saved and read."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, MPNetConfig, MPNetModel

from decant.errors import ParamsError
from decant.heads import layout
from decant.models.model import build, load
from decant.training import slimming

IDS = [[2, 9, 40, 30, 3], [2, 77, 3], [2, 50, 60, 61, 62, 63, 3]]
WIDE = {"max_position_embeddings": 32, "vocab_size": 90, "pad_token_id": 0}


def bert():
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
    return BertModel(BertConfig(**WIDE | shape), add_pooling_layer=False), "encoder.layer", "output.dense"


def distilbert():
    shape = {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24}
    return DistilBertModel(DistilBertConfig(**WIDE | shape)), "transformer.layer", "ffn.lin2"


def mpnet():
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
    return MPNetModel(MPNetConfig(**WIDE | shape), add_pooling_layer=False), "encoder.layer", "output.dense"


def made(make):
    torch.manual_seed(3)
    model, layers, leading = make()
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.copy_(torch.randn_like(tensor) * 0.3)
    return model.eval(), [model.get_submodule(f"{layers}.{index}.{leading}") for index in range(2)]


def states(model, ids=IDS[0]):
    with torch.inference_mode():
        return model.eval()(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids))).last_hidden_state


@pytest.mark.parametrize("make", [bert, distilbert, mpnet])
def test_neurons_that_lead_nowhere_go_and_nothing_changes(make):
    model, leading = made(make)
    with torch.no_grad():
        leading[0].weight[:, ::2] = 0  # other ones in each layer
        leading[1].weight[:, 12:] = 0
    slim = slimming.slim(model, IDS, 12, None)
    torch.testing.assert_close(states(slim), states(model), rtol=1e-5, atol=1e-5)
    size = sum(tensor.numel() for tensor in model.parameters()) - sum(tensor.numel() for tensor in slim.parameters())
    assert size == 2 * 12 * (16 + 1 + 16)


def test_neurons_that_are_hardly_ever_active_go_before_those_with_small_weights():
    """Planted: neurons with large columns that never fire, which the size of the weights alone would keep."""
    model, leading = made(bert)
    with torch.no_grad():
        for index, matrix in enumerate(leading):
            matrix.weight[:, :12] *= 50
            inner = model.encoder.layer[index].intermediate.dense
            inner.weight[:12] = 0
            inner.bias[:12] = -30  # GELU gives 0
    torch.testing.assert_close(states(slimming.slim(model, IDS, 12, None)), states(model), rtol=1e-5, atol=1e-5)


def test_heads_that_lead_nowhere_go_and_nothing_changes():
    model, _ = made(bert)
    with torch.no_grad():
        model.encoder.layer[0].attention.output.dense.weight[:, 4:12] = 0  # heads 1 and 2
        model.encoder.layer[1].attention.output.dense.weight[:, :8] = 0  # heads 0 and 1
    slim = slimming.slim(model, IDS, None, 2)
    torch.testing.assert_close(states(slim), states(model), rtol=1e-5, atol=1e-5)
    assert slim.encoder.layer[0].attention.self.query.weight.shape == (8, 16)
    assert slim.encoder.layer[0].attention.output.dense.weight.shape == (16, 8)


def test_what_a_group_carries_is_the_size_of_what_it_adds():
    model, leading = made(bert)
    heads = [layer.attention.output.dense for layer in model.encoder.layer]
    found = slimming.carriage(model, IDS, [heads[1], leading[1]], 4)
    given = {}
    hooks = [
        part.register_forward_pre_hook(lambda module, inputs: given.setdefault(module, []).append(inputs[0][0]))
        for part in (heads[1], leading[1])
    ]
    for ids in IDS:  # alone, without padding
        states(model, ids)
    for hook in hooks:
        hook.remove()
    for part, scores in zip((heads[1], leading[1]), found, strict=True):
        rows = torch.cat(given[part])
        for group, score in enumerate(scores):
            chosen = slice(4 * group, 4 * group + 4)
            added = rows[:, chosen] @ part.weight[:, chosen].T
            assert score == pytest.approx(added.norm().item(), rel=1e-4)


def test_a_slim_student_is_saved_and_read_as_it_was(tmp_path):
    model, _ = made(bert)
    heads = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
    student = build(slimming.slim(model, IDS, 6, 1), heads, "mean", 0.1, np.zeros(2)).eval()
    student.save_pretrained(tmp_path)
    batch = {"input_ids": torch.tensor([IDS[0]]), "attention_mask": torch.ones(1, 5, dtype=torch.long)}
    with torch.inference_mode():
        torch.testing.assert_close(load(tmp_path)(**batch)["logits"], student(**batch)["logits"], rtol=0, atol=0)
    assert load(tmp_path).encoder.encoder.layer[1].attention.self.query.weight.shape == (4, 16)


def test_nothing_asked_for_is_nothing_done():
    model, _ = made(bert)
    assert slimming.slim(model, IDS, None, None) is model


@pytest.mark.parametrize(
    ("make", "neurons", "heads", "words"),
    [
        (bert, 25, None, r"distil\.intermediate: 25: bert has 24 neurons in a layer"),
        (bert, None, 5, r"distil\.heads: 5: bert has 4 heads in a layer"),
        (distilbert, None, 2, r"distil\.heads: the attention of distilbert has other parts than BERT's"),
        (mpnet, None, 2, r"distil\.heads: the attention of mpnet has other parts than BERT's"),
    ],
)
def test_more_than_there_is_or_what_cannot_be_cut_is_refused(make, neurons, heads, words):
    with pytest.raises(ParamsError, match=words):
        slimming.slim(made(make)[0], IDS, neurons, heads)


def test_a_feed_forward_as_wide_as_the_attention_is_refused():
    """Every matrix of such a layer could be the one that leads back."""
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 16}
    model = BertModel(BertConfig(**WIDE | shape), add_pooling_layer=False)
    with pytest.raises(ParamsError, match=r"bert: 12 matrices lead back from 16 neurons, expected one in each layer"):
        slimming.slim(model, IDS, 8, None)
