"""Metrics: equal to scikit-learn and scipy wherever those have the figure, and paired draws that are really paired."""

import numpy as np
import pytest
from scipy.stats import binomtest, spearmanr
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)

from decant.heads import layout
from decant.scoring import metrics

NAMES = ["scam", "topic.crypto", "Clean Post", "never"]


def single_label(seed, classes=4, absent=None):
    """Gold and answers with one true per row, and scores that sum to 1."""
    rng = np.random.default_rng(seed)
    used = [one for one in range(classes) if one != absent]
    gold = np.arange(classes) == rng.choice(used, 300)[:, None]
    scores = rng.dirichlet(np.ones(classes), 300) * 0.7 + 0.3 * gold
    return gold, np.arange(classes) == scores.argmax(axis=1)[:, None], scores


def multi_label(seed, classes=4, absent=None):
    """Gold and answers with any number of trues per row, rows without any among them."""
    rng = np.random.default_rng(seed)
    gold = rng.random((300, classes)) < [0.4, 0.1, 0.25, 0.05]
    if absent is not None:
        gold[:, absent] = False
    scores = np.clip(0.45 * gold + 0.6 * rng.random((300, classes)), 0, 1)
    return gold, scores >= 0.5, scores


KINDS = [
    pytest.param(make, absent, id=f"{make.__name__}-{'all present' if absent is None else 'one absent'}")
    for make in (single_label, multi_label)
    for absent in (None, 3)
]


@pytest.mark.parametrize(("make", "absent"), KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_counts_are_those_of_the_confusion_matrix(make, absent, seed):
    gold, answers, _ = make(seed, absent=absent)
    found = metrics.counts(gold, answers)
    wanted = multilabel_confusion_matrix(gold, answers)
    for key, row, column in (("tn", 0, 0), ("fp", 0, 1), ("fn", 1, 0), ("tp", 1, 1)):
        np.testing.assert_array_equal(found[key], wanted[:, row, column])


@pytest.mark.parametrize(("make", "absent"), KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rates_are_those_of_sklearn(make, absent, seed):
    gold, answers, _ = make(seed, absent=absent)
    found = metrics.rates(metrics.counts(gold, answers))
    precision, recall, f1, _ = precision_recall_fscore_support(gold, answers, zero_division=0)
    np.testing.assert_allclose(found["precision"], precision)
    np.testing.assert_allclose(found["recall"], recall)
    np.testing.assert_allclose(found["f1"], f1)
    np.testing.assert_allclose(found["fpr"], (answers & ~gold).sum(axis=0) / (~gold).sum(axis=0))
    np.testing.assert_allclose(found["fnr"][gold.any(axis=0)], 1 - recall[gold.any(axis=0)])


def test_rates_are_zero_where_there_is_nothing_to_count():
    gold = np.array([[True, False], [True, False]])
    found = metrics.rates(metrics.counts(gold, ~gold))
    assert found["recall"].tolist() == [0, 0]
    assert found["precision"].tolist() == [0, 0]
    assert found["fpr"].tolist() == [0, 1]
    assert found["fnr"].tolist() == [1, 0]


@pytest.mark.parametrize(("make", "absent"), KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_summary_is_that_of_sklearn_over_the_classes_with_gold_rows(make, absent, seed):
    gold, answers, _ = make(seed, absent=absent)
    present = np.flatnonzero(gold.any(axis=0))
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, answers, labels=present, average="macro", zero_division=0
    )
    assert metrics.summary(gold, answers) == pytest.approx(
        {
            "accuracy": accuracy_score(gold, answers),
            "macro_f1": f1,
            "micro_f1": f1_score(gold, answers, average="micro"),
            "weighted_f1": f1_score(gold, answers, average="weighted", zero_division=0),
            "macro_precision": precision,
            "macro_recall": recall,
        }
    )


def test_answers_of_an_absent_class_still_cost_precision():
    gold, answers, _ = single_label(0, absent=3)
    assert answers[:, 3].any()
    kept = np.where(answers[:, [3]], gold, answers)  # the same answers, those of the absent class put right
    assert metrics.summary(gold, answers)["micro_f1"] < metrics.summary(gold, kept)["micro_f1"]


def test_micro_f1_is_left_out_where_it_would_repeat_the_accuracy():
    gold = np.eye(3, dtype=bool)[[0, 1, 2, 0]]
    answers = np.eye(3, dtype=bool)[[0, 2, 2, 1]]
    whole, single = metrics.summary(gold, answers), metrics.summary(gold, answers, single=True)
    assert whole["micro_f1"] == whole["accuracy"] == 0.5
    assert single == {key: value for key, value in whole.items() if key != "micro_f1"}


def test_summary_of_rows_without_any_label_is_finite():
    """A subgroup of a multi-label task may hold no label at all."""
    gold = np.zeros((30, 3), dtype=bool)
    answers = gold.copy()
    answers[0, 1] = True
    found = metrics.summary(gold, answers)
    assert found["accuracy"] == pytest.approx(29 / 30)
    assert all(np.isfinite(value) for value in found.values())


@pytest.mark.parametrize(("make", "absent"), KINDS)
def test_ranking_is_that_of_sklearn_over_the_classes_with_both_sides(make, absent):
    gold, _, scores = make(5, absent=absent)
    usable = gold.any(axis=0)
    assert metrics.ranking(gold, scores) == pytest.approx(
        {
            "micro_auc": roc_auc_score(gold[:, usable], scores[:, usable], average="micro"),
            "macro_auc": roc_auc_score(gold[:, usable], scores[:, usable], average="macro"),
        }
    )


@pytest.mark.parametrize("value", [False, True], ids=["all negative", "all positive"])
def test_ranking_says_nothing_without_both_sides(value):
    assert metrics.ranking(np.full((9, 2), value), np.random.default_rng(0).random((9, 2))) == {}


@pytest.mark.parametrize(("make", "absent"), KINDS)
def test_per_class_figures_are_those_of_sklearn(make, absent):
    gold, answers, scores = make(7, absent=absent)
    found = metrics.per_class(NAMES, gold, answers, scores, 0.95)
    assert list(found) == ["scam", "topic_crypto", "Clean_Post", "never"]
    precision, recall, f1, support = precision_recall_fscore_support(gold, answers, zero_division=0)
    for column, entry in enumerate(found.values()):
        assert entry["precision"] == pytest.approx(precision[column])
        assert entry["recall"] == pytest.approx(recall[column])
        assert entry["f1"] == pytest.approx(f1[column])
        assert entry["support"] == support[column]
        if support[column]:
            assert entry["roc_auc"] == pytest.approx(roc_auc_score(gold[:, column], scores[:, column]))
            wanted = average_precision_score(gold[:, column], scores[:, column])
            assert entry["average_precision"] == pytest.approx(wanted)


def test_an_absent_class_has_no_recall_interval_and_no_ranking():
    gold, answers, scores = multi_label(7, absent=3)
    entry = metrics.per_class(NAMES, gold, answers, scores, 0.95)["never"]
    assert entry["support"] == 0
    assert not {"recall_low", "recall_high", "roc_auc", "average_precision"} & set(entry)
    assert {"fpr_low", "fpr_high"} <= set(entry)


def test_per_class_intervals_are_exact_and_of_the_right_trials():
    gold, answers, scores = multi_label(9)
    entry = metrics.per_class(NAMES, gold, answers, scores, 0.9)["scam"]
    hits, false = int((gold & answers)[:, 0].sum()), int((~gold & answers)[:, 0].sum())
    trials = {
        "precision": (hits, int(answers[:, 0].sum())),
        "recall": (hits, int(gold[:, 0].sum())),
        "fpr": (false, int((~gold[:, 0]).sum())),
    }
    for key, (some, all_of_them) in trials.items():
        exact = binomtest(some, all_of_them).proportion_ci(0.9, method="exact")
        assert entry[key] == pytest.approx(some / all_of_them)
        assert (entry[f"{key}_low"], entry[f"{key}_high"]) == pytest.approx((exact.low, exact.high))


def test_a_perfect_ranking_has_average_precision_and_auc_one():
    gold = np.arange(20)[:, None] >= np.array([15, 5])
    scores = np.arange(20)[:, None] / np.array([20, 40])
    found = metrics.per_class(["a", "b"], gold, gold, scores, 0.95)
    assert [entry["average_precision"] for entry in found.values()] == [1.0, 1.0]
    assert [entry["roc_auc"] for entry in found.values()] == [1.0, 1.0]


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 149), (3, 164), (82, 164), (164, 164)])
def test_binomial_interval_is_clopper_pearson(hits, trials, confidence):
    exact = binomtest(hits, trials).proportion_ci(confidence, method="exact")
    assert metrics.binomial_interval(hits, trials, confidence) == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        pytest.param(0, 149, 0.0198, 0.02, id="0 of 149 is just under 2 %"),
        pytest.param(0, 148, 0.02, 0.0203, id="0 of 148 is just over 2 %"),
        pytest.param(0, 59, 0.0492, 0.05, id="0 of 59 is just under 5 %"),
        pytest.param(3, 164, 0.0465, 0.0468, id="3 of 164, the scam data's calib negatives"),
    ],
)
def test_upper_bound_of_known_cases(hits, trials, low, high):
    assert low < metrics.upper_bound(hits, trials, 0.95) < high


@pytest.mark.parametrize(("hits", "trials"), [(0, 149), (3, 164), (40, 90)])
def test_upper_bound_is_the_share_at_which_so_few_hits_are_a_five_percent_accident(hits, trials):
    bound = metrics.upper_bound(hits, trials, 0.95)
    assert binomtest(hits, trials, bound, alternative="less").pvalue == pytest.approx(0.05)


def test_upper_bound_without_trials_promises_nothing():
    assert metrics.upper_bound(0, 0, 0.95) == 1.0
    assert metrics.upper_bound(5, 5, 0.95) == 1.0


def test_regression_gives_error_and_rank_correlation_of_regression_heads_alone():
    heads = layout(
        {"scam": {"kind": "softmax", "labels": ["a", "b"]}, "How Urgent": {"kind": "regression", "labels": []}}
    )
    rng = np.random.default_rng(0)
    wanted, given = rng.random((50, 3)), rng.random((50, 3))
    found = metrics.regression(heads, wanted, given)
    assert list(found) == ["how_urgent"]
    assert found["how_urgent"]["mae"] == pytest.approx(np.abs(wanted[:, 2] - given[:, 2]).mean())
    assert found["how_urgent"]["spearman"] == pytest.approx(spearmanr(wanted[:, 2], given[:, 2]).statistic)
    assert "spearman" not in metrics.regression(heads, wanted, np.full((50, 3), 0.5))["how_urgent"]
