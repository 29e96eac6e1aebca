"""Linear members: scikit-learn's own TF-IDF in one pass, saved without a pickle."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from graph import ROOT
from sklearn.feature_extraction.text import TfidfVectorizer

from decant.errors import CacheError, DataError
from decant.members import linear
from decant.members.linear import Tfidf, Vectorizer
from stages.demo import generate

PLAIN = Vectorizer(1, 2)

# --- TF-IDF -----------------------------------------------------------------------------------------------------------

WRITE = """
import sys
from pathlib import Path
import numpy as np
from decant.members.linear import Tfidf, Vectorizer
from stages.demo import generate
texts = [row["text"] for row in generate(120, 1, 0.0)]
folder = Path(sys.argv[1])
tfidf = Tfidf(Vectorizer(2, 4, 2, 0.9, 1000))
features = tfidf.fit(texts)
tfidf.save(folder)
np.save(folder / "features.npy", features.toarray())
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
    tfidf = Tfidf.load(saved[0])
    np.testing.assert_array_equal(tfidf.transform(posts).toarray(), np.load(saved[0] / "features.npy"))
    fresh = Tfidf(Vectorizer(2, 4, 2, 0.9, 1000))
    fresh.fit(posts)
    assert tfidf.settings == fresh.settings
    np.testing.assert_array_equal(tfidf.transform(texts).toarray(), fresh.transform(texts).toarray())


def test_nothing_is_pickled(saved, tmp_path):
    linear.save_weights(tmp_path / "w.safetensors", linear.Weights(np.ones((3, 2)), np.zeros(2)))
    files = [path for folder in (*saved, tmp_path) for path in folder.iterdir() if path.suffix != ".npy"]
    assert {path.suffix for path in files} == {".json", ".safetensors"}
    starts = {path.read_bytes()[:2] for path in files}
    assert not starts & {bytes([0x80, protocol]) for protocol in range(2, 6)}  # how a pickle starts


def test_words_and_characters_are_both_features():
    tfidf = Tfidf(Vectorizer(2, 3))
    features = tfidf.fit(["Claim now", "claim I"])
    terms = {kind: set(counter.vocabulary_) for kind, counter in tfidf.counters.items()}
    assert terms["word"] == {"claim", "now", "i", "claim now", "claim i"}
    assert {"cl", "cla", " c", "ow "} <= terms["char"]
    assert max(map(len, terms["char"])) == 3
    assert features.shape == (2, len(terms["word"]) + len(terms["char"]))


@pytest.mark.parametrize(
    "settings",
    [Vectorizer(2, 5, 2), Vectorizer(1, 0, 3, 0.5), Vectorizer(0, 4, 1, 1.0, 300), Vectorizer(3, 3, 2, 0.9, 200)],
    ids=str,
)
def test_features_are_those_of_sklearns_own_vectorizer_to_the_last_bit(settings, texts):
    limits = {"min_df": settings.min_df, "max_df": settings.max_df, "max_features": settings.max_features or None}
    shapes = {
        "word": {"ngram_range": (1, settings.word_ngrams), "token_pattern": r"(?u)\b\w+\b"},
        "char": {"ngram_range": (2, settings.char_ngrams), "analyzer": "char_wb"},
    }
    tfidf = Tfidf(settings)
    fitted = tfidf.fit(texts).toarray()
    np.testing.assert_array_equal(fitted, tfidf.transform(texts).toarray())
    wanted = [
        TfidfVectorizer(**shapes[kind], **limits, sublinear_tf=True).fit(texts).transform(texts).toarray()
        for kind in tfidf.counters
    ]
    np.testing.assert_array_equal(fitted, np.concatenate(wanted, axis=1))


def test_features_that_most_rows_have_go_and_the_most_frequent_stay():
    texts = ["claim airdrop now", "claim airdrop", "claim coin"]
    tfidf = Tfidf(Vectorizer(1, 0, 1, 0.7))
    tfidf.fit(texts)
    assert set(tfidf.counters["word"].vocabulary_) == {"airdrop", "now", "coin"}
    tfidf = Tfidf(Vectorizer(1, 0, 1, 1.0, 2))
    tfidf.fit(texts)
    assert set(tfidf.counters["word"].vocabulary_) == {"claim", "airdrop"}


@pytest.mark.parametrize(
    ("words", "characters", "kinds"),
    [(2, 5, [(2, 0), (0, 5)]), (3, 0, [(3, 0)])],
    ids=["both kinds", "words alone"],
)
def test_what_vectorizers_can_share_are_their_kinds(words, characters, kinds, texts):
    whole = Vectorizer(words, characters, 2, 0.9, 50)
    assert whole.kinds() == [Vectorizer(*kind, 2, 0.9, 50) for kind in kinds]
    parts = [Tfidf(kind).fit(texts).toarray() for kind in whole.kinds()]
    np.testing.assert_array_equal(Tfidf(whole).fit(texts).toarray(), np.concatenate(parts, axis=1))


@pytest.mark.parametrize(
    ("settings", "texts", "kind"),
    [
        (Vectorizer(1, 0, 3), ["one two", "two three"], "word"),  # nothing is frequent enough
        (Vectorizer(1, 2, 2, 0.5), ["one two", "one two"], "word"),  # everything is too frequent
        (Vectorizer(0, 2, 1), ["", " "], "char"),  # nothing to cut
    ],
    ids=["min_df", "max_df", "empty texts"],
)
def test_limits_that_leave_no_feature_are_named(settings, texts, kind):
    with pytest.raises(DataError, match=rf"no {kind} n-gram of 2 texts is left by min_df .* Lower baseline\.min_df"):
        Tfidf(settings).fit(texts)


@pytest.mark.parametrize("part", ["word", "char"])
def test_a_vocabulary_that_does_not_fit_the_weights_is_refused(tmp_path, part):
    tfidf = Tfidf(PLAIN)
    tfidf.fit(["claim the airdrop now"])
    tfidf.save(tmp_path)
    stored = json.loads((tmp_path / "tfidf.json").read_text())
    stored[part].pop()
    (tmp_path / "tfidf.json").write_text(json.dumps(stored))
    with pytest.raises(CacheError, match=f"{part} terms but .* weights; rerun baseline"):
        Tfidf.load(tmp_path)


@pytest.mark.parametrize("name", ["tfidf.json", "tfidf.safetensors"])
def test_a_missing_vectorizer_file_is_named(tmp_path, name):
    tfidf = Tfidf(PLAIN)
    tfidf.fit(["claim the airdrop now"])
    tfidf.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(CacheError, match=rf"{name}: missing"):
        Tfidf.load(tmp_path)


# --- weights ----------------------------------------------------------------------------------------------------------


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


def test_words_of_chinese_are_its_characters():
    """Whole sentences were words of their own, so that no word came twice."""
    tfidf = Tfidf(Vectorizer(2, 0))
    tfidf.fit(["手机坏了", "手机很好 ok", "スマホ ok"])
    assert set(tfidf.counters["word"].get_feature_names_out()) == {
        "手", "机", "坏", "了", "很", "好", "ok", "手 机", "机 坏", "坏 了", "机 很", "很 好", "好 ok",
        "ス", "マ", "ホ", "ス マ", "マ ホ", "ホ ok",
    }  # fmt: skip
