"""Confident learning: a label is doubted only where another is likelier than it is for its own rows."""

import numpy as np
import pytest

from decant.heads import layout
from decant.scoring.label_issues import issues

(KIND,) = layout({"kind": {"kind": "softmax", "labels": ["ham", "spam", "odd"]}})
(TOPIC,) = layout({"topic": {"kind": "sigmoid", "labels": ["money", "sport"]}})
(NUMBER,) = layout({"urgency": {"kind": "regression", "labels": []}})


def test_the_surest_contradiction_comes_first_and_the_unsure_do_not_come():
    targets = np.eye(3)[[0] * 20 + [1] * 20]
    chances = np.where(targets > 0, 0.9, 0.05)
    chances[5] = [0.02, 0.95, 0.03]
    chances[25] = [0.97, 0.02, 0.01]
    chances[7] = [0.40, 0.55, 0.05]  # spam is likelier, but far less than it is for spam
    found = issues(KIND, targets, chances)
    assert [(issue.row, issue.given, issue.suggested) for issue in found] == [
        (25, ("spam",), ("ham",)),
        (5, ("ham",), ("spam",)),
    ]
    assert found[0].confidence == pytest.approx(0.97)
    assert found[0].margin == pytest.approx(0.95)


def test_labels_of_which_any_may_hold_are_doubted_one_by_one_and_suggested_together():
    targets = np.zeros((40, 2))
    targets[:20, 0] = targets[::2, 1] = 1
    chances = np.where(targets > 0, 0.9, 0.1)
    chances[0] = [0.05, 0.02]  # has both, and should have none
    chances[39] = [0.1, 0.96]  # has none
    found = issues(TOPIC, targets, chances)
    assert [(issue.row, issue.given, issue.suggested) for issue in found] == [
        (0, ("money", "sport"), ()),
        (39, (), ("sport",)),
    ]
    assert found[0].confidence == pytest.approx(0.98)
    assert found[1].margin == pytest.approx(0.92)


def test_a_number_and_a_label_that_never_changes_are_not_doubted():
    assert issues(NUMBER, np.ones((5, 1)), np.zeros((5, 1))) == []
    assert issues(TOPIC, np.ones((5, 2)), np.full((5, 2), 0.01)) == []
    assert issues(KIND, np.eye(3)[[0] * 5], np.full((5, 3), [0.1, 0.8, 0.1])) == []
