"""Markdown that no label, id or value can break: what comes from data is code, and every character in it stays itself."""

import html
import re

PLAIN = re.compile(r"[\w .,:;+/=()%-]+", re.ASCII)  # that means nothing in a code span or a table
LONGEST = 80  # characters of a value


def code(value: object, longest: int = LONGEST) -> str:
    """A value as code, on one line. GitHub and GitLab look for no mention, reference or HTML in it."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if text.strip() and PLAIN.fullmatch(text):
        return f"`{text}`"
    # all but letters and digits by number: | ends a cell, a backtick code, @ calls somebody, < begins HTML
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in text)}</code>"


def table(columns: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A table of cells that are Markdown already; the first `left` columns are left-aligned."""
    rule = ["---"] * left + ["---:"] * (len(columns) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def number(value: object) -> str:
    """A figure: four decimals, thousands apart; what is no number as code."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return code(value, 40)
    if isinstance(value, int) or (abs(value) >= 1000 and value == int(value)):
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:,.1f}"


def exact(value: float) -> str:
    """A number as somebody wrote it, such as a bound."""
    return f"{int(value):,}" if float(value).is_integer() else repr(value)


def fold(title: str, text: str) -> str:
    """Text behind a line that opens it. title: plain text."""
    return f"<details>\n<summary>{html.escape(title)}</summary>\n\n{text}\n\n</details>"


def ids(values: list[str], most: int) -> str:
    """Ids as code, the first `most` of them, and how many more there are."""
    shown = ", ".join(code(value) for value in values[:most])
    return shown + (f" and {len(values) - most:,} more" if len(values) > most else "")


def within(blocks: list[str], most: int, rest: str) -> str:
    """Blocks with a blank line between them, whole ones only, as many as fit with `rest`, which then says what is left.

    most: characters of it all.
    """
    whole = "\n\n".join(blocks) + "\n"
    if len(whole) <= most:
        return whole
    kept, size = [], len(rest) + 1
    for block in blocks:
        size += len(block) + 2
        if size > most:
            break
        kept.append(block)
    return "\n\n".join([*kept, rest]) + "\n"
