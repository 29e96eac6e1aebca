"""Fine-tuning: every option does what its name says, and what makes it quick changes nothing."""

import copy
import shutil
from itertools import pairwise

import numpy as np
import pytest
import torch
from losses import HEADS, PROBLEM, TEACHER, TRAIN, VALID
from safetensors.torch import load_file

from decant import tables
from decant.errors import ParamsError
from decant.files import read_json, write_json
from decant.members import taught
from decant.models import encoder, model
from decant.settings.catalogue import Encoder
from decant.settings.teacher import Teacher
from decant.training import finetune, livelog, trainer


@pytest.fixture(scope="module")
def source(tiny_encoder, tmp_path_factory):
    """The tiny encoder without dropout of its own, so that runs can be compared."""
    folder = tmp_path_factory.mktemp("source") / "tiny"
    shutil.copytree(tiny_encoder, folder)
    write_json(folder / "encoder.json", {"pooling": "mean"})
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", config | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    return folder


@pytest.fixture(scope="module")
def tune(source, tmp_path_factory):
    """One epoch on few rows, unless said."""

    def run(train=TRAIN[:64], given=None, **changes):
        torch.set_num_threads(1)
        settings = Teacher(**TEACHER | {"epochs": 1, "dropout": 0.0} | changes)
        work = tmp_path_factory.mktemp("work") / "run-0"
        given = given or taught.plain(tables.targets(train, HEADS))
        return finetune.fine_tune(source, PROBLEM, settings, 13, {"train": train, "valid": VALID}, given, work)

    return run


def distance(one, other) -> float:
    return max(
        float((a - b).abs().max()) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@pytest.fixture(scope="module")
def plain(tune):
    return tune()[0]


def test_the_cut_table_changes_nothing_but_the_speed(tune, monkeypatch):
    quick = tune(weight_decay=0.0)[0]

    def uncut(made, rows, pad):
        table = made.encoder.get_input_embeddings()
        return copy.deepcopy(table), np.arange(table.num_embeddings)

    monkeypatch.setattr(finetune, "cut_table", uncut)
    assert distance(quick, tune(weight_decay=0.0)[0]) < 1e-6


def test_the_table_is_whole_again_and_only_tokens_of_the_rows_moved(source, plain):
    before = load_file(source / encoder.WEIGHTS)["embeddings.word_embeddings.weight"]
    after = plain.encoder.get_input_embeddings().weight
    assert after.shape == before.shape
    tokenizer = encoder.load_tokenizer(source)
    used = {
        token
        for frame in (TRAIN[:64], VALID)
        for ids in encoder.encode(tokenizer, frame["text"].tolist(), 24)
        for token in ids
    }
    moved = set(torch.nonzero((after != before).any(dim=1)).ravel().tolist())
    assert moved
    assert moved <= used


def test_a_cut_table_gives_the_same_logits(source):
    tokenizer = encoder.load_tokenizer(source)
    rows = trainer.TokenRows(model.windows(tokenizer, TRAIN["text"].tolist(), 24, None), labels=np.zeros((120, 5)))
    made = model.build(encoder.load_weights(source), HEADS, "mean", 0.0, np.zeros(5)).eval()
    before = made(**trainer.read(trainer.collate([rows[row] for row in range(8)], 0)))["logits"]
    table, used = finetune.cut_table(made, [rows], 0)
    assert made.encoder.get_input_embeddings().num_embeddings == len(used) < table.num_embeddings
    after = made(**trainer.read(trainer.collate([rows[row] for row in range(8)], 0)))["logits"]
    torch.testing.assert_close(before, after, rtol=0, atol=0)


@pytest.mark.parametrize(
    "changes", [{"accumulation": 4}, {"checkpointing": True}], ids=["accumulation", "checkpointing"]
)
def test_what_saves_memory_changes_nothing(tune, plain, changes):
    assert distance(plain, tune(**changes)[0]) < 2e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"label_smoothing": 0.2}, {"class_weights": "balanced"}, {"schedule": "cosine"}, {"clip": 0.01}, {"warmup": 0.9},
        {"weight_decay": 0.9}, {"learning_rate": 5e-3}, {"head_rate": 5e-2}, {"batch_size": 8}, {"layer_decay": 0.5},
        {"frozen_embeddings": True}, {"r_drop": 5.0},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_no_option_is_ignored(tune, plain, changes):
    assert distance(plain, tune(**changes)[0]) > 1e-5


def test_a_frozen_table_is_the_encoders_own_to_the_end(tune, source, plain):
    before = load_file(source / encoder.WEIGHTS)["embeddings.word_embeddings.weight"]
    assert torch.equal(tune(frozen_embeddings=True)[0].encoder.get_input_embeddings().weight, before)
    assert not torch.equal(plain.encoder.get_input_embeddings().weight, before)


def test_rows_of_no_weight_are_not_learnt(tune, plain):
    labels = tables.targets(TRAIN[:64], HEADS)
    weights = np.where(np.arange(64) < 32, 1, 0).astype(np.float32)
    half = tune(given=taught.Taught(labels, weights))[0]
    assert distance(half, tune(train=TRAIN[:32])[0]) == 0
    assert distance(half, plain) > 1e-5


def test_the_labels_that_are_taught_are_learnt_and_not_those_of_the_table(tune, plain):
    labels = tables.targets(TRAIN[:64], HEADS)
    softened = labels.copy()
    softened[:, :2] = 0.8 * labels[:, :2] + 0.1
    assert distance(tune(given=taught.plain(labels))[0], plain) == 0
    assert distance(tune(given=taught.plain(softened))[0], plain) > 1e-5


def test_half_the_weight_is_half_the_pull(tune, plain):
    labels = tables.targets(TRAIN[:64], HEADS)
    halved = taught.Taught(labels, np.full(64, 0.5, dtype=np.float32))
    assert distance(tune(given=halved)[0], plain) < 1e-5, (
        "the mean is over the weights: one weight for all says nothing"
    )
    some = np.where(np.arange(64) < 32, 0.2, 1).astype(np.float32)
    assert distance(tune(given=taught.Taught(labels, some))[0], plain) > 1e-5


def test_a_frozen_encoder_learns_nothing_until_its_epoch_comes(tune, source, monkeypatch):
    before = load_file(source / encoder.WEIGHTS)
    kept = []

    class Watch(trainer.TrainerCallback):
        def on_epoch_end(self, args, state, control, model, **kwargs):
            state_of = model.state_dict()
            name = "encoder.encoder.layer.0.output.dense.weight"
            same = torch.equal(state_of[name], before[name.removeprefix("encoder.")])
            kept.append((same, state_of["classifier.weight"].clone()))

    real = finetune.trainer.fit
    monkeypatch.setattr(
        finetune.trainer, "fit", lambda *args, **known: real(*args, **known | {"callbacks": (Watch(),)})
    )
    tune(epochs=3, frozen_epochs=2)
    assert [same for same, _ in kept] == [True, True, False]
    assert not torch.equal(kept[0][1], kept[1][1])


def test_an_encoder_frozen_to_the_end_is_refused():
    with pytest.raises(ValueError, match="frozen_epochs is 3 of 3 epochs; the encoder would never learn"):
        Teacher(**TEACHER | {"frozen_epochs": 3})


def test_rows_that_do_not_fall_into_parts_are_refused(tune):
    with pytest.raises(ParamsError, match=r"batch_size: 16 rows do not fall into 5 parts .* a multiple of 5"):
        tune(accumulation=5)


def test_fp16_is_refused_without_a_gpu(tune, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"fp16 .* needs an NVIDIA GPU; set it to auto or fp32"):
        tune(precision="fp16")


def test_chunks_read_the_end_of_a_long_text(source):
    tokenizer = encoder.load_tokenizer(source)
    text = " ".join(TRAIN["text"])
    cut, chunks = (model.windows(tokenizer, [text], 24, overlap)[0] for overlap in (None, 8))
    assert len(cut) == 1
    assert len(chunks) > 10
    assert all(len(window) <= 24 for window in chunks)
    assert chunks[0] == cut[0]
    assert chunks[0][-9:-1] == chunks[1][1:9]  # 8 shared tokens, between [CLS] and [SEP]
    whole_text = encoder.encode(tokenizer, [text], 512)[0]
    assert chunks[-1][-3:-1] == encoder.encode(tokenizer, [text], 10**6)[0][-3:-1]
    assert len(whole_text) == 512


def test_a_text_in_chunks_has_the_mean_of_their_states(source):
    tokenizer = encoder.load_tokenizer(source)
    long, short = " ".join(TRAIN["text"][:10]), TRAIN["text"][11]
    made = model.build(encoder.load_weights(source), HEADS, "mean", 0.0, np.zeros(5), overlap=8)
    _, pooled = model.predict(made, tokenizer, [long, short], 24, "test")
    apart = model.windows(tokenizer, [long], 24, 8)[0]
    each = [made(**model.padded([window], 0))["pooled"][0].detach().numpy() for window in apart]
    np.testing.assert_allclose(pooled[0], np.mean(each, axis=0), atol=1e-5)
    alone = made(**model.padded(encoder.encode(tokenizer, [short], 24), 0))["pooled"][0].detach().numpy()
    np.testing.assert_allclose(pooled[1], alone, atol=1e-5)


def test_chunked_training_differs_from_cut_and_says_so_in_the_config(tune):
    frame = TRAIN[:64].assign(text=[" ".join(TRAIN["text"][row : row + 4]) for row in range(64)])
    cut, chunked = (tune(frame, long_texts=how)[0] for how in ("cut", "chunk"))
    assert distance(cut, chunked) > 1e-4
    assert (cut.config.overlap, chunked.config.overlap) == (None, 8)


def test_settings_come_from_params_then_the_encoder_then_the_search():
    entry = Encoder(
        sources=["folder:x"],
        sha256="0" * 64,
        vocab_size=9,
        pooling="mean",
        teacher={"learning_rate": 5e-4, "warmup": 0.3},
    )
    found = finetune.settings_of(Teacher(**TEACHER), entry, {"learning_rate": 7e-4})
    assert (found.learning_rate, found.warmup, found.epochs) == (7e-4, 0.3, 3)


def test_the_live_log_grows_line_by_line(tune, tmp_path, monkeypatch):
    seen = []
    real = livelog.LiveLog.on_log

    def on_log(self, *args, **kwargs):
        real(self, *args, **kwargs)
        seen.append(self.file.read_text().splitlines())

    monkeypatch.setattr(livelog.LiveLog, "on_log", on_log)
    tune(epochs=2)
    assert len(seen) > 8
    assert all(len(after) >= len(before) for before, after in pairwise(seen))
    header, *lines = seen[-1]
    assert header == ",".join(livelog.LiveLog.COLUMNS)
    epochs = [line.split(",") for line in lines if line.split(",")[4]]
    assert [float(one[1]) for one in epochs] == [1, 2]
    assert [int(line.split(",")[0]) for line in lines] == sorted(int(line.split(",")[0]) for line in lines)
