"""Size against quality against latency, of every contestant and of students of other sizes; and who fits which use."""

import math

from decant.report import roles, speed
from decant.report.facts import Facts
from decant.report.markup import Html, bounded, chip, folded, note, number, section, table, tag
from decant.report.pareto import capacity
from decant.report.plane import Point, around, plane


def efficiency(facts: Facts) -> Html:
    """The figure, students of other sizes, latency by length, the roles, and the tables behind all."""
    known = sizes(facts)
    return section(
        "efficiency",
        "Size and speed",
        scatter(facts, known) if known else None,
        note(
            "Dots are as large as what a contestant reads to answer: weights, vocabularies, encoders. Bars are intervals. ",
            speed.clock(facts),
        ),
        *recommended(facts, known),
        *capacity(facts),
        *speed.by_length(facts),
        folded(
            "Size, quality and latency of every contestant",
            table(compared(facts, known), "Size, quality and latency of every contestant"),
        ),
        speed.lengths_table(facts),
    )


def sizes(facts: Facts) -> dict[str, int]:
    """Contestant -> bytes."""
    return {row.contestant: int(row.bytes) for row in facts.plots["sizes"].itertuples()}


def compared(facts: Facts, known: dict[str, int]) -> list[dict]:
    """One row per contestant, the smallest first, and last the student in torch, which answers as `student`."""
    lead, timed = facts.measures[0], facts.metrics["benchmark"].get("contestants", {})
    halves, tails = speed.latency(facts, "p50"), speed.latency(facts, "p95")
    ranked = sorted(facts.contestants, key=lambda name: known.get(name, math.inf))
    rows = []
    for name in [*ranked, *(name for name in timed if name not in facts.contestants)]:
        size, entry = known.get(name, timed.get(name, {}).get("bytes")), facts.contestants.get(name)
        rows.append(
            {
                "contestant": name,
                "size": number(size, "bytes") if size else "not measured",
                facts.called(lead): bounded(entry, lead) if entry else "as student",
                "ms a text, median": halves.get(name, "not measured"),
                "ms, 95 % of texts": tails.get(name, "not measured"),
            }
            | speed.more(timed.get(name))
        )
    return rows


def scatter(facts: Facts, known: dict[str, int]) -> Html:
    """Quality over latency, dots as large as the bytes; over the bytes where not everyone was timed."""
    lead, halves = facts.measures[0], speed.latency(facts, "p50")
    entries = {name: entry for name, entry in facts.contestants.items() if name in known and lead in entry}
    timed = all(name in halves for name in entries)
    across = halves if timed else {name: known[name] / 1e6 for name in entries}
    unit, most = "ms for a text (median)" if timed else "MB", max(known[name] for name in entries)
    points = []
    for name, entry in entries.items():
        told = [
            number(known[name], "bytes"),
            *([f"{halves[name]:.2f} ms"] if name in halves else []),
            bounded(entry, lead),
        ]
        ends = (entry.get(f"{lead}_low"), entry.get(f"{lead}_high"))
        area, words = known[name] / most, f"{name}: {', '.join(told)}"
        points.append(Point(name, across[name], entry[lead], area, *ends, name == facts.ships, words))
    wide = around([point.across for point in points], log=True)
    high = around([end for point in points for end in (point.up, point.low, point.high)])
    title = f"{facts.called(lead)} against {'latency' if timed else 'size'}"
    return plane(title, wide, high, (unit, facts.called(lead)), points)


def recommended(facts: Facts, known: dict[str, int]) -> list[Html]:
    """A card per role, and the rule."""
    lead = facts.measures[0]
    scores = {name: entry[lead] for name, entry in facts.contestants.items() if lead in entry}
    worse = {
        pair.removeprefix("minus_"): entry.get(f"{lead}_high", 0) < 0 for pair, entry in facts.metrics["paired"].items()
    }
    found = roles.recommend(
        facts.called(lead), facts.ships, scores, worse, known, speed.latency(facts, "p95"), speed.rates(facts)
    )
    cards = [
        tag("div", tag("h4", role.name), chip(role.contestant or "none fits", "green" if role.contestant else "amber"),
            tag("p", role.why), class_="card")
        for role in found
    ]  # fmt: skip
    return [
        tag("h3", "Who fits which use"),
        tag("div", *cards, class_="cards"),
        note(roles.RULE.format(measure=facts.called(lead))),
    ]
