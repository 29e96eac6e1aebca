"""A checkpoint with a pickle: converted once, on request, into a folder that the encoder stage reads; tensors or nothing."""

import os
import runpy
import sys

import pytest
import tiny
import torch
from encoders import arrange, change_config, kept
from ruamel.yaml import YAML
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertForPreTraining, BertModel

from decant.errors import EncoderError
from decant.files import read_json
from decant.models import convert, encoder
from stages import encoder as stage


@pytest.fixture
def published(tmp_path, texts):
    """As bert-mini is published: a pickle with pretraining heads, a bare vocabulary, a config without model_type."""
    folder = tmp_path / "published"
    size = len(tiny.write_tokenizer(folder, texts))
    backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    vocabulary = backend.get_vocab()
    for file in folder.iterdir():
        file.unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n", encoding="utf-8")
    config = BertConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64,
    )  # fmt: skip
    model = BertForPreTraining(config)
    model.config.save_pretrained(folder)
    change_config(folder, without="model_type")
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    return folder, model, backend


def test_the_lines_it_prints_make_the_encoder_stage_read_it(published, workspace, capsys, texts):
    folder, model, backend = published
    convert.main(str(folder), "bert")
    entry = YAML(typ="safe", pure=True).load(capsys.readouterr().out)
    arrange(workspace, entry | {"pooling": "cls"})
    stage.main("demo", "tiny")
    found = encoder.load_weights(kept(workspace))
    assert type(found) is BertModel
    assert all(torch.equal(tensor, model.state_dict()[f"bert.{name}"]) for name, tensor in found.state_dict().items())
    wanted = [encoding.ids for encoding in backend.encode_batch(texts)]
    assert encoder.encode(encoder.load_tokenizer(kept(workspace)), texts, 512) == wanted


def test_it_is_a_command(published, monkeypatch, capsys):
    folder, _, _ = published
    monkeypatch.setattr(sys, "argv", ["decant.convert", str(folder)])
    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(convert.__file__, run_name="__main__")
    assert f"names no model_type; say it: python -m decant.models.convert {folder} bert" in capsys.readouterr().err


def test_what_is_there_already_is_left_alone(published):
    folder, _, _ = published
    convert.main(str(folder), "bert")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (folder / "pytorch_model.bin").unlink()
    convert.main(str(folder), "roberta")
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert after == {name: content for name, content in before.items() if name != "pytorch_model.bin"}
    assert read_json(folder / "config.json")["model_type"] == "bert"


class Harmful:
    """What a pickle can hold: unpickling it calls a function."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param({"weight": Harmful()}, "not a file of tensors alone", id="code"),
        pytest.param([torch.ones(1)], "not a state dict", id="a list"),
        pytest.param(
            {"epoch": 3, "model": {"weight": torch.ones(1)}}, "not a state dict", id="a checkpoint of training"
        ),
    ],
)
def test_a_pickle_of_more_than_tensors_is_refused_and_does_not_run(published, workspace, content, words):
    folder, _, _ = published
    torch.save(content, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=rf"pytorch_model\.bin: {words}"):
        convert.main(str(folder), "bert")
    assert not (workspace / "harm").exists()
    assert not (folder / encoder.WEIGHTS).exists()


@pytest.mark.bad_input
def test_a_file_that_is_no_checkpoint_at_all_is_refused(published):
    folder, _, _ = published
    (folder / "pytorch_model.bin").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(EncoderError, match=r"pytorch_model\.bin: not a file of tensors alone"):
        convert.main(str(folder), "bert")


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["config.json", "pytorch_model.bin"])
def test_a_folder_that_lacks_a_file_is_refused(published, name):
    folder, _, _ = published
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=rf"{name}: missing\. Fetch the whole checkpoint: hf download"):
        convert.main(str(folder), "bert")


@pytest.mark.bad_input
def test_a_folder_without_a_vocabulary_is_refused(published):
    """transformers would make a tokenizer of five specials."""
    folder, _, _ = published
    (folder / "vocab.txt").unlink()
    with pytest.raises(EncoderError, match=r"neither tokenizer\.json nor vocab\.txt nor vocab\.json"):
        convert.main(str(folder), "bert")


@pytest.mark.bad_input
def test_a_vocabulary_of_another_size_is_refused(published):
    folder, _, _ = published
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("one-more\n")
    with pytest.raises(EncoderError, match=r"made of its vocabulary: the tokenizer's backend has \d+ tokens, expected"):
        convert.main(str(folder), "bert")
    assert not (folder / "tokenizer.json").exists()


def test_tensors_that_share_memory_are_stored_each(published):
    folder, _, _ = published
    convert.main(str(folder), "bert")
    stored = load_file(folder / encoder.WEIGHTS)
    assert torch.equal(stored["cls.predictions.decoder.weight"], stored["bert.embeddings.word_embeddings.weight"])
