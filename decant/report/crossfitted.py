"""Everyone over all rows, each test once, beside the figures of test: only where a cross-fitted road was built."""

from decant.report.facts import Facts
from decant.report.markup import Html, bounded, note, number, section, table

ABOUT = {
    "development": "those of train, valid and calib; test has no part in it",
    "all": "those of test too",
}


def built(facts: Facts) -> bool:
    return bool(facts.metrics.get("crossfit", {}).get("folds"))


def measured(facts: Facts) -> list[dict]:
    """One row per contestant: the two measures that the task leads with, on test and over the folds."""
    crossed = facts.metrics["crossfit"]
    rows = []
    for name, entry in facts.contestants.items():
        if name not in crossed:
            continue
        row = {"contestant": name}
        for measure in facts.measures[:2]:
            row[f"{facts.called(measure)} on test"] = bounded(entry, measure)
            row[f"{facts.called(measure)} cross-fitted"] = bounded(crossed[name], measure)
        rows.append(row)
    return rows


def told(facts: Facts) -> str:
    """What the rows are, and what the figures are not."""
    crossed = facts.metrics["crossfit"]
    return (
        f"{number(facts.n)} test rows, and {number(crossed['n'])} rows of {crossed['folds']} folds ({ABOUT[crossed['rows']]}), each "
        "answered by models that learnt from the other folds. Those learnt from fewer rows than what ships, and none of them ships."
    )


def crossfitted(facts: Facts) -> Html | None:
    """The section of the page; None: no fold was built."""
    if not built(facts):
        return None
    return section(
        "crossfit", "Cross-fitted", note(told(facts)), table(measured(facts), "Test and cross-fitted figures")
    )
