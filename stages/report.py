"""report: all metrics of a task as a page people read, its Markdown twin, figures, a model card and a ledger (XLSX).

Built from the metrics files alone, so that no figure on a page can differ from the one that dvc tracks. The Markdown, the
figures, the card and the ledger are byte-stable. report.html is so for the same files too, but it also shows the timings
(benchmark.json) and where it was made (provenance.json), which never repeat: like those it lies beside the outs.
"""

from pathlib import Path

import pandas as pd

from decant import checked, decision, paths, stage
from decant.errors import CacheError
from decant.files import read_json, write_json, write_metrics, writing
from decant.keys import class_keys
from decant.report import figures
from decant.report.document import document
from decant.report.facts import Facts
from decant.report.ledger import ledger
from decant.report.pages import write_text
from decant.report.sections import markdown
from decant.settings.base import Section
from decant.settings.card import Card
from decant.settings.catalogue import Encoder
from decant.settings.decision import Decision, rule_of
from decant.settings.distil import Distil
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads, heads_of
from decant.settings.thresholds import Thresholds
from decant.settings.tokens import Tokens
from decant.verdict import card, provenance
from decant.verdict.headline import headline

PARTS = (
    "profile",
    "split",
    "baseline",
    "soften",
    "learning",
    "export",
    "quantize",
    "thresholds",
    "test",
    "crossfit",
    "paired",
    "subgroups",
    "benchmark",
    "gate",
)
PLOTS = ("confusion", "precision_recall", "roc", "thresholds", "reliability", "sizes")


class Sections(Section):
    card: Card
    catalogue: dict[str, Encoder]
    decision: Decision
    distil: Distil
    evaluate: Evaluate
    heads: Heads
    seeds: list[int]
    teachers: list[str]
    thresholds: Thresholds
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    rule = rule_of(p.decision)
    keys = class_keys(decision.classes(rule, heads_of(p.heads)))
    facts = Facts(
        task=task,
        metrics={part: read_json(paths.metrics(task, part)) for part in PARTS},
        plots={name: table(paths.plots(task) / f"{name}.csv") for name in PLOTS},
        tables={"teachers": table(paths.learning(task) / "teachers.csv"), "capacity": students(task)},
        labels={key: name for name, key in keys.items()},
        several=rule.name == "thresholds",
        caps=dict(p.thresholds.caps),
        policy=p.thresholds.policy,
        tuned_on=list(p.thresholds.rows),
        confidence=p.evaluate.confidence,
        seeds=p.seeds,
        encoders=p.teachers,
    )
    capped = [keys[label] for label in p.thresholds.caps]
    parts = (facts.metrics[name] for name in ("test", "paired", "gate"))
    write_metrics(paths.metrics(task, "headline"), headline(*parts, facts.size, facts.several, capped))
    draw(facts)
    write_text(paths.page(task, "report"), markdown(facts))
    about = card.About(
        card=p.card,
        encoder_name=p.distil.encoder,
        encoder=p.catalogue[p.distil.encoder],
        decision=p.decision,
        evaluate=p.evaluate,
        heads=p.heads,
        thresholds=p.thresholds,
        tokens=p.tokens,
    )
    write_text(paths.page(task, "card"), card.build(task, facts.metrics, about, keys))
    with writing(paths.ledger(task)) as partial:
        ledger(facts, partial)
    made = provenance.environment()
    write_json(paths.metrics(task, "provenance"), made)
    write_text(paths.page(task, "report").with_suffix(".html"), document(facts, made))


def table(file: Path) -> pd.DataFrame:
    """A table that an earlier stage wrote. A label may be called NA or 1.0, so ids and labels stay text."""
    if not file.exists():
        raise CacheError(f"{file}: missing. Run the stage that writes it: dvc repro")
    return pd.read_csv(
        file, keep_default_na=False, dtype={name: str for name in ("id", "label", "actual", "predicted")}
    )


def students(task: str) -> pd.DataFrame:
    """The shipped student and the others of the sweep, each with its int8 bytes and its milliseconds at 32 tokens."""
    rows = table(paths.learning(task) / "capacity.csv")
    times = read_json(paths.metrics(task, "benchmark")).get("students", {})  # older files have none
    if "name" not in rows or not times:
        return rows
    rows["ms"] = rows["name"].map({name: entry["ms_p50"] for name, entry in times.items()})
    if "bytes" not in rows:
        rows["bytes"] = ""  # of no sweep: nothing but the shipped one
    rows.loc[rows["name"] == "shipped", "bytes"] = str(read_json(paths.metrics(task, "quantize"))["bytes"])
    return rows


def draw(facts: Facts) -> None:
    """The four figures of the Markdown page."""
    with writing(paths.figures(facts.task)) as partial:
        partial.mkdir(parents=True)
        lead = facts.measures[0]
        figures.contestants(facts.contestants, lead, facts.called(lead), facts.ships, partial / "contestants.png")
        if facts.several:
            figures.hits(facts.plots["confusion"], list(facts.labels.values()), facts.ships, partial / "confusion.png")
        else:
            figures.confusion(facts.plots["confusion"], facts.ships, partial / "confusion.png")
        figures.curves(facts.plots["precision_recall"], facts.ships, partial / "precision_recall.png")
        figures.reliability(facts.plots["reliability"], facts.ships, partial / "reliability.png")


if __name__ == "__main__":
    stage.run(main)
