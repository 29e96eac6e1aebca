"""What a threshold catches and what it costs, on test, as a slider moves it."""

from decant.report.facts import Facts
from decant.report.markup import Html, folded, note, number, section, table, tag

COLUMNS = ("threshold", "recall", "precision", "fpr", "hits", "false_alarms", "false_per_1000")
SHOWN = {
    "recall": "recall",
    "precision": "precision",
    "false_per_1000": "false alarms per 1,000 posts",
    "fpr": "false-positive rate",
}
LINES = 12  # of the table for who cannot move a slider


def curves(facts: Facts) -> dict[str, dict]:
    """Label -> columns of its steps, the strictest first, with the step that ships (`at`); capped labels, or all without."""
    table_ = facts.plots["thresholds"]
    of_key = {name: key for key, name in facts.labels.items()}
    tuned = facts.metrics["thresholds"].get(facts.ships, {}).get("classes", {})
    result = {}
    for label, part in table_.groupby("label", sort=False):
        if of_key.get(label) not in tuned or (facts.caps and label not in facts.caps):
            continue
        limit = tuned[of_key[label]]["threshold"]
        steps = {column: part[column].tolist() for column in COLUMNS}
        over = sum(value >= limit for value in steps["threshold"])
        result[label] = steps | {"at": max(over - 1, 0), "ships": limit, "cap": facts.caps.get(label)}
    return result


def thresholds(facts: Facts, known: dict[str, dict]) -> Html | None:
    """A slider per capped label; where none is capped, one slider with a choice of labels. known: of `curves`."""
    if not known:
        return None
    sliders = [slider(facts, number_, label, steps) for number_, (label, steps) in enumerate(known.items())]
    blocks = list(sliders)
    if len(sliders) > 1:
        options = [tag("option", label, value=place) for place, label in enumerate(known)]
        choice = tag("label", "Label ", tag("select", *options, id="which"), class_="which")
        blocks = [choice, *sliders]
    return section(
        "thresholds",
        "Thresholds",
        note(
            f"What a threshold catches and what it costs, on the {facts.n:,} test rows. No threshold is chosen here: "
            f"those that ship were tuned on {' and '.join(facts.tuned_on)} ({facts.policy.replace('_', ' ')}). {facts.promise}"
        ),
        *blocks,
    )


def slider(facts: Facts, place: int, label: str, steps: dict) -> Html:
    """Of one label. It stands on the shipped threshold, and shows its figures without any script too."""
    at = steps["at"]
    control = tag("input", type="range", min=0, max=len(steps["threshold"]) - 1, step=1, value=at, id=f"slide-{place}",
                  aria_describedby=f"slid-{place}")  # fmt: skip
    cells = [
        tag("div", tag("dt", words), tag("dd", written(steps, key, at), data_shows=key)) for key, words in SHOWN.items()
    ]
    cap = f" Its cap is {number(steps['cap'])} of the false-positive rate." if steps["cap"] else ""
    every = max(len(steps["threshold"]) // LINES, 1)
    lines = [
        {key.replace("_", " "): steps[key][row] for key in COLUMNS}
        for row in range(0, len(steps["threshold"]), every)
    ]  # fmt: skip
    return tag(
        "div",
        tag("h3", label),
        tag(
            "div",
            tag("label", "threshold ", tag("output", written(steps, "threshold", at), data_shows="threshold"), for_=f"slide-{place}"),
            tag("button", f"as shipped, {number(float(steps['ships']))}", type="button", class_="plain", data_reset=at),
            class_="row",
        ),
        control,
        tag("div", tag("span", "strict: few alarms"), tag("span", "lenient: few misses"), class_="ends", aria_hidden="true"),
        tag("dl", *cells, class_="facts", id=f"slid-{place}", aria_live="polite"),
        tag("p", "Catches ", tag("b", written(steps, "hits", at), data_shows="hits"), " and raises ",
            tag("b", written(steps, "false_alarms", at), data_shows="false_alarms"), f" false alarms.{cap}", class_="note"),
        folded("As a table", table(lines, f"Thresholds of {label}")),
        class_="slider card",
        data_label=label,
        data_place=place,
        hidden=place > 0,
    )  # fmt: skip


def written(steps: dict, key: str, at: int) -> str:
    """A figure of one step, as the script writes it too."""
    value = steps[key][at]
    return f"{value:,.0f}" if key in ("hits", "false_alarms") else f"{value:.{1 if key == 'false_per_1000' else 3}f}"
