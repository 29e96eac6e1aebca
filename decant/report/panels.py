"""Curves of each label in small panels with one scale: ROC, precision over recall, and scores against frequencies."""

import pandas as pd

from decant.report.facts import MANY, Facts
from decant.report.markup import Html, folded, note, number, section, tag

SIDE = 100  # of the square that a panel draws in
LEFT, BOTTOM, ROOM = 20, 16, 4  # beside it, for ticks


def curves(facts: Facts) -> Html:
    """ROC and precision-recall of every label, with the point where the shipped threshold stands."""
    return section(
        "curves",
        "Curves",
        note("Every threshold there is. The dot is where the shipped answers stand. Dashed: what chance would give."),
        *grid("ROC: recall over false-positive rate", roc_panels(facts)),
        *grid("Precision over recall", precision_panels(facts)),
    )


def reliability(facts: Facts) -> Html:
    """Whether scores are frequencies, label by label."""
    return section(
        "reliability",
        "Reliability",
        note(
            "Scores against frequencies: of the rows with a score around x, the share that is y of the label; on the diagonal, "
            "scores are frequencies. Dots are as large as their bin; the grey bars are the share of rows in it."
        ),
        *grid("Reliability on test", reliability_panels(facts)),
    )


def grid(title: str, panels: list[Html]) -> list[Html]:
    """Panels beside one another; many of them are folded."""
    drawn = tag("div", *panels, class_="panels" if len(panels) > MANY else "panels few")
    if len(panels) > MANY:
        return [folded(f"{title}, {len(panels)} labels", drawn)]
    return [tag("h3", title), drawn]


def roc_panels(facts: Facts) -> list[Html]:
    panels = []
    for name, entry, part in by_label(facts, "roc"):
        shapes = [
            line([0, 1], [0, 1], "chance"),
            line(part["fpr"], part["recall"], "curve"),
            dot(entry["fpr"], entry["recall"]),
        ]
        panels.append(panel(name, f"AUC {number(entry['roc_auc'])}", shapes, "FPR", "recall"))
    return panels


def precision_panels(facts: Facts) -> list[Html]:
    panels = []
    for name, entry, part in by_label(facts, "precision_recall"):
        base = entry["support"] / facts.n
        shapes = [line([0, 1], [base, base], "chance"), line(part["recall"], part["precision"], "curve")]
        if entry["precision"]:
            shapes.append(dot(entry["recall"], entry["precision"]))
        figure = f"AP {number(entry['average_precision'])}" if "average_precision" in entry else ""
        panels.append(panel(name, figure, shapes, "recall", "precision"))
    return panels


def reliability_panels(facts: Facts) -> list[Html]:
    panels = []
    for name, _, part in by_label(facts, "reliability"):
        n = part["n"].sum()
        shapes = [line([0, 1], [0, 1], "chance")]
        for row in part.itertuples():
            high = 22 * row.n / n
            place = min(max(row.prob_pred * SIDE - 3, 0), SIDE - 6)
            shapes.append(
                tag("rect", x=f"{place:.1f}", y=f"{SIDE - high:.1f}", width=6, height=f"{high:.1f}", class_="weight")
            )
        shapes.append(line(part["prob_pred"], part["prob_true"], "curve thin"))
        for row in part.itertuples():
            words = f"{row.n:,} rows: mean score {row.prob_pred:.3f}, share {row.prob_true:.3f}"
            shapes.append(dot(row.prob_pred, row.prob_true, 1.6 + 3.4 * (row.n / n) ** 0.5, words))
        panels.append(panel(name, f"n {n:,}", shapes, "score", "share"))
    return panels


def by_label(facts: Facts, plot: str) -> list[tuple[str, dict, pd.DataFrame]]:
    """name, its figures on test and its rows of a plot table, of each label that has any."""
    table = facts.plots[plot]
    return [
        (name, facts.shipped["classes"][key], part)
        for key, name in facts.labels.items()
        for part in [table[table["label"].astype(str) == name]] if len(part)
    ]  # fmt: skip


def line(wide, high, kind: str) -> Html:
    points = " ".join(f"{x * SIDE:.1f},{(1 - y) * SIDE:.1f}" for x, y in zip(wide, high, strict=True))
    return tag("polyline", points=points.replace(".0,", ",").replace(".0 ", " "), class_=kind)


def dot(wide: float, high: float, radius: float = 3, words: str = "") -> Html:
    title = [tag("title", words)] if words else []
    return tag(
        "circle", *title, cx=f"{wide * SIDE:.1f}", cy=f"{(1 - high) * SIDE:.1f}", r=f"{radius:.1f}", class_="dot"
    )


def panel(name: str, figure: str, shapes: list[Html], wide: str, high: str) -> Html:
    """A square of 0 to 1 on both sides."""
    ticks = [
        mark
        for value in (0, 0.5, 1)
        for mark in (
            tag("line", x1=value * SIDE, x2=value * SIDE, y1=0, y2=SIDE, class_="grid"),
            tag("line", x1=0, x2=SIDE, y1=value * SIDE, y2=value * SIDE, class_="grid"),
            tag("text", f"{value:g}", x=value * SIDE, y=SIDE + 10, text_anchor="middle"),
            tag("text", f"{value:g}", x=-4, y=(1 - value) * SIDE + 3, text_anchor="end"),
        )
    ]
    labels = [
        tag("text", wide, x=SIDE / 4 * 3, y=SIDE + 10, text_anchor="middle", class_="axis"),
        tag(
            "text",
            high,
            x=-9,
            y=SIDE / 4,
            text_anchor="middle",
            class_="axis",
            transform=f"rotate(-90 -9 {SIDE / 4:g})",
        ),
    ]
    box = f"{-LEFT} {-ROOM} {SIDE + LEFT + ROOM} {SIDE + BOTTOM + ROOM}"
    drawn = tag(
        "svg", *ticks, *labels, *shapes, viewBox=box, role="img", aria_label=f"{name}: {high} over {wide}, {figure}"
    )
    return tag("figure", tag("figcaption", tag("b", name), tag("span", figure)), drawn, class_="panel")
