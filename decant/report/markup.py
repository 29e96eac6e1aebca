"""HTML in small pieces: text escaped, numbers as a reader wants them, tables that scroll inside their own box."""

from html import escape

VOID = ("input",)  # elements that have no end


class Html(str):
    """A piece that is markup already; any other string is text, and is escaped."""

    __slots__ = ()


def text(value: object) -> Html:
    """A value as markup: numbers by `number`, nothing for None."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else escape(number(value) if isinstance(value, int | float) else str(value)))


def number(value: float, key: str = "") -> str:
    """Three decimals for a rate, thousands apart for a count, MB for bytes. key: the figure's name, for its unit."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.split(".")[-1].startswith("bytes") or key.endswith("_bytes"):
        return f"{value / 1e6:,.1f} MB"
    if float(value).is_integer() and (isinstance(value, int) or abs(value) >= 1000):
        return f"{value:,.0f}"
    shown = f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return "0.000" if shown == "-0.000" else shown.replace("-", "\N{MINUS SIGN}")


def interval(value: float | None, low: float | None, high: float | None, key: str = "") -> str:
    """0.846 (0.794 to 0.894), or the value alone where it has no interval."""
    if value is None:
        return ""
    if low is None:
        return number(value, key)
    return f"{number(value, key)} ({number(low, key)} to {number(high, key)})"


def bounded(entry: dict, key: str) -> str:
    """A figure of a metrics file with its interval, where it has one; nothing where it is not there."""
    return interval(entry.get(key), entry.get(f"{key}_low"), entry.get(f"{key}_high"), key)


def tag(name: str, /, *inside: object, **attributes: object) -> Html:
    """An element. Attributes: class_ for class, data_x for data-x; one that is None or False is left out, True is bare."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items() if value is not None and value is not False
    )  # fmt: skip
    end = "" if name in VOID else f"</{name}>"
    return Html(f"<{name}{written}>{''.join(map(text, inside))}{end}")


def section(anchor: str, title: str, *blocks: object) -> Html:
    return Html(
        tag("section", tag("h2", title, id=f"{anchor}-title"), *blocks, id=anchor, aria_labelledby=f"{anchor}-title")
    )


def note(*words: object) -> Html:
    return tag("p", *words, class_="note")


def folded(summary: str, *blocks: object, open_: bool = False) -> Html:
    """Blocks behind a line that opens them."""
    return tag("details", tag("summary", summary), *blocks, open=open_)


def table(rows: list[dict], name: str, words: tuple[str, ...] = ()) -> Html:
    """Rows as a table whose first column heads each row; columns in the order of their first appearance.

    name: what it shows, for who cannot see it. words: columns that hold text, which is aligned left.
    """
    if not rows:
        return note("None.")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    first = columns[0]

    def kind(key: str) -> str | None:
        return None if key == first or key not in words else "words"

    head = tag("tr", *(tag("th", key, scope="col", class_=kind(key)) for key in columns))
    lines = [
        tag(
            "tr",
            tag("th", row.get(first), scope="row"),
            *(tag("td", row.get(key), class_=kind(key)) for key in columns[1:]),
        )
        for row in rows
    ]
    body = tag("table", tag("thead", head), tag("tbody", *lines))
    return tag("div", body, class_="box", tabindex=0, role="region", aria_label=name)


def chip(word: str, kind: str) -> Html:
    """A word on a ground of its colour. kind: green, amber, red or plain."""
    return tag("span", word, class_=f"chip {kind}")
