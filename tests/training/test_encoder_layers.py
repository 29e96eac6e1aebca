"""Cutting the layers of an encoder: the chosen ones run in the given order, on the rows of the kept tokens."""

import copy

import pytest
import torch
from transformers import AlbertConfig, AlbertModel, BertConfig, BertModel, DistilBertConfig, DistilBertModel

from decant.errors import ParamsError
from decant.training.student import cut_encoder

BATCH = {
    "input_ids": torch.tensor([[2, 9, 40, 30, 3], [2, 77, 3, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
}


def bert():
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=90, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=32,
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False).eval(), "encoder"


def distilbert():
    torch.manual_seed(1)
    config = DistilBertConfig(vocab_size=90, dim=16, n_layers=3, n_heads=2, hidden_dim=24, max_position_embeddings=32)
    return DistilBertModel(config).eval(), "transformer"


def states(model, ids=BATCH["input_ids"]):
    with torch.inference_mode():
        return model.eval()(input_ids=ids, attention_mask=BATCH["attention_mask"]).last_hidden_state


@pytest.mark.parametrize("make", [bert, distilbert])
def test_a_cut_that_keeps_everything_changes_nothing(make):
    model, _ = make()
    cut = cut_encoder(model, [0, 1, 2], list(range(90)), 0, "tiny")
    torch.testing.assert_close(states(cut), states(model), rtol=0, atol=0)


@pytest.mark.parametrize("make", [bert, distilbert])
@pytest.mark.parametrize("layers", [[0], [0, 2], [2, 1]], ids=str)
def test_a_cut_runs_the_chosen_layers_in_the_given_order(make, layers):
    model, stack = make()
    cut = cut_encoder(model, layers, list(range(90)), 0, "tiny")
    assert cut.config.num_hidden_layers == len(layers)
    wanted = copy.deepcopy(model)
    holder = getattr(wanted, stack)
    holder.layer = torch.nn.ModuleList(holder.layer[index] for index in layers)
    torch.testing.assert_close(states(cut), states(wanted), rtol=0, atol=1e-6)
    assert not torch.allclose(states(cut), states(model), atol=1e-3)


@pytest.mark.parametrize("make", [bert, distilbert])
def test_rows_of_the_embedding_follow_the_kept_tokens(make):
    model, _ = make()
    kept = [0, 2, 3, 9, 30, 40, 77]
    cut = cut_encoder(model, [0, 1, 2], kept, 0, "tiny")
    torch.testing.assert_close(cut.get_input_embeddings().weight, model.get_input_embeddings().weight[kept])
    renumbered = BATCH["input_ids"].clone().apply_(kept.index)
    torch.testing.assert_close(states(cut, renumbered), states(model), rtol=0, atol=1e-6)
    assert cut.config.vocab_size == len(kept)


def test_a_cut_leaves_the_encoder_itself_alone():
    model, _ = bert()
    before = states(model)
    cut = cut_encoder(model, [1], [0, 2, 3], 0, "tiny")
    with torch.no_grad():
        for tensor in cut.parameters():
            tensor.zero_()
    torch.testing.assert_close(states(model), before, rtol=0, atol=0)
    assert model.config.num_hidden_layers == 3


def test_a_layer_that_the_encoder_lacks_is_refused():
    model, _ = bert()
    with pytest.raises(ParamsError, match=r"distil\.layers: 3: tiny has layers 0 to 2"):
        cut_encoder(model, [0, 3], list(range(90)), 0, "tiny")


def test_an_encoder_without_a_stack_of_layers_is_refused():
    """ALBERT runs one layer several times; there is nothing to take out."""
    config = AlbertConfig(
        vocab_size=90, embedding_size=8, hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=32,
    )  # fmt: skip
    with pytest.raises(ParamsError, match=r"distil\.encoder: tiny: 0 stacks of 3 layers"):
        cut_encoder(AlbertModel(config, add_pooling_layer=False), [0], list(range(90)), 0, "tiny")
