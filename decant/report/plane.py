"""Planes with two axes as inline SVG that stretches to any width: places across are percentages of it, heights are pixels.

No text and no dot is stretched; lines are, in a drawing of their own, but not their width. Colours come from the page's style.
"""

import math
from dataclasses import dataclass

from decant.report.markup import Html, tag
from decant.report.strips import Axis, axis_of

HIGH = 250  # pixels of the field
NARROW = 255  # pixels of the field on a phone: names that are apart there are apart on every wider screen
TALL, LETTER = 14, 7  # pixels of a name's line, and of a letter of 12 pixels
UNDER = 10  # pixels from a dot on a line down to its name, which the line would cross
SMALL, LARGE = 4, 17  # pixels of a dot's radius


Box = tuple[float, float, float, float]  # left, right, top, bottom


@dataclass(frozen=True)
class Scale:
    """What the two ends of an axis stand for. log: by factors."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """0 to 1."""
        low, high, value = (math.log(end) if self.log else end for end in (self.low, self.high, value))
        return (value - low) / (high - low)

    def across(self, value: float) -> str:
        return f"{self.share(value) * 100:.2f}%"

    def up(self, value: float) -> float:
        return HIGH * (1 - self.share(value))

    def ticks(self) -> list[float]:
        """Round values inside."""
        if not self.log:
            return Axis(self.low, self.high).ticks()
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        factors = (1,) if self.high / self.low > 300 else (1, 3) if self.high / self.low > 30 else (1, 2, 5)
        return [
            tick for power in powers for factor in factors if self.low <= (tick := factor * 10.0**power) <= self.high
        ]


@dataclass(frozen=True)
class Point:
    """A named dot. area: what its area stands for, from 0 to 1. low, high: of its interval. words: for who points at it."""

    name: str
    across: float
    up: float
    area: float = 0.0
    low: float | None = None
    high: float | None = None
    shipped: bool = False
    words: str = ""


@dataclass(frozen=True)
class Line:
    """kind: classes of the style. name: what the key under the figure calls it."""

    points: list[tuple[float, float]]
    kind: str
    name: str


def around(values: list[float | None], log: bool = False) -> Scale:
    """A scale with room for all values, and for names at its ends."""
    known = [float(value) for value in values if value is not None]
    if log:
        return Scale(min(known) / 1.7, max(known) * 1.7, True)
    axis = axis_of(known, 0.12)
    return Scale(axis.low, axis.high)


def plane(
    title: str,
    wide: Scale,
    high: Scale,
    units: tuple[str, str],
    points: list[Point] = (),
    lines: list[Line] = (),
    ticks=None,
) -> Html:
    """units: of the axes across and up. ticks: across, where they are not the scale's own."""
    marks = []
    for value in high.ticks():
        level = f"{high.up(value):.1f}"
        marks.append(tag("line", x1=0, x2="100%", y1=level, y2=level, class_="grid"))
        marks.append(tag("text", f"{value:g}", x=-8, y=f"{high.up(value) + 4:.1f}", text_anchor="end"))
    for value in wide.ticks() if ticks is None else ticks:
        marks.append(tag("line", x1=wide.across(value), x2=wide.across(value), y1=0, y2=HIGH, class_="grid"))
        marks.append(tag("text", f"{value:g}", x=wide.across(value), y=HIGH + 16, text_anchor="middle"))
    marks.append(tag("text", units[0], x="100%", y=HIGH + 34, text_anchor="end", class_="axis"))
    marks.append(tag("text", units[1], x=-34, y=-9, class_="axis"))
    if lines:
        drawn = [tag("polyline", points=spots(line.points, wide, high), class_=line.kind) for line in lines]
        marks.append(tag("svg", *drawn, width="100%", height=HIGH, viewBox="0 0 1000 1000", preserveAspectRatio="none"))
    marks += dots(points, wide, high, UNDER if lines else 0)
    field = tag(
        "svg", *marks, class_="plane", height=HIGH + 40, role="img", aria_label=f"{title}: {units[1]} over {units[0]}"
    )
    named = [line for line in lines if line.name]
    key = [tag("li", swatch(line.kind), line.name) for line in named]
    return tag("figure", tag("figcaption", title), field, tag("ul", *key, class_="key") if key else None)


def spots(points: list[tuple[float, float]], wide: Scale, high: Scale) -> str:
    return " ".join(f"{wide.share(x) * 1000:.1f},{(1 - high.share(y)) * 1000:.1f}" for x, y in points)


def swatch(kind: str) -> Html:
    return tag("svg", tag("line", x1=0, x2=26, y1=6, y2=6, class_=kind), width=26, height=12, aria_hidden="true")


def dots(points: list[Point], wide: Scale, high: Scale, lower: float) -> list[Html]:
    """Large ones first, so that no small one is hidden; then the names, the best first, none on another or on a dot.

    lower: pixels that a name stands below its dot.
    """
    marks, taken = [], []
    for point in sorted(points, key=lambda point: -point.area):
        place, level, radius = wide.across(point.across), high.up(point.up), radius_of(point)
        kind = "shipped" if point.shipped else "other"
        if point.low is not None:
            ends = {"y1": f"{high.up(point.low):.1f}", "y2": f"{high.up(point.high):.1f}"}
            marks.append(tag("line", x1=place, x2=place, **ends, class_=f"range {kind}"))
        title = tag("title", point.words)
        marks.append(tag("circle", title, cx=place, cy=f"{level:.1f}", r=f"{radius:.1f}", class_=f"dot {kind}"))
        middle = wide.share(point.across) * NARROW
        taken.append((middle - radius, middle + radius, level - radius, level + radius))
    for point in sorted(points, key=lambda point: -point.up):
        kind, beside = "shipped" if point.shipped else "other", radius_of(point) + 4
        box, row, right = free(point, wide.share(point.across) * NARROW, high.up(point.up) + lower, beside, taken)
        taken.append(box)
        at = {"x": wide.across(point.across), "dx": f"{beside if right else -beside:.1f}", "y": f"{row + 4:.1f}"}
        marks.append(tag("text", point.name, **at, text_anchor="start" if right else "end", class_=f"name {kind}"))
    return marks


def free(point: Point, middle: float, level: float, beside: float, taken: list[Box]) -> tuple[Box, float, bool]:
    """The box of a point's name as near to its dot as there is room, its line, and whether it stands right of the dot.

    middle, level: pixels of the dot on a phone; beside: from there to where the name begins.
    """
    long = LETTER * len(point.name)
    right = middle + beside + long <= NARROW or middle < NARROW / 2
    left, end = (middle + beside, middle + beside + long) if right else (middle - beside - long, middle - beside)
    for step in sorted(range(-HIGH, HIGH), key=abs):
        top, bottom = level + step - TALL / 2, level + step + TALL / 2
        inside = top >= 0 and bottom <= HIGH
        if inside and not any(left < b and a < end and top < d and c < bottom for a, b, c, d in taken):
            return (left, end, top, bottom), level + step, right
    return (left, end, level, level), level, right  # more names than lines


def radius_of(point: Point) -> float:
    return max(SMALL, LARGE * math.sqrt(point.area))
