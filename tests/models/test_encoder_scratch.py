"""An encoder from nothing: a vocabulary and weights that repeat byte for byte, and one normalizer for learning and reading."""

import json
import os
import subprocess
import sys

import fresh
import pytest
import torch
from encoders import arrange, content, kept, nothing_kept
from graph import ROOT
from tokenizers import Tokenizer
from transformers import BertModel

from decant.errors import EncoderError, ParamsError
from decant.files import digest, read_json
from decant.models import encoder, scratch
from decant.models.coverage import covered
from stages import encoder as stage
from stages.demo import generate

SHAPE = {"layers": 2, "hidden_size": 16, "heads": 2, "intermediate_size": 32, "seed": 7}
ENTRY = {"scratch": SHAPE, "vocab_size": 300, "pooling": "mean"}


@pytest.fixture(scope="module")
def many():
    """Posts whose words take more merges than 300 entries have room for, so that ties decide."""
    return [row["text"] for row in generate(400, 5, 0.0)]


# --- the stage --------------------------------------------------------------------------------------------------------


def test_the_stage_makes_it_of_the_given_shape_and_records_what_it_made(workspace, many):
    arrange(workspace, ENTRY, many)
    stage.main("demo", "tiny")
    model = encoder.load_weights(kept(workspace))
    assert type(model) is BertModel
    assert model.pooler is None
    shape = model.config
    assert [shape.num_hidden_layers, shape.hidden_size, shape.num_attention_heads, shape.intermediate_size] == [
        2,
        16,
        2,
        32,
    ]
    assert encoder.positions(model) == 512
    tokenizer = encoder.load_tokenizer(kept(workspace))
    record = read_json(kept(workspace) / "encoder.json")
    assert record["vocab_size"] == len(tokenizer) == shape.vocab_size == 300
    assert record["sha256"] == digest(kept(workspace) / encoder.WEIGHTS)
    assert record["unknown_share"] < 0.01
    assert record["pooling"] == "mean"


def test_the_seed_gives_the_weights_and_not_the_vocabulary(workspace, many):
    tables, vocabularies = [], []
    for seed in (7, 8):
        arrange(workspace, ENTRY | {"scratch": SHAPE | {"seed": seed}}, many)
        stage.main("demo", "tiny")
        tables.append(encoder.load_weights(kept(workspace)).get_input_embeddings().weight)
        vocabularies.append((kept(workspace) / "tokenizer.json").read_bytes())
    assert not torch.equal(*tables)
    assert vocabularies[0] == vocabularies[1]


def test_a_process_with_other_hashes_writes_the_same_bytes(workspace, many):
    """The trainer alone does not: it learnt 300 entries in another order in each process, and another set of 1,000."""
    arrange(workspace, ENTRY, many)
    stage.main("demo", "tiny")
    first = content(kept(workspace))
    assert set(first) == {"config.json", "encoder.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    other = str((int(os.environ.get("PYTHONHASHSEED", "0").replace("random", "0")) + 1) % 1000)
    environment = os.environ | {"PYTHONHASHSEED": other, "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)}
    fresh.record("demo")
    for call in (["stages.check"], ["stages.encoder", "demo", "tiny"]):
        subprocess.run([sys.executable, "-m", *call], env=environment, check=True)
    assert content(kept(workspace)) == first


def test_few_texts_make_a_smaller_vocabulary(workspace):
    arrange(workspace, ENTRY, ["aa bb aa", "bb aa bb"])
    stage.main("demo", "tiny")
    model = encoder.load_weights(kept(workspace))
    # five specials, two letters alone and as continuations, two words
    assert model.config.vocab_size == len(encoder.load_tokenizer(kept(workspace))) == 11


def test_a_vocabulary_without_room_for_the_letters_stops_the_stage(workspace, many):
    arrange(workspace, ENTRY | {"vocab_size": 20}, many)
    with pytest.raises(EncoderError, match=r"scratch: of demo's train text, \d+\.\d% of the pieces unknown"):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


# --- its tokenizer ----------------------------------------------------------------------------------------------------


def test_letters_take_at_most_half_of_the_vocabulary(many):
    tokens = scratch.train_tokenizer([*many, "".join(map(chr, range(0x4E00, 0x5200)))], 300).get_vocab()
    letters = [token for token in tokens if len(token.removeprefix("##")) == 1]
    assert len(letters) <= 150
    assert len(tokens) == 300


def test_a_word_of_known_letters_never_is_unknown(many):
    tokenizer = scratch.train_tokenizer(many, 300)
    letters = [token for token in tokenizer.get_vocab() if len(token) == 1 and token.isalpha()]
    words = ["".join(letters[start:]) + "".join(letters[:start]) for start in range(len(letters))]
    assert covered(tokenizer.backend_tokenizer, tokenizer.unk_token, words).unknown == 0


def test_it_reads_after_loading_as_it_has_learnt(workspace, many):
    """A published student learnt with accents and read without them: the default of the class that loaded it."""
    texts = [*many, *["Café CAFÉ naïve"] * 5]
    arrange(workspace, ENTRY | {"vocab_size": 2000}, texts)
    stage.main("demo", "tiny")
    learnt, loaded = scratch.train_tokenizer(texts, 2000), encoder.load_tokenizer(kept(workspace))
    for reader in (loaded.backend_tokenizer, Tokenizer.from_file(str(kept(workspace) / "tokenizer.json"))):
        assert reader.encode("Café naïve cafe").tokens == ["[CLS]", "cafe", "naive", "cafe", "[SEP]"]
        assert [one.ids for one in reader.encode_batch(texts)] == encoder.encode(learnt, texts, 512)
        assert json.loads(reader.to_str())["normalizer"] == json.loads(learnt.backend_tokenizer.to_str())["normalizer"]


def test_pairs_and_specials_are_as_in_bert(many):
    tokenizer = scratch.train_tokenizer(many, 300)
    pair = tokenizer.backend_tokenizer.encode("a", "b")
    assert pair.tokens == ["[CLS]", "a", "[SEP]", "b", "[SEP]"]
    assert pair.type_ids == [0, 0, 0, 1, 1]
    specials = [tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id]
    assert [*specials, tokenizer.mask_token_id] == [0, 1, 2, 3, 4]
    assert tokenizer.decode(tokenizer("claim your crypto").input_ids, skip_special_tokens=True) == "claim your crypto"


# --- its params -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param({"sha256": "0" * 64}, "sha256: weights that start from nothing have no digest", id="a digest"),
        pytest.param({"sources": ["folder:here"]}, "an encoder has sources, or scratch", id="sources too"),
        pytest.param({"scratch": None}, "an encoder has sources, or scratch", id="neither"),
        pytest.param({"scratch": SHAPE | {"heads": 3}}, "hidden_size 16 is no multiple of 3 heads", id="odd heads"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(workspace, many, entry, words):
    arrange(workspace, ENTRY | entry, many)
    with pytest.raises(ParamsError, match=rf"catalogue\.tiny.*{words}"):
        stage.main("demo", "tiny")
