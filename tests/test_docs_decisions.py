"""docs/decisions: each record is short and whole, and the figure that decided it stands in the file that it names."""

import re
from pathlib import Path

import pytest
from graph import ROOT

FOLDER = ROOT / "docs/decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
FIGURE = re.compile(r'^- Figure: "([^"]+)" \(`([^`]+)`\)', re.MULTILINE)


def figures(record: str) -> list[tuple[str, str]]:
    """What each line of a record quotes, and from which file."""
    return FIGURE.findall(record)


def lost(record: str) -> list[str]:
    """Figures that their file does not hold, in one line or over several."""
    return [
        quote for quote, file in figures(record) if quote not in one_line((ROOT / file).read_text(encoding="utf-8"))
    ]


def one_line(text: str) -> str:
    return " ".join(re.sub(r"(?m)^\s*#", "", text).split())


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: file.stem)
def test_a_record_is_short_and_whole(file):
    text = file.read_text(encoding="utf-8")
    assert 10 <= len(text.splitlines()) <= 25
    assert text.startswith(f"# {int(file.stem[:2])}. ")
    assert re.findall(r"(?m)^\*\*(\w+)\.\*\* ", text) == ["Context", "Decision", "Consequence"]


@pytest.mark.parametrize("file", RECORDS, ids=lambda file: file.stem)
def test_the_figure_that_decided_stands_where_the_record_says(file):
    text = file.read_text(encoding="utf-8")
    assert len(figures(text)) == text.count("\n- Figure: ") > 0
    assert lost(text) == []


def test_a_figure_that_a_file_no_longer_holds_is_seen():
    record = '- Figure: "4,417 lines of 4,956" (`decant/settings/base.py`): lines\n'
    assert lost(record) == ["4,417 lines of 4,956"]


def test_the_records_are_numbered_and_the_list_names_each_by_its_title():
    titles = [re.match(r"# (\d+)\. (.+)", file.read_text(encoding="utf-8")).groups() for file in RECORDS]
    assert [int(number) for number, _ in titles] == list(range(1, len(RECORDS) + 1))
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(*title, Path(file).name) for title, file in zip(titles, RECORDS, strict=True)]
