"""Heads: where each one lies in the logits, and the way from logits to probabilities and back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, softmax

from decant.errors import DataError
from decant.heads import (
    KINDS,
    Regression,
    Sigmoid,
    Softmax,
    labelled,
    layout,
    likely,
    logits_of,
    probabilities,
    records,
    tempered,
    width,
)
from decant.training.losses import LOSSES

HEADS = layout(
    {
        "kind": {"kind": "softmax", "labels": ["a", "b", "c"]},
        "topic": {"kind": "sigmoid", "labels": ["x", "y"]},
        "urgency": {"kind": "regression", "labels": []},
        "two": {"kind": "softmax", "labels": ["no", "yes"]},
    }
)
KIND, TOPIC, URGENCY, TWO = (head.slice for head in HEADS)
LOGITS = np.random.default_rng(0).normal(0, 5, (50, 8))
ROWS = arrays(np.float64, (3, 8), elements=st.floats(-1e4, 1e4))
QUICK = settings(max_examples=100, deadline=None, database=None, derandomize=True)


def test_heads_lie_one_after_the_other_in_their_order():
    assert list(HEADS) == [
        Softmax("kind", ("a", "b", "c"), 0),
        Sigmoid("topic", ("x", "y"), 3),
        Regression("urgency", (), 5),
        Softmax("two", ("no", "yes"), 6),
    ]
    assert [(head.start, head.stop) for head in HEADS] == [(0, 3), (3, 5), (5, 6), (6, 8)]
    assert width(HEADS) == 8


def test_every_logit_belongs_to_one_head():
    columns = np.arange(width(HEADS))
    assert np.concatenate([columns[head.slice] for head in HEADS]).tolist() == columns.tolist()


def test_a_single_number_is_one_logit_wide():
    assert width(layout({"urgency": {"kind": "regression", "labels": []}})) == 1


def test_heads_of_another_kind_are_not_equal():
    assert Softmax("a", ("x", "y"), 0) != Sigmoid("a", ("x", "y"), 0)


def test_heads_are_written_and_read_back():
    described = {
        "kind": {"kind": "softmax", "labels": ["a", "b", "c"], "groups": {"one": ["a", "c"], "other": ["b"]}},
        "urgency": {"kind": "regression", "labels": [], "groups": {}},
    }
    heads = layout(described)
    assert records(heads) == described
    assert [list(record) for record in records(heads).values()] == [["kind", "labels", "groups"]] * 2
    assert layout(records(heads)) == heads
    assert len({*heads, *layout(described)}) == 2  # hashable, since the search of linear members counts by head


def test_those_with_labels_are_the_likely_ones():
    assert [head.name for head in labelled(HEADS)] == ["kind", "topic", "two"]
    assert likely(HEADS) == [0, 1, 2, 3, 4, 6, 7]


def test_a_kind_is_known_by_its_name_and_torch_knows_it_too():
    assert {name: kind.kind for name, kind in KINDS.items()} == {name: name for name in LOSSES}


@pytest.mark.parametrize(
    ("head", "columns", "cells"),
    [
        (HEADS[0], ["kind"], "string"),
        (HEADS[1], ["topic.x", "topic.y"], "bool"),
        (HEADS[2], ["urgency"], "double"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_head_knows_its_columns_of_the_table(head, columns, cells):
    assert (head.columns, head.cells) == (columns, cells)


def test_targets_are_read_from_these_columns():
    frame = pd.DataFrame({"id": ["1", "2"], "kind": ["c", "a"], "topic.x": [True, False], "topic.y": [True, True]})
    frame["urgency"] = [0.5, 2.0]
    kind, topic, urgency, _ = HEADS
    assert kind.targets(frame, "table").tolist() == [[0, 0, 1], [1, 0, 0]]
    assert topic.targets(frame, "table").tolist() == [[1, 1], [0, 1]]
    assert urgency.targets(frame, "table").tolist() == [[0.5], [2.0]]


def test_a_label_that_the_head_does_not_have_is_refused():
    frame = pd.DataFrame({"id": ["1", "2"], "kind": ["c", "d"]})
    with pytest.raises(DataError, match="table: row 2: head kind has no label 'd'; it has \\['a', 'b', 'c'\\]"):
        HEADS[0].targets(frame, "table")


@pytest.mark.parametrize("head", HEADS[:2], ids=lambda head: head.kind)
def test_who_knows_nothing_says_the_shares(head):
    shares = np.array([0.2, 0.5, 0.3])[: len(head.labels)]
    found = head.probabilities(head.prior(shares)[None])
    np.testing.assert_allclose(found[0], shares, atol=1e-6)


def test_the_likeliest_label_or_every_label_over_a_half_is_the_answer():
    logits = np.array([[-3.0, -2.0, -4.0], [1.0, 2.0, 3.0]])
    assert HEADS[0].answers(logits).tolist() == [[False, True, False], [False, False, True]]
    assert HEADS[1].answers(logits[:, 1:]).tolist() == [[False, False], [True, True]]


def test_a_miss_is_the_likelihood_of_a_row_or_the_squared_error():
    targets = np.array([[0, 1, 0, 1, 0, 2.5, 1, 0]])
    chances = np.array([[0.2, 0.5, 0.3, 0.9, 0.4, 2.0, 0.25, 0.75]])
    found = [head.miss(chances[:, head.slice], targets[:, head.slice]) for head in HEADS]
    np.testing.assert_allclose(found, [-np.log(0.5), -np.log(0.9) - np.log(0.6), 0.25, -np.log(0.25)])


def test_a_softmax_head_asks_one_question_and_a_sigmoid_head_one_a_label():
    ((columns, answers, names),) = HEADS[0].questions(np.eye(3)[[2, 0, 2]])
    assert (columns.tolist(), answers.tolist(), names) == ([0, 2], [2, 0, 2], ["a", "b", "c"])
    found = HEADS[1].questions(np.array([[1, 0], [1, 1]]))
    assert [(columns.tolist(), answers.tolist(), names) for columns, answers, names in found] == [
        ([0], [1, 1], ["not x", "x"]),
        ([1], [0, 1], ["not y", "y"]),
    ]


def test_probabilities_are_those_of_scipy():
    found = probabilities(LOGITS, HEADS)
    np.testing.assert_allclose(found[:, KIND], softmax(LOGITS[:, KIND], axis=1), rtol=1e-12)
    np.testing.assert_allclose(found[:, TOPIC], expit(LOGITS[:, TOPIC]), rtol=1e-12)
    np.testing.assert_array_equal(found[:, URGENCY], LOGITS[:, URGENCY])
    np.testing.assert_allclose(found[:, TWO], softmax(LOGITS[:, TWO], axis=1), rtol=1e-12)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, list], ids=lambda kind: kind.__name__)
def test_probabilities_are_computed_in_double_precision(kind):
    logits = LOGITS.tolist() if kind is list else LOGITS.astype(kind)
    found = probabilities(logits, HEADS)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:, KIND].sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1e4, 0, 0, 1e4, -1e4, 1e4, -1e4, 1e4], [1, 0, 0, 1, 0, 1e4, 0, 1]),
        ([-1e4, -1e4, -1e4, -1e4, 1e4, -1e4, 1e4, 1e4], [1 / 3, 1 / 3, 1 / 3, 0, 1, -1e4, 0.5, 0.5]),
    ],
    ids=["far apart", "far down"],
)
def test_extreme_logits_do_not_overflow(row, expected):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = probabilities(np.array([row]), HEADS)
    np.testing.assert_allclose(found, [expected])


@QUICK
@given(ROWS)
def test_probabilities_lie_between_0_and_1_and_add_up(logits):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = probabilities(logits, HEADS)
    bounded = np.delete(found, HEADS[2].start, axis=1)
    assert ((bounded >= 0) & (bounded <= 1)).all()
    np.testing.assert_allclose(found[:, KIND].sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(found[:, TWO].sum(axis=1), 1, rtol=1e-12)


@QUICK
@given(arrays(np.float64, (3, 8), elements=st.floats(-6, 6)))
def test_logits_of_probabilities_give_the_same_probabilities(logits):
    chances = probabilities(logits, HEADS)
    back = logits_of(chances, HEADS)
    np.testing.assert_allclose(probabilities(back, HEADS), chances, rtol=1e-9)
    np.testing.assert_allclose(back[:, TOPIC], logits[:, TOPIC], atol=1e-9)
    np.testing.assert_array_equal(back[:, URGENCY], logits[:, URGENCY])
    shift = back[:, KIND] - logits[:, KIND]  # a softmax has logits up to a constant
    np.testing.assert_allclose(shift, shift[:, :1].repeat(3, axis=1), atol=1e-9)


def test_logits_of_certain_labels_are_finite():
    certain = np.array([[1, 0, 0, 1, 0, 2.5, 0, 1]], dtype=np.float64)
    logits = logits_of(certain, HEADS)
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(probabilities(logits, HEADS), certain, atol=1e-6)
    assert logits[0, 3] > 15
    assert logits[0, 4] < -15
    assert logits[0, 5] == 2.5


def test_a_temperature_divides_its_own_head_alone():
    found = tempered(LOGITS, HEADS, {"kind": 2.0, "topic": 0.5, "two": 1.0})
    np.testing.assert_allclose(found[:, KIND], LOGITS[:, KIND] / 2)
    np.testing.assert_allclose(found[:, TOPIC], LOGITS[:, TOPIC] * 2)
    np.testing.assert_array_equal(found[:, URGENCY], LOGITS[:, URGENCY])
    np.testing.assert_array_equal(found[:, TWO], LOGITS[:, TWO])


def test_a_higher_temperature_is_less_certain_of_the_same_answer():
    names = ["kind", "topic", "two"]
    cool, warm = (probabilities(tempered(LOGITS, HEADS, dict.fromkeys(names, t)), HEADS) for t in (1, 3))
    assert (warm[:, KIND].max(axis=1) < cool[:, KIND].max(axis=1)).all()
    assert (warm[:, KIND].argmax(axis=1) == cool[:, KIND].argmax(axis=1)).all()
    assert (np.abs(warm[:, TOPIC] - 0.5) < np.abs(cool[:, TOPIC] - 0.5)).all()


def test_a_head_without_temperature_is_an_error():
    with pytest.raises(KeyError, match="topic"):
        tempered(LOGITS, HEADS, {"kind": 2.0, "two": 1.0})


@pytest.mark.parametrize(
    "function",
    [
        lambda values: probabilities(values, HEADS),
        lambda values: logits_of(values, HEADS),
        lambda values: tempered(values, HEADS, {"kind": 2.0, "topic": 2.0, "two": 2.0}),
    ],
    ids=["probabilities", "logits_of", "tempered"],
)
def test_inputs_stay_as_they_are(function):
    values = probabilities(LOGITS, HEADS)
    before = values.copy()
    function(values)
    np.testing.assert_array_equal(values, before)
