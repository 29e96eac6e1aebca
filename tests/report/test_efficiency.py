"""Size, quality and latency on the page: everyone that was timed, by length, and the front of the students."""

import re
from itertools import pairwise

import pytest
import reporting
from graph import ROOT

from decant import paths
from decant.files import read_json, write_json
from decant.keys import STUDENT_INT8
from decant.report import pareto, plane, speed
from stages import report


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """The section of a small page. change(benchmark): edits its timings before."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())

    def write(task: str = "demo", change=lambda timed: None) -> str:
        reporting.write(task)
        timed = read_json(paths.metrics(task, "benchmark"))
        change(timed)
        write_json(paths.metrics(task, "benchmark"), timed)
        report.main(task)
        page = reporting.page(task).read_text(encoding="utf-8")
        return page.split('<section id="efficiency"', 1)[1].split("</section>", 1)[0]

    return write


def planes(text: str) -> dict[str, str]:
    """Title -> the drawing of each plane."""
    found = re.findall(r"<figure><figcaption>([^<]*)</figcaption><svg class=\"plane\".*?</figure>", text)
    return dict(zip(found, re.split(r"<svg class=\"plane\"", text)[1:], strict=True))


def cells(text: str, name: str) -> list[list[str]]:
    """Rows of a table of that name."""
    table = text.split(f'aria-label="{name}"', 1)[1].split("</table>", 1)[0]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]


def test_everyone_that_was_timed_stands_over_its_latency_and_the_shipped_one_is_marked(shown):
    drawn = planes(shown())["macro F1 against latency"]
    dots = re.findall(r'<circle cx="([\d.]+)%"[^>]*class="dot (\w+)"><title>(\w+): ', drawn)
    places = {name: float(place) for place, _, name in dots}
    assert sorted(places, key=places.get) == [
        "linear",
        STUDENT_INT8,
        "student",
        "probe",
        "teacher_minilm_13",
        "ensemble",
    ]
    assert [name for _, kind, name in dots if kind == "shipped"] == [STUDENT_INT8]
    assert "ms for a text (median)" in drawn


def test_the_table_has_what_was_measured_of_each(shown):
    head, *rows = cells(shown(), "Size, quality and latency of every contestant")
    found = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert found[STUDENT_INT8]["ms a text, median"] == "1.700"
    assert found["probe"]["times int8"] == "8.24"
    assert found["linear"]["rows a second, in batches"] == "1,111"
    assert (found["student"]["cold start, s"], found["ensemble"]["cold start, s"]) == ("0.25", "")
    assert found["student_torch"]["macro F1"] == "as student"
    assert not any("not measured" in cell for row in rows for cell in row)


def test_latency_by_length_has_both_precisions_and_the_floor(shown):
    text = shown()
    drawn = planes(text)["Latency by length"]
    assert drawn.count("<polyline") == 5
    assert re.findall(r"</svg>([^<]+)</li>", drawn) == [name for _, _, name in speed.LINES]
    assert 'class="curve floor"' in drawn
    rows = cells(text, "Latency by length")
    assert [row[0] for row in rows] == ["tokens", "8", "16", "32", "64", "96"]
    assert rows[3][1:3] == ["2.00", "2.29"]
    assert "220 billion a second" in text


def test_the_page_says_by_which_clock_and_how_busy_the_machine_was(shown):
    assert "the wall clock ran 1.5 times as long" in shown()
    assert "wall clock" not in shown(change=lambda timed: timed.update(clock="wall"))


def test_timings_of_before_are_shown_for_what_they_have(shown):
    text = shown("feelings")
    assert list(planes(text)) == ["micro AUC against size"]
    assert "Latency by length" not in text
    rows = {row[0]: row for row in cells(text, "Size, quality and latency of every contestant")}
    assert rows[STUDENT_INT8][3:] == ["3.000", "6.000"]
    assert rows["student"][3:] == ["7.000", "not measured"]
    assert rows["linear"][3:] == ["not measured", "not measured"]
    assert "service" in text


def test_students_of_other_sizes_stand_over_their_latency_and_the_front_is_joined(shown):
    text = shown()
    drawn = planes(text)["macro F1 on valid against latency"]
    names = re.findall(r"<title>([^:]+): [\d.]+ ms", drawn)
    assert sorted(names) == [
        "2 layers",
        "2 layers × 512, 6 heads",
        "3 layers",
        "3 layers × 512, 6 heads",
        "4 layers",
    ]
    assert re.findall(r'class="dot shipped"><title>([^:]+):', drawn) == ["3 layers"]
    (line,) = re.findall(r'<polyline points="([^"]+)" class="curve thin">', drawn)
    assert len(line.split()) == 4  # four layers are slower than three, and worse
    assert len(cells(text, pareto.TITLE)) == 1 + 6  # the one that was not judged is in the table


def test_students_that_nobody_timed_are_a_table(shown):
    text = shown("feelings")
    assert pareto.TITLE in text
    assert [row[0] for row in cells(text, pareto.TITLE)] == ["layers", "0-1", "0-1"]


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(1, 0.5), (2, 0.6), (3, 0.55)], [(1, 0.5), (2, 0.6)]),
        ([(2, 0.6), (1, 0.7)], [(1, 0.7)]),
        ([(1, 0.5), (1, 0.6), (2, 0.6)], [(1, 0.6)]),
        ([(3, 0.9)], [(3, 0.9)]),
    ],
)
def test_the_front_is_of_those_that_no_other_one_beats_in_both(points, front):
    assert pareto.front(points) == front
    assert pareto.front(points[::-1]) == front


def test_names_stand_on_no_other_name_even_on_a_phone():
    """Six contestants at one place and one quality."""
    points = [plane.Point(f"contestant {number}", 1.0, 0.5, 0.5) for number in range(6)]
    wide, high = plane.Scale(0, 2), plane.Scale(0, 1)
    drawn = "".join(plane.dots(points, wide, high, 0))
    lines = sorted(float(row) for row in re.findall(r'<text x="50.00%" dx="[-\d.]+" y="([\d.]+)"', drawn))
    assert len(lines) == 6
    assert min(after - before for before, after in pairwise(lines)) >= plane.TALL


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (plane.Scale(0.5, 30, log=True), [1, 3, 10, 30]),
        (plane.Scale(0.8, 4, log=True), [1, 2]),
        (plane.Scale(0.05, 200, log=True), [0.1, 1, 10, 100]),
        (plane.Scale(0.7, 1.0), [0.7, 0.8, 0.9, 1.0]),
    ],
)
def test_ticks_are_round_values_inside(scale, ticks):
    assert scale.ticks() == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("ms", "said"), [(0.64, "0.7"), (1.0, "1"), (1.4, "1.5"), (2.16, "3"), (7.2, "10"), (31.0, "50"), (120, "150")]
)
def test_a_card_rounds_a_latency_up(ms, said):
    assert speed.within(ms) == said


def test_a_card_says_how_long_an_answer_takes_and_on_what():
    timed = reporting.BENCHMARK
    words = "half of the texts of this task within 2 ms and 95 % within 5 ms, one at a time on one thread of one (avx2)"
    assert words in speed.in_words(timed, "student_int8")
    assert "at most 90 MB of memory" in speed.in_words(timed, "student_int8")
    assert "memory" not in speed.in_words(reporting.BEFORE | {"peak_memory_mb": 224.4}, "student_int8"), (
        "that one was its parent's"
    )
    assert "on 2 threads of" in speed.in_words(timed | {"threads": 2}, "student_int8")
