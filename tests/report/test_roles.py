"""The rule that recommends a contestant for a use, at its limits."""

import pytest

from decant.keys import STUDENT_INT8
from decant.report.roles import ANSWER_MS, BROWSER_BYTES, recommend

SCORES = {"linear": 0.7, "teacher": 0.9, "student": 0.81, STUDENT_INT8: 0.8}
SIZES = {"linear": 9_000_000, "teacher": 90_000_000, "student": 30_000_000, STUDENT_INT8: 8_000_000}
LATENCY = {STUDENT_INT8: 5.0, "student": 9.0}
RATES = {STUDENT_INT8: 500.0, "teacher": 50.0}


def chosen(worse=(), sizes=SIZES, latency=LATENCY, scores=SCORES) -> dict[str, str | None]:
    found = recommend(
        "macro F1",
        STUDENT_INT8,
        scores,
        dict.fromkeys(SCORES, False) | dict.fromkeys(worse, True),
        sizes,
        latency,
        RATES,
    )
    return {role.name: role.contestant for role in found}


def test_the_shipped_model_does_everything_where_it_is_not_shown_to_be_worse():
    assert chosen() == {"browser": STUDENT_INT8, "service": STUDENT_INT8, "offline": STUDENT_INT8}


def test_offline_takes_the_best_one_where_it_is_shown_to_be_better():
    assert chosen(worse=["teacher"])["offline"] == "teacher"
    assert chosen(worse=["linear"])["offline"] == STUDENT_INT8  # worse than another than the best


def test_a_service_takes_fp32_where_it_is_shown_to_be_better():
    assert chosen(worse=["student"])["service"] == "student"
    assert chosen(worse=["student"])["browser"] == STUDENT_INT8


def test_a_service_takes_the_best_of_those_that_are_quick_enough_and_shown_to_be_better():
    quick = LATENCY | {"teacher": ANSWER_MS}
    assert chosen(worse=["student", "teacher"], latency=quick)["service"] == "teacher"
    assert chosen(worse=["student"], latency=quick)["service"] == "student"
    assert chosen(worse=["student", "teacher"], latency=LATENCY | {"teacher": ANSWER_MS + 1})["service"] == "student"
    assert chosen(worse=["student", "teacher"])["service"] == "student"  # nobody has timed the teacher


@pytest.mark.parametrize(("size", "fits"), [(BROWSER_BYTES, True), (BROWSER_BYTES + 1, False)])
def test_a_browser_has_a_limit_in_bytes(size, fits):
    found = chosen(sizes=SIZES | {STUDENT_INT8: size})
    assert (found["browser"] == STUDENT_INT8) == fits
    assert found["service"] == STUDENT_INT8


@pytest.mark.parametrize(("ms", "fits"), [(ANSWER_MS, True), (ANSWER_MS + 0.1, False)])
def test_an_answer_that_takes_too_long_fits_neither_browser_nor_service(ms, fits):
    found = chosen(latency={STUDENT_INT8: ms})
    assert (found["browser"] is not None, found["service"] is not None) == (fits, fits)
    assert found["offline"] == STUDENT_INT8


def test_where_no_latency_was_measured_nothing_is_promised():
    assert chosen(latency={}) == {"browser": None, "service": None, "offline": STUDENT_INT8}


def test_a_linear_model_that_ships_does_all_but_the_browser():
    found = recommend("macro F1", "linear", SCORES, {}, SIZES, LATENCY | {"linear": 0.5}, RATES)
    assert {role.name: role.contestant for role in found} == {"browser": None, "service": "linear", "offline": "linear"}
    assert found[0].why.startswith("no ONNX model; ")


def test_each_reason_has_its_figures():
    why = {
        role.name: role.why
        for role in recommend("macro F1", STUDENT_INT8, SCORES, {"teacher": True}, SIZES, LATENCY, RATES)
    }
    assert why == {
        "browser": "8.0 MB, 95 % of texts within 5.0 ms",
        "service": "none within 100 ms is shown to be better; 95 % of texts within 5.0 ms",
        "offline": "macro F1 0.900; the shipped model has 0.800, shown to be less; a million rows take 333 minutes of a core",
    }
