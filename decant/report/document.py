"""The report as one HTML file that needs no other: its style, its script and its figures are inside."""

import json
import re

from decant.report import (
    banner,
    classes,
    costs,
    crossfitted,
    efficiency,
    learnt,
    mistakes,
    origin,
    panels,
    ranking,
    shell,
    slices,
)
from decant.report.facts import Facts
from decant.report.markup import Html, tag

HEADED = re.compile(r'<section id="([^"]+)"[^>]*><h2[^>]*>(.*?)</h2>')


def document(facts: Facts, made: dict[str, str]) -> str:
    """The whole page. made: of provenance.json."""
    pairs, steps = mistakes.pairs(facts), costs.curves(facts)
    sections = [
        banner.gates(facts),
        ranking.contestants(facts),
        ranking.differences(facts),
        crossfitted.crossfitted(facts),
        mistakes.two_by_two(facts),
        costs.thresholds(facts, steps),
        classes.classes(facts),
        mistakes.confusion(facts, pairs),
        panels.curves(facts),
        panels.reliability(facts),
        slices.subgroups(facts),
        efficiency.efficiency(facts),
        learnt.calibration(facts),
        learnt.gap(facts),
        learnt.history(facts),
        origin.origin(facts, made),
    ]
    shown = [part for part in sections if part is not None]
    body = [
        tag("a", "To the figures", href="#gates", class_="skip"),
        banner.banner(facts),
        contents(shown),
        tag("main", *shown, id="main"),
        data({"cells": mistakes.cells(pairs), "steps": steps}),
    ]
    return shell.whole(f"Decant: {facts.task}", body, shell.SCRIPT.read_text(encoding="utf-8"))


def contents(sections: list[Html]) -> Html:
    """Links to the sections, by their own headings."""
    links = []
    for part in sections:
        anchor, title = HEADED.match(part).groups()
        links.append(tag("li", tag("a", Html(title), href=f"#{anchor}")))
    return tag("nav", tag("ul", *links), aria_label="Sections")


def data(content: dict) -> Html:
    """What the script reads, in the page itself."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return Html(f'<script type="application/json" id="data">{written}</script>')
