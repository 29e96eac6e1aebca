"""evaluate: the only stage that opens test. All contestants on the same rows, by the same decision rule.

In: every model, the thresholds tuned on calib, the bundle itself (which gets raw text and does its own cleaning), test, the
answers of the champion if there is one, and of train the slices alone. Out: metrics/<task>/test.json with intervals and what
was judged, paired.json with paired differences, subgroups.json, plot tables, and the predictions row by row
(models/<task>/predictions.parquet), which are the test export: exactly the evaluated rows.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from decant import checked, decision, paths, stage, tables
from decant.data import answered
from decant.files import read_json, write_metrics, writing
from decant.heads import Head, likely, probabilities, tempered
from decant.keys import STUDENT_INT8, Ranking, class_keys
from decant.members import ensemble, sizes
from decant.models import reading
from decant.progress import bar
from decant.runs import device
from decant.runtime import Bundle
from decant.scoring import curves, intervals, subgroups
from decant.scoring.tested import CHANCES, Said, figures
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.baseline import Baseline
from decant.settings.decision import Decision, rule_of
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads, heads_of
from decant.settings.runtime import Runtime
from decant.settings.ship import Ship
from decant.settings.soften import Soften
from decant.settings.source import Source
from decant.settings.tokens import Tokens
from decant.shipped.model import Model
from decant.shipping import CONTESTANT
from decant.verdict import binding, champion


class Sections(Section):
    adapt: Adapt
    baseline: Baseline
    decision: Decision
    device: str
    evaluate: Evaluate
    heads: Heads
    runtime: Runtime
    seeds: list[int]
    ship: Ship
    soften: Soften
    source: Source
    teachers: list[str]
    threads: int
    tokens: Tokens


class Rows(NamedTuple):
    """The test rows, and what everyone says about them."""

    frame: pd.DataFrame
    shipped: str  # the contestant that the bundle holds
    said: Said


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads, rule = heads_of(p.heads), rule_of(p.decision)
    device.use(p.device, p.threads)
    frame = tables.load(task, "test", heads)
    targets = tables.targets(frame, heads)
    thresholds = read_json(paths.thresholds(task))
    thresholds["student"] = thresholds[STUDENT_INT8]

    chances = {name: probabilities(logits, heads) for name, logits in contestants(task, p, heads, frame).items()}
    said = Said(
        names=decision.classes(rule, heads),
        targets=targets,
        gold=decision.gold(rule, heads, targets),
        chances=chances,
        answers={name: decision.decide(rule, heads, values, thresholds[name]) for name, values in chances.items()},
        scores={name: decision.scores(rule, heads, values) for name, values in chances.items()},
    )
    rows = Rows(frame, CONTESTANT[p.ship], said)
    judged = binding.judged(task, paths.bundle(task), len(frame))
    test = tested(rows, heads, p)
    if p.ship == "student":
        test[f"{STUDENT_INT8}_vs_student"]["raw_differ"] = read_alone(task, frame, p.tokens.max_length)
    write_metrics(paths.metrics(task, "test"), test | {"judged": judged})
    write_metrics(paths.metrics(task, "paired"), paired(task, rows, p.evaluate.confidence))
    write_metrics(paths.metrics(task, "subgroups"), grouped(task, rows, list(p.source.slices), p.evaluate))

    tried = curves.tried(rule, heads, chances[rows.shipped], thresholds[rows.shipped])
    given = said.scores[rows.shipped]
    members = read_json(paths.soft(task) / "ensemble.json")["weights"]
    write_plots(
        task,
        {
            "confusion": curves.confusion(
                frame["id"].tolist(), said.names, said.gold, said.answers[rows.shipped], rule.single
            ),
            "precision_recall": curves.precision_recall(said.names, said.gold, given),
            "roc": curves.roc(said.names, said.gold, given),
            "thresholds": curves.thresholds(
                tried, dict(zip(said.names, said.gold.T, strict=True)), thresholds[rows.shipped]
            ),
            "reliability": curves.reliability(said.names, said.gold, given, p.soften.bins),
            "sizes": sizes.sizes(
                task, p.teachers, p.seeds, p.adapt.on, p.baseline.probe_encoder, members, rows.shipped
            ),
        },
    )
    write_predictions(task, rows)


def tested(rows: Rows, heads: tuple[Head, ...], p: Sections) -> dict[str, dict]:
    """test.json: the figures of everyone, of each head and each class, and how far int8 is from fp32."""
    groups = p.heads[p.decision.head].groups if p.decision.head else {}
    said, single = rows.said, rule_of(p.decision).single
    test = figures(said, heads, single, groups, p.soften.bins, p.evaluate.confidence)
    test[f"{STUDENT_INT8}_vs_student"] = {
        "agreement": (said.answers[STUDENT_INT8] == said.answers["student"]).all(axis=1).mean(),
        "mean_difference": np.abs(said.chances[STUDENT_INT8] - said.chances["student"])[:, likely(heads)].mean(),
    }
    return test


def read_alone(task: str, frame: pd.DataFrame, max_length: int) -> float:
    """Share of the test rows that the bundle's tokenizer.json reads in another way raw than cleaned: a reader without our
    code answers those as if they were other texts."""
    file = paths.bundle(task) / "tokenizer.json"
    raw, cleaned = (reading.ids(file, frame[column].tolist(), max_length) for column in ("raw", "text"))
    return reading.differing(raw, cleaned) / len(frame)


def paired(task: str, rows: Rows, confidence: float) -> dict[str, dict]:
    """paired.json: the shipped model minus each other contestant, and minus the champion where both have answered."""
    said, keys = rows.said, list(class_keys(rows.said.names).values())
    ours = (said.answers[rows.shipped], said.scores[rows.shipped])
    others = [name for name in said.answers if name != rows.shipped]
    found = {
        f"minus_{name}": intervals.against(keys, said.gold, ours, (said.answers[name], said.scores[name]), confidence)
        for name in bar(others, what="paired", unit="contestant")
    }
    if known := champion.answers(task, rows.frame, said.names):
        shared, theirs = known
        sides = [(answers, answers.astype(float)) for answers in (ours[0][shared], theirs)]
        entry = intervals.against(keys, said.gold[shared], *sides, confidence)
        # it left its answers behind and no scores, so that there is nothing to rank by
        found["minus_champion"] = {
            key: value for key, value in entry.items() if not key.startswith(tuple(Ranking._fields))
        }
    return found


def grouped(task: str, rows: Rows, slices: list[str], settings: Evaluate) -> dict[str, dict]:
    """subgroups.json: the shipped model on parts of the rows."""
    tables.refuse_others(task, "train")
    trained = pd.read_parquet(paths.split_file(task, "train"), columns=slices)  # who wrote them, and no text
    masks = subgroups.groups(rows.frame, slices, trained)
    ours = rows.said.answers[rows.shipped]
    return subgroups.figures(masks, rows.said.names, rows.said.gold, ours, settings.least, settings.confidence)


def write_plots(task: str, plots: dict[str, pd.DataFrame]) -> None:
    with writing(paths.plots(task)) as partial:
        partial.mkdir(parents=True)
        for name, table in plots.items():
            table.to_csv(partial / f"{name}.csv", index=False)


def write_predictions(task: str, rows: Rows) -> None:
    """Everyone's answers and calibrated head outputs, and the shipped model's scores, row by row."""
    labels = np.array(rows.said.names, dtype=object)
    table = rows.frame[["id", "text", "answer"]].assign(
        **{name: [answered.joined(labels[row]) for row in answers] for name, answers in rows.said.answers.items()}
    )
    keys = class_keys(rows.said.names).values()
    given = np.round(rows.said.scores[rows.shipped], 6)
    table = table.assign(**{f"score_{key}": given[:, column] for column, key in enumerate(keys)})
    outputs = {f"{CHANCES}{name}": list(values.astype(np.float32)) for name, values in rows.said.chances.items()}
    table = table.assign(**outputs)
    with writing(paths.predictions(task)) as partial:
        table.to_parquet(partial, index=False)


def contestants(task: str, p: Sections, heads: tuple[Head, ...], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Calibrated logits (n, w) of everyone, in the order of the tables."""
    texts = frame["text"].tolist()
    record = read_json(paths.soft(task) / "ensemble.json")
    raw = {"linear": ensemble.linear_logits(task, frame["linear"].tolist())}
    for name in ensemble.probes(p.adapt.on):
        raw[name] = ensemble.probe_logits(task, name, texts, p.baseline.probe_encoder, p.tokens.max_length)
    for name, folder in ensemble.teachers(task, p.teachers, p.seeds).items():
        raw[name], _ = ensemble.teacher_logits(folder, texts, p.tokens.max_length, name)
    members = {name: raw[name] for name in record["weights"]}
    raw["ensemble"] = ensemble.combine(members, heads, record["weights"], record["temperatures"], record["pool"])
    scored = {name: tempered(logits, heads, record["temperatures"][name]) for name, logits in raw.items()}
    tokenizer, read = paths.student(task) / "tokenizer.json", (p.tokens.max_length, p.threads, p.runtime.shared)
    others = {"student": paths.onnx(task), STUDENT_INT8: paths.quantized(task)}
    others.pop(CONTESTANT[p.ship], None)
    with bar(total=len(others) + 1, what="in ONNX and the bundle", unit="contestant") as shown:
        for name, file in others.items():
            scored[name] = Model(file, tokenizer, *read).logits(texts)
            shown.update()
        scored[CONTESTANT[p.ship]] = Bundle(paths.bundle(task), p.threads).logits(frame["raw"].tolist())
        shown.update()
    return scored


if __name__ == "__main__":
    stage.run(main)
