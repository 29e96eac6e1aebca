"""Size against quality against latency, of every contestant and of students of other sizes; and who fits which use."""

import math

from decant.keys import SHIPPED
from decant.report import roles
from decant.report.facts import Facts
from decant.report.markup import Html, bounded, chip, note, number, section, table, tag
from decant.report.strips import Axis, axis_of

HIGH = 280  # pixels of the figure
GAP, NEAR = 15, 75  # pixels between two names, where they are nearer than this share of the width: on a phone most are
TIMED = {SHIPPED: "int8", "student": "fp32"}  # contestant -> its prefix in benchmark.json


def efficiency(facts: Facts) -> Html:
    """The figure, the table behind it, students of other sizes, and the roles."""
    known = sizes(facts)
    return section(
        "efficiency",
        "Size and speed",
        note("Size is all that a contestant reads to answer: weights, vocabularies, encoders. Bars are intervals."),
        scatter(facts, known) if known else None,
        table(compared(facts, known), "Size, quality and latency of every contestant"),
        *capacity(facts),
        *recommended(facts, known),
    )


def sizes(facts: Facts) -> dict[str, int]:
    """Contestant -> bytes."""
    return {row.contestant: int(row.bytes) for row in facts.plots["sizes"].itertuples()}


def latency(facts: Facts, quantile: str) -> dict[str, float]:
    """Contestant -> milliseconds for one text, of those that were timed. quantile: p50 or p95."""
    timed = facts.metrics["benchmark"]
    keys = {name: f"{prefix}_ms_{quantile}" for name, prefix in TIMED.items()}
    return {name: timed[key] for name, key in keys.items() if key in timed}


def compared(facts: Facts, known: dict[str, int]) -> list[dict]:
    """One row per contestant, the smallest first; names carry the letter of the figure."""
    lead = facts.measures[0]
    halves, tails = latency(facts, "p50"), latency(facts, "p95")
    ranked = sorted(facts.contestants, key=lambda name: known.get(name, math.inf))
    return [
        {
            "contestant": name,
            "size": number(known[name], "bytes") if name in known else "not measured",
            facts.called(lead): bounded(facts.contestants[name], lead),
            "ms a text, median": halves.get(name, "not measured"),
            "ms, 95 % of texts": tails.get(name, "not measured"),
        }
        for name in ranked
    ]  # fmt: skip


def scatter(facts: Facts, known: dict[str, int]) -> Html:
    """Quality over bytes (on a scale of factors of ten), each contestant with its interval and its name."""
    lead = facts.measures[0]
    entries = {name: entry for name, entry in facts.contestants.items() if name in known and lead in entry}
    wide = Axis(*(math.log10(end) for end in (min(known.values()) / 1.6, max(known.values()) * 2.2)))
    high = axis_of([entry.get(key) for entry in entries.values() for key in (lead, f"{lead}_low", f"{lead}_high")])

    def level(value: float) -> float:
        return HIGH - 24 - float(high.at(value)[:-1]) / 100 * (HIGH - 34)

    marks = []
    for value in high.ticks():
        marks.append(tag("line", x1="34", x2="100%", y1=f"{level(value):.1f}", y2=f"{level(value):.1f}", class_="grid"))
        marks.append(tag("text", f"{value:g}", x=28, y=f"{level(value) + 4:.1f}", text_anchor="end"))
    for power in range(math.floor(wide.low), math.ceil(wide.high) + 1):
        for factor in (1, 2, 5):
            size = factor * 10**power
            if wide.low <= math.log10(size) <= wide.high:
                marks.append(
                    tag("text", f"{size / 1e6:g} MB", x=wide.at(math.log10(size)), y=HIGH - 6, text_anchor="middle")
                )
    taken: list[tuple[float, float]] = []
    for name, entry in sorted(entries.items(), key=lambda item: -item[1][lead]):
        place, at = wide.at(math.log10(known[name])), level(entry[lead])
        words = f"{name}: {number(known[name], 'bytes')}, {bounded(entry, lead)}"
        dot = [tag("title", words)]
        share = float(place[:-1])
        row = at
        while any(abs(row - other) < GAP and abs(share - beside) < NEAR for beside, other in taken):
            row += 1
        taken.append((share, row))
        kind = "shipped" if name == SHIPPED else "other"
        if f"{lead}_low" in entry:
            ends = {"y1": f"{level(entry[f'{lead}_low']):.1f}", "y2": f"{level(entry[f'{lead}_high']):.1f}"}
            marks.append(tag("line", x1=place, x2=place, **ends, class_=f"range {kind}"))
        marks.append(tag("circle", *dot, cx=place, cy=f"{at:.1f}", r=5, class_=f"dot {kind}"))
        side = ("end", "-10") if share > 60 else ("start", "10")
        marks.append(
            tag("text", name, x=place, dx=side[1], y=f"{row + 4:.1f}", text_anchor=side[0], class_=f"name {kind}")
        )
    drawn = tag("svg", *marks, class_="scatter", height=HIGH, role="img", aria_label=f"{facts.called(lead)} over size")
    return tag("figure", tag("figcaption", f"{facts.called(lead)} over size"), drawn)


def capacity(facts: Facts) -> list[Html]:
    """Students of other sizes, on valid: nothing where none was trained."""
    rows = facts.tables["capacity"]
    if len(rows) < 2:
        return []
    wanted = [
        "parameters",
        "layers",
        "vocabulary",
        "start",
        "shipped",
        "valid_macro_f1",
        "valid_accuracy",
        "valid_micro_auc",
        "valid_nll",
    ]
    kept = rows[[name for name in wanted if name in rows]].sort_values("parameters", kind="stable")
    return [tag("h3", "Students of other sizes, on valid"), table(kept.to_dict("records"), "Students of other sizes")]


def recommended(facts: Facts, known: dict[str, int]) -> list[Html]:
    """A card per role, and the rule."""
    lead = facts.measures[0]
    scores = {name: entry[lead] for name, entry in facts.contestants.items() if lead in entry}
    worse = {
        pair.removeprefix("minus_"): entry.get(f"{lead}_high", 0) < 0 for pair, entry in facts.metrics["paired"].items()
    }
    cards = [
        tag("div", tag("h4", role.name), chip(role.contestant or "none fits", "green" if role.contestant else "amber"),
            tag("p", role.why), class_="card")
        for role in roles.recommend(facts.called(lead), scores, worse, known, latency(facts, "p95"))
    ]  # fmt: skip
    return [
        tag("h3", "Who fits which use"),
        tag("div", *cards, class_="cards"),
        note(roles.RULE.format(measure=facts.called(lead))),
    ]
