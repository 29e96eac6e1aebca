"""Average precision under weights, and its intervals by drawing clusters of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from decant.scoring import drawn


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.integers(2, 40), st.integers(0, 1000), st.sampled_from([2, 5, 1000]))
def test_it_is_that_of_scikit_learn_also_with_weights_and_ties(rows, seed, levels):
    rng = np.random.default_rng(seed)
    gold, scores = rng.random(rows) < 0.4, rng.integers(levels, size=rows) / levels
    gold[0] = True
    weight = np.vstack([np.ones(rows), rng.integers(0, 4, rows)])
    weight[1, 0] = 2
    expected = [average_precision_score(gold, scores, sample_weight=each) for each in weight]
    assert drawn.average_precision(gold, scores, weight) == pytest.approx(expected)


def test_without_positives_there_is_no_value():
    gold = np.array([True, False, False])
    found = drawn.average_precision(gold, np.array([0.9, 0.5, 0.1]), np.array([[0, 1, 1], [1, 1, 1]]))
    assert np.isnan(found[0])
    assert found[1] == 1.0


def test_rows_of_one_cluster_come_and_go_together():
    together = np.array([0, 1, 0, 2, 1])
    weight = drawn.weights(together, 0, 50)
    assert (weight[:, 0] == weight[:, 2]).all()
    assert (weight[:, 1] == weight[:, 4]).all()
    assert (weight[:, 0] != weight[:, 1]).any()
    assert weight[:, [0, 1, 3]].sum(axis=1).tolist() == [3] * 50


def test_draws_are_the_same_each_time_and_in_any_parts():
    together = np.arange(30)
    whole = drawn.weights(together, 0, 20)
    assert (whole == np.vstack([drawn.weights(together, 0, 5), drawn.weights(together, 5, 15)])).all()


def rows(count: int, seed: int):
    rng = np.random.default_rng(seed)
    gold = rng.random(count) < 0.25
    return gold, gold + rng.normal(size=count)


def test_an_interval_of_95_percent_holds_the_truth_in_about_as_many_samples(monkeypatch):
    monkeypatch.setattr(drawn, "RESAMPLES", 200)
    gold, scores = rows(200_000, 0)
    truth = average_precision_score(gold, scores)
    held = 0
    for seed in range(100):
        gold, scores = rows(400, seed + 1)
        low, high = drawn.ends(drawn.draws(gold[:, None], {"one": scores[:, None]}, np.arange(400))["one"][:, 0], 0.95)
        held += low <= truth <= high
    assert held >= 90


def test_copies_of_rows_make_no_interval_narrower():
    gold, scores = rows(300, 3)
    own = drawn.draws(gold[:, None], {"one": scores[:, None]}, np.arange(300))["one"][:, 0]
    copied = np.tile(gold, 4)[:, None], {"one": np.tile(scores, 4)[:, None]}
    clustered = drawn.draws(*copied, np.tile(np.arange(300), 4))["one"][:, 0]
    apart = drawn.draws(*copied, np.arange(1200))["one"][:, 0]
    assert np.std(clustered) == pytest.approx(np.std(own), rel=0.05)
    assert np.std(apart) < 0.7 * np.std(own)
