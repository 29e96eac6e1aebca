"""The decision rule: argmax, thresholds and priority, on scores and on the labels themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from decant.decision import Rule, classes, decide, evidence, gold, scores
from decant.heads import layout

HEADS = layout(
    {
        "kind": {"kind": "softmax", "labels": ["honest", "scam"]},
        "urgency": {"kind": "regression", "labels": []},
        "topic": {"kind": "sigmoid", "labels": ["crypto", "money", "sport"]},
    }
)
ARGMAX = Rule("argmax", head="kind")
THRESHOLDS = Rule("thresholds", head="topic")
PRIORITY = Rule("priority", order=("scam", "money", "crypto"), otherwise="clean")
RULES = {"argmax": ARGMAX, "thresholds": THRESHOLDS, "priority": PRIORITY}
LIMITS = {"scam": 0.8, "money": 0.5, "crypto": 0.3}

#          honest scam  urgency crypto money sport
CERTAIN = [0.1, 0.9, 7.0, 0.6, 0.7, 0.0]
UNSURE = [0.3, 0.7, 7.0, 0.6, 0.4, 0.0]
PLAIN = [0.9, 0.1, 7.0, 0.2, 0.1, 0.9]


def answers(rule: Rule, rows: list, thresholds: dict) -> list[list[str]]:
    found = decide(rule, HEADS, np.array(rows), thresholds)
    assert found.dtype == bool
    names = classes(rule, HEADS)
    assert found.shape == (len(rows), len(names))
    return [[name for name, given in zip(names, row, strict=True) if given] for row in found]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_written_and_read_back(rule):
    record = rule.record()
    assert list(record) == ["rule", "head", "order", "otherwise"]
    assert json.loads(json.dumps(record)) == record
    assert Rule.read(record) == rule
    assert Rule.read({key: value for key, value in record.items() if value}) == rule  # without what it does not need


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (ARGMAX, ["honest", "scam"]),
        (THRESHOLDS, ["crypto", "money", "sport"]),
        (PRIORITY, ["scam", "money", "crypto", "clean"]),
    ],
    ids=RULES,
)
def test_the_classes_are_the_answers_in_order(rule, names):
    assert classes(rule, HEADS) == names


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ARGMAX, [[0.1, 0.9], [0.3, 0.7], [0.9, 0.1]]),
        (THRESHOLDS, [[0.6, 0.7, 0.0], [0.6, 0.4, 0.0], [0.2, 0.1, 0.9]]),
        # a label counts where none before it holds; otherwise is what remains of all of them; sport is not listed
        (
            PRIORITY,
            [
                [0.9, 0.1 * 0.7, 0.1 * 0.3 * 0.6, 0.1 * 0.3 * 0.4],
                [0.7, 0.3 * 0.4, 0.3 * 0.6 * 0.6, 0.3 * 0.6 * 0.4],
                [0.1, 0.9 * 0.1, 0.9 * 0.9 * 0.2, 0.9 * 0.9 * 0.8],
            ],
        ),
    ],
    ids=RULES,
)
def test_scores_say_how_likely_each_class_is(rule, expected):
    np.testing.assert_allclose(scores(rule, HEADS, np.array([CERTAIN, UNSURE, PLAIN])), expected)


@pytest.mark.parametrize(
    ("rule", "columns"), [(ARGMAX, [0, 1]), (THRESHOLDS, [3, 4, 5]), (PRIORITY, [1, 4, 3])], ids=RULES
)
def test_thresholds_are_compared_with_what_the_heads_say(rule, columns):
    rows = np.array([CERTAIN, UNSURE, PLAIN])
    np.testing.assert_array_equal(evidence(rule, HEADS, rows), rows[:, columns])


def test_a_sure_first_label_leaves_nothing_to_the_others():
    assert scores(PRIORITY, HEADS, np.array([[0, 1, 0, 1, 1, 1]])).tolist() == [[1, 0, 0, 0]]


def test_argmax_takes_the_likeliest_label_whatever_the_thresholds():
    assert answers(ARGMAX, [CERTAIN, UNSURE, PLAIN], {}) == [["scam"], ["scam"], ["honest"]]
    assert answers(ARGMAX, [UNSURE], {"honest": 0.0, "scam": 1.1}) == [["scam"]]


def test_argmax_takes_the_first_of_equal_labels():
    assert answers(ARGMAX, [[0.5, 0.5, 0, 0, 0, 0]], {}) == [["honest"]]


def test_thresholds_give_any_number_of_answers():
    limits = {"crypto": 0.5, "money": 0.5, "sport": 0.5}
    assert answers(THRESHOLDS, [CERTAIN, UNSURE, PLAIN], limits) == [["crypto", "money"], ["crypto"], ["sport"]]
    assert answers(THRESHOLDS, [CERTAIN], dict.fromkeys(limits, 1.1)) == [[]]


PRIORITIES = {
    "first label over its threshold": (CERTAIN, LIMITS, "scam"),
    "first label below, second below, third over": (UNSURE, LIMITS, "crypto"),
    "none over": (PLAIN, LIMITS, "clean"),
    "order, not score": ([0.2, 0.8, 0, 0.99, 0.99, 0], LIMITS, "scam"),
    "second before third": ([0.9, 0.1, 0, 0.99, 0.5, 0], LIMITS, "money"),
    "exactly at the threshold": ([0.2, 0.8, 0, 0, 0, 0], LIMITS, "scam"),
    "just below": ([0.2, np.nextafter(0.8, 0), 0, 0, 0, 0], LIMITS, "clean"),
    "a label outside the order": ([1, 0, 0, 0, 0, 1], LIMITS, "clean"),
    "a threshold above every score": ([0, 1, 0, 0.9, 0, 0], LIMITS | {"scam": 1.1}, "crypto"),
    "everything below its threshold": ([0, 1, 0, 1, 1, 1], dict.fromkeys(LIMITS, 1.1), "clean"),
    "a threshold for what remains is not used": (PLAIN, LIMITS | {"clean": 1.1}, "clean"),
}


@pytest.mark.parametrize(("row", "limits", "answer"), PRIORITIES.values(), ids=PRIORITIES)
def test_priority_takes_the_first_label_over_its_threshold(row, limits, answer):
    assert answers(PRIORITY, [row], limits) == [[answer]]


def test_priority_follows_the_order_of_the_rule():
    both = [0, 1, 0, 1, 0, 0]
    assert answers(PRIORITY, [both], LIMITS) == [["scam"]]
    assert answers(replace(PRIORITY, order=("crypto", "scam")), [both], LIMITS) == [["crypto"]]


def test_gold_is_the_rule_on_the_labels_themselves():
    targets = np.array(
        [
            [0, 1, 0.7, 1, 1, 0],
            [1, 0, 0.7, 1, 1, 0],
            [1, 0, 0.7, 1, 0, 1],
            [1, 0, 0.7, 0, 0, 1],
        ],
        dtype=np.float32,
    )
    assert gold(ARGMAX, HEADS, targets).tolist() == [[False, True], [True, False], [True, False], [True, False]]
    assert gold(THRESHOLDS, HEADS, targets).tolist() == (targets[:, 3:] == 1).tolist()
    assert [np.flatnonzero(row).tolist() for row in gold(PRIORITY, HEADS, targets)] == [[0], [1], [2], [3]]


def test_a_label_without_threshold_is_an_error():
    with pytest.raises(KeyError, match="money"):
        decide(PRIORITY, HEADS, np.array([PLAIN]), {"scam": 0.5, "crypto": 0.5})


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_rows_give_no_answers(rule):
    limits = dict.fromkeys(classes(rule, HEADS), 0.5)
    assert decide(rule, HEADS, np.zeros((0, 6)), limits).shape == (0, len(classes(rule, HEADS)))


CHANCES = arrays(np.float64, (5, 6), elements=st.floats(0, 1))
QUICK = settings(max_examples=100, deadline=None, database=None, derandomize=True)


@QUICK
@given(CHANCES, st.floats(0, 1.1))
def test_argmax_and_priority_give_each_row_one_answer(chances, limit):
    for rule in (ARGMAX, PRIORITY):
        found = decide(rule, HEADS, chances, dict.fromkeys(classes(rule, HEADS), limit))
        assert (found.sum(axis=1) == 1).all()


@QUICK
@given(CHANCES, st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_threshold_of_the_first_label_never_gives_it_more_rows(chances, one, other):
    low, high = (decide(PRIORITY, HEADS, chances, LIMITS | {"scam": limit})[:, 0] for limit in sorted((one, other)))
    assert not (high & ~low).any()


@QUICK
@given(CHANCES)
def test_scores_stay_between_0_and_1(chances):
    for rule in RULES.values():
        found = scores(rule, HEADS, chances)
        assert found.shape == (len(chances), len(classes(rule, HEADS)))
        assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(scores(PRIORITY, HEADS, chances).sum(axis=1), 1)
