"""dapt: the encoder under the guessing layer is the one on disk, masks are BERT's, and guessing is learnt."""

import json
import shutil

import numpy as np
import pytest
import torch
from adapting import DAPT, SPLITS
from transformers import AlbertConfig, PreTrainedTokenizerFast, T5Config

from decant.errors import DataError, EncoderError
from decant.models import encoder
from decant.settings.adapt import Dapt
from decant.training import dapt

TEXTS = SPLITS["train"]["text"].tolist()


def masks(tiny_encoder, count: int = 300, share: float = 0.15, seed: int = 13, rows: list | None = None):
    """Masked ids, labels and the ids themselves, of `count` places."""
    tokenizer = encoder.load_tokenizer(tiny_encoder)
    ids = rows or encoder.encode(tokenizer, TEXTS, 64)
    order = [place % len(ids) for place in range(count)]
    made = dapt.Masked(ids, order, share, seed, tokenizer)
    return [(*made[place], ids[order[place]]) for place in range(count)], tokenizer


def test_masks_are_those_of_bert(tiny_encoder):
    found, tokenizer = masks(tiny_encoder)
    fates = {"mask": 0, "same": 0, "other": 0}
    for masked, labels, ids in found:
        chosen = np.array(labels) != dapt.NO_GUESS
        assert (np.array(labels)[chosen] == np.array(ids)[chosen]).all()
        assert (np.array(masked)[~chosen] == np.array(ids)[~chosen]).all()
        assert not set(np.array(ids)[chosen]) & set(tokenizer.all_special_ids)
        assert chosen.sum() == max(1, round(0.15 * (len(ids) - 2)))
        for new, old in zip(np.array(masked)[chosen], np.array(ids)[chosen], strict=True):
            fates["mask" if new == tokenizer.mask_token_id else "same" if new == old else "other"] += 1
    shares = {fate: count / sum(fates.values()) for fate, count in fates.items()}
    assert shares == pytest.approx({"mask": 0.8, "same": 0.1, "other": 0.1}, abs=0.04)


def test_masks_hang_on_seed_and_place_alone(tiny_encoder):
    first, again, other = (masks(tiny_encoder, 20, seed=seed)[0] for seed in (13, 13, 14))
    assert first == again
    assert first != other
    ids = [[2, *range(10, 50), 3]]
    assert len({str(masked) for masked, _, _ in masks(tiny_encoder, 5, rows=ids)[0]}) == 5  # each pass masks anew


def test_a_text_of_one_token_is_masked_too(tiny_encoder):
    [(_, labels, _)], _ = masks(tiny_encoder, 1, rows=[[2, 40, 3]])
    assert labels == [dapt.NO_GUESS, 40, dapt.NO_GUESS]


def test_the_encoder_under_the_new_layer_is_the_one_on_disk(tiny_encoder):
    model = dapt.masked_model(tiny_encoder)
    wanted = encoder.load_weights(tiny_encoder).state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in model.base_model.state_dict().items())
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight


def test_guessing_is_learnt_on_texts_that_were_kept_aside(tiny_encoder, tmp_path):
    settings = Dapt(**DAPT | {"epochs": 4, "learning_rate": 3e-3})
    _, figures = dapt.learn(tiny_encoder, TEXTS, 32, settings, "fp32", 13, tmp_path / "work-1")
    assert (figures["texts"], figures["texts_aside"]) == (61, 3)
    assert figures["masked_loss_before"] == pytest.approx(np.log(len(encoder.load_tokenizer(tiny_encoder))), abs=0.5)
    assert figures["masked_loss_after"] < figures["masked_loss_before"] - 0.2
    assert figures["steps"] == 31


def test_the_loss_is_the_mean_over_masked_tokens(tiny_encoder):
    tokenizer = encoder.load_tokenizer(tiny_encoder)
    model = dapt.masked_model(tiny_encoder)
    rows = dapt.Masked(encoder.encode(tokenizer, TEXTS[:5], 32), list(range(5)), 0.3, 1, tokenizer)

    def collate(batch):
        longest = max(len(ids) for ids, _ in batch)
        return {
            "input_ids": torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in batch]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in batch]),
            "labels": torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in batch]),
        }

    with torch.inference_mode():
        wanted = model.eval()(**collate([rows[place] for place in range(5)])).loss
    assert dapt.masked_loss(model, rows, collate) == pytest.approx(float(wanted), abs=1e-5)
    assert dapt.masked_loss(model, rows, collate, size=2) == pytest.approx(float(wanted), abs=1e-5)


def test_too_few_texts_are_refused(tiny_encoder, tmp_path):
    with pytest.raises(DataError, match=r"adapt\.dapt: 7 texts are less than one batch of 8; name source\.unlabelled"):
        dapt.learn(tiny_encoder, [*TEXTS[:7], ""], 32, Dapt(**DAPT), "fp32", 13, tmp_path)


def test_a_tokenizer_without_a_mask_is_refused(tiny_encoder, tmp_path):
    folder = shutil.copytree(tiny_encoder, tmp_path / "encoder")
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    config.pop("mask_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    assert PreTrainedTokenizerFast.from_pretrained(folder).mask_token_id is None
    with pytest.raises(EncoderError, match="no mask token"):
        dapt.learn(folder, TEXTS, 32, Dapt(**DAPT), "fp32", 13, tmp_path)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param(T5Config(), "t5 has no masked language model", id="no such model"),
        pytest.param(AlbertConfig(), "has another encoder", id="an encoder with other tensors"),
    ],
)
def test_an_architecture_that_cannot_guess_is_refused(tiny_encoder, monkeypatch, config, words):
    if isinstance(config, AlbertConfig):
        config.update({"embedding_size": 8, "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2})
    monkeypatch.setattr(dapt.AutoConfig, "from_pretrained", lambda *_, **__: config)
    monkeypatch.setattr(dapt, "load_weights", lambda _: torch.nn.Linear(2, 2))
    with pytest.raises(EncoderError, match=words):
        dapt.masked_model(tiny_encoder)
