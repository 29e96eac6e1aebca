"""The choice among candidates: all are tried, on rows that neither vectorizer nor resampling has seen."""

from itertools import product

import numpy as np
import pytest
from graph import ROOT
from ruamel.yaml import YAML
from scipy import sparse
from sklearn.metrics import f1_score, log_loss, mean_squared_error

from decant.decision import Rule, gold
from decant.heads import layout, probabilities
from decant.members import crossfit, fitting
from decant.members.crossfit import Tried
from decant.members.fitting import Candidate
from decant.members.linear import Tfidf, Vectorizer
from decant.settings.baseline import Baseline
from stages import baseline
from stages.baseline import folds
from stages.demo import generate

DEFAULTS = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))["defaults"]["baseline"]
TWO = layout({"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
ALL = layout(
    {
        "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
        "urgency": {"kind": "regression", "labels": []},
    }
)
RULE = Rule("priority", order=("scam", "crypto"), otherwise="clean")


def settings(**changes) -> Baseline:
    return Baseline.model_validate(DEFAULTS | changes)


def targets_of(posts):
    rows = [
        [post["kind"] != "scam", post["kind"] == "scam", "crypto" in post["topics"], "money" in post["topics"]]
        for post in posts
    ]
    return np.column_stack([np.array(rows), [post["urgency"] for post in posts]]).astype(np.float32)


# --- nothing is learnt from the held-out rows -------------------------------------------------------------------------


def test_a_word_of_held_out_rows_alone_is_no_feature(monkeypatch):
    """Each row names its fold; a vectorizer that was fitted on all rows would know every name."""
    posts = generate(150, 1, 0.0)
    targets = targets_of(posts)
    fold = folds(gold(RULE, ALL, targets), 3, 13, "demo")
    words = [f"{post['text']} heldout{index}" for post, index in zip(posts, fold, strict=True)]
    known = []
    real = Tfidf.fit

    def fit(self, texts):
        features = real(self, texts)
        known.append((len(texts), {word for word in self.counters["word"].vocabulary_ if word.startswith("heldout")}))
        return features

    monkeypatch.setattr(Tfidf, "fit", fit)
    grid = settings(word_ngrams=[1, 2], char_ngrams=[0], min_df=[1, 2], strengths=[1.0])
    baseline.text_member(words, targets, ALL, fold, grid, "demo.baseline")
    names = {f"heldout{index}" for index in range(3)}
    sizes = [int((fold != index).sum()) for index in range(3)]
    tried = [(sizes[index], names - {f"heldout{index}"}) for index in range(3) for _ in range(4)]
    assert known[:-1] == tried
    assert known[-1][0] == 150  # the winner, once, on everything


def test_held_out_logits_come_from_a_model_that_did_not_see_the_row():
    """A word unique to each row gives its label away to whoever has seen it, and tells nothing out of fold."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1], 100))
    targets = np.eye(2, dtype=np.float32)[labels]
    texts = [f"post word{row}" for row in range(200)]
    grid = settings(word_ngrams=[1], char_ngrams=[0], min_df=[1], strengths=[100.0])
    tfidf, member = baseline.text_member(
        texts, targets, TWO, rng.permutation(np.arange(200) % 5), grid, "demo.baseline"
    )
    assert (member.weights.logits(tfidf.transform(texts)).argmax(axis=1) == labels).all()
    assert 0.35 < (member.out_of_fold.argmax(axis=1) == labels).mean() < 0.65


def test_features_that_know_the_held_out_row_would_be_seen():
    """The plant above the other way round."""
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1], 100))
    leaking = np.where(labels, 1.0, -1.0)[:, None]
    trials = crossfit.cross_fit(
        lambda rows, others: [(None, leaking[rows], leaking[others])],
        np.eye(2, dtype=np.float32)[labels], TWO, {"scam": [Candidate(1.0)]}, np.arange(200) % 5, 13, "demo",
    )  # fmt: skip
    assert (trials[0].logits.argmax(axis=1) == labels).all()


def test_a_kind_of_features_is_fitted_once_per_fold(monkeypatch):
    fitted = []
    real = Tfidf.fit
    monkeypatch.setattr(Tfidf, "fit", lambda self, texts: fitted.append(self.settings) or real(self, texts))
    posts = generate(90, 1, 0.0)
    targets = targets_of(posts)
    grid = settings(word_ngrams=[1, 2, 3], char_ngrams=[3, 4], strengths=[1.0, 3.0], penalties=["l2", "l1"])
    baseline.text_member([post["text"] for post in posts], targets, ALL, np.arange(90) % 2, grid, "demo.baseline")
    assert len(fitted) == 2 * (3 + 2) + 1
    assert len(set(fitted[:5])) == 5


def memory(rows, leak):
    """Random labels, one in ten, and features that only name the row; honest folds learn nothing from them.

    leak: rows are repeated before the folds are cut, so that a row's twin is among those to learn from.
    """
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(rows) % 10 == 0).astype(int)
    features, targets = sparse.eye(rows, format="csr"), np.eye(2, dtype=np.float32)[labels]
    if leak:
        features, labels = fitting.resampled(features, labels, "over", 13, "demo", ["a", "b"])
        targets = np.eye(2, dtype=np.float32)[labels]
    fold = rng.permutation(np.arange(len(labels)) % 5)
    trials = crossfit.cross_fit(
        lambda fit, held: [(None, features[fit], features[held])],
        targets, TWO, {"scam": [Candidate(1000.0, resampling="none" if leak else "over")]}, fold, 13, "demo",
    )  # fmt: skip
    said = trials[0].logits
    # the rare rows' own evidence for their class, against that of the others
    margin = said[:, 1] - said[:, 0]
    return (margin[labels == 1][:, None] > margin[labels == 0]).mean()


def test_resampling_outside_the_folds_would_be_seen():
    assert 0.3 < memory(400, leak=False) < 0.7
    assert memory(400, leak=True) > 0.95


@pytest.mark.parametrize(("how", "each"), [("over", 72), ("under", 8), ("smote", 72)])
def test_resampled_rows_come_from_the_fit_rows_and_none_is_held_out(monkeypatch, how, each):
    """One column per fold says where a row, or both parents of a synthetic one, came from."""
    fold = np.arange(100) % 5
    labels = (np.arange(100) < 10).astype(int)  # 2 rare rows in every fold
    features = sparse.csr_matrix(np.column_stack([np.eye(5)[fold], np.random.default_rng(0).normal(size=(100, 3))]))
    seen = []
    real = fitting.solve
    monkeypatch.setattr(fitting, "solve", lambda *given: seen.append(given[:2]) or real(*given))
    asked = []

    def features_of(rows, others):
        asked.append((rows, others))
        return [(None, features[rows], features[others])]

    targets = np.eye(2, dtype=np.float32)[labels]
    trials = crossfit.cross_fit(features_of, targets, TWO, {"scam": [Candidate(1.0, resampling=how)]}, fold, 13, "demo")
    assert len(seen) == len(asked) == 5
    for index, ((rows, answers), (own, others)) in enumerate(zip(seen, asked, strict=True)):
        np.testing.assert_array_equal(own, np.flatnonzero(fold != index))
        np.testing.assert_array_equal(others, np.flatnonzero(fold == index))
        assert np.bincount(answers).tolist() == [each, each]
        assert rows[:, index].nnz == 0
    # the held-out side is the 100 rows as they are
    assert trials[0].logits.shape == (100, 2)
    assert trials[0].scores == crossfit.scores(trials[0].logits, targets, TWO[0])


# --- all combinations, and one winner ---------------------------------------------------------------------------------


def test_every_combination_is_tried_and_numbers_have_strengths_alone():
    grid = settings(
        word_ngrams=[1, 2], char_ngrams=[0, 4], min_df=[1, 3], max_df=[0.5, 1.0], max_features=[0, 100],
        strengths=[1.0, 10.0], penalties=["l2", "l1"], class_weights=["none", "balanced"],
        resampling=["none", "over", "under", "smote"],
    )  # fmt: skip
    assert crossfit.vectorizers(grid) == [
        Vectorizer(*values) for values in product([1, 2], [0, 4], [1, 3], [0.5, 1.0], [0, 100])
    ]
    found = crossfit.candidates(grid, ALL)
    every = {
        Candidate(*values)
        for values in product([1.0, 10.0], ["l2", "l1"], ["none", "balanced"], ["none", "over", "under", "smote"])
    }
    assert set(found["scam"]) == set(found["topic"]) == every
    assert len(found["scam"]) == len(every) == 32
    assert found["urgency"] == [Candidate(1.0), Candidate(10.0)]


def test_each_head_takes_its_own_best_strength():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(150, 30))
    scam = features[:, 0] > 0  # plain: wants a large C
    topic = rng.random((150, 2)) < 0.5  # noise: wants a small one
    targets = np.column_stack([~scam, scam, topic, features[:, 1]]).astype(np.float32)
    found = {head.name: [Candidate(0.001), Candidate(10.0)] for head in ALL}
    trials = crossfit.cross_fit(
        lambda rows, others: [(None, features[rows], features[others])],
        targets, ALL, found, np.arange(150) % 3, 13, "demo",
    )  # fmt: skip
    chosen = crossfit.choose(trials, targets, "nll")
    assert {name: one.candidate.strength for name, one in chosen.items()} == {"scam": 10, "topic": 0.001, "urgency": 10}
    for head in ALL:
        own = [one.scores for one in trials if one.head == head]
        key = "squared_error" if head.name == "urgency" else "nll"
        assert chosen[head.name].scores[key] == min(one[key] for one in own)


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(80, 5)).astype(np.float32)
    targets = np.column_stack([np.eye(2)[rng.integers(2, size=80)], rng.random((80, 2)) < 0.3, rng.random(80)])
    chances = probabilities(logits, ALL)
    scam, topic, urgency = (crossfit.scores(logits[:, head.slice], targets, head) for head in ALL)
    label = targets[:, 1]
    assert scam["nll"] == pytest.approx(log_loss(label, chances[:, 1]))
    assert scam["macro_f1"] == pytest.approx(f1_score(label, chances[:, 1] > 0.5, average="macro"))
    assert topic["nll"] == pytest.approx(np.mean([log_loss(targets[:, k], chances[:, k]) for k in (2, 3)]))
    assert topic["macro_f1"] == pytest.approx(f1_score(targets[:, 2:4], chances[:, 2:4] > 0.5, average="macro"))
    assert urgency == {"squared_error": pytest.approx(mean_squared_error(targets[:, 4], logits[:, 4]))}


LABELS = np.repeat([0, 1], [90, 10])


def trial(head, strength, logits, targets, vectorizer=None):
    return Tried(head, Candidate(strength), logits, crossfit.scores(logits, targets, head), vectorizer)


@pytest.mark.parametrize(("select", "wanted"), [("nll", 1.0), ("macro_f1", 2.0)])
def test_the_metric_decides(select, wanted):
    """One candidate never answers the rare class but is sure of nothing, the other answers well and is far too sure."""
    targets = np.eye(2, dtype=np.float32)[LABELS]
    modest = np.tile([1.0, -1.0], (100, 1)).astype(np.float32)
    bold = np.where(targets == 1, 20.0, -20.0).astype(np.float32)
    bold[:5] *= -1
    trials = [trial(TWO[0], 1.0, modest, targets), trial(TWO[0], 2.0, bold, targets)]
    assert crossfit.choose(trials, targets, select)["scam"].candidate.strength == wanted


@pytest.mark.parametrize("select", ["nll", "macro_f1"])
def test_heads_share_the_vectorizer_with_the_lowest_losses_by_their_own_measure(select):
    """One vectorizer is better by 400 squared followers, which is little of their variance; the other finds scams."""
    rng = np.random.default_rng(0)
    targets = np.column_stack([np.eye(2)[LABELS], np.zeros((100, 2)), 1000 * rng.random(100)]).astype(np.float32)
    right = np.where(targets[:, :2] == 1, 2.0, -2.0)
    wrong = np.where(np.arange(100) % 3 == 0, -1, 1)[:, None] * right
    none = np.full((100, 2), -9.0)
    trials = []
    for vectorizer, scam, off in ((Vectorizer(1, 0), wrong, 0.0), (Vectorizer(2, 0), right, 20.0)):
        number = targets[:, 4:] + off
        trials += [
            trial(head, 1.0, logits.astype(np.float32), targets, vectorizer)
            for head, logits in zip(ALL, (scam, none, number), strict=True)
        ]
    chosen = crossfit.choose(trials, targets, select)
    assert {name: one.vectorizer for name, one in chosen.items()} == dict.fromkeys(chosen, Vectorizer(2, 0))
    assert list(chosen) == ["scam", "topic", "urgency"]


def test_of_equals_the_first_is_taken():
    targets = np.eye(2, dtype=np.float32)[np.zeros(100, dtype=int)]  # one answer in all rows: nothing to tell apart
    trials = [
        trial(TWO[0], strength, np.zeros((100, 2), dtype=np.float32), targets, vectorizer)
        for vectorizer, strength in product((Vectorizer(2, 0), Vectorizer(1, 0)), (3.0, 1.0))
    ]
    assert crossfit.choose(trials, targets, "nll")["scam"] is trials[0]
