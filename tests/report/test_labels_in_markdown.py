"""A label in Markdown shows as it is, whatever it is, and ends nothing."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from decant.report.pages import plain, table, write_page

BARE = ["scam", "topic_crypto", "a b", "not spam", "正面", "C++", "v1.0", "50%"]
CODED = [
    "a|b",
    "`x`",
    "*bold*",
    "_x_",
    "x_",
    "<b>",
    "<script>alert(1)</script>",
    "a, b",
    "[a](b)",
    "#1",
    "@x",
    "&amp;",
    "\\",
    "-x",
    "http://a.example",
    "😀",
]


@pytest.mark.parametrize("label", BARE)
def test_a_label_of_letters_and_simple_marks_stands_bare(label):
    assert plain(label) == label


@pytest.mark.parametrize("label", CODED)
def test_any_other_label_is_code_in_one_cell(label):
    text = table([{"class": plain(label), "rows": 1}], "class")
    read = MarkdownIt("commonmark").enable("table").render(text)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", read)
    assert len(cells) == 2
    assert html.unescape(cells[0].removeprefix("<code>").removesuffix("</code>")) == label


@pytest.mark.parametrize("label", CODED)
def test_a_label_that_names_a_column_ends_no_cell_and_is_no_markup(label):
    text = table([{"group": "all", f"{label}: recall": 0.5}], "group")
    read = MarkdownIt("commonmark").enable("table").render(text)
    heads = re.findall(r"<th[^>]*>(.*?)</th>", read)
    assert [html.unescape(re.sub("</?code>", "", head)) for head in heads] == ["group", f"{label}: recall"]


def test_a_line_break_is_seen_and_ends_no_row():
    text = table([{"class": plain("two\nlines")}], "class")
    assert len(text.splitlines()) == 3
    assert "two&#92;nlines" in text


def test_a_page_shows_html_of_somebody_as_text(tmp_path):
    write_page(tmp_path / "data.md", "data", "# x\n\n<script>alert(1)</script>\n")
    assert "<script>alert" not in (tmp_path / "data.html").read_text(encoding="utf-8")
