"""Cutting a vocabulary to a corpus: its texts keep their tokens, new words fall into pieces, and specials keep working."""

import json
import shutil

import pytest
import tiny
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from decant.errors import EncoderError
from decant.models import encoder
from stages.demo import generate


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


def tokens_of(tokenizer, text):
    return tokenizer.backend_tokenizer.encode(text).tokens


@pytest.fixture(scope="module")
def few():
    """Posts that use a part of the tiny vocabulary only."""
    return [row["text"] for row in generate(25, 3, 0.0)]


def test_cut_texts_are_tokenized_as_before_under_new_numbers(folder, few):
    whole = encoder.load_tokenizer(folder)
    cut, kept = encoder.cut_vocabulary(whole, few, 1)
    assert len(kept) == cut.backend_tokenizer.get_vocab_size() < len(whole)
    old, new = encoder.encode(whole, few, 512), encoder.encode(cut, few, 512)
    assert [[kept[one] for one in ids] for ids in new] == old
    assert [tokens_of(cut, text) for text in few] == [tokens_of(whole, text) for text in few]
    assert kept == sorted(set(kept))


def test_an_unseen_word_falls_into_pieces_after_the_cut(folder, few):
    whole = encoder.load_tokenizer(folder)
    cut, _ = encoder.cut_vocabulary(whole, few, 1)
    lost = [token for token in whole.get_vocab() if token.isalpha() and token not in cut.get_vocab()]
    assert lost
    for word in lost:
        pieces = tokens_of(cut, word)[1:-1]
        assert "[UNK]" not in pieces
        assert len(pieces) > 1
        assert "".join(piece.removeprefix("##") for piece in pieces) == word


def test_specials_keep_working_after_the_cut(folder, few, tmp_path):
    cut, _ = encoder.cut_vocabulary(encoder.load_tokenizer(folder), few, 1)
    encoder.save_tokenizer(cut, tmp_path, 48)
    stored, loaded = Tokenizer.from_file(str(tmp_path / "tokenizer.json")), encoder.load_tokenizer(tmp_path)
    for backend in (cut.backend_tokenizer, stored, loaded.backend_tokenizer):
        encoding = backend.encode("claim 日")
        assert [encoding.tokens[0], encoding.tokens[-1]] == ["[CLS]", "[SEP]"]
        assert [encoding.ids[0], encoding.ids[-1]] == [backend.token_to_id("[CLS]"), backend.token_to_id("[SEP]")]
        assert encoding.ids[-2] == backend.token_to_id("[UNK]")
    assert loaded.pad_token_id == cut.pad_token_id == stored.token_to_id("[PAD]")
    assert loaded.unk_token_id == stored.token_to_id("[UNK]")


def test_specials_that_stood_last_are_renumbered(texts, few, tmp_path):
    """A vocabulary whose specials are not its first entries: their ids change with the cut."""
    tokenizer = tiny.write_tokenizer(tmp_path, texts)
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    size = len(state["model"]["vocab"])
    moved = {token: (number - 5) % size for token, number in state["model"]["vocab"].items()}
    state["model"]["vocab"] = dict(sorted(moved.items(), key=lambda item: item[1]))
    for token in state["added_tokens"]:
        token["id"] = moved[token["content"]]
    for name, token in state["post_processor"]["special_tokens"].items():
        token["ids"] = [moved[name]]
    (tmp_path / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    whole = encoder.load_tokenizer(tmp_path)
    assert whole.cls_token_id > 100
    cut, kept = encoder.cut_vocabulary(whole, few, 1)
    ids = cut.backend_tokenizer.encode(few[0]).ids
    assert [ids[0], ids[-1]] == [cut.cls_token_id, cut.sep_token_id]
    assert max(ids) < len(kept) < size


@pytest.mark.parametrize("min_count", [1, 2])
def test_specials_of_another_post_processor_are_right_after_the_cut(texts, few, tmp_path, min_count):
    """BertProcessing holds the ids of [CLS] and [SEP] in a form of its own; a vocabulary may start with [unused]."""
    whole = tiny.write_tokenizer(tmp_path, texts)
    state = json.loads(whole.backend_tokenizer.to_str())
    names = sorted(state["model"]["vocab"], key=state["model"]["vocab"].get)
    names = [names[0], *(f"[unused{number}]" for number in range(99)), *names[1:]]
    state["model"]["vocab"] = {name: number for number, name in enumerate(names)}
    for token in state["added_tokens"]:
        token["id"] = names.index(token["content"])
    state["post_processor"] = None
    backend = Tokenizer.from_str(json.dumps(state))
    backend.post_processor = processors.BertProcessing(("[SEP]", 102), ("[CLS]", 101))
    backend.save(str(tmp_path / "tokenizer.json"))
    cut, kept = encoder.cut_vocabulary(encoder.load_tokenizer(tmp_path), few, min_count)
    ids = cut.backend_tokenizer.encode(few[0]).ids
    assert [ids[0], ids[-1]] == [cut.cls_token_id, cut.sep_token_id]
    assert max(ids) < len(kept)


def test_a_larger_min_count_keeps_fewer_tokens_and_no_unknowns(folder, few):
    whole = encoder.load_tokenizer(folder)
    sizes = []
    for min_count in (1, 2, 5):
        cut, kept = encoder.cut_vocabulary(whole, few, min_count)
        sizes.append(len(kept))
        unknown = [[tokens_of(one, text).count("[UNK]") for text in few] for one in (cut, whole)]
        assert unknown[0] == unknown[1]
    assert sizes == sorted(set(sizes), reverse=True)


def test_only_wordpiece_is_cut(few):
    backend = Tokenizer(models.BPE(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.train_from_iterator(few, trainers.BpeTrainer(vocab_size=200, special_tokens=["[UNK]", "[PAD]"]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]")
    with pytest.raises(EncoderError, match="cannot cut the vocabulary of a BPE tokenizer"):
        encoder.cut_vocabulary(tokenizer, few, 1)


def test_a_cut_that_changes_a_text_is_caught(folder, few, monkeypatch):
    """Planted: a tokenizer that comes out of the cut with another normalizer."""
    state = json.loads(encoder.load_tokenizer(folder).backend_tokenizer.to_str())

    class Lossy(PreTrainedTokenizerFast):
        def __init__(self, tokenizer_object, **kwargs):
            changed = json.loads(tokenizer_object.to_str())
            changed["normalizer"]["lowercase"] = False
            super().__init__(tokenizer_object=Tokenizer.from_str(json.dumps(changed)), **kwargs)

    assert state["normalizer"]["lowercase"]
    whole = encoder.load_tokenizer(folder)
    monkeypatch.setattr(encoder, "PreTrainedTokenizerFast", Lossy)
    with pytest.raises(EncoderError, match="is tokenized in another way than before the cut"):
        encoder.cut_vocabulary(whole, [text.upper() for text in few], 1)
