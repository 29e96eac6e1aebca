"""headline.json: a dozen figures that say no more than their intervals do."""

import json

import pytest

from decant.keys import STUDENT_INT8
from decant.verdict import headline

GATES = {"size": "holds", "loss": "holds", "f1": "open", "fpr": "fails"}
TEST = {
    "linear": {"n": 450, "accuracy": 0.9},
    STUDENT_INT8: {
        "n": 450,
        "accuracy": 0.91234, "accuracy_low": 0.88321, "accuracy_high": 0.93789,
        "macro_f1": 0.90712, "macro_f1_low": 0.87744, "macro_f1_high": 0.93432,
        "micro_auc": 0.98123, "micro_auc_low": 0.97312, "micro_auc_high": 0.98812,
        "macro_auc": 0.97444, "macro_auc_low": 0.95, "macro_auc_high": 0.99,
        "classes": {"scam": {"fpr": 0.02976, "fpr_low": 0.01432, "fpr_high": 0.05412}, "clean": {"fpr": 0.1}},
    },
}  # fmt: skip
PAIRED = {
    "minus_linear": {
        "n": 450, "macro_f1": -0.00412, "macro_f1_low": -0.02123, "macro_f1_high": 0.01444,
        "micro_auc": 0.01234, "micro_auc_low": 0.00412, "micro_auc_high": 0.02023,
    }
}  # fmt: skip
GATE = {"verdict": "red", "evidence": {}, "gates": {name: {"result": result} for name, result in GATES.items()}}
SIZE = 6807608


def of(multilabel=False, caps=("scam",), test=TEST, paired=PAIRED):
    return headline.headline(test, paired, GATE, SIZE, multilabel, list(caps))


def test_a_task_of_one_answer_has_macro_f1_and_accuracy():
    assert of() == {
        "verdict": "red", "gates_hold": 2, "gates_open": 1, "gates_fail": 1, "n": 450,
        "macro_f1": 0.91, "macro_f1_low": 0.88, "macro_f1_high": 0.93,
        "accuracy": 0.91, "accuracy_low": 0.88, "accuracy_high": 0.94,
        "minus_linear": 0.0, "minus_linear_low": -0.02, "minus_linear_high": 0.01,
        "scam_fpr": 0.03, "scam_fpr_low": 0.01, "scam_fpr_high": 0.05,
        "bytes": 6807608,
    }  # fmt: skip


def test_a_task_of_several_answers_has_auc_first_and_the_difference_in_it():
    found = of(multilabel=True, caps=())
    assert [key for key in found if not key.endswith(("_low", "_high"))] == [
        *("verdict", "gates_hold", "gates_open", "gates_fail", "n"),
        *("micro_auc", "macro_auc", "macro_f1", "minus_linear", "bytes"),
    ]
    assert found["micro_auc"] == 0.981
    assert found["minus_linear"] == 0.012


def test_a_figure_that_test_json_does_not_have_is_left_out():
    shipped = {key: value for key, value in TEST[STUDENT_INT8].items() if not key.startswith("macro_auc")}
    found = of(multilabel=True, caps=["clean"], test={STUDENT_INT8: shipped})
    assert not any(key.startswith("macro_auc") for key in found)
    assert found["clean_fpr"] == 0.1
    assert "clean_fpr_low" not in found


def test_a_rounded_zero_has_no_sign():
    assert '"minus_linear": 0.0,' in json.dumps(of())


@pytest.mark.parametrize(
    ("low", "high", "n", "wanted"),
    [
        (0.87, 0.93, 450, 2),  # half-width 0.03, a tenth 0.003
        (0.973, 0.988, 450, 3),  # 0.0075, 0.00075
        (0.4, 0.8, 12, 1),  # 0.2, 0.02
        (0.0, 1.0, 1, 1),  # the whole range: one decimal is the least
        (0.9001, 0.9003, 10**7, 3),  # never more than three
        (0.95, 0.95, 450, 2),  # no width: 1 / sqrt(450) is 0.047
        (0.95, 0.95, 4, 1),
        (1.0, 1.0, 1, 1),
        (None, None, 450, 2),
        (None, None, 10**6, 3),
    ],
)
def test_decimals_follow_the_half_width(low, high, n, wanted):
    assert headline.decimals(low, high, n) == wanted


def test_a_rerun_that_differs_in_the_fourth_decimal_changes_nothing_but_by_rare_luck():
    """2,000 figures with half-widths of 0.012 to 0.09, each moved by 0.0002 once."""
    changed = 0
    for step in range(2000):
        value, half = 0.6 + step * 0.000137, 0.012 + (step % 40) * 0.002
        digits = headline.decimals(value - half, value + half, 450)
        changed += round(value, digits) != round(value + 0.0002, digits)
    assert 0 < changed < 2000 * 0.04


def test_the_last_decimal_is_never_below_a_tenth_of_the_half_width():
    for step in range(1, 5000):
        half = step / 10_000
        digits = headline.decimals(0.5 - half, 0.5 + half, 450)
        assert 10**-digits >= half / 10 * 0.999999 or digits == 1
        assert digits == headline.MOST or 10 ** -(digits + 1) < half / 10 * 1.000001
