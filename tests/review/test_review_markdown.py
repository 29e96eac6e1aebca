"""Markdown that data cannot break."""

import html
import re

import pytest
from markdown_it import MarkdownIt

from decant.review import markdown

EVIL = ["a|b", "`x`", "<img src=x onerror=alert(1)>", "@everyone", "a\nb", "</details>", "[x](http://e.test)", "**b**",
        "#12", "\u202eabc", " ", "", "a``b", "&lt;", "ends with a backslash \\", "_x_ ~y~"]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_a_value_stays_itself_in_one_cell_and_is_code(text):
    table = markdown.table(["a", "b"], [[markdown.code(text), "after"]])
    rendered = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(table)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", rendered, re.DOTALL)
    assert len(cells) == 2
    assert cells[1] == "after"
    inner = re.fullmatch(r"<code>([^<]*)</code>", cells[0])
    assert inner, cells[0]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    assert html.unescape(inner[1]) == shown


def test_no_character_that_calls_or_ends_something_is_left_bare():
    for text in EVIL:
        assert not set(markdown.code(text).removeprefix("<code>").removesuffix("</code>").strip("`")) & set(
            "|`<>@[]*_\n"
        )


def test_what_is_plain_is_plain_and_what_is_long_is_cut():
    assert markdown.code("row-12") == "`row-12`"
    assert markdown.code("x" * 200) == f"<code>{'x' * 79}&#8230;</code>"


def test_figures_have_four_decimals_and_thousands_apart():
    assert [markdown.number(value) for value in (0.5, 8947357, 9000000.0, 1234.56, -0.00712, True, "a|b")] == [
        "0.5000", "8,947,357", "9,000,000", "1,234.6", "-0.0071", "`True`", "<code>a&#124;b</code>"]  # fmt: skip


def test_ids_are_capped_with_a_count():
    assert markdown.ids(["a", "b"], 2) == "`a`, `b`"
    assert markdown.ids(["a", "b", "c", "d"], 2) == "`a`, `b` and 2 more"


def test_what_does_not_fit_is_left_out_whole_and_said():
    blocks = ["marker", "x" * 50, markdown.fold("f", "y" * 50), "z"]
    assert markdown.within(blocks, 500, "rest") == "\n\n".join(blocks) + "\n"
    cut = markdown.within(blocks, 80, "rest")
    assert cut == f"marker\n\n{'x' * 50}\n\nrest\n"
    assert len(cut) <= 80
