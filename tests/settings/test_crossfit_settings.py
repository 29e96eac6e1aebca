"""The section crossfit, and gates on cross-fitted figures."""

import pytest
from mini import BLOCK, TASK, arrange

from decant.errors import ParamsError
from decant.settings import params

GATE = {"metric": "crossfit", "key": "student_int8.macro_f1", "min": 0.5}


def block(gate: dict, folds: int = 5) -> dict:
    return BLOCK | {"crossfit": {"folds": folds}, "gates": {"crossed": gate}}


@pytest.mark.parametrize(
    "key",
    [
        "student_int8.macro_f1",
        "student_int8.classes.spam.average_precision",
        "linear.over_folds.accuracy",
        "paired.student_int8.minus_linear.macro_f1",
        "paired.student_int8.minus_linear.classes.spam.fpr",
        "paired.linear.minus_ensemble.accuracy",
    ],
)
def test_a_gate_may_ask_for_a_figure_with_an_interval(workspace, key):
    arrange(workspace, None, block(GATE | {"key": key}))
    assert params.read(TASK).gates["crossed"].key == key


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ({"key": "student_int8.macro_f2"}, r"crossfit\.json never holds 'student_int8\.macro_f2'"),
        ({"key": "paired.linear.minus_student_int8.accuracy"}, r"crossfit\.json never holds"),  # the other way round
        ({"key": "student_int8.macro_precision"}, r"has no interval that the gate could judge by"),
        ({"min": 2.0}, r"crossed\.min: 2, but student_int8\.macro_f1 is between 0 and 1"),
        ({"key": "paired.student_int8.minus_linear.macro_f1", "min": -2.0}, r"is between -1 and 1"),
        ({"minus": "linear.macro_f1"}, r"has no interval, for which both must be measured on the same draws"),
    ],
)
def test_a_gate_on_a_figure_that_there_never_is_is_refused(workspace, gate, words):
    arrange(workspace, None, block(GATE | gate))
    with pytest.raises(ParamsError, match=words):
        params.read(TASK)


def test_a_gate_where_no_fold_is_built_is_refused(workspace):
    arrange(workspace, None, block(GATE, folds=0))
    with pytest.raises(ParamsError, match=r"gates\.crossed: metric: crossfit, but crossfit\.folds is 0, .*set it to 5"):
        params.read(TASK)


def test_one_fold_is_refused(workspace):
    arrange(workspace, None, BLOCK | {"crossfit": {"folds": 1}})
    with pytest.raises(ParamsError, match=r"mini\.crossfit\.folds: 1 fold would leave nothing to learn from"):
        params.read(TASK)
