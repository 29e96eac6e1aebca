"""The weights of an encoder: those of the file are in memory, and in the classifier, or the load stops."""

import shutil

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from encoders import change_config, change_weights
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel

from decant import tables
from decant.decision import Rule
from decant.errors import EncoderError
from decant.files import write_json
from decant.heads import layout
from decant.members import taught
from decant.models import encoder, model
from decant.problem import Problem
from decant.settings.params import read
from decant.training import finetune
from stages.demo import generate

REMOVED = "encoder.layer.1.output.dense.bias"
HEADS = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


def without(tensors, name):
    return {key: tensor for key, tensor in tensors.items() if key != name}


# --- from the file ----------------------------------------------------------------------------------------------------


def test_weights_are_those_of_the_file(folder):
    model = encoder.load_weights(folder)
    stored = load_file(folder / encoder.WEIGHTS)
    assert set(model.state_dict()) == set(stored)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.state_dict().items())
    assert not [name for name, _ in model.named_parameters() if name.startswith("pooler")]


def test_half_precision_weights_are_read_as_fp32(folder):
    change_weights(folder, lambda tensors: {name: tensor.half() for name, tensor in tensors.items()})
    model = encoder.load_weights(folder)
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


def test_a_checkpoint_with_pretraining_heads_and_a_prefix_is_read(folder):
    change_weights(
        folder,
        lambda tensors: (
            {f"bert.{name}": tensor for name, tensor in tensors.items()}
            | {"bert.pooler.dense.weight": torch.ones(tiny.WIDTH, tiny.WIDTH), "cls.predictions.bias": torch.ones(9)}
        ),
    )
    stored = load_file(folder / encoder.WEIGHTS)
    model = encoder.load_weights(folder)
    assert all(torch.equal(tensor, stored[f"bert.{name}"]) for name, tensor in model.state_dict().items())


def old_names(tensors):
    """As bert-base-uncased is published: a prefix, and norms with gamma and beta."""
    renamed = {}
    for name, tensor in tensors.items():
        old = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        renamed[f"bert.{old}"] = torch.rand_like(tensor) if old != name else tensor
    return renamed


def test_a_checkpoint_with_the_names_of_the_first_bert_is_read(folder):
    change_weights(folder, old_names)
    stored = load_file(folder / encoder.WEIGHTS)
    model = encoder.load_weights(folder)
    assert torch.equal(model.embeddings.LayerNorm.weight, stored["bert.embeddings.LayerNorm.gamma"])
    assert torch.equal(model.embeddings.LayerNorm.bias, stored["bert.embeddings.LayerNorm.beta"])
    with torch.no_grad():
        model.embeddings.LayerNorm.weight[0] += 1e-6
    with pytest.raises(EncoderError, match=r"tensor embeddings\.LayerNorm\.weight in memory is not the one"):
        encoder.compare_with_file(model, folder / encoder.WEIGHTS)


def test_the_maps_by_which_tinybert_was_distilled_are_left_out(folder):
    change_weights(folder, lambda tensors: tensors | {"fit_denses.0.weight": torch.ones(2, 2)})
    assert not [name for name in encoder.load_weights(folder).state_dict() if "fit" in name]


@pytest.mark.bad_input
@pytest.mark.parametrize("prefix", ["module.", "encoder.", "model.bert."])
def test_a_prefix_that_nobody_knows_is_no_random_start(folder, prefix):
    """Weights of a whole classifier, or of one saved from several processes: not one name fits."""
    change_weights(folder, lambda tensors: {f"{prefix}{name}": tensor for name, tensor in tensors.items()})
    with pytest.raises(EncoderError, match=r"has no .*random numbers"):
        encoder.load_weights(folder)


@pytest.mark.bad_input
def test_a_missing_tensor_is_named(folder):
    change_weights(folder, lambda tensors: without(tensors, REMOVED))
    with pytest.raises(EncoderError, match=rf"has no .*{REMOVED}.*random numbers"):
        encoder.load_weights(folder)


@pytest.mark.bad_input
def test_a_tensor_of_another_shape_is_named(folder):
    change_weights(folder, lambda tensors: tensors | {REMOVED: torch.zeros(tiny.WIDTH + 1)})
    with pytest.raises(EncoderError, match=rf"other shapes than config\.json says.*{REMOVED}"):
        encoder.load_weights(folder)


@pytest.mark.bad_input
def test_a_tensor_that_the_architecture_lacks_is_named(folder):
    change_weights(folder, lambda tensors: tensors | {"adapter.down.weight": torch.zeros(2, 2)})
    with pytest.raises(EncoderError, match=r"holds \['adapter\.down\.weight'\], which BertModel does not have"):
        encoder.load_weights(folder)


@pytest.mark.bad_input
def test_more_layers_in_the_file_than_in_the_config_are_refused(folder):
    change_config(folder, num_hidden_layers=2)
    with pytest.raises(EncoderError, match=r"holds .*encoder\.layer\.2"):
        encoder.load_weights(folder)


@pytest.mark.bad_input
@pytest.mark.parametrize("change", [{"without": "model_type"}, None], ids=["no model_type", "no file"])
def test_a_config_that_names_no_architecture_is_refused(folder, change):
    if change:
        change_config(folder, **change)
    else:
        (folder / "config.json").unlink()
    with pytest.raises(
        EncoderError, match=r"config\.json: missing, or without model_type.*python -m decant\.models\.convert"
    ):
        encoder.load_weights(folder)


@pytest.mark.bad_input
def test_pickled_weights_are_not_read(folder):
    tensors = load_file(folder / encoder.WEIGHTS)
    (folder / encoder.WEIGHTS).unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"no model\.safetensors.*never pickles"):
        encoder.load_weights(folder)


def test_a_load_that_changes_a_tensor_is_caught(folder):
    model = encoder.load_weights(folder)
    with torch.no_grad():
        model.get_parameter(REMOVED)[0] += 1e-6
    with pytest.raises(EncoderError, match=f"tensor {REMOVED} in memory is not the one in the file"):
        encoder.compare_with_file(model, folder / encoder.WEIGHTS)


def from_config(folder, *_, config=None, **__):
    """Planted: an encoder of the right shape, and nothing of the file in it."""
    config = config or AutoConfig.from_pretrained(folder)
    made = AutoModel.from_config(config, **encoder.architecture_options(config))
    return made, {"missing_keys": [], "unexpected_keys": [], "mismatched_keys": []}


def test_a_start_from_the_config_is_caught_though_it_reports_nothing(folder, monkeypatch):
    monkeypatch.setattr(encoder.AutoModel, "from_pretrained", from_config)
    with pytest.raises(EncoderError, match=r"in memory is not the one in the file; the load changed or made it up"):
        encoder.load_weights(folder)


# --- in the classifier ------------------------------------------------------------------------------------------------


def partial_load(change):
    """Planted: a load that takes what it gets (strict=False) of a state dict that `change` has thinned."""
    real = torch.nn.Module.load_state_dict
    return lambda module, state, *_, **__: real(module, change(dict(state)), strict=False)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda state: {}, id="nothing"),
        pytest.param(lambda state: without(state, REMOVED), id="all but one"),
        pytest.param(lambda state: {f"bert.{name}": tensor for name, tensor in state.items()}, id="under other names"),
    ],
)
def test_a_partial_load_into_the_classifier_is_caught(folder, monkeypatch, change):
    given = encoder.load_weights(folder)
    with torch.no_grad():
        given.get_parameter(REMOVED).fill_(0.5)  # a bias that starts at zero would be right by chance
    monkeypatch.setattr(torch.nn.Module, "load_state_dict", partial_load(change))
    with pytest.raises(EncoderError, match="the classifier did not take the encoder's weights"):
        model.build(given, HEADS, "mean", 0.1, np.zeros(2))


def test_a_second_stage_from_random_weights_is_caught(folder, workspace, monkeypatch):
    """What the published two-stage model did: the encoder of the first stage was never loaded."""
    tiny.shrink(workspace / "params.yaml", {"sources": [f"folder:{folder}"], "vocab_size": 1, "pooling": "mean"})
    write_json(folder / "encoder.json", {"pooling": "mean"})
    texts = [row["text"] for row in generate(8, 1, 0.0)]
    frame = pd.DataFrame({"text": texts, "scam": ["honest", "scam"] * 4})
    monkeypatch.setattr(finetune, "load_weights", lambda place: from_config(place)[0])
    with pytest.raises(EncoderError, match=r"model\.safetensors: tensor .* in memory is not the one in the file"):
        finetune.fine_tune(
            folder,
            Problem(HEADS, Rule("argmax", head="scam"), 48),
            read("demo").teacher,
            13,
            {"train": frame, "valid": frame},
            taught.plain(tables.targets(frame, HEADS)),
            workspace / "work",
        )


def test_a_saved_classifier_that_comes_back_random_is_caught(folder, tmp_path, monkeypatch):
    model.build(encoder.load_weights(folder), HEADS, "mean", 0.1, np.zeros(2)).save_pretrained(tmp_path / "teacher")
    config = model.ClassifierConfig.from_pretrained(tmp_path / "teacher")
    report = from_config(folder)[1]
    monkeypatch.setattr(model.Classifier, "from_pretrained", lambda *_, **__: (model.Classifier(config), report))
    with pytest.raises(EncoderError, match="in memory is not the one in the file"):
        model.load(tmp_path / "teacher")
