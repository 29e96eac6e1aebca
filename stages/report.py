"""report: all metrics of a task as a page people read: Markdown, HTML, figures, a model card and a ledger (XLSX).

Built from the metrics files alone, so that no figure on a page can differ from the one that dvc tracks. Byte-stable,
except provenance.json (commit, machine, versions), which lies beside the outs and not among them.
"""

from pathlib import Path

import pandas as pd

from decant import checked, paths, stage
from decant.files import read_json, write_json, writing
from decant.keys import SHIPPED
from decant.settings.base import Section
from decant.settings.decision import Decision
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads
from decant.settings.thresholds import Thresholds
from decant.settings.tokens import Tokens
from decant.verdict import figures, provenance, sections
from decant.verdict.pages import write_page, write_text

PARTS = (
    "split",
    "baseline",
    "soften",
    "learning",
    "export",
    "quantize",
    "thresholds",
    "test",
    "paired",
    "subgroups",
    "gate",
)
RATES = ("learning_rate", "head_rate", "warmup", "label_smoothing")


class Sections(Section):
    decision: Decision
    evaluate: Evaluate
    heads: Heads
    thresholds: Thresholds
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    metrics = {part: read_json(paths.metrics(task, part)) for part in PARTS}
    contestants = {name: entry for name, entry in metrics["test"].items() if "accuracy" in entry}
    named = [key for key, entry in contestants[SHIPPED].items() if isinstance(entry, dict) and "fnr" in entry]

    draw(task, contestants, p.heads[p.decision.head].labels if p.decision.rule == "thresholds" else None)
    learnt = teachers(paths.learning(task) / "teachers.csv")
    text = page(task, metrics, contestants, named, p.evaluate.confidence, p.thresholds.policy, learnt)
    write_page(paths.page(task, "report"), f"Decant: {task}", text)
    write_text(paths.page(task, "card"), card(task, metrics, named, p))
    with writing(paths.ledger(task)) as partial:
        ledger(metrics, contestants, named, partial)
    write_json(paths.metrics(task, "provenance"), provenance.environment())


def draw(task: str, contestants: dict[str, dict], labels: list[str] | None) -> None:
    """The four figures, from the scores and from the tables that evaluate left beside them.

    labels: those of which any may hold; None where one answer excludes the others.
    """

    def plot(name: str) -> pd.DataFrame:
        return pd.read_csv(paths.plots(task) / f"{name}.csv", keep_default_na=False)

    with writing(paths.figures(task)) as partial:
        partial.mkdir(parents=True)
        figures.contestants(contestants, SHIPPED, partial / "contestants.png")
        if labels is not None:
            figures.hits(plot("confusion"), labels, SHIPPED, partial / "confusion.png")
        else:
            figures.confusion(plot("confusion"), SHIPPED, partial / "confusion.png")
        figures.curves(plot("precision_recall"), SHIPPED, partial / "precision_recall.png")
        figures.reliability(plot("reliability"), SHIPPED, partial / "reliability.png")


def teachers(file: Path) -> pd.DataFrame:
    """One row per teacher, rates as text: a rate of 5e-05 would be shown as 0.0001."""
    return pd.read_csv(file).astype(dict.fromkeys(RATES, str))


def page(
    task: str,
    metrics: dict[str, dict],
    contestants: dict[str, dict],
    named: list[str],
    confidence: float,
    policy: str,
    learnt: pd.DataFrame,
) -> str:
    """The report as Markdown.

    metrics: name of a metrics file -> its content. contestants: name -> figures, of test.json; named: their classes.
    confidence: of the intervals of test. policy: of the thresholds. learnt: one row per teacher.
    """
    shipped = contestants[SHIPPED]
    ranked = dict(sorted(contestants.items(), key=lambda item: -item[1]["macro_f1"]))
    # with few classes, subgroups show each of them, and thresholds those of every contestant; the JSON files have all
    few = len(named) <= figures.MANY
    capped = sections.threshold_rows(metrics["thresholds"], list(ranked) if few else [SHIPPED])
    blocks = [
        *sections.verdict(task, metrics["gate"]),
        *sections.contestants(ranked, shipped["n"], confidence, tuned=bool(capped)),
        *sections.differences(SHIPPED, metrics["paired"], confidence),
        *sections.classes(SHIPPED, shipped, named, confidence),
        *sections.subgroups(metrics["subgroups"], named if few else []),
        *sections.thresholds(capped, metrics["thresholds"]["n"], policy, "contestant" if few else "class"),
        *sections.linear_members(metrics["baseline"]),
        *sections.calibration(metrics["soften"], metrics["export"]["calibration"]),
        *sections.teachers(learnt),
        *sections.gains(metrics["learning"]["encoders"]),
        *sections.recipes(metrics["quantize"], metrics["export"]),
        "## Data",
        "[The data report](data.md) has cleaning, duplicates, leaks, balance and lengths.",
    ]
    return "\n\n".join(blocks) + "\n"


def card(task: str, metrics: dict[str, dict], named: list[str], p: Sections) -> str:
    """The model card that travels with the bundle, as Markdown. metrics, named: as for page."""
    shipped, export, gate = metrics["test"][SHIPPED], metrics["export"], metrics["gate"]
    heads = "; ".join(
        f"{name} ({head.kind}{': ' + ', '.join(head.labels) if head.labels else ''})" for name, head in p.heads.items()
    )
    thresholds = metrics["thresholds"].get(SHIPPED, {})
    limits = ", ".join(f"{name} {entry['threshold']:g}" for name, entry in thresholds.items()) or "none"
    front = [
        "---",
        "library_name: transformers.js",
        "pipeline_tag: text-classification",
        f"tags: [text-classification, onnx, int8, decant, {task}]",
        "---",
    ]
    text = [
        f"# {task}",
        f"A {export['parameters']:,}-parameter text classifier in int8 ONNX ({metrics['quantize']['bytes']:,} bytes), distilled "
        f"from an ensemble. Heads: {heads}. Decision: {p.decision.rule}; thresholds: {limits}.",
        f"Release verdict: **{gate['verdict']}**, model md5 `{gate['model_md5']}`.",
        f"## Quality on {shipped['n']:,} test rows",
        f"Accuracy {shipped['accuracy']:.4f} ({shipped['accuracy_low']:.4f} to {shipped['accuracy_high']:.4f}), macro F1 "
        f"{shipped['macro_f1']:.4f} ({shipped['macro_f1_low']:.4f} to {shipped['macro_f1_high']:.4f}), "
        f"{p.evaluate.confidence:.0%} intervals.",
        sections.by_class(shipped, named),
        "## Use",
        f'`python -m decant predict --task {task} "some text"`, or any runtime that reads onnx/model_quantized.onnx with tokenizer.json: '
        "its one output, logits, is calibrated already. Feed it one text at a time, without padding: int8 scales follow the batch.",
        "## Limits",
        f"Trained on {metrics['split']['train']['n']:,} texts cut to {p.tokens.max_length} tokens; it knows their language, "
        "topics and time only. "
        "The figures hold for texts like the test rows. See report.md for subgroups and for what simpler models reach.",
    ]
    return "\n".join(front) + "\n\n" + "\n\n".join(text) + "\n"


def ledger(metrics: dict[str, dict], contestants: dict[str, dict], named: list[str], file: Path) -> None:
    """One sheet per table, in `file`. xlsxwriter fixes the time stamps inside it, so its bytes repeat.

    metrics, contestants, named: as for page.
    """
    sheets = {
        "contestants": [
            {"contestant": name} | {key: value for key, value in entry.items() if not isinstance(value, dict)}
            for name, entry in contestants.items()
        ],
        "classes": [
            {"contestant": name, "class": label} | entry[label]
            for name, entry in contestants.items() for label in named
        ],
        "paired": [{"pair": name} | entry for name, entry in metrics["paired"].items()],
        "gates": [{"gate": name} | entry for name, entry in metrics["gate"].items() if isinstance(entry, dict)],
    }  # fmt: skip
    with pd.ExcelWriter(file, engine="xlsxwriter", engine_kwargs={"options": {"in_memory": True}}) as book:
        book.book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})
        for name, rows in sheets.items():
            pd.DataFrame(rows).to_excel(book, sheet_name=name, index=False)


if __name__ == "__main__":
    stage.run(main)
