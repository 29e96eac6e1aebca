"""The ONNX file as it is run: alone or, where that changes nothing, with others of its length; long texts in windows."""

import numpy as np
import pytest
import torch
from bundles import write_bundle
from transformers import BertConfig, BertModel

from decant.heads import layout
from decant.models import model as training
from decant.shipped.model import BATCH, Model


class Spy:
    """A session that writes down the shape of what it is given, and adds to the logits what is beside a row."""

    def __init__(self, session, beside: float = 0.0):
        self.session, self.beside, self.fed = session, beside, []

    def run(self, names, feeds):
        self.fed.append(feeds)
        (logits,) = self.session.run(names, feeds)
        return [logits + self.beside * (len(logits) - 1)]

    @property
    def shapes(self):
        return [feeds["input_ids"].shape for feeds in self.fed]


@pytest.fixture
def opened(workspace):
    """A function that opens the bundle's ONNX file in its own way."""
    folder = write_bundle(workspace)

    def open_it(beside: float = 0.0, **how) -> Model:
        model = Model(folder / "onnx/model_quantized.onnx", folder / "tokenizer.json", 48, **how)
        model.session = Spy(model.session, beside)
        return model

    return open_it


TEXTS = ["btc", "hello now", "airdrop", "now now", "hello", "claim airdrop now", "salary"]


def test_each_text_runs_alone_by_default(opened):
    model = opened(beside=9.0)
    np.testing.assert_array_equal(model.logits(TEXTS), np.concatenate([model.logits([text]) for text in TEXTS]))
    assert {shape[0] for shape in model.session.shapes} == {1}


def test_a_file_that_reads_its_neighbours_would_answer_otherwise_in_batches(opened):
    """What the default is there for: planted, a file like dynamic int8."""
    alone, batched = opened(beside=9.0).logits(TEXTS), opened(beside=9.0, batches=True).logits(TEXTS)
    assert not np.array_equal(alone, batched)


def test_where_it_may_texts_of_one_length_run_together_without_padding(opened):
    model = opened(batches=True)
    np.testing.assert_array_equal(model.logits(TEXTS), opened().logits(TEXTS))
    assert sorted(model.session.shapes) == [(1, 5), (2, 4), (4, 3)]
    assert all(feeds["attention_mask"].all() for feeds in model.session.fed)


def test_a_batch_has_an_end(opened):
    model = opened(batches=True)
    texts = [f"{chr(97 + first)}{chr(97 + second)} now" for first in range(26) for second in range(26)][: BATCH + 3]
    np.testing.assert_array_equal(model.logits(texts), opened().logits(texts))
    assert max(rows for rows, _ in model.session.shapes) <= BATCH
    assert len(model.session.shapes) < 5


@pytest.mark.parametrize("batches", [False, True])
def test_equal_texts_run_once(opened, batches):
    model = opened(batches=batches)
    found = model.logits(["btc", "hello", "btc"] * 700)  # over more than one piece
    np.testing.assert_array_equal(found, np.tile(opened().logits(["btc", "hello", "btc"]), (700, 1)))
    assert sum(rows for rows, _ in model.session.shapes) == 6


@pytest.mark.parametrize("batches", [False, True])
def test_the_windows_of_a_long_text_are_averaged_and_share_tokens(opened, batches):
    text = " ".join(["hello"] * 50 + ["airdrop"] * 10 + ["btc"])
    model = opened(overlap=6, batches=batches)
    windows = model.windows(text)
    assert [len(ids) for ids in windows] == [48, 23]
    assert windows[0][-7:-1] == windows[1][1:7]
    each = [opened().session.run(["logits"], {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)})[0][0]
            for ids in windows]  # fmt: skip
    np.testing.assert_allclose(model.logits([text, "btc"])[0], np.mean(each, axis=0), rtol=1e-6)
    np.testing.assert_array_equal(model.logits([text, "btc"])[1:], opened().logits(["btc"]))


def test_the_mean_of_logits_is_what_training_pools(tmp_path):
    """A classifier whose last layer is linear: the logits of averaged states are the averaged logits."""
    config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    torch.manual_seed(1)
    heads = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
    encoder = BertModel(config, add_pooling_layer=False)
    model = training.build(encoder, heads, "mean", 0.1, np.array([0.3, -0.2]), overlap=4).eval()
    ids, mask = torch.randint(5, 40, (3, 9)), torch.ones(3, 9, dtype=torch.int64)
    with torch.inference_mode():
        pooled = model(input_ids=ids, attention_mask=mask, windows=torch.tensor([3]))["logits"]
        each = model(input_ids=ids, attention_mask=mask)["logits"]
    np.testing.assert_allclose(pooled[0], each.mean(dim=0), atol=1e-6)
    assert not np.allclose(each[0], each[1], atol=1e-3)
