"""The shipped model on parts of the test rows."""

from decant.report.facts import MANY, Facts
from decant.report.markup import Html, bounded, folded, interval, note, section, table
from decant.report.strips import axis_of, rows
from decant.scoring.metrics import binomial_interval


def subgroups(facts: Facts) -> Html:
    """Macro F1 of each group as a strip with a line at that of all rows; the rates of its classes, folded."""
    groups = facts.metrics["subgroups"]
    large = {group: entry for group, entry in groups.items() if "macro_f1" in entry}
    whole = facts.shipped["macro_f1"]
    entries = [
        {"name": f"{group.replace('_', ' ')} (n {entry['n']:,})", "value": entry["macro_f1"], "line": whole,
         "low": entry.get("macro_f1_low"), "high": entry.get("macro_f1_high")}
        for group, entry in large.items()
    ]  # fmt: skip
    small = [f"{group.replace('_', ' ')} ({entry['n']:,})" for group, entry in groups.items() if group not in large]
    axis = axis_of([whole, *(entry[key] for entry in entries for key in ("value", "low", "high"))])
    return section(
        "subgroups",
        "Subgroups",
        note(
            "The line is macro F1 of all test rows.", f" Too few rows for figures: {', '.join(small)}." if small else ""
        ),
        rows(entries, axis, "Macro F1 of each group") if entries else None,
        folded("All figures of the groups", table(figures(facts), "Figures of the groups")),
    )


def figures(facts: Facts) -> list[dict]:
    """One row per group: n, accuracy, macro F1, and recall and FPR of its classes where they are few."""
    result = []
    for group, entry in facts.metrics["subgroups"].items():
        row = {"group": group.replace("_", " "), "rows": entry["n"]}
        for key in ("accuracy", "macro_f1"):
            row[facts.called(key)] = bounded(entry, key)
        if len(facts.labels) <= MANY:
            row |= rates(facts, entry)
        result.append(row)
    return result


def rates(facts: Facts, entry: dict) -> dict[str, str]:
    """Recall and FPR of the classes in a group, with exact intervals from its counts."""
    shown = {}
    for key, name in facts.labels.items():
        for rate in ("recall", "fpr"):
            found = entry.get("classes", {}).get(key, {})
            trials = found.get("support", 0) if rate == "recall" else entry["n"] - found.get("support", 0)
            if rate in found and trials:
                value = found[rate]
                ends = binomial_interval(round(value * trials), trials, facts.confidence)
                shown[f"{name}: {rate}"] = interval(value, *ends)
    return shown
