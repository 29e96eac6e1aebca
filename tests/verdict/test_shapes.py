"""Metrics files of any age in today's shape."""

import copy

import pytest
from judged import NEW, NEW_GATE, OLD, OLD_GATE, RATES

from decant.verdict import shapes


def test_classes_of_an_old_file_come_one_level_down_and_nothing_else_moves():
    found = shapes.contestants(OLD)
    assert found["linear"] == NEW["linear"]
    assert found["student_int8"] == NEW["student_int8"] | {"classes": {"scam": RATES}}
    assert list(found) == ["linear", "student_int8"], "what has no accuracy is no contestant"


def test_a_file_of_today_comes_back_as_it_is():
    before = copy.deepcopy(NEW)
    assert shapes.contestants(NEW) == {name: NEW[name] for name in ("linear", "student_int8")}
    assert before == NEW
    assert shapes.gates(NEW_GATE) == NEW_GATE["gates"]


def test_gates_that_had_passed_hold_and_the_others_fail():
    assert shapes.gates(OLD_GATE) == {
        "f1": {"value": 0.9, "bound": 0.8, "result": "holds"},
        "fpr": {"value": 0.1, "bound": 0.02, "result": "fails"},
    }


def test_rows_and_digest_are_found_in_both_shapes():
    assert [shapes.rows(test) for test in (NEW, OLD, {})] == [214, 214, None]
    assert [shapes.model_md5(gate) for gate in (NEW_GATE, OLD_GATE, {})] == ["12", "34", None]


@pytest.mark.parametrize(
    ("test", "gate", "wanted"),
    [
        (NEW, NEW_GATE, False),
        (OLD, NEW_GATE, True),
        (NEW, OLD_GATE, True),
        (NEW, None, False),
        (None, OLD_GATE, True),
        (None, None, False),
    ],
)
def test_an_old_shape_is_known_by_either_file(test, gate, wanted):
    assert shapes.old(test, gate) == wanted
