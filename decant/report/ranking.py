"""Everyone on the same test rows, and the shipped model against each other one."""

from decant.keys import bounds
from decant.report.facts import Facts
from decant.report.markup import Html, bounded, folded, note, section, table, tag
from decant.report.strips import axis_of, rows
from decant.scoring.wording import sentence


def contestants(facts: Facts) -> Html:
    """Two figures, of the measures that the task leads with, and the table of all."""
    figures = []
    for measure in facts.measures[:2]:
        entries = [
            {"name": name, "value": entry[measure], "low": entry.get(f"{measure}_low"), "high": entry.get(f"{measure}_high"),
             "kind": "shipped" if name == facts.ships else ""}
            for name, entry in facts.contestants.items() if measure in entry
        ]  # fmt: skip
        axis = axis_of([entry[key] for entry in entries for key in ("value", "low", "high")])
        figures.append(rows(entries, axis, facts.called(measure)))
    return section(
        "contestants",
        "Contestants",
        note(
            f"All on the same {facts.n:,} test rows, by one decision rule{how_tuned(facts)}. Intervals of {facts.confidence:.0%}."
        ),
        tag("div", *figures, class_="pair"),
        folded("All measures", table(measured(facts), "Measures of every contestant")),
    )


def how_tuned(facts: Facts) -> str:
    """Where thresholds come from, in words; empty where there are none."""
    if not facts.metrics["thresholds"].get(facts.ships, {}).get("classes"):
        return ""
    return f", with thresholds tuned on {' and '.join(facts.tuned_on)} rows, the same rows for all"


def measured(facts: Facts) -> list[dict]:
    """One row per contestant, each measure with its interval."""
    return [
        {"contestant": name} | {facts.called(key): bounded(entry, key) for key in facts.measures}
        for name, entry in facts.contestants.items()
    ]


def differences(facts: Facts) -> Html:
    """The shipped model minus each other one: a figure, and a sentence each."""
    measure = facts.measures[0]
    entries, whole = [], []
    for pair, entry in facts.metrics["paired"].items():
        if measure not in entry:
            continue  # the champion left no scores to rank by
        other = pair.removeprefix("minus_")
        low, high = (entry.get(end) for end in bounds(measure))
        entries.append({"name": other, "value": entry[measure], "low": low, "high": high, "line": 0.0})
        shown = {facts.called(key): bounded(entry, key) for key in facts.measures}
        counted = {"mended": entry.get("mended"), "broken": entry.get("broken"), "McNemar p": entry.get("mcnemar_p")}
        whole.append({f"{facts.ships} minus": other} | {key: value for key, value in shown.items() if value} | counted)
    axis = axis_of([0.0, *(entry[key] for entry in entries for key in ("value", "low", "high"))])
    return section(
        "differences",
        "Differences",
        note(f"{facts.ships} minus each other contestant, on the same rows. Right of the line the shipped model is better."),
        rows(entries, axis, f"Difference in {facts.called(measure)}"),
        tag("ul", *(tag("li", words) for words in sentences(facts).values()), class_="sentences"),
        folded("All measures", table(whole, "Differences in every measure"),
               note("mended: rows that it has right and the other one wrong; broken: the reverse.")),
    )  # fmt: skip


def sentences(facts: Facts) -> dict[str, str]:
    """Other contestant -> the difference in plain words, in the measure that the task leads with."""
    lead = facts.measures[0]
    return {
        pair.removeprefix("minus_"): sentence(entry, pair.removeprefix("minus_"), lead)
        for pair, entry in facts.metrics["paired"].items() if lead in entry
    }  # fmt: skip
