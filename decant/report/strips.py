"""Dots with their intervals on a common axis, as inline SVG that stretches to any width.

All places are percentages of the width, so that no text and no dot is stretched with it; colours come from the page's style.
"""

import math
from dataclasses import dataclass

from decant.report.markup import Html, interval, number, tag

HEIGHT, MIDDLE = 26, 13  # pixels of a strip


@dataclass(frozen=True)
class Axis:
    """What the left and the right end of a strip stand for."""

    low: float
    high: float

    def at(self, value: float) -> str:
        """A place in percent; beyond the ends, the end."""
        share = (value - self.low) / (self.high - self.low)
        return f"{min(max(share, 0), 1) * 100:.2f}%"

    def ticks(self) -> list[float]:
        """Three to six round values inside."""
        raw = (self.high - self.low) / 4
        size = 10 ** math.floor(math.log10(raw))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw * 0.8)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(place * step, 10) + 0.0 for place in range(first, last + 1)]


def axis_of(values: list[float | None], pad: float = 0.08) -> Axis:
    """An axis that has room for all values."""
    known = [float(value) for value in values if value is not None]
    low, high = min(known), max(known)
    room = (high - low) * pad or max(abs(high) * 0.5, 1.0)
    return Axis(low - room, high + room)


def strip(
    axis: Axis,
    value: float,
    low: float | None = None,
    high: float | None = None,
    bound: float | None = None,
    side: str = "",
    kind: str = "",
    key: str = "",
) -> Html:
    """One figure with its interval. bound: a line, beyond which `side` (min: right of it, max: left) is shaded as asked for.

    kind: a class for the colour. key: the figure's name, for its unit.
    """
    words = interval(value, low, high, key)
    parts = [tag("line", x1="0", x2="100%", y1=MIDDLE, y2=MIDDLE, class_="rail")]
    if bound is not None:
        words += f", bound {number(bound, key)}"
        begin, end = (bound, axis.high) if side == "min" else (axis.low, bound)
        wide = f"{float(axis.at(end)[:-1]) - float(axis.at(begin)[:-1]):.2f}%"
        parts.append(tag("rect", x=axis.at(begin), width=wide, y=3, height=HEIGHT - 6, class_="asked"))
        parts.append(tag("line", x1=axis.at(bound), x2=axis.at(bound), y1=1, y2=HEIGHT - 1, class_="bound"))
    if low is not None:
        parts.append(tag("line", x1=axis.at(low), x2=axis.at(high), y1=MIDDLE, y2=MIDDLE, class_="range"))
    parts.append(tag("circle", cx=axis.at(value), cy=MIDDLE, r=5, class_="dot"))
    return tag("svg", *parts, class_=f"strip {kind}".strip(), height=HEIGHT, role="img", aria_label=words)


def scale(axis: Axis) -> Html:
    """The axis below strips, with its ticks."""
    parts = []
    for value in axis.ticks():
        place = float(axis.at(value)[:-1])
        anchor = "start" if place < 6 else "end" if place > 94 else "middle"
        parts.append(tag("line", x1=axis.at(value), x2=axis.at(value), y1=0, y2=4, class_="tick"))
        parts.append(tag("text", f"{value:g}", x=axis.at(value), y=16, text_anchor=anchor))
    return tag("svg", *parts, class_="scale", height=20, aria_hidden="true")


def rows(entries: list[dict], axis: Axis, name: str, key: str = "") -> Html:
    """Strips below one another on one axis, each with its name and its figure.

    entries: name, value, low, high; kind (shipped, or none) and line (a value to draw a line at) where wanted.
    """
    lines = []
    for entry in entries:
        figure = strip(axis, entry["value"], entry.get("low"), entry.get("high"), kind=entry.get("kind", ""), key=key)
        if "line" in entry:
            mark = tag("line", x1=axis.at(entry["line"]), x2=axis.at(entry["line"]), y1=0, y2=HEIGHT, class_="bound")
            figure = Html(figure.replace("</svg>", mark + "</svg>"))
        shown = tag("span", interval(entry["value"], entry.get("low"), entry.get("high"), key), class_="figure")
        lines.append(
            tag("li", tag("span", entry["name"], class_="name"), figure, shown, class_=entry.get("kind") or None)
        )
    return tag(
        "figure", tag("figcaption", name), tag("ul", *lines, class_="strips"), tag("div", scale(axis), class_="scaled")
    )
