"""The top of a report: the verdict in its colour, and a strip per gate."""

from decant.keys import STUDENT_INT8
from decant.report.facts import Facts
from decant.report.markup import Html, bounded, chip, interval, number, section, tag
from decant.report.strips import axis_of, strip

COLOURS = {"holds": "green", "open": "amber", "fails": "red"}
MEANING = {
    "green": "Every gate holds: it may be released.",
    "amber": "No gate fails, but the rows do not decide every one.",
    "red": "A gate fails: it may not be released.",
}


def banner(facts: Facts) -> Html:
    """The verdict, what it means, and the figures that people ask for first."""
    gate = facts.metrics["gate"]
    results = [entry["result"] for entry in gate["gates"].values()]
    counted = ", ".join(
        f"{results.count(result)} {result if result != 'holds' else 'hold'}" for result in COLOURS if result in results
    )
    lead = facts.measures[0]
    shipped = facts.shipped
    asked = {
        facts.called(lead): bounded(shipped, lead),
        "test rows": number(facts.n),
        "int8 model" if facts.ships == STUDENT_INT8 else "linear model": number(facts.size, "bytes"),
        "gates": counted,
    }
    listed = [tag("div", tag("dt", name), tag("dd", value)) for name, value in asked.items()]
    return tag(
        "header",
        tag("p", "Decant report", class_="eyebrow"),
        tag("h1", facts.task, " ", chip(gate["verdict"], gate["verdict"])),
        tag("p", MEANING[gate["verdict"]], class_="lead"),
        tag("dl", *listed, class_="facts"),
        class_=f"banner {gate['verdict']}",
    )


def gates(facts: Facts) -> Html:
    """Each gate with its value, interval and bound on an axis of its own."""
    lines = []
    for name, entry in facts.metrics["gate"]["gates"].items():
        value, low, high, key = entry.get("value"), entry.get("low"), entry.get("high"), entry["key"]
        bound = bound_of(entry)
        drawn = ""  # a gate about a champion that there is not yet has no figure
        if value is not None:
            axis = axis_of([value, low, high, bound], pad=0.3)
            drawn = strip(axis, value, low, high, bound, entry["side"], COLOURS[entry["result"]], key)
        asked = f"{'at least' if entry['side'] == 'min' else 'at most'} {number(bound, key)}"
        lines.append(
            tag(
                "li",
                tag("span", tag("b", name.replace("_", " ")), tag("small", asked), class_="name"),
                drawn,
                tag("span", figure(entry), class_="figure"),
                tag("span", chip(entry["result"], COLOURS[entry["result"]]), remark(entry), class_="result"),
            )
        )
    legend = (
        "The dot is the value on test, the bar its interval, the line the bound, and the tinted side what is asked for. "
        "A gate holds where the whole interval is on that side, is open where the value alone is, and fails where it is not."
    )
    return section("gates", "Gates", tag("p", legend, class_="note"), tag("ul", *lines, class_="strips gates"))


def figure(entry: dict) -> str:
    """The value of a gate with its interval, or why there is none."""
    if "value" not in entry:
        return entry["note"]
    return interval(entry["value"], entry.get("low"), entry.get("high"), entry["key"])


def bound_of(entry: dict) -> float:
    """The bound of a gate, whole where the figure is a count."""
    counted = isinstance(entry.get("value"), int) and float(entry["bound"]).is_integer()
    return int(entry["bound"]) if counted else entry["bound"]


def remark(entry: dict) -> str:
    """What an open gate waits for."""
    if entry["result"] != "open":
        return ""
    rows = entry.get("more_rows")
    return f" about {rows:,} more rows would decide it" if rows else " more rows would decide it"


def evidence(facts: Facts) -> list[dict]:
    """What the verdict is about, digest by digest."""
    known = facts.metrics["gate"]["evidence"]
    flat = {key: value for key, value in known.items() if not isinstance(value, dict)}
    flat |= {f"{name}.json sha256": value for name, value in known.get("metrics", {}).items()}
    return [
        {"what": f"{facts.ships}: {key.replace('_', ' ')}", "digest": tag("code", value)} for key, value in flat.items()
    ]
