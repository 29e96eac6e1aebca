"""The tokenizer of an encoder: the one of the file reads the text, no length sticks to it, and nothing of this machine."""

import json
import shutil

import pytest
from tokenizers import Tokenizer
from transformers import BertTokenizerFast

from decant.errors import EncoderError
from decant.files import read_json
from decant.models import encoder
from decant.models.coverage import covered


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


def test_the_known_trap_is_there_and_is_caught(folder, texts):
    """transformers 5 ignores vocab_file: five specials, every word unknown, no error."""
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n", encoding="utf-8")
    trapped = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"))
    assert trapped.backend_tokenizer.get_vocab_size() == 5
    assert covered(trapped.backend_tokenizer, trapped.unk_token, texts).unknown == 1.0
    with pytest.raises(EncoderError, match=f"backend has 5 tokens, expected {len(vocabulary)}"):
        encoder.check_vocabulary(trapped, len(vocabulary), "vocab.txt")


def test_the_loaded_tokenizer_is_the_file(folder, texts):
    file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    loaded = encoder.load_tokenizer(folder)
    assert encoder.encode(loaded, texts, 512) == [encoding.ids for encoding in file.encode_batch(texts)]


@pytest.mark.bad_input
def test_a_tokenizer_without_its_json_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer\.json: missing\. A fast tokenizer is needed"):
        encoder.load_tokenizer(folder)


@pytest.mark.bad_input
@pytest.mark.parametrize("token", ["unk_token", "pad_token"])
def test_a_tokenizer_without_unk_or_pad_is_refused(folder, token):
    config = read_json(folder / "tokenizer_config.json")
    del config[token]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="names no unk_token or no pad_token"):
        encoder.load_tokenizer(folder)


def test_encode_cuts_to_the_length_with_specials_and_does_not_pad(folder):
    tokenizer = encoder.load_tokenizer(folder)
    short, long = encoder.encode(tokenizer, ["a b", "a b " * 50], 10)
    assert [short[0], short[-1], len(short)] == [tokenizer.cls_token_id, tokenizer.sep_token_id, 4]
    assert [long[0], long[-1], len(long)] == [tokenizer.cls_token_id, tokenizer.sep_token_id, 10]


def test_no_call_leaves_a_length_in_the_saved_tokenizer(folder, texts, tmp_path):
    tokenizer = encoder.load_tokenizer(folder)
    encoder.save_tokenizer(tokenizer, tmp_path / "clean", 48)
    encoder.encode(tokenizer, texts, 10)
    assert tokenizer.backend_tokenizer.truncation is None
    assert tokenizer.backend_tokenizer.padding is None
    tokenizer(texts[:2], truncation=True, max_length=8, padding=True)
    assert tokenizer.backend_tokenizer.truncation["max_length"] == 8  # this is what must not reach the file
    encoder.save_tokenizer(tokenizer, tmp_path / "used", 48)
    stored = read_json(tmp_path / "used" / "tokenizer.json")
    assert [stored["truncation"], stored["padding"]] == [None, None]
    assert read_json(tmp_path / "used" / "tokenizer_config.json")["model_max_length"] == 48
    for path in (tmp_path / "clean").iterdir():
        assert path.read_bytes() == (tmp_path / "used" / path.name).read_bytes()
