"""What a student would cost: steps are those of the trainings, and a step that takes longer makes more minutes."""

import encoders
import pytest
import tiny
from test_try_members import rows

from decant.members.clock import Clock
from decant.settings.params import read
from decant.trying import cost, encoder, findings


@pytest.fixture
def found(workspace, tiny_encoder):
    """The costs of 1,000 train and 100 valid rows, with params' batches of 32 and 2 epochs."""
    tiny.shrink(workspace / "params.yaml", encoders.described(tiny_encoder))
    p = read("demo")
    here, why = encoder.opened("tiny", p.catalogue["tiny"], rows().texts, p.tokens)
    assert why == ""
    clock = Clock(1)
    return cost.costs(here, rows(), p, 48, 1000, 100, clock), clock


def test_steps_are_those_that_the_trainings_take(found):
    costs, _ = found
    assert [(one.name, one.steps, one.epochs) for one in costs] == [("teacher", 64, 2), ("student", 64, 2)]
    assert [one.valid for one in costs] == [8, 8]  # 2 batches of 64 rows an epoch, each of two steps' rows
    assert all(one.seconds > 0 for one in costs)


def test_minutes_grow_with_the_step_and_with_the_rows_of_valid():
    plain = cost.Cost("student", 0.5, 600, 8, 0)
    assert plain.minutes == pytest.approx(5)
    assert cost.Cost("student", 1.0, 600, 8, 0).minutes == pytest.approx(10)
    assert cost.Cost("student", 0.5, 600, 8, 180).minutes == pytest.approx(5.5)


@pytest.mark.parametrize(("ratio", "busy"), [(1.1, False), (2.5, True)])
def test_a_busy_machine_is_said_to_be_one(ratio, busy):
    clock = Clock(1)
    clock._timed, clock._wall = 1.0, ratio
    said = findings.cost([cost.Cost("student", 0.5, 600, 8, 0)], clock, 1200).said
    assert ("took 2.5 times as long" in said[-1]) == busy
    assert "about 5.0 minutes for both" in said[0]
    assert "1,200 rows of train" in said[0]
