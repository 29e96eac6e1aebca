"""Heads are scikit-learn's own regressions; weights, penalties and resampling change them as they should, or stop."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from decant.errors import DataError, ParamsError
from decant.heads import layout, probabilities
from decant.members import fitting
from decant.members.fitting import Candidate

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


def rare(counts, seed=0):
    """Sparse features of overlapping classes of unlike size: class k is shifted along column k."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    features = rng.normal(size=(len(labels), 6))
    features[np.arange(len(labels)), labels] += 1
    order = rng.permutation(len(labels))
    labels = labels[order]
    targets = (labels[:, None] == np.arange(len(counts))).astype(np.float32)
    return sparse.csr_matrix(features[order]), targets, labels


def chances_of(features, targets, heads, candidate):
    weights = fitting.fit(features, targets, heads, {head.name: candidate for head in heads}, 13, "demo")
    return probabilities(weights.logits(features), heads)


def recall(features, targets, heads, candidate, label):
    """Of the rows of one label, how many are answered with it."""
    chances = chances_of(features, targets, heads, candidate)
    said = chances.argmax(axis=1) == label if heads[0].kind == "softmax" else chances[:, label] > 0.5
    return said[targets[:, label] == 1].mean()


@pytest.mark.parametrize("heads", [TWO, THREE], ids=["two classes", "three classes"])
@pytest.mark.parametrize("strength", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("weight", ["none", "balanced"])
def test_a_softmax_head_is_sklearns_logistic_regression(heads, strength, weight):
    features, targets, labels = problem(len(heads[0].labels))
    model = LogisticRegression(C=strength, max_iter=1000, class_weight=None if weight == "none" else weight)
    wanted = model.fit(features, labels).predict_proba(features)
    found = chances_of(features, targets, heads, Candidate(strength, class_weight=weight))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_sparse_features_give_the_same_head():
    features, targets, _ = problem(3)
    dense, scarce = (
        chances_of(given, targets, THREE, Candidate(1.0)) for given in (features, sparse.csr_matrix(features))
    )
    np.testing.assert_allclose(dense, scarce, atol=1e-4)


def test_a_sigmoid_head_is_one_logistic_regression_per_label():
    features, targets, _ = problem(3)
    targets[:, 1] = np.random.default_rng(1).random(len(targets)) < 0.5  # two labels may hold in one row
    found = chances_of(features, targets, TOPIC, Candidate(2.0))
    for column in range(3):
        model = LogisticRegression(C=2.0, max_iter=1000).fit(features, targets[:, column])
        np.testing.assert_allclose(found[:, column], model.predict_proba(features)[:, 1], atol=1e-6)


def test_a_regression_head_is_ridge():
    features, _, _ = problem(2)
    wanted = (features[:, :1] * 0.3 + 0.5).astype(np.float32)
    model = Ridge(alpha=1 / 4.0).fit(features, wanted[:, 0])
    found = chances_of(features, wanted, URGENCY, Candidate(4.0))[:, 0]
    np.testing.assert_allclose(found, model.predict(features), atol=1e-6)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize("absent", [0, 1, 2])
@pytest.mark.parametrize("present", [2, 1], ids=["two others", "one other"])
def test_a_class_without_a_row_is_hardly_ever_answered(penalty, absent, present):
    kept = [one for one in range(3) if one != absent][:present]
    features, _, labels = problem(present)
    targets = (np.array(kept)[labels][:, None] == np.arange(3)).astype(np.float32)
    found = chances_of(features, targets, THREE, Candidate(1.0, penalty))
    assert found[:, absent].max() < 0.01
    assert np.isfinite(found).all()
    assert found[np.arange(len(labels)), np.array(kept)[labels]].mean() > 0.6


def test_a_label_that_every_row_or_no_row_has_gets_its_log_odds_alone():
    features, targets, _ = problem(3)
    targets[:, 0], targets[:, 1] = 1, 0
    _, coef, intercept = next(fitting.fit_head(features, targets, TOPIC[0], [Candidate(1.0)], 13, "demo"))
    np.testing.assert_array_equal(coef[:, :2], 0)
    assert intercept[0] > 10
    assert intercept[1] < -10
    assert coef[:, 2].any()


def test_weights_of_all_heads_stand_side_by_side():
    features, _, _ = problem(2)
    rng = np.random.default_rng(2)
    targets = np.column_stack([np.eye(2)[rng.integers(2, size=200)], rng.random((200, 2)) < 0.5, rng.random(200)])
    chosen = {"scam": Candidate(0.5, "l1"), "topic": Candidate(1.0, class_weight="balanced"), "urgency": Candidate(2.0)}
    together = fitting.fit(features, targets, ALL, chosen, 13, "demo")
    assert together.logits(features).shape == (200, 5)
    for head in ALL:
        _, coef, intercept = next(fitting.fit_head(features, targets, head, [chosen[head.name]], 13, "demo"))
        np.testing.assert_array_equal(together.coef[:, head.slice], coef)
        np.testing.assert_array_equal(together.intercept[head.slice], intercept)


# --- l1 ---------------------------------------------------------------------------------------------------------------


def test_l1_of_two_classes_is_sklearns_and_leaves_features_without_weight():
    features, targets, labels = problem(2)
    model = LogisticRegression(C=0.1, l1_ratio=1, solver="liblinear", random_state=13).fit(features, labels)
    np.testing.assert_allclose(
        chances_of(features, targets, TWO, Candidate(0.1, "l1")), model.predict_proba(features), atol=1e-6
    )
    (_, held, _), (_, loose, _) = fitting.fit_head(
        features, targets, TWO[0], [Candidate(0.1, "l1"), Candidate(0.1)], 13, "demo"
    )
    assert (held[1:] == 0).sum() > 5
    assert (loose != 0).all()


def test_l1_of_three_classes_asks_about_each_of_them():
    features, targets, labels = rare([80, 70, 60])
    _, coef, intercept = next(fitting.fit_head(features, targets, THREE[0], [Candidate(0.3, "l1")], 13, "demo"))
    assert coef.shape == (6, 3)
    for label in range(3):
        model = LogisticRegression(C=0.3, l1_ratio=1, solver="liblinear", random_state=13)
        model.fit(features, labels == label)
        np.testing.assert_array_equal(coef[:, label], model.coef_[0])
        assert intercept[label] == pytest.approx(model.intercept_[0], rel=1e-6)
    answers = chances_of(features, targets, THREE, Candidate(0.3, "l1")).argmax(axis=1)
    assert (answers == labels).mean() > 0.55


def test_l1_that_stalls_in_one_order_of_the_features_takes_another(monkeypatch):
    orders = []
    real = fitting.converged

    def stalls(model, *given):
        orders.append(model.random_state)
        if model.random_state < 15:
            raise ConvergenceWarning
        return real(model, *given)

    monkeypatch.setattr(fitting, "converged", stalls)
    features, targets, labels = problem(2)
    _, coef, _ = next(fitting.fit_head(features, targets, TWO[0], [Candidate(0.1, "l1")], 13, "demo"))
    assert orders == [13, 14, 15]
    wanted = LogisticRegression(C=0.1, l1_ratio=1, solver="liblinear", random_state=15).fit(features, labels)
    np.testing.assert_array_equal(coef[:, 1], wanted.coef_[0] / 2)


# --- class shares -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.parametrize(
    ("heads", "counts", "label"),
    [(TWO, [180, 20], 1), (THREE, [150, 150, 20], 2), (TOPIC, [150, 150, 20], 2)],
    ids=["two classes", "three classes", "labels"],
)
@pytest.mark.parametrize(
    "change",
    [{"class_weight": "balanced"}, {"resampling": "over"}, {"resampling": "under"}, {"resampling": "smote"}],
    ids=lambda change: next(iter(change.values())),
)
def test_a_rare_class_is_found_more_often(heads, counts, label, penalty, change):
    features, targets, _ = rare(counts)
    plain = recall(features, targets, heads, Candidate(1.0, penalty), label)
    assert recall(features, targets, heads, Candidate(1.0, penalty, **change), label) > plain + 0.3


def test_a_number_is_not_resampled():
    features, _, _ = problem(2)
    numbers = features[:, :1].astype(np.float32)
    plain, changed = (
        next(fitting.fit_head(features, numbers, URGENCY[0], [one], 13, "demo"))[1]
        for one in (Candidate(1.0), Candidate(1.0, "l1", "balanced", "smote"))
    )
    np.testing.assert_array_equal(plain, changed)


@pytest.mark.parametrize(
    ("how", "wanted"), [("none", [60, 25, 9]), ("over", [60] * 3), ("under", [9] * 3), ("smote", [60] * 3)]
)
def test_resampling_evens_out_the_classes(how, wanted):
    features, _, labels = rare([60, 25, 9])
    rows, answers = fitting.resampled(features, labels, how, 13, "demo", ["a", "b", "c"])
    assert np.bincount(answers).tolist() == wanted
    assert rows.shape == (sum(wanted), 6)
    assert sparse.issparse(rows)
    again, _ = fitting.resampled(features, labels, how, 13, "demo", ["a", "b", "c"])
    assert (rows != again).nnz == 0
    old = {tuple(row) for row in features.toarray()}
    assert (not {tuple(row) for row in rows.toarray()} - old) == (how != "smote")


@pytest.mark.parametrize(("smallest", "neighbours"), [(2, 1), (4, 3), (6, 5), (20, 5)])
def test_smote_looks_at_no_more_neighbours_than_there_are(monkeypatch, smallest, neighbours):
    asked = []
    real = fitting.SMOTE

    def smote(**settings):
        asked.append(settings["k_neighbors"])
        return real(**settings)

    monkeypatch.setattr(fitting, "SMOTE", smote)
    features, _, labels = rare([60, smallest])
    _, answers = fitting.resampled(features, labels, "smote", 13, "demo", ["a", "b"])
    assert asked == [neighbours]
    assert np.bincount(answers).tolist() == [60, 60]


@pytest.mark.parametrize(
    ("heads", "who"), [(THREE, "head kind: 'c'"), (TOPIC, "head topic: 'food'")], ids=["class", "label"]
)
def test_smote_without_a_neighbour_is_refused(heads, who):
    features, targets, _ = rare([60, 25, 1])
    wanted = f"^demo.baseline, linear, fold 2: {who} has 1 row of 86, and smote .* Take smote out of resampling"
    with pytest.raises(DataError, match=wanted):
        list(
            fitting.fit_head(
                features, targets, heads[0], [Candidate(1.0, resampling="smote")], 13, "demo.baseline, linear, fold 2"
            )
        )


def test_balanced_weights_of_resampled_classes_are_one_fit_for_both(monkeypatch):
    fits = []
    real = fitting.solve
    monkeypatch.setattr(fitting, "solve", lambda *given: fits.append(given[2]) or real(*given))
    features, targets, _ = rare([60, 20])
    tried = [Candidate(1.0, "l2", weight, how) for how in ("none", "over") for weight in ("none", "balanced")]
    found = {candidate: coef for candidate, coef, _ in fitting.fit_head(features, targets, TWO[0], tried, 13, "demo")}
    assert set(found) == set(tried)
    assert fits == tried[:3]
    np.testing.assert_array_equal(found[tried[2]], found[tried[3]])
    assert (found[tried[0]] != found[tried[1]]).any()


# --- fits that do not end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["l2", "l1"])
@pytest.mark.filterwarnings("ignore")  # the caller's filters do not decide whether it is an error
def test_a_fit_that_stops_early_is_an_error_with_its_candidate(monkeypatch, penalty):
    monkeypatch.setattr(fitting, "ITERATIONS", 10)  # 1 in each order
    features, targets, _ = problem(3)
    features = features @ np.diag([1.0, 0.01, 30.0, 1.0, 300.0, 1.0])  # a long way for l2 as well
    wanted = (
        f"^demo.baseline, linear, fold 1: head kind: C 30.0, penalty {penalty}, class_weight none, resampling none: "
        "no end after 10 iterations.*out of strengths"
    )
    with pytest.raises(ParamsError, match=wanted):
        next(
            fitting.fit_head(
                features, targets, THREE[0], [Candidate(30.0, penalty)], 13, "demo.baseline, linear, fold 1"
            )
        )
