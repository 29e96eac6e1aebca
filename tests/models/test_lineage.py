"""lineage: what was learnt from an encoder has its tensors, its tokenizer and its direction; nothing else passes for it."""

import json
import shutil

import pytest
import torch
from adapting import contents
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from decant.errors import EncoderError
from decant.files import read_json
from decant.models import lineage
from decant.models.encoder import WEIGHTS, load_weights

NORM = "embeddings.LayerNorm.weight"
MATRIX = "encoder.layer.1.output.dense.weight"


@pytest.fixture
def learnt(tiny_encoder):
    """The tiny encoder, every tensor a little away from where it was."""
    torch.manual_seed(2)
    model = load_weights(tiny_encoder)
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.1 * tensor.std().nan_to_num() * torch.randn_like(tensor))
    return model


def refuses(model, source, tmp_path, words: str) -> None:
    with pytest.raises(EncoderError, match=words):
        lineage.hand_on(model, source, tmp_path / "out", "dapt", {})
    assert not (tmp_path / "out" / "adapt.json").exists()


def test_only_the_weights_and_the_record_are_new(tiny_encoder, learnt, tmp_path):
    lineage.hand_on(learnt, tiny_encoder, tmp_path / "out", "dapt", {"steps": 3})
    before, after = contents(tiny_encoder), contents(tmp_path / "out")
    assert {name for name in before | after if before.get(name) != after.get(name)} == {WEIGHTS, "adapt.json"}
    stored = load_file(tmp_path / "out" / WEIGHTS)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in learnt.state_dict().items())
    record = read_json(tmp_path / "out" / "adapt.json")["dapt"]
    assert record["steps"] == 3
    assert record["moved"] == pytest.approx(0.1, abs=0.005)
    assert record["cosine"] == pytest.approx(1 / 1.01**0.5, abs=0.005)


def test_steps_are_noted_one_after_the_other(tiny_encoder, learnt, tmp_path):
    lineage.hand_on(learnt, tiny_encoder, tmp_path / "one", "dapt", {"steps": 3})
    with torch.no_grad():
        learnt.get_parameter(MATRIX).mul_(1.1)
    lineage.hand_on(learnt, tmp_path / "one", tmp_path / "two", "contrastive", {})
    assert list(lineage.record(tmp_path / "two")) == ["dapt", "contrastive"]
    assert lineage.record(tiny_encoder) == {}


def test_a_random_encoder_is_no_kin(tiny_encoder, tmp_path):
    torch.manual_seed(1)
    anew = BertModel(BertConfig.from_pretrained(tiny_encoder), add_pooling_layer=False)
    refuses(anew, tiny_encoder, tmp_path, r"dapt: the weights have a cosine of -?0\.0\d\d .* at least 0\.5 is kin")


def test_an_encoder_that_learnt_nothing_is_refused(tiny_encoder, tmp_path):
    refuses(load_weights(tiny_encoder), tiny_encoder, tmp_path, "dapt: no tensor differs from .*; nothing was learnt")


def test_one_changed_tensor_is_enough(tiny_encoder, tmp_path):
    model = load_weights(tiny_encoder)
    with torch.no_grad():
        model.get_parameter(NORM)[0] += 0.01
    lineage.hand_on(model, tiny_encoder, tmp_path / "out", "dapt", {})
    assert lineage.record(tmp_path / "out")["dapt"] == {"moved": 0.0, "cosine": 1.0}


def test_numbers_that_are_not_finite_are_refused(tiny_encoder, learnt, tmp_path):
    with torch.no_grad():
        learnt.get_parameter(MATRIX)[0, 0] = float("nan")
    refuses(learnt, tiny_encoder, tmp_path, f"{MATRIX} holds numbers that are not finite; lower the learning rate")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"num_hidden_layers": 2}, r"encoder\.layer\.2.* not in both", id="a layer less"),
        pytest.param({"num_hidden_layers": 4}, r"encoder\.layer\.3.* not in both", id="a layer more"),
        pytest.param({"intermediate_size": 48}, r"is \(48,\), in .* it is \(64,\)", id="another width"),
        pytest.param({"vocab_size": 77}, r"word_embeddings\.weight is \(77, 32\)", id="another vocabulary"),
    ],
)
def test_a_model_of_another_shape_is_refused(tiny_encoder, tmp_path, changes, words):
    config = BertConfig.from_pretrained(tiny_encoder, **changes)
    refuses(BertModel(config, add_pooling_layer=False), tiny_encoder, tmp_path, words)


def test_the_same_encoder_elsewhere_is_of_the_same_kind(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "copy")
    config = BertConfig.from_pretrained(folder)
    config._name_or_path, config.dtype = "elsewhere", torch.bfloat16  # says nothing about the model
    lineage.check_same_kind(config, folder, tiny_encoder, "transfers.demo")


def test_another_setting_is_of_another_kind(tiny_encoder):
    config = BertConfig.from_pretrained(tiny_encoder, hidden_act="relu")
    with pytest.raises(EncoderError, match=r"transfers\.demo: .* differ in hidden_act \(relu, gelu\)"):
        lineage.check_same_kind(config, tiny_encoder, tiny_encoder, "transfers.demo")


def test_another_way_to_read_text_is_of_another_kind(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "cased")
    state = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    state["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    with pytest.raises(EncoderError, match=r"transfers\.demo: .* reads text with another tokenizer"):
        lineage.check_same_kind(BertConfig.from_pretrained(folder), folder, tiny_encoder, "transfers.demo")
