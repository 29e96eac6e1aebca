"""What a report says by itself of a task's metrics."""

import pytest

from decant.report.facts import Facts


def facts(support: dict[str, int], caps: dict[str, float] | None = None, **judged) -> Facts:
    """Of classes with so many test rows."""
    classes = {name: {"support": count} for name, count in support.items()}
    entry = {"n": sum(support.values()), "accuracy": 0.5, "classes": classes}
    metrics = {"test": {"student_int8": entry, "linear": entry | {"n": 7}, "judged": judged}, "quantize": {"bytes": 9}}
    labels = {name: name.upper() for name in support}
    return Facts("demo", metrics, {}, {}, labels, False, caps or {}, "empirical", [], 0.95, [13], ["tiny"])


@pytest.mark.parametrize(
    ("support", "caps", "wanted"),
    [
        ({"ham": 90, "spam": 10}, {}, "SPAM"),
        ({"spam": 10, "ham": 90}, {}, "SPAM"),
        ({"afraid": 3, "happy": 110, "jealous": 1}, {}, "HAPPY"),
        ({"afraid": 3, "happy": 110, "jealous": 1}, {"AFRAID": 0.1}, "AFRAID"),
    ],
)
def test_a_yes_or_no_summary_is_about_a_class_that_has_rows(support, caps, wanted):
    assert facts(support, caps).positive == wanted


def test_what_ships_is_what_the_bundle_of_the_figures_holds():
    assert facts({"a": 1, "b": 2}).ships == "student_int8"  # of before params said what ships
    linear = facts({"a": 1, "b": 2}, contestant="linear")
    assert (linear.ships, linear.n) == ("linear", 7)
