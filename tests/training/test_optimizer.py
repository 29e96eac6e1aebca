"""Which rate each tensor learns at: of its layer, of the last layer, of none."""

import numpy as np
import pytest
import torch
from losses import HEADS, settings

from decant.models import encoder
from decant.models.model import build
from decant.training.optimizer import depths, optimizer


@pytest.fixture
def model(tiny_encoder):
    return build(encoder.load_weights(tiny_encoder), HEADS, "mean", 0.0, np.zeros(5))


def rates(model, **changes) -> dict[str, float]:
    found = optimizer(model, settings(**changes))
    of = {id(tensor): group["lr"] for group in found.param_groups for tensor in group["params"]}
    return {name: of[id(tensor)] for name, tensor in model.named_parameters() if id(tensor) in of}


def test_each_layer_is_as_far_from_the_last_as_it_stands_below_it(model):
    found = depths(model.encoder)
    of_layers = [found[f"encoder.layer.{layer}.output.dense.weight"] for layer in range(3)]
    assert of_layers == [2, 1, 0]
    assert found["embeddings.word_embeddings.weight"] == found["embeddings.LayerNorm.bias"] == 3


def test_lower_layers_learn_at_lower_rates(model):
    found = rates(model, layer_decay=0.5, learning_rate=1e-3, head_rate=5e-3)
    layers = [found[f"encoder.encoder.layer.{layer}.attention.self.query.bias"] for layer in range(3)]
    np.testing.assert_allclose(layers, [2.5e-4, 5e-4, 1e-3])
    assert found["encoder.embeddings.word_embeddings.weight"] == pytest.approx(1.25e-4)
    assert found["classifier.weight"] == 5e-3


def test_without_decay_all_layers_have_one_rate(model):
    assert set(rates(model, learning_rate=1e-3, head_rate=5e-3).values()) == {1e-3, 5e-3}


def test_a_frozen_table_gets_no_rate_and_no_gradient(model):
    name = "encoder.embeddings.word_embeddings.weight"
    assert name in rates(model)
    assert set(rates(model)) - set(rates(model, frozen_embeddings=True)) == {name}
    output = model(input_ids=torch.tensor([[2, 7, 3]]), attention_mask=torch.ones(1, 3, dtype=torch.long))
    output["logits"].sum().backward()
    assert model.encoder.get_input_embeddings().weight.grad is None
    assert model.encoder.embeddings.position_embeddings.weight.grad is not None
