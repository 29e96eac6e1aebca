"""A gate's three results: the whole interval on the right side, the figure alone, or not even that."""

import pytest

from decant.errors import ParamsError
from decant.settings.gates import Gate
from decant.verdict import gates


def fpr(value, low=None, high=None, n=400):
    ends = {} if low is None else {"fpr_low": low, "fpr_high": high}
    return {"student_int8": {"n": n, "classes": {"scam": {"fpr": value} | ends}}}


def capped(**more) -> Gate:
    return Gate(**{"metric": "test", "key": "student_int8.classes.scam.fpr", "max": 0.02} | more)


def gap(value, low, high, n=400):
    return {"minus_linear": {"n": n, "macro_f1": value, "macro_f1_low": low, "macro_f1_high": high}}


def at_least(bound=-0.02, **more) -> Gate:
    return Gate(**{"metric": "paired", "key": "minus_linear.macro_f1", "min": bound} | more)


@pytest.mark.parametrize(
    ("gate", "metrics", "result"),
    [
        pytest.param(capped(), fpr(0.01, 0.005, 0.019), "holds", id="max: the whole interval is below"),
        pytest.param(capped(), fpr(0.01, 0.005, 0.02), "holds", id="max: its end is on the bound"),
        pytest.param(capped(), fpr(0.01, 0.005, 0.021), "open", id="max: the bound is inside"),
        pytest.param(capped(), fpr(0.021, 0.015, 0.03), "fails", id="max: the figure is above"),
        pytest.param(capped(), fpr(0.03, 0.025, 0.04), "fails", id="max: all of it is above"),
        pytest.param(at_least(), gap(0.01, -0.02, 0.03), "holds", id="min: its end is on the bound"),
        pytest.param(at_least(), gap(0.01, -0.021, 0.03), "open", id="min: the bound is inside"),
        pytest.param(at_least(), gap(-0.021, -0.05, 0.01), "fails", id="min: the figure is below"),
        pytest.param(capped(by="value"), fpr(0.01, 0.005, 0.04), "holds", id="by value: the interval decides nothing"),
        pytest.param(capped(by="value"), fpr(0.021, 0.005, 0.04), "fails", id="by value: above"),
    ],
)
def test_a_gate_holds_is_open_or_fails(gate, metrics, result):
    entry = gates.of(gate, metrics, "demo.gates.one")
    assert entry["result"] == result
    assert gates.verdict({"one": entry}) == {"holds": "green", "open": "amber", "fails": "red"}[result]


@pytest.mark.parametrize(
    ("value", "result"),
    [
        pytest.param(0.020038, "fails", id="over the bound in the fifth decimal"),
        pytest.param(0.02 + 1e-9, "fails", id="in the ninth"),
        pytest.param(0.02, "holds", id="on it"),
    ],
)
def test_a_figure_is_judged_before_it_is_rounded(value, result):
    assert gates.of(capped(by="value"), fpr(value), "one")["result"] == result


def test_a_difference_that_meets_its_bound_exactly_does_not_miss_it_by_the_last_bit():
    gate = Gate(metric="export", key="a", minus="b", max=0.005)
    assert 0.85 - 0.845 > 0.005
    assert gates.of(gate, {"a": 0.85, "b": 0.845}, "one")["result"] == "holds"
    assert gates.of(gate, {"a": 0.85, "b": 0.8449}, "one")["result"] == "fails"


def test_a_count_needs_no_interval():
    entry = gates.of(Gate(metric="quantize", key="bytes", max=9_000_000), {"bytes": 6_807_608}, "one")
    assert entry == {
        "metric": "quantize", "key": "bytes", "side": "max", "bound": 9_000_000, "by": "interval", "value": 6_807_608,
        "result": "holds",
    }  # fmt: skip


def test_an_open_gate_says_about_how_many_rows_would_decide_it():
    """The interval reaches .02 beyond the figure and has room for .01: half as wide takes four times the rows."""
    entry = gates.of(capped(), fpr(0.01, 0.002, 0.03, n=400), "one")
    assert entry["more_rows"] == 1000  # of 1,200
    assert gates.of(capped(), fpr(0.01, 0.002, 0.0201, n=400), "one")["more_rows"] == 9  # of 8.04


def test_no_number_of_rows_moves_a_figure_off_its_bound():
    assert "more_rows" not in gates.of(capped(), fpr(0.02, 0.01, 0.03), "one")


def test_rows_are_those_of_the_section_that_the_figure_is_in():
    metrics = {"n": 9, "with_url": {"n": 50, "accuracy": 0.9, "classes": {"scam": {"recall": 0.5}}}, "rate": 0.1}
    assert gates.rows(metrics, "with_url.classes.scam.recall") == 50
    assert gates.rows(metrics, "with_url.accuracy") == 50
    assert gates.rows(metrics, "rate") == 9
    assert gates.rows({"rate": 0.1}, "rate") is None


def test_one_gate_that_fails_is_red_and_one_that_is_open_amber():
    hold, unsure, fail = ({"result": result} for result in ("holds", "open", "fails"))
    assert gates.verdict({"a": hold, "b": hold}) == "green"
    assert gates.verdict({"a": hold, "b": unsure}) == "amber"
    assert gates.verdict({"a": hold, "b": unsure, "c": fail}) == "red"


def test_before_the_first_release_there_is_no_champion_to_be_worse_than():
    gate = Gate(metric="paired", key="minus_champion.macro_f1", min=-0.01)
    entry = gates.of(gate, gap(0.1, 0.05, 0.15), "one")
    assert (entry["result"], entry["note"]) == ("holds", "nothing has been released yet")
    worse = {"minus_champion": {"n": 9, "macro_f1": -0.02, "macro_f1_low": -0.05, "macro_f1_high": 0.0}}
    assert gates.of(gate, worse, "one")["result"] == "fails"


def test_each_cap_has_a_gate_that_nobody_has_to_ask_for():
    metrics = {"quantize": {"bytes": 1}, "test": {}}
    metrics["thresholds"] = {"student_int8": {"classes": {"bad": {"feasible": 1}, "很坏": {"feasible": 0}}}}
    asked = {"size": Gate(metric="quantize", key="bytes", max=2)}
    results = gates.judge("demo", asked, {"bad": 0.1, "很坏": 0.1}, metrics)
    assert {name: entry["result"] for name, entry in results.items()} == {
        "size": "holds", "cap_of_bad": "holds", "cap_of_很坏": "fails",
    }  # fmt: skip
    assert gates.files(asked, {"bad": 0.1}) == ["quantize", "thresholds"]
    assert gates.files(asked, {}) == ["quantize"]


def test_the_caps_are_those_of_what_ships():
    classes = {name: {"classes": {"bad": {"feasible": int(name == "linear")}}} for name in ("linear", "student_int8")}
    asked = {"size": Gate(metric="quantize", key="bytes", max=2)}
    for contestant, result in (("linear", "holds"), ("student_int8", "fails")):
        metrics = {"quantize": {"bytes": 1}, "thresholds": classes, "test": {"judged": {"contestant": contestant}}}
        assert gates.judge("demo", asked, {"bad": 0.1}, metrics)["cap_of_bad"]["result"] == result


def test_without_any_gate_there_is_no_verdict():
    with pytest.raises(ParamsError, match=r"demo\.gates: none"):
        gates.judge("demo", {}, {"scam": 0.1}, {})


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        pytest.param(
            {"student_int8": {"n": 1}}, "no 'student_int8.classes.scam.fpr'; at 'classes' it has: n", id="none"
        ),
        pytest.param(fpr("0.01"), "is '0.01', not a number", id="a text"),
        pytest.param(fpr(True), "is True, not a number", id="a truth value"),
        pytest.param(fpr({"value": 1}), "not a number", id="a section"),
    ],
)
def test_a_gate_about_a_figure_that_is_not_there_stops(metrics, words):
    with pytest.raises(ParamsError, match=words):
        gates.of(capped(), metrics, "demo.gates.one")


def test_a_difference_of_sampled_figures_has_no_interval_to_judge_by():
    with pytest.raises(ValueError, match=r"metric: paired"):
        Gate(metric="test", key="student.macro_f1", minus="linear.macro_f1", min=0.0)
    assert Gate(metric="test", key="student.macro_f1", minus="linear.macro_f1", min=0.0, by="value").by == "value"
