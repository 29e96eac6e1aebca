"""HTML from values: nothing of the data becomes markup, numbers read as people write them."""

import pytest

from decant.report.markup import Html, bounded, folded, number, section, table, tag
from decant.report.strips import Axis, axis_of, strip

BAD = "<script>alert(1)</script> & \"x\" 'y'"


def test_text_is_escaped_wherever_it_stands():
    made = [
        tag("p", BAD), tag("p", title=BAD), table([{"label": BAD, "n": 1}], BAD), section("anchor", BAD, BAD), folded(BAD, BAD),
    ]  # fmt: skip
    for one in made:
        assert "<script" not in one
        assert "&lt;script&gt;" in one
        assert '"x"' not in one


def test_markup_is_escaped_once():
    assert tag("p", tag("b", "a & b")) == "<p><b>a &amp; b</b></p>"
    assert isinstance(tag("p"), Html)


def test_attributes_that_are_off_are_left_out():
    assert tag("td", class_=None, hidden=False, open=True, data_cell=0) == '<td open data-cell="0"></td>'
    assert tag("input", type="range") == '<input type="range">'


@pytest.mark.parametrize(
    ("value", "key", "shown"),
    [
        (0.8462, "", "0.846"), (1.0, "", "1.000"), (0, "", "0"), (5427, "", "5,427"), (-0.0077, "", "\N{MINUS SIGN}0.008"),
        (-0.0001, "", "0.000"), (8947357, "bytes", "8.9 MB"), (9_000_000.0, "student.bytes", "9.0 MB"), (123.4, "", "123"),
        (True, "", "yes"),
    ],
)  # fmt: skip
def test_a_number_reads_as_people_write_it(value, key, shown):
    assert number(value, key) == shown


def test_a_figure_brings_its_interval_where_it_has_one():
    assert bounded({"f1": 0.5, "f1_low": 0.4, "f1_high": 0.6}, "f1") == "0.500 (0.400 to 0.600)"
    assert bounded({"f1": 0.5}, "f1") == "0.500"
    assert bounded({}, "f1") == ""


def test_a_table_can_be_reached_and_scrolled_by_keyboard():
    made = table([{"label": "a", "n": 1}, {"label": "b", "share": None}], "Shares")
    assert 'tabindex="0"' in made
    assert 'aria-label="Shares"' in made
    assert [f">{name}</th>" in made for name in ("label", "n", "share", "a", "b", "1")] == [True] * 5 + [False]
    assert '<th scope="row">b</th><td></td><td></td>' in made


def test_a_place_on_an_axis_is_in_percent_and_never_beyond_its_ends():
    axis = Axis(0.5, 1.0)
    assert [axis.at(value) for value in (0.5, 0.75, 1.0, 7.0, -7.0)] == [
        "0.00%",
        "50.00%",
        "100.00%",
        "100.00%",
        "0.00%",
    ]


@pytest.mark.parametrize("values", [[0.0], [0.8, 0.9], [-3.0, None, 4.0], [7e6, 9e6]], ids=str)
def test_an_axis_has_room_for_all_and_round_ticks_inside(values):
    axis = axis_of(values)
    known = [value for value in values if value is not None]
    assert axis.low < min(known)
    assert axis.high > max(known)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 7
    assert all(axis.low <= tick <= axis.high for tick in ticks)


@pytest.mark.parametrize(
    ("side", "shaded"), [("min", 'x="60.00%" width="40.00%"'), ("max", 'x="0.00%" width="60.00%"')]
)
def test_a_strip_shades_the_side_that_a_gate_asks_for(side, shaded):
    made = strip(Axis(0.0, 1.0), 0.5, 0.4, 0.7, 0.6, side)
    assert shaded in made
    assert 'x1="40.00%" x2="70.00%"' in made
    assert 'cx="50.00%"' in made
    assert 'aria-label="0.500 (0.400 to 0.700), bound 0.600"' in made
