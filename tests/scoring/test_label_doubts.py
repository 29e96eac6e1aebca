"""Label errors: planted ones are found and ranked, and what only looks like one is left alone."""

import numpy as np
import pytest

from decant.scoring.label_issues import Doubt, find

CLASSES = 3


def rows(n: int = 90, sure: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Chances (n, 3) and labels (n,) of a model that is right everywhere, and about as sure of every row."""
    labels = np.arange(n) % CLASSES
    chances = np.random.default_rng(0).dirichlet(np.full(CLASSES, 20.0), n) * (1 - sure)
    chances[np.arange(n), labels] += sure
    return chances, labels


def test_a_model_that_agrees_everywhere_doubts_nothing():
    assert find(*rows()) == []


def test_planted_errors_are_found_with_the_class_that_the_model_sees_there():
    chances, labels = rows()
    chances[[4, 30, 71]] = [[0.05, 0.05, 0.9], [0.02, 0.97, 0.01], [0.99, 0.005, 0.005]]
    assert [labels[row] for row in (4, 30, 71)] == [1, 0, 2]
    assert find(chances, labels) == [
        Doubt(71, given=2, suggested=0, confidence=0.99),
        Doubt(30, given=0, suggested=1, confidence=0.97),
        Doubt(4, given=1, suggested=2, confidence=0.9),
    ]


def test_a_class_that_leads_by_less_than_its_rows_do_on_average_is_no_doubt():
    chances, labels = rows()
    chances[4] = [0.2, 0.35, 0.45]  # likeliest 2, whose own rows have .8 and more
    assert labels[4] == 1
    assert find(chances, labels) == []


def test_a_class_that_the_model_is_never_sure_of_is_not_wrong_as_a_whole():
    chances, labels = rows()
    rare = labels == 2
    chances[rare] = [0.42, 0.18, 0.40]  # always a little behind class 0, whose own rows have .8 and more
    assert find(chances, labels) == []


def test_the_row_that_is_farthest_behind_comes_first_and_not_the_surest():
    chances, labels = rows()
    chances[4], chances[7] = [0.88, 0.11, 0.01], [0.87, 0.01, 0.12]
    assert [(doubt.row, doubt.suggested) for doubt in find(chances, labels)] == [(7, 0), (4, 0)]


def test_a_label_of_several_is_a_question_of_its_own():
    holds = np.array([0.1, 0.2, 0.15, 0.9, 0.85, 0.95, 0.97])
    labels = np.array([0, 0, 0, 1, 1, 1, 0])
    assert find(np.column_stack([1 - holds, holds]), labels) == [Doubt(6, given=0, suggested=1, confidence=0.97)]


@pytest.mark.parametrize(("n", "classes"), [(0, 2), (5, 1), (5, 3)])
def test_rows_of_one_class_alone_leave_nothing_to_doubt(n, classes):
    chances = np.full((n, classes), 1 / classes)
    assert find(chances, np.zeros(n, dtype=int)) == []


def test_a_class_without_a_row_is_never_suggested():
    chances, labels = rows()
    wide = np.column_stack([chances * 0.5, np.full(len(chances), 0.5)])  # a fourth class, the likeliest everywhere
    wide[7] = [0.48, 0.01, 0.01, 0.5]
    assert find(wide, labels) == [Doubt(7, given=1, suggested=0, confidence=0.48)]
