"""The shipped model class by class: the best, the worst, and all."""

from decant.report.facts import MANY, Facts
from decant.report.markup import Html, bounded, folded, note, section, table, tag
from decant.report.strips import Axis, rows

ENDS = 5  # classes shown at each end, where there are many


def classes(facts: Facts) -> Html:
    """F1 of the classes as strips (of many, the ENDS best and worst), and the table of every rate."""
    entries = [
        {
            "name": facts.labels[key],
            "value": entry["f1"],
            "low": entry.get("f1_low"),
            "high": entry.get("f1_high"),
            "n": entry["support"],
        }
        for key, entry in facts.shipped["classes"].items()
    ]
    ranked = sorted(entries, key=lambda entry: (-entry["value"], entry["name"]))
    for entry in ranked:
        entry["name"] = f"{entry['name']} (n {entry['n']:,})"
    axis = Axis(0.0, 1.0)
    if len(ranked) > MANY + ENDS:
        figures = [rows(ranked[:ENDS], axis, "Best by F1"), rows(ranked[-ENDS:], axis, "Worst by F1")]
    else:
        figures = [rows(ranked, axis, "F1")]
    heads = [
        {"head": key.removeprefix("head_")} | values for key, values in facts.shipped.items() if key.startswith("head_")
    ]
    whole = table(by_class(facts), "Rates of every class")
    return section(
        "classes",
        "Classes",
        note(f"Exact (Clopper-Pearson) intervals of {facts.confidence:.0%} for rates."),
        tag("div", *figures, class_="pair"),
        folded(f"All rates of {len(ranked)} classes", whole, open_=len(ranked) <= MANY),
        folded("Head by head, before any decision", table(heads, "Heads")) if heads else None,
    )


def by_class(facts: Facts) -> list[dict]:
    """One row per class."""
    result = []
    for key, entry in facts.shipped["classes"].items():
        rates = {name: bounded(entry, name) for name in ("precision", "recall", "fpr", "f1")}

        ranked = {"ROC AUC": entry.get("roc_auc"), "average precision": entry.get("average_precision")}
        result.append({"class": facts.labels[key], "rows": entry["support"]} | rates | ranked)
    return result
