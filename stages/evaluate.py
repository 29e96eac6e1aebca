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
from decant.files import read_json, slug, write_metrics, writing
from decant.heads import Head, likely, logits_of, probabilities, tempered
from decant.keys import STUDENT_INT8, Ranking, class_keys
from decant.members import ensemble, sizes
from decant.models import reading
from decant.progress import bar
from decant.runs import device
from decant.runtime import Bundle
from decant.scoring import calibration, curves, intervals, metrics, subgroups
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
    encoders: list[str]
    evaluate: Evaluate
    heads: Heads
    runtime: Runtime
    seeds: list[int]
    ship: Ship
    soften: Soften
    source: Source
    threads: int
    tokens: Tokens


class Rows(NamedTuple):
    """The test rows, and what everyone says about them."""

    frame: pd.DataFrame
    shipped: str  # the contestant that the bundle holds
    names: list[str]  # the k classes of the decision
    targets: np.ndarray  # (n, w), of all heads
    gold: np.ndarray  # (n, k) booleans
    chances: dict[str, np.ndarray]  # contestant -> (n, w)
    answers: dict[str, np.ndarray]  # contestant -> (n, k) booleans
    scores: dict[str, np.ndarray]  # contestant -> (n, k) in 0..1


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads, rule = heads_of(p.heads), rule_of(p.decision)
    device.use(p.device, p.threads)
    frame = tables.load(task, "test", heads)
    targets = tables.targets(frame, heads)
    thresholds = read_json(paths.thresholds(task))
    thresholds["student"] = thresholds[STUDENT_INT8]

    chances = {name: probabilities(logits, heads) for name, logits in contestants(task, p, heads, frame).items()}
    rows = Rows(
        frame=frame,
        shipped=CONTESTANT[p.ship],
        names=decision.classes(rule, heads),
        targets=targets,
        gold=decision.gold(rule, heads, targets),
        chances=chances,
        answers={name: decision.decide(rule, heads, values, thresholds[name]) for name, values in chances.items()},
        scores={name: decision.scores(rule, heads, values) for name, values in chances.items()},
    )
    judged = binding.judged(task, paths.bundle(task), len(frame))
    test = tested(rows, heads, p)
    if p.ship == "student":
        test[f"{STUDENT_INT8}_vs_student"]["raw_differ"] = read_alone(task, frame, p.tokens.max_length)
    write_metrics(paths.metrics(task, "test"), test | {"judged": judged})
    write_metrics(paths.metrics(task, "paired"), paired(task, rows, p.evaluate.confidence))
    write_metrics(paths.metrics(task, "subgroups"), grouped(task, rows, list(p.source.slices), p.evaluate))

    tried = curves.tried(rule, heads, chances[rows.shipped], thresholds[rows.shipped])
    given = rows.scores[rows.shipped]
    members = read_json(paths.soft(task) / "ensemble.json")["weights"]
    write_plots(
        task,
        {
            "confusion": curves.confusion(
                frame["id"].tolist(), rows.names, rows.gold, rows.answers[rows.shipped], rule.single
            ),
            "precision_recall": curves.precision_recall(rows.names, rows.gold, given),
            "roc": curves.roc(rows.names, rows.gold, given),
            "thresholds": curves.thresholds(
                tried, dict(zip(rows.names, rows.gold.T, strict=True)), thresholds[rows.shipped]
            ),
            "reliability": curves.reliability(rows.names, rows.gold, given, p.soften.bins),
            "sizes": sizes.sizes(
                task, p.encoders, p.seeds, p.adapt.on, p.baseline.probe_encoder, members, rows.shipped
            ),
        },
    )
    write_predictions(task, rows)


def tested(rows: Rows, heads: tuple[Head, ...], p: Sections) -> dict[str, dict]:
    """test.json: the figures of everyone, of each head and each class, and how far int8 is from fp32."""
    groups = p.heads[p.decision.head].groups if p.decision.head else {}
    pairs = {name: (rows.answers[name], rows.scores[name]) for name in rows.answers}
    bounded = intervals.headline(rows.gold, pairs, p.evaluate.confidence)
    single = rule_of(p.decision).single
    test = {}
    for name, (answers, scores) in pairs.items():
        test[name] = (
            {"n": len(rows.frame)} | metrics.summary(rows.gold, answers, single) | metrics.ranking(rows.gold, scores)
        )
        test[name] |= intervals.flat(bounded[name])
        logits = logits_of(rows.chances[name], heads)
        for head, figures in calibration.report(logits, rows.targets, heads, p.soften.bins).items():
            test[name][slug(f"head_{head}")] = figures
        if groups:
            coarse = [metrics.grouped(groups, rows.names, part) for part in (rows.gold, answers)]
            test[name]["coarse"] = {"groups": len(groups)} | metrics.summary(*coarse, single)
        numbers = metrics.regression(heads, rows.targets, rows.chances[name])
        test[name] |= {f"head_{key}": errors for key, errors in numbers.items()}
        test[name]["classes"] = metrics.per_class(rows.names, rows.gold, answers, scores, p.evaluate.confidence)
    test[f"{STUDENT_INT8}_vs_student"] = {
        "agreement": (rows.answers[STUDENT_INT8] == rows.answers["student"]).all(axis=1).mean(),
        "mean_difference": np.abs(rows.chances[STUDENT_INT8] - rows.chances["student"])[:, likely(heads)].mean(),
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
    keys = list(class_keys(rows.names).values())
    ours = (rows.answers[rows.shipped], rows.scores[rows.shipped])
    others = [name for name in rows.answers if name != rows.shipped]
    found = {
        f"minus_{name}": intervals.against(keys, rows.gold, ours, (rows.answers[name], rows.scores[name]), confidence)
        for name in bar(others, what="paired", unit="contestant")
    }
    if known := champion.answers(task, rows.frame, rows.names):
        shared, theirs = known
        sides = [(answers, answers.astype(float)) for answers in (ours[0][shared], theirs)]
        entry = intervals.against(keys, rows.gold[shared], *sides, confidence)
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
    ours = rows.answers[rows.shipped]
    return subgroups.figures(masks, rows.names, rows.gold, ours, settings.least, settings.confidence)


def write_plots(task: str, plots: dict[str, pd.DataFrame]) -> None:
    with writing(paths.plots(task)) as partial:
        partial.mkdir(parents=True)
        for name, table in plots.items():
            table.to_csv(partial / f"{name}.csv", index=False)


def write_predictions(task: str, rows: Rows) -> None:
    """Everyone's answers, and the shipped model's scores, row by row."""
    labels = np.array(rows.names, dtype=object)
    table = rows.frame[["id", "text", "answer"]].assign(
        **{name: [answered.joined(labels[row]) for row in answers] for name, answers in rows.answers.items()}
    )
    keys = class_keys(rows.names).values()
    given = np.round(rows.scores[rows.shipped], 6)
    table = table.assign(**{f"score_{key}": given[:, column] for column, key in enumerate(keys)})
    with writing(paths.predictions(task)) as partial:
        table.to_parquet(partial, index=False)


def contestants(task: str, p: Sections, heads: tuple[Head, ...], frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Calibrated logits (n, w) of everyone, in the order of the tables."""
    texts = frame["text"].tolist()
    record = read_json(paths.soft(task) / "ensemble.json")
    raw = {"linear": ensemble.linear_logits(task, frame["linear"].tolist())}
    for name in ensemble.probes(p.adapt.on):
        raw[name] = ensemble.probe_logits(task, name, texts, p.baseline.probe_encoder, p.tokens.max_length)
    for name, folder in ensemble.teachers(task, p.encoders, p.seeds).items():
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
