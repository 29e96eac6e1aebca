"""A linear model as the files of a bundle, and what it was made of: a few words, two logits."""

import numpy as np

from decant.heads import layout
from decant.members import portable
from decant.members.linear import Tfidf, Vectorizer, Weights, save_weights

TEXTS = ["claim your airdrop now", "salary is due", "hello hello", "btc btc airdrop", "now or never, claim", "a b c"]
HEADS = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})


def fit(folder, word, char, width, texts=TEXTS):
    """A linear member in `folder`, with weights that are drawn: (texts) -> (n, width) logits."""
    tfidf = Tfidf(Vectorizer(word, char))
    features = tfidf.fit(texts)
    draws = np.random.default_rng(3)
    weights = Weights(draws.normal(size=(features.shape[1], width)), draws.normal(size=width))
    tfidf.save(folder)
    save_weights(folder / "linear.safetensors", weights)
    return lambda texts: weights.logits(tfidf.transform(texts))


def write_linear(folder, word=2, char=4):
    """terms.json and weights.npy in `folder`; returns what gives their logits."""
    fitted = fit(folder / "member", word, char, 2)
    portable.write(folder / "member", HEADS, {"scam": 2.0}, folder)
    return lambda texts: fitted(texts) / 2
