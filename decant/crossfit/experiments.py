"""The table of docs/experiments.md: every comparison that metrics/experiments/ holds.

python -m decant compare base experiments/averaged.yaml --task scam --out metrics/experiments/scam-averaged.json
python -m decant.crossfit.experiments
"""

from io import StringIO

from ruamel.yaml import YAML

from decant import paths
from decant.crossfit.words import called
from decant.files import read_json
from decant.keys import STUDENT_INT8
from decant.review.markdown import table

FOLDER = paths.metrics("experiments", "all").parent
# how a contestant's name begins -> what it is called; what ships comes last
MEMBERS = {"teacher_": "teacher", "ensemble": "ensemble", STUDENT_INT8: "student int8"}
NOTHING = "No comparison has been kept yet."


def page() -> str:
    """A table per task in Markdown, its comparisons by name."""
    found = {}
    for file in sorted(FOLDER.glob("*.json")):
        told = read_json(file)
        found.setdefault(told["task"], []).append(told)
    return "\n\n".join(of_task(task, every) for task, every in sorted(found.items())) or NOTHING


def of_task(task: str, every: list[dict]) -> str:
    first = every[0]
    measure = headline(first)
    title = f"**{task}**: {called(measure)}, {first['n']:,} rows, {first['folds']} folds, rows: {first['rows']}"
    columns = ["setting", *MEMBERS.values(), "over folds", "higher in", "minutes"]
    return f"{title}\n\n{table(columns, [row(told, measure) for told in every])}"


def headline(told: dict) -> str:
    """Macro AUC where any number of labels holds, whose macro F1 hangs on every threshold; else macro F1."""
    return "macro_auc" if told["rule"] == "thresholds" else "macro_f1"


def row(told: dict, measure: str) -> list[str]:
    """Everyone's figure with the setting, what that is more than without, and the interval over the rows, or that no answer
    changes; of what ships the interval over the folds too, and the processor minutes of training without and with it.
    """
    everyone = told["contestants"]
    names = [next((name for name in everyone if name.startswith(begins)), "") for begins in MEMBERS]
    cells = [cell(everyone[name], measure) if name else "" for name in names]
    ours = everyone[names[-1]]["measures"][measure]
    spread = f"{ours['folds_low']:+.4f} to {ours['folds_high']:+.4f}"
    minutes = " → ".join(spent(told[side]["minutes"]) for side in ("first", "second"))
    says = flow(told["second"]["says"]).replace("|", r"\|")
    return [f"`{says}`", *cells, spread, f"{ours['folds_higher']} of {told['folds']}", minutes]


def cell(contestant: dict, measure: str) -> str:
    of = contestant["measures"][measure]
    gap = f"{of['difference']:+.4f}, {of['low']:+.4f} to {of['high']:+.4f}"
    return f"{of['second']:.4f} ({'the same' if contestant['same'] else gap})"


def spent(minutes: dict[str, float | None]) -> str:
    """All stages together; more than that where a stage is not known."""
    known = [value for value in minutes.values() if value is not None]
    return f"{'over ' if len(known) < len(minutes) else ''}{sum(known):.0f}"


def flow(says: dict) -> str:
    """An overlay in one line."""
    yaml, text = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style, yaml.width, yaml.sort_base_mapping_type_on_output = True, 10_000, False
    yaml.dump(says, text)
    return text.getvalue().strip()[1:-1]


if __name__ == "__main__":
    print(page())
