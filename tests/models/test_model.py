"""The classifier: pooling sees no padding, weights are the encoder's, a saved file comes back whole or not at all."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from decant.errors import EncoderError
from decant.heads import layout
from decant.models import encoder, model

RECORDS = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"], "groups": {"all": ["scam", "honest"]}},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"], "groups": {}},
    "urgency": {"kind": "regression", "labels": [], "groups": {}},
}
HEADS = layout(RECORDS)
BIAS = np.array([0.5, -0.5, 1.0, -1.0, 0.25])


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder):
    return encoder.load_tokenizer(tiny_encoder)


@pytest.fixture(params=["mean", "cls"])
def classifier(request, tiny_encoder):
    torch.manual_seed(3)
    return model.build(encoder.load_weights(tiny_encoder), HEADS, request.param, 0.1, BIAS).eval()


def logits(classifier, tokenizer, texts):
    return model.predict(classifier, tokenizer, texts, 48, "test")[0]


@pytest.mark.parametrize("how", ["mean", "cls"])
def test_pooling_does_not_see_padding(how):
    states = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    found = model.pool(states, mask, how)
    noisy = states.clone()
    noisy[1, 3:] = 1e6
    torch.testing.assert_close(model.pool(noisy, mask, how), found, rtol=0, atol=0)
    torch.testing.assert_close(model.pool(states[1:, :3], mask[1:, :3], how), found[1:])


def test_mean_is_the_mean_and_cls_is_the_first_token():
    states = torch.arange(12.0).reshape(1, 3, 4)
    mask = torch.tensor([[1, 1, 0]])
    assert model.pool(states, mask, "mean").tolist() == [[2, 3, 4, 5]]
    assert model.pool(states, mask, "cls").tolist() == [[0, 1, 2, 3]]


def test_build_copies_the_encoder_and_starts_at_the_bias(tiny_encoder, classifier):
    stored = load_file(tiny_encoder / encoder.WEIGHTS)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in classifier.encoder.state_dict().items())
    np.testing.assert_allclose(classifier.classifier.bias.detach(), BIAS)
    assert classifier.config.heads == RECORDS
    assert classifier.dropout.p == 0.1


def test_build_leaves_the_given_encoder_alone(tiny_encoder):
    given = encoder.load_weights(tiny_encoder)
    built = model.build(given, HEADS, "mean", 0.1, BIAS)
    with torch.no_grad():
        for tensor in built.parameters():
            tensor.zero_()
    encoder.compare_with_file(given, tiny_encoder / encoder.WEIGHTS)
    assert all(tensor.abs().sum() > 0 for name, tensor in given.named_parameters() if "weight" in name)


def test_build_notices_weights_that_did_not_arrive(tiny_encoder, monkeypatch):
    given = encoder.load_weights(tiny_encoder)
    monkeypatch.setattr(type(given), "load_state_dict", lambda *_, **__: None)
    with pytest.raises(EncoderError, match="the classifier did not take the encoder's weights"):
        model.build(given, HEADS, "mean", 0.1, BIAS)


def test_the_classifier_pools_as_its_config_says(classifier, tokenizer, texts):
    batch = model.padded(encoder.encode(tokenizer, texts[:5], 48), tokenizer.pad_token_id)
    with torch.inference_mode():
        output = classifier(**batch)
        states = classifier.encoder(**batch).last_hidden_state
        wanted = model.pool(states, batch["attention_mask"], classifier.config.pooling)
        torch.testing.assert_close(output["pooled"], wanted)
        torch.testing.assert_close(output["logits"], classifier.classifier(wanted))
    assert output["logits"].shape == (5, 5)


def test_a_saved_classifier_gives_the_very_logits(classifier, tokenizer, texts, tmp_path):
    classifier.save_pretrained(tmp_path)
    loaded = model.load(tmp_path)
    assert not loaded.training
    assert loaded.config.heads == RECORDS
    assert loaded.config.pooling == classifier.config.pooling
    np.testing.assert_array_equal(logits(loaded, tokenizer, texts[:40]), logits(classifier, tokenizer, texts[:40]))


def test_a_classifier_is_saved_as_the_same_bytes_in_any_folder(classifier, tmp_path):
    for name in ("a", "b/c"):
        classifier.save_pretrained(tmp_path / name)
    for file in ("model.safetensors", "config.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b/c" / file).read_bytes()


def renamed(stored):
    return {{"classifier.weight": "classifier.weights"}.get(name, name): tensor for name, tensor in stored.items()}


def missing(stored):
    return {name: tensor for name, tensor in stored.items() if name != "encoder.encoder.layer.2.output.dense.weight"}


def extra(stored):
    return stored | {"extra.weight": torch.ones(2)}


def reshaped(stored):
    return stored | {"classifier.bias": torch.zeros(7)}


@pytest.mark.parametrize("damage", [renamed, missing, extra, reshaped])
def test_a_file_that_does_not_fit_the_config_is_refused(classifier, tmp_path, damage):
    classifier.save_pretrained(tmp_path)
    stored = load_file(tmp_path / "model.safetensors")
    save_file(damage(stored), tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError, match=r"weights do not fit config\.json"):
        model.load(tmp_path)


def test_a_load_that_changes_a_tensor_is_caught(classifier, tmp_path, monkeypatch):
    classifier.save_pretrained(tmp_path)
    real = model.Classifier.from_pretrained

    def altered(*args, **kwargs):
        found, report = real(*args, **kwargs)
        with torch.no_grad():
            found.classifier.weight[0, 0] += 1e-6
        return found, report

    monkeypatch.setattr(model.Classifier, "from_pretrained", altered)
    with pytest.raises(EncoderError, match=r"tensor classifier\.weight in memory is not the one in the file"):
        model.load(tmp_path)


def test_predictions_come_in_the_order_of_the_texts(classifier, tokenizer, texts):
    found = logits(classifier, tokenizer, texts)
    assert len({len(text) for text in texts}) > 50
    backwards = logits(classifier, tokenizer, texts[::-1])
    np.testing.assert_allclose(backwards[::-1], found, atol=1e-5)
    for row in (0, 63, 64, 199):
        np.testing.assert_allclose(logits(classifier, tokenizer, [texts[row]])[0], found[row], atol=1e-5)
    assert np.abs(found - found[0]).max() > 1e-3  # else any order would do


def test_predictions_do_not_depend_on_their_neighbours(classifier, tokenizer, texts):
    alone = logits(classifier, tokenizer, texts[:3])
    beside_a_long_one = logits(classifier, tokenizer, [*texts[:3], " ".join(texts[:10])])
    np.testing.assert_allclose(beside_a_long_one[:3], alone, atol=1e-5)


def test_predict_switches_dropout_off(classifier, tokenizer, texts):
    wanted = logits(classifier, tokenizer, texts[:10])
    np.testing.assert_array_equal(logits(classifier.train(), tokenizer, texts[:10]), wanted)


def test_embed_is_the_pooled_state_of_the_bare_encoder(tiny_encoder, classifier, tokenizer, texts):
    how = classifier.config.pooling
    found = model.embed(encoder.load_weights(tiny_encoder).train(), tokenizer, texts[:70], 48, how, "test")
    np.testing.assert_allclose(found, model.predict(classifier, tokenizer, texts[:70], 48, "test")[1], atol=1e-5)


def test_padded_marks_what_is_text():
    found = model.padded([[5, 6, 7], [8]], 9)
    assert found["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert found["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert {tensor.dtype for tensor in found.values()} == {torch.int64}
