"""One sentence says which way a difference goes, or that none is shown, and never more than the figures do."""

import pytest

from decant.scoring import wording


def entry(value, low, high, mended=12, broken=5, p=0.1435, measure="macro_f1"):
    found = {measure: value, f"{measure}_low": low, f"{measure}_high": high}
    return found | {"mended": mended, "broken": broken, "mcnemar_p": p}


def test_an_interval_above_0_is_better():
    assert wording.sentence(entry(0.0181, 0.0042, 0.0309), "linear") == (
        "better than linear by 1.8 points of macro F1, interval 0.4 to 3.1; 12 rows mended, 5 broken (p = .14)"
    )


def test_an_interval_below_0_is_worse_by_positive_points():
    assert wording.sentence(entry(-0.0181, -0.0309, -0.0042, 5, 12), "ensemble") == (
        "worse than ensemble by 1.8 points of macro F1, interval 0.4 to 3.1; 5 rows mended, 12 broken (p = .14)"
    )


@pytest.mark.parametrize(("low", "high"), [(-0.004, 0.031), (0.0, 0.031), (-0.031, 0.0)])
def test_an_interval_that_holds_0_shows_no_difference(low, high):
    found = wording.sentence(entry(0.012, low, high), "student")
    assert found.startswith("no difference from student shown: 1.2 points of macro F1, interval ")
    assert "better" not in found
    assert "worse" not in found


def test_no_difference_keeps_its_signs():
    found = wording.sentence(entry(-0.012, -0.031, 0.004), "student")
    assert found.startswith("no difference from student shown: -1.2 points of macro F1, interval -3.1 to 0.4; ")


@pytest.mark.parametrize("measure", wording.NAMES)
def test_every_headline_figure_has_its_words(measure):
    found = wording.sentence(entry(0.02, 0.01, 0.03, measure=measure), "linear", measure)
    assert f"by 2.0 points of {wording.NAMES[measure]}, interval 1.0 to 3.0" in found


def test_a_figure_that_the_rows_did_not_give_is_an_error():
    with pytest.raises(KeyError, match="micro_auc"):
        wording.sentence(entry(0.02, 0.01, 0.03), "linear", "micro_auc")


@pytest.mark.parametrize(
    ("mended", "broken", "words"),
    [
        (0, 0, "no row mended or broken"),
        (1, 0, "1 row mended, 0 broken (p = .14)"),
        (0, 1, "0 rows mended, 1 broken (p = .14)"),
    ],
)
def test_rows_are_counted_as_people_count(mended, broken, words):
    assert wording.rows(mended, broken, 0.1435) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (1.0, "p = 1"),
        (0.996, "p = 1"),
        (0.5, "p = .50"),
        (0.1435, "p = .14"),
        (0.0423, "p = .042"),
        (0.0010, "p = .001"),
        (0.00099, "p < .001"),
        (0.0, "p < .001"),
    ],
)
def test_a_p_has_two_digits_and_is_never_0(p, words):
    assert wording.chance(p) == words


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (0.0, "0.0"),
        (1.84, "1.8"),
        (-0.26, "-0.3"),
        (0.04, "0.04"),
        (-0.004, "-0.004"),
        (0.0001, "0.000"),
        (100.0, "100.0"),
    ],
)
def test_a_number_that_is_not_0_is_not_shown_as_0_0(points, words):
    assert wording.shown(points) == words
