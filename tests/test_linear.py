"""Linear members: scikit-learn's own answers, saved without a pickle, and held-out logits that are really held out."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from graph import ROOT
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from decant import linear
from decant.errors import CacheError, DataError
from decant.heads import layout, probabilities
from stages.baseline import folds
from stages.demo import generate

TWO = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
THREE = layout({"kind": {"kind": "softmax", "labels": ["a", "b", "c"]}})
TOPIC = layout({"topic": {"kind": "sigmoid", "labels": ["crypto", "money", "food"]}})
URGENCY = layout({"urgency": {"kind": "regression", "labels": []}})
ALL = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)


def problem(classes, rows=200, seed=0):
    """Features that tell something about the class, and one-hot targets."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    features = rng.normal(size=(rows, 6))
    features[:, 0] += labels
    return features, (labels[:, None] == np.arange(classes)).astype(np.float32), labels


def chances_of(features, targets, heads, strength):
    weights = linear.fit(features, targets, heads, {head.name: strength for head in heads})
    return probabilities(weights.logits(features), heads)


# --- TF-IDF -----------------------------------------------------------------------------------------------------------

WRITE = """
import sys
from pathlib import Path
import numpy as np
from decant.linear import Tfidf
from stages.demo import generate
texts = [row["text"] for row in generate(120, 1, 0.0)]
folder = Path(sys.argv[1])
tfidf = Tfidf(2, 4, 2).fit(texts)
tfidf.save(folder)
np.save(folder / "features.npy", tfidf.transform(texts).toarray())
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The same vectorizer, saved by two processes with different hash seeds."""
    saved = [tmp_path_factory.mktemp("tfidf") for _ in range(2)]
    for folder, hash_seed in zip(saved, ("0", "4242"), strict=True):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", WRITE, folder], cwd=ROOT, check=True, env=environment)
    return saved


def test_two_processes_save_the_same_bytes(saved):
    names = sorted(path.name for path in saved[0].iterdir())
    assert names == ["features.npy", "tfidf.json", "tfidf.safetensors"]
    for name in names:
        assert (saved[0] / name).read_bytes() == (saved[1] / name).read_bytes()


def test_a_loaded_vectorizer_gives_the_very_features(saved, texts):
    posts = [row["text"] for row in generate(120, 1, 0.0)]
    tfidf = linear.Tfidf.load(saved[0])
    np.testing.assert_array_equal(tfidf.transform(posts).toarray(), np.load(saved[0] / "features.npy"))
    fresh = linear.Tfidf(2, 4, 2).fit(posts)
    np.testing.assert_array_equal(tfidf.transform(texts).toarray(), fresh.transform(texts).toarray())


def test_nothing_is_pickled(saved, tmp_path):
    linear.save_weights(tmp_path / "w.safetensors", linear.Weights(np.ones((3, 2)), np.zeros(2)))
    files = [path for folder in (*saved, tmp_path) for path in folder.iterdir() if path.suffix != ".npy"]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    starts = {path.read_bytes()[:2] for path in files}
    assert not starts & {bytes([0x80, protocol]) for protocol in range(2, 6)}  # how a pickle starts


def test_words_and_characters_are_both_features():
    tfidf = linear.Tfidf(2, 3, 1).fit(["Claim now", "claim I"])
    assert set(tfidf.parts[0].vocabulary_) == {"claim", "now", "i", "claim now", "claim i"}
    assert {"cl", "cla", " c", "ow "} <= set(tfidf.parts[1].vocabulary_)
    assert max(map(len, tfidf.parts[1].vocabulary_)) == 3
    assert tfidf.transform(["claim"]).shape == (1, sum(len(part.vocabulary_) for part in tfidf.parts))


@pytest.mark.parametrize("part", ["word", "char"])
def test_a_vocabulary_that_does_not_fit_the_weights_is_refused(tmp_path, part):
    linear.Tfidf(1, 2, 1).fit(["claim the airdrop now"]).save(tmp_path)
    stored = json.loads((tmp_path / "tfidf.json").read_text())
    stored[part].pop()
    (tmp_path / "tfidf.json").write_text(json.dumps(stored))
    with pytest.raises(CacheError, match=f"{part} terms but .* weights; rerun baseline"):
        linear.Tfidf.load(tmp_path)


@pytest.mark.parametrize("name", ["tfidf.json", "tfidf.safetensors"])
def test_a_missing_vectorizer_file_is_named(tmp_path, name):
    linear.Tfidf(1, 2, 1).fit(["claim the airdrop now"]).save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CacheError, match=rf"{name}: missing"):
        linear.Tfidf.load(tmp_path)


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("heads", [TWO, THREE], ids=["two classes", "three classes"])
@pytest.mark.parametrize("strength", [0.1, 1.0, 30.0])
def test_a_softmax_head_is_sklearns_logistic_regression(heads, strength):
    features, targets, labels = problem(len(heads[0].labels))
    wanted = LogisticRegression(C=strength, max_iter=1000).fit(features, labels).predict_proba(features)
    np.testing.assert_allclose(chances_of(features, targets, heads, strength), wanted, atol=1e-6)


def test_sparse_features_give_the_same_head():
    features, targets, _ = problem(3)
    dense, scarce = (chances_of(given, targets, THREE, 1.0) for given in (features, sparse.csr_matrix(features)))
    np.testing.assert_allclose(dense, scarce, atol=1e-4)


def test_a_sigmoid_head_is_one_logistic_regression_per_label():
    features, targets, _ = problem(3)
    targets[:, 1] = np.random.default_rng(1).random(len(targets)) < 0.5  # two labels may hold in one row
    found = chances_of(features, targets, TOPIC, 2.0)
    for column in range(3):
        model = LogisticRegression(C=2.0, max_iter=1000).fit(features, targets[:, column])
        np.testing.assert_allclose(found[:, column], model.predict_proba(features)[:, 1], atol=1e-6)


def test_a_regression_head_is_ridge():
    features, _, _ = problem(2)
    wanted = (features[:, :1] * 0.3 + 0.5).astype(np.float32)
    model = Ridge(alpha=1 / 4.0).fit(features, wanted[:, 0])
    np.testing.assert_allclose(chances_of(features, wanted, URGENCY, 4.0)[:, 0], model.predict(features), atol=1e-6)


@pytest.mark.parametrize("absent", [0, 1, 2])
@pytest.mark.parametrize("present", [2, 1], ids=["two others", "one other"])
def test_a_class_without_a_row_is_hardly_ever_answered(absent, present):
    kept = [one for one in range(3) if one != absent][:present]
    features, _, labels = problem(present)
    targets = (np.array(kept)[labels][:, None] == np.arange(3)).astype(np.float32)
    found = chances_of(features, targets, THREE, 1.0)
    assert found[:, absent].max() < 0.01
    assert np.isfinite(found).all()
    assert found[np.arange(len(labels)), np.array(kept)[labels]].mean() > 0.6


def test_a_label_that_every_row_or_no_row_has_gets_its_log_odds_alone():
    features, targets, _ = problem(3)
    targets[:, 0], targets[:, 1] = 1, 0
    coef, intercept = linear.fit_head(features, targets, TOPIC[0], 1.0)
    np.testing.assert_array_equal(coef[:, :2], 0)
    assert intercept[0] > 10
    assert intercept[1] < -10
    assert coef[:, 2].any()


def test_weights_of_all_heads_stand_side_by_side():
    features, _, _ = problem(2)
    rng = np.random.default_rng(2)
    targets = np.column_stack([np.eye(2)[rng.integers(2, size=200)], rng.random((200, 2)) < 0.5, rng.random(200)])
    together = linear.fit(features, targets, ALL, {"scam": 0.5, "topic": 1.0, "urgency": 2.0})
    assert together.logits(features).shape == (200, 5)
    for head, strength in zip(ALL, (0.5, 1.0, 2.0), strict=True):
        coef, intercept = linear.fit_head(features, targets, head, strength)
        np.testing.assert_array_equal(together.coef[:, head.slice], coef)
        np.testing.assert_array_equal(together.intercept[head.slice], intercept)


def test_standard_gives_mean_0_and_deviation_1_and_survives_a_constant_column():
    values = np.random.default_rng(0).normal(5, 3, (100, 4))
    values[:, 2] = 7
    found = linear.Standard.fit(values).transform(values)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(found.std(axis=0), [1, 1, 0, 1], atol=1e-9)


def test_weights_come_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    weights, standard = (
        linear.Weights(rng.random((3, 2)).T.copy().T, rng.random(2)),
        linear.Standard.fit(rng.random((9, 3))),
    )
    linear.save_weights(tmp_path / "a.safetensors", weights, standard)
    linear.save_weights(tmp_path / "b.safetensors", weights)
    found, scale = linear.load_weights(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(found.coef, weights.coef)
    np.testing.assert_array_equal(found.intercept, weights.intercept)
    np.testing.assert_array_equal(scale.transform(np.ones((1, 3))), standard.transform(np.ones((1, 3))))
    assert linear.load_weights(tmp_path / "b.safetensors")[1] is None


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(CacheError, match=r"linear\.safetensors: missing\. Run dvc repro"):
        linear.load_weights(tmp_path / "linear.safetensors")


# --- cross-fitting ----------------------------------------------------------------------------------------------------


def test_held_out_logits_come_from_a_model_that_did_not_see_the_row():
    """A word unique to each row gives its label away in-sample and tells nothing out of fold."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], 100))
    targets = np.eye(2, dtype=np.float32)[labels]
    texts = [f"post word{row}" for row in range(200)]
    fold = rng.permutation(np.arange(200) % 5)
    seen = []

    def features_of(rows, others):
        seen.append((rows, others))
        tfidf = linear.Tfidf(1, 2, 1)
        tfidf.parts.pop()  # words alone: the characters of a number are shared by many
        tfidf.fit([texts[row] for row in rows])
        return tfidf.transform([texts[row] for row in rows]), tfidf.transform([texts[row] for row in others])

    _, logits, _ = linear.cross_fit(features_of, targets, TWO, [100.0], fold, "test")
    whole, _ = features_of(np.arange(200), np.arange(200))
    assert (linear.fit(whole, targets, TWO, {"scam": 100.0}).logits(whole).argmax(axis=1) == labels).all()
    out_of_fold = (logits.argmax(axis=1) == labels).mean()
    assert 0.35 < out_of_fold < 0.65
    # and every call of features_of got the fold's rows to learn from, and none of those held out
    assert len(seen) == 6
    for index, (rows, others) in enumerate(seen[:5]):
        np.testing.assert_array_equal(rows, np.flatnonzero(fold != index))
        np.testing.assert_array_equal(others, np.flatnonzero(fold == index))


def test_a_leaking_vectorizer_would_be_seen():
    """The plant above the other way round: the same check on features that do know the held-out row."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], 100))
    targets = np.eye(2, dtype=np.float32)[labels]
    leaking = np.where(labels, 1.0, -1.0)[:, None]
    _, logits, _ = linear.cross_fit(
        lambda rows, others: (leaking[rows], leaking[others]), targets, TWO, [1.0], np.arange(200) % 5, "test"
    )
    assert (logits.argmax(axis=1) == labels).all()


def test_each_head_takes_its_own_best_strength():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(150, 30))
    scam = features[:, 0] > 0  # plain: wants a large C
    topic = rng.random((150, 2)) < 0.5  # noise: wants a small one
    targets = np.column_stack([~scam, scam, topic, features[:, 1]]).astype(np.float32)
    fold = np.arange(150) % 3
    chosen, logits, losses = linear.cross_fit(
        lambda rows, others: (features[rows], features[others]), targets, ALL, [0.001, 10.0], fold, "test"
    )
    assert chosen == {"scam": 10.0, "topic": 0.001, "urgency": 10.0}
    for head in ALL:
        assert set(losses[head.name]) == {"C_0p001", "C_10"}
        taken = losses[head.name][f"C_{chosen[head.name]:g}".replace(".", "p")]
        assert taken == min(losses[head.name].values())
        assert linear.loss(logits, targets, head) == pytest.approx(taken)


def test_folds_are_even_and_stratified_and_repeat():
    answers = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], [60, 30, 10])]
    fold = folds(answers, 5, 13, "demo")
    np.testing.assert_array_equal(fold, folds(answers, 5, 13, "demo"))
    assert (fold != folds(answers, 5, 14, "demo")).any()
    for index in range(5):
        assert answers[fold == index].sum(axis=0).tolist() == [12, 6, 2]


def test_rare_combinations_share_a_stratum_instead_of_stopping_the_fit():
    answers = np.zeros((30, 4), dtype=bool)
    answers[:24, 0] = True
    answers[24:26, 1] = answers[26:28, 2] = answers[28:30, 3] = True  # three answers of two rows each, for three folds
    fold = folds(answers, 3, 13, "demo")
    assert np.bincount(fold).tolist() == [10, 10, 10]
    assert np.bincount(fold[24:]).tolist() == [2, 2, 2]


def test_fewer_rows_than_folds_are_refused():
    with pytest.raises(DataError, match=r"demo: train has 3 rows for 5 folds; lower demo\.baseline\.folds"):
        folds(np.ones((3, 1), dtype=bool), 5, 13, "demo")
