"""Cutting a vocabulary to a corpus: its texts keep their tokens, new words fall into pieces, and specials keep working."""

import json
import shutil

import pytest
import tiny
import torch
from families import FAMILIES, SPECIALS, save, write_roberta, write_xlm_roberta
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from decant.errors import EncoderError
from decant.models import encoder, vocabulary
from decant.models.vocabulary import cut_vocabulary
from decant.training.student import cut_encoder
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
    cut, kept = cut_vocabulary(whole, few, 1)
    assert len(kept) == cut.backend_tokenizer.get_vocab_size() < len(whole)
    old, new = encoder.encode(whole, few, 512), encoder.encode(cut, few, 512)
    assert [[kept[one] for one in ids] for ids in new] == old
    assert [tokens_of(cut, text) for text in few] == [tokens_of(whole, text) for text in few]
    assert kept == sorted(set(kept))


def test_an_unseen_word_falls_into_pieces_after_the_cut(folder, few):
    whole = encoder.load_tokenizer(folder)
    cut, _ = cut_vocabulary(whole, few, 1)
    lost = [token for token in whole.get_vocab() if token.isalpha() and token not in cut.get_vocab()]
    assert lost
    for word in lost:
        pieces = tokens_of(cut, word)[1:-1]
        assert "[UNK]" not in pieces
        assert len(pieces) > 1
        assert "".join(piece.removeprefix("##") for piece in pieces) == word


def test_specials_keep_working_after_the_cut(folder, few, tmp_path):
    cut, _ = cut_vocabulary(encoder.load_tokenizer(folder), few, 1)
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
    cut, kept = cut_vocabulary(whole, few, 1)
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
    cut, kept = cut_vocabulary(encoder.load_tokenizer(tmp_path), few, min_count)
    ids = cut.backend_tokenizer.encode(few[0]).ids
    assert [ids[0], ids[-1]] == [cut.cls_token_id, cut.sep_token_id]
    assert max(ids) < len(kept)


def test_a_larger_min_count_keeps_fewer_tokens_and_no_unknowns(folder, few):
    whole = encoder.load_tokenizer(folder)
    sizes = []
    for min_count in (1, 2, 5):
        cut, kept = cut_vocabulary(whole, few, min_count)
        sizes.append(len(kept))
        unknown = [[tokens_of(one, text).count("[UNK]") for text in few] for one in (cut, whole)]
        assert unknown[0] == unknown[1]
    assert sizes == sorted(set(sizes), reverse=True)


def test_a_vocabulary_of_whole_words_is_not_cut(few):
    backend = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.train_from_iterator(few, trainers.WordLevelTrainer(vocab_size=200, special_tokens=["[UNK]", "[PAD]"]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]")
    with pytest.raises(EncoderError, match="cannot cut the vocabulary of a WordLevel tokenizer"):
        cut_vocabulary(tokenizer, few, 1)


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
    monkeypatch.setattr(vocabulary, "PreTrainedTokenizerFast", Lossy)
    with pytest.raises(EncoderError, match="is tokenized in another way than before the cut"):
        cut_vocabulary(whole, [text.upper() for text in few], 1)


# --- BPE and Unigram --------------------------------------------------------------------------------------------------

NEW = ["zażółć gęślą jaźń", "日本語", "naïve 😀 façade", "xqzj wvk", "", "  two  blanks ", "don't #stop @me $BTC"]


def write_bpe(folder, texts, fallback=False, suffix=""):
    """BPE over characters, as SentencePiece's, or with a mark at the end of words, as the first ones had it."""
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=fallback, end_of_word_suffix=suffix))
    backend.pre_tokenizer = pre_tokenizers.Whitespace() if suffix else pre_tokenizers.Metaspace()
    specials = [*SPECIALS, *([f"<0x{byte:02X}>" for byte in range(256)] if fallback else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=specials, end_of_word_suffix=suffix, show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    if fallback:  # its bytes are plain entries of the vocabulary
        state = json.loads(backend.to_str())
        state["added_tokens"] = state["added_tokens"][: len(SPECIALS)]
        backend = Tokenizer.from_str(json.dumps(state))
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    save(backend, folder)


KINDS = {
    "byte-level BPE": write_roberta,
    "BPE": write_bpe,
    "BPE with bytes": lambda folder, texts: write_bpe(folder, texts, fallback=True),
    "BPE with ends of words": lambda folder, texts: write_bpe(folder, texts, suffix="</w>"),
    "Unigram": write_xlm_roberta,
}


@pytest.fixture(params=KINDS)
def whole(request, tmp_path, texts):
    """A tokenizer of each kind, trained on more texts than it is cut to."""
    KINDS[request.param](tmp_path, [*texts, *NEW * 3])
    return encoder.load_tokenizer(tmp_path)


def test_every_kind_keeps_the_tokens_of_its_texts(whole, few):
    cut, kept = cut_vocabulary(whole, few, 1)
    assert len(kept) == len(cut) < len(whole)
    assert [[kept[one] for one in ids] for ids in encoder.encode(cut, few, 512)] == encoder.encode(whole, few, 512)
    assert [tokens_of(cut, text) for text in few] == [tokens_of(whole, text) for text in few]


@pytest.mark.parametrize("min_count", [1, 3])
def test_what_every_kind_could_read_it_still_reads(whole, few, min_count):
    """A new word falls into smaller pieces, and says the same."""
    cut, _ = cut_vocabulary(whole, few, min_count)
    for text in [*few[:5], *NEW]:
        old, new = whole.backend_tokenizer.encode(text), cut.backend_tokenizer.encode(text)
        assert new.tokens.count("<unk>") == old.tokens.count("<unk>")
        assert "".join(new.tokens).replace("</w>", "") == "".join(old.tokens).replace("</w>", "")
        assert (new.tokens[0], new.tokens[-1]) == ("<s>", "</s>")
        assert (new.ids[0], new.ids[-1]) == (cut.cls_token_id, cut.sep_token_id)


def test_every_kind_says_the_same_after_a_save(whole, few, tmp_path):
    cut, kept = cut_vocabulary(whole, few, 1)
    encoder.save_tokenizer(cut, tmp_path / "cut", 48)
    loaded = encoder.load_tokenizer(tmp_path / "cut")
    assert encoder.encode(loaded, few + NEW, 48) == encoder.encode(cut, few + NEW, 48)
    assert loaded.mask_token_id is None or kept[loaded.mask_token_id] == whole.mask_token_id


@pytest.mark.parametrize("whole", [kind for kind in KINDS if "BPE" in kind], indirect=True)
def test_a_merge_that_is_lost_is_caught(whole, few, monkeypatch):
    """Planted: tokens without what they are merged from, so that BPE cannot reach them."""
    monkeypatch.setattr(vocabulary, "with_parts", lambda used, model: used)
    with pytest.raises(EncoderError, match="is tokenized in another way than before the cut"):
        cut_vocabulary(whole, few, 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_student_of_any_family_starts_with_the_states_of_its_encoder(family, tmp_path, texts, few):
    """All layers kept: the cut table gives each text the states of before."""
    FAMILIES[family][0](tmp_path, texts)
    tokenizer, model = encoder.load_tokenizer(tmp_path), encoder.load_weights(tmp_path).eval()
    cut, kept = cut_vocabulary(tokenizer, few, 1)
    smaller = cut_encoder(model, [0, 1], kept, cut.pad_token_id, family).eval()
    assert smaller.get_input_embeddings().num_embeddings == len(kept) < len(tokenizer)
    for text in few[:8]:
        ids = [encoder.encode(one, [text], 48)[0] for one in (tokenizer, cut)]
        with torch.inference_mode():
            old, new = (
                one(torch.tensor([each])).last_hidden_state for one, each in zip((model, smaller), ids, strict=True)
            )
        torch.testing.assert_close(new, old, rtol=0, atol=0)
        assert old.std() > 1e-3
