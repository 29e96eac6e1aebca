"""Pages that people read: Markdown tables, and a file as Markdown with its HTML twin."""

import re
from pathlib import Path

from markdown_it import MarkdownIt

from decant.files import writing
from decant.report.markup import Html, tag
from decant.report.shell import whole

# that mean nothing in a cell or a list of labels; an underscore does, unless it is between letters
PLAIN = re.compile(r"(?!.*(?:://|www\.))[^\W_][\w .:;+/=()%-]*(?<!_)")


def table(rows: list[dict], first: str) -> str:
    """A Markdown table; columns in the order of their first appearance, missing cells empty; `first` is left-aligned. A column
    may have the name of a label."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [
        f"| {' | '.join(map(plain, columns))} |",
        f"|{'|'.join('---' if key == first else '---:' for key in columns)}|",
    ]
    return "\n".join(lines + [f"| {' | '.join(shown(row.get(key)) for key in columns)} |" for row in rows])


def plain(text: str) -> str:
    """A label as Markdown that shows it as it is: one of letters, digits and simple marks stands bare, any other as code on
    one line, with no character that could end a cell, a list or the code."""
    if text.strip() and PLAIN.fullmatch(text):
        return text
    visible = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
    return f"<code>{''.join(sign if sign.isalnum() or sign == ' ' else f'&#{ord(sign)};' for sign in visible)}</code>"


def shown(value: object) -> str:
    """A cell: four decimals, thousands apart, a red verdict in bold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_page(file: Path, title: str, text: str) -> None:
    """file: the Markdown; the HTML lies beside it."""
    write_text(file, text)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    body = body.replace("<table>", '<div class="box" tabindex="0"><table>').replace("</table>", "</table></div>")
    page = tag("main", tag("section", Html(body)))
    write_text(file.with_suffix(".html"), whole(title, [page]))


def write_text(file: Path, text: str) -> None:
    with writing(file) as partial:
        partial.write_text(text, encoding="utf-8")
