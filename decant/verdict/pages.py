"""Pages that people read: Markdown tables, and a file as Markdown with its HTML twin."""

from pathlib import Path

from markdown_it import MarkdownIt

from decant.files import writing

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}"
    "table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}th,td{padding:.25rem .6rem;border-bottom:1px solid #d5dbe3;"
    "text-align:right}th:first-child,td:first-child{text-align:left}img{max-width:100%}code{background:#f1f4f8;padding:.1rem .3rem}"
)


def table(rows: list[dict], first: str) -> str:
    """A Markdown table; columns in the order of their first appearance, missing cells empty; `first` is left-aligned."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join('---' if key == first else '---:' for key in columns)}|"]
    return "\n".join(lines + [f"| {' | '.join(shown(row.get(key)) for key in columns)} |" for row in rows])


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
    body = MarkdownIt("commonmark").enable("table").render(text)
    head = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>\n'
    write_text(file.with_suffix(".html"), head + body + "</html>\n")


def write_text(file: Path, text: str) -> None:
    with writing(file) as partial:
        partial.write_text(text, encoding="utf-8")
