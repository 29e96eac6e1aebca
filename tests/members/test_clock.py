"""Turns and the clock, with clocks that the tests wind."""

import numpy as np
import pytest

from decant.members import clock


@pytest.fixture
def wound(monkeypatch):
    """Two clocks that `pass_` moves on: seconds of the thread, and of the wall."""
    now = {"thread": 0.0, "wall": 0.0}
    monkeypatch.setattr(clock.time, "thread_time", lambda: now["thread"])
    monkeypatch.setattr(clock.time, "perf_counter", lambda: now["wall"])

    def pass_(seconds: tuple[float, float]) -> None:
        now["thread"] += seconds[0]
        now["wall"] += seconds[1]

    return pass_


def test_on_one_thread_the_time_that_others_had_the_core_does_not_count(wound):
    watch = clock.Clock(1)
    assert (watch.name, watch.seconds(wound, (2.0, 5.0))) == ("thread", 2.0)
    assert watch.seconds(wound, (2.0, 3.0)) == 2.0
    assert watch.wall_ratio == 2.0


def test_threads_of_a_call_are_timed_by_the_wall_clock(wound):
    watch = clock.Clock(2)
    assert (watch.name, watch.seconds(wound, (2.0, 5.0))) == ("wall", 5.0)
    assert watch.wall_ratio == 1.0


def test_each_time_stands_at_its_pass_and_its_input(wound):
    given = [(float(number), 9.0) for number in range(1, 14)]
    found = clock.in_turn({"a": (wound, given), "b": (wound, given[:2])}, 3, clock.Clock(1), "test")
    assert found["a"].tolist() == [[float(number) for number in range(1, 14)]] * 3
    assert found["b"].tolist() == [[1.0, 2.0]] * 3


def test_everyone_has_turns_all_through_a_pass_and_each_begins_untimed():
    asked = []
    calls = {name: ((lambda given, name=name: asked.append((name, given))), list(range(20))) for name in "ab"}
    found = clock.in_turn(calls, 1, clock.Clock(1), "test")
    turns = np.array_split(np.arange(20), clock.ROUNDS)
    assert len(turns) > 2
    assert asked == [(name, row) for turn in turns for name in "ab" for row in [turn[0], *turn]]
    assert {name: times.shape for name, times in found.items()} == {"a": (1, 20), "b": (1, 20)}
