"""Encoders of other families than BERT go the same way: DistilBERT has no types, RoBERTa counts positions by its padding,
XLM-R reads by SentencePiece, multilingual E5 is a BERT that reads as XLM-R does, and MPNet reads BERT's words and counts as RoBERTa."""

import numpy as np
import pandas as pd
import pytest
import torch
from encoders import arrange, described, kept
from families import FAMILIES, write_roberta

from decant import tables
from decant.decision import Rule
from decant.errors import EncoderError
from decant.heads import layout
from decant.members import taught
from decant.models import encoder, model
from decant.problem import Problem
from decant.settings.params import read
from decant.training import finetune, trainer
from stages import encoder as stage
from stages.demo import generate

HEADS = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
PROBLEM = Problem(HEADS, Rule("argmax", head="scam"), 48)
BIAS = np.zeros(2)


@pytest.fixture(params=FAMILIES)
def family(request, tmp_path, texts):
    """Folder of a tiny encoder, and the class that it has to be."""
    write, kind = FAMILIES[request.param]
    folder = tmp_path / "source"
    write(folder, texts)
    return folder, kind


@pytest.fixture
def frame():
    posts = generate(16, 4, 0.0)
    return pd.DataFrame({"text": [post["text"] for post in posts], "scam": ["honest", "scam"] * 8})


# --- all of them ------------------------------------------------------------------------------------------------------


def test_it_passes_the_encoder_stage_and_learns_one_step(family, workspace, frame, texts):
    folder, kind = family
    arrange(workspace, described(folder) | {"pooling": "cls", "teacher": {"learning_rate": 1.0e-2}})
    stage.main("demo", "tiny")
    start = encoder.load_weights(kept(workspace))
    assert type(start) is kind
    p = read("demo")
    settings = finetune.settings_of(p.teacher, p.catalogue["tiny"], {"epochs": 1, "batch_size": 16, "warmup": 0.0})
    assert settings.learning_rate == 1e-2
    given = taught.plain(tables.targets(frame, PROBLEM.heads))
    learnt, tokenizer, epochs = finetune.fine_tune(
        kept(workspace), PROBLEM, settings, 13, {"train": frame, "valid": frame}, given, workspace / "work"
    )
    assert len(epochs) == 1
    changed = {
        name
        for (name, new), old in zip(learnt.encoder.state_dict().items(), start.state_dict().values(), strict=True)
        if not torch.equal(new, old)
    }
    assert any("word_embeddings" in name for name in changed)
    assert any(".1." in name for name in changed)
    assert learnt.encoder.get_input_embeddings().num_embeddings == start.config.vocab_size
    learnt.save_pretrained(workspace / "teacher")
    loaded = model.load(workspace / "teacher")
    logits = [model.predict(one, tokenizer, texts[:20], 48, "test")[0] for one in (learnt, loaded)]
    np.testing.assert_array_equal(*logits)


def test_a_smaller_table_of_embeddings_changes_no_logit(family, texts, frame):
    """The padding keeps its number: RoBERTa takes for padding, and counts no position on, what has it."""
    folder, _ = family
    tokenizer = encoder.load_tokenizer(folder)
    classifier = model.build(encoder.load_weights(folder), HEADS, "cls", 0.1, BIAS).eval()
    rows = trainer.TokenRows(model.windows(tokenizer, texts[:24], 48, None))
    assert len({len(windows[0]) for windows in rows.ids}) > 5  # so that the batch is padded
    with torch.inference_mode():
        before = classifier(**model.batched(rows.ids, tokenizer.pad_token_id))["logits"]
        whole, used = finetune.cut_table(classifier, [rows], tokenizer.pad_token_id)
        after = classifier(**model.batched(rows.ids, tokenizer.pad_token_id))["logits"]
    assert len(used) < whole.num_embeddings
    assert used[tokenizer.pad_token_id] == tokenizer.pad_token_id
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    assert before.std(dim=0).min() > 1e-3  # else any table would do


# --- RoBERTa ----------------------------------------------------------------------------------------------------------


def test_a_padding_that_moves_would_show(tmp_path, texts, monkeypatch):
    """Planted: the table keeps the tokens of the rows alone, so that </s> takes the number of the padding."""
    write_roberta(tmp_path, texts)
    tokenizer = encoder.load_tokenizer(tmp_path)
    classifier = model.build(encoder.load_weights(tmp_path), HEADS, "cls", 0.1, BIAS).eval()
    rows = trainer.TokenRows(model.windows(tokenizer, texts[:24], 48, None))
    monkeypatch.setattr(finetune.np, "union1d", lambda held, _: np.unique(held))
    with torch.inference_mode():
        before = classifier(**model.batched(rows.ids, 1))["logits"]
        finetune.cut_table(classifier, [rows], 1)
        after = classifier(**model.batched(rows.ids, 1))["logits"]
    assert (after - before).abs().max() > 1e-3


@pytest.mark.parametrize(("positions", "room"), [(50, 48), (49, 47)])
def test_two_positions_of_roberta_hold_no_token(tmp_path, texts, positions, room):
    write_roberta(tmp_path, texts, positions)
    loaded = encoder.load_weights(tmp_path).eval()
    assert encoder.positions(loaded) == room
    with torch.inference_mode():
        assert loaded(torch.full((1, room), 9)).last_hidden_state.shape == (1, room, 16)
        with pytest.raises((IndexError, RuntimeError), match="index"):
            loaded(torch.full((1, room + 1), 9))


def test_roberta_with_as_many_positions_as_tokens_stops_the_stage(workspace, tmp_path, texts):
    write_roberta(tmp_path / "source", texts, positions=48)
    arrange(workspace, described(tmp_path / "source"))
    with pytest.raises(EncoderError, match=r"positions for 46 tokens, demo\.tokens\.max_length is 48"):
        stage.main("demo", "tiny")


def test_padding_changes_no_state_of_roberta(tmp_path, texts):
    write_roberta(tmp_path, texts)
    tokenizer, loaded = encoder.load_tokenizer(tmp_path), encoder.load_weights(tmp_path).eval()
    short, long = encoder.encode(tokenizer, [texts[0][:20], texts[1]], 48)
    with torch.inference_mode():
        alone = loaded(**model.padded([short], tokenizer.pad_token_id)).last_hidden_state[0]
        beside = loaded(**model.padded([short, long], tokenizer.pad_token_id)).last_hidden_state[0, : len(short)]
    torch.testing.assert_close(beside, alone, rtol=0, atol=1e-5)
