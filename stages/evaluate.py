"""evaluate: the only stage that opens test. All contestants on the same rows, by the same decision rule.

In: every model, the thresholds tuned on calib, the bundle itself (which gets raw text and does its own cleaning), test.
Out: metrics/<task>/test.json with intervals, paired.json with paired differences, subgroups.json, plot tables, and the
predictions row by row (models/<task>/predictions.parquet), which are the test export: exactly the evaluated rows.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import precision_recall_curve

from decant import checked, decision, paths, stage, tables
from decant.data import manifest
from decant.errors import DataError
from decant.files import read_json, slug, write_metrics, writing
from decant.heads import Head, likely, logits_of, probabilities, tempered
from decant.keys import SHIPPED, bounds
from decant.members import ensemble
from decant.runtime import Bundle, Model
from decant.scoring import calibration, metrics
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.baseline import Baseline
from decant.settings.decision import Decision, rule_of
from decant.settings.evaluate import Evaluate
from decant.settings.heads import Heads, heads_of
from decant.settings.soften import Soften
from decant.settings.source import Source
from decant.settings.tokens import Tokens

LENGTHS = (0, 40, 100, 200, 10**9)  # characters; the references report posts under 40 apart
CURVE = 200  # points of a precision-recall curve: enough for the eye, small in git


class Sections(Section):
    adapt: Adapt
    baseline: Baseline
    decision: Decision
    encoders: list[str]
    evaluate: Evaluate
    heads: Heads
    seeds: list[int]
    soften: Soften
    source: Source
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    rule = rule_of(p.decision)
    torch.set_num_threads(p.threads)
    frame = tables.load(task, "test", heads)
    check_manifest(task, frame)
    targets = tables.targets(frame, heads)
    gold, names = decision.gold(rule, heads, targets), decision.classes(rule, heads)
    thresholds = read_json(paths.thresholds(task))
    thresholds["student"] = thresholds[SHIPPED]

    chances = {name: probabilities(logits, heads) for name, logits in contestants(task, p, heads, frame).items()}
    answers = {name: decision.decide(rule, heads, values, thresholds[name]) for name, values in chances.items()}
    ranked = {name: decision.scores(rule, heads, values) for name, values in chances.items()}
    pairs = {name: (answers[name], ranked[name]) for name in chances}
    draws = metrics.bootstrap(gold, pairs, p.evaluate.resamples, p.evaluate.seed)
    tails = [(1 - p.evaluate.confidence) / 2 * 100, (1 + p.evaluate.confidence) / 2 * 100]

    test = {}
    for name, values in chances.items():
        given = ranked[name]
        test[name] = {"n": len(frame)} | metrics.summary(gold, answers[name]) | metrics.ranking(gold, given)
        right = int((gold == answers[name]).all(axis=1).sum())  # exact, since a bootstrap of 100 % has no width
        exact = metrics.binomial_interval(right, len(frame), p.evaluate.confidence)
        test[name] |= zip(bounds("accuracy"), exact, strict=True)
        for key in [key for key in draws[name] if key != "accuracy"]:
            test[name] |= zip(bounds(key), np.nanpercentile(draws[name][key], tails), strict=True)
        for head, figures in calibration.report(logits_of(values, heads), targets, heads, p.soften.bins).items():
            test[name][slug(f"head_{head}")] = figures
        if groups := p.heads[rule.head].groups if rule.head else {}:
            coarse = [metrics.grouped(groups, names, part) for part in (gold, answers[name])]
            test[name]["coarse"] = {"groups": len(groups)} | metrics.summary(*coarse)
        test[name] |= {f"head_{key}": errors for key, errors in metrics.regression(heads, targets, values).items()}
        test[name] |= metrics.per_class(names, gold, answers[name], given, p.evaluate.confidence)
    test[f"{SHIPPED}_vs_student"] = {
        "agreement": (answers[SHIPPED] == answers["student"]).all(axis=1).mean(),
        "mean_difference": np.abs(chances[SHIPPED] - chances["student"])[:, likely(heads)].mean(),
    }
    write_metrics(paths.metrics(task, "test"), test)

    paired = {}
    for other in chances:
        if other != SHIPPED:
            paired[f"minus_{other}"] = {"n": len(frame)}
            for key, values in draws[SHIPPED].items():
                paired[f"minus_{other}"][key] = test[SHIPPED][key] - test[other][key]
                gap = np.nanpercentile(values - draws[other][key], tails)
                paired[f"minus_{other}"] |= zip(bounds(key), gap, strict=True)
    write_metrics(paths.metrics(task, "paired"), paired)
    write_metrics(
        paths.metrics(task, "subgroups"), subgroups(frame, gold, answers, p.source.slices, p.evaluate.least, names)
    )

    plots = paths.plots(task)
    given = ranked[SHIPPED]
    write_table(plots / "confusion.csv", confusion(names, gold, answers[SHIPPED]))
    write_table(plots / "precision_recall.csv", precision_recall(names, gold, given))
    write_table(plots / "reliability.csv", reliability(names, gold, given, p.soften.bins))
    labels = np.array(names, dtype=object)
    rows = frame[["id", "text", "answer"]].assign(
        **{name: ["|".join(labels[row]) for row in answers[name]] for name in answers}
    )
    rows = rows.assign(**{f"score_{slug(name)}": np.round(given[:, column], 6) for column, name in enumerate(names)})
    with writing(paths.predictions(task)) as partial:
        rows.to_parquet(partial, index=False)


def check_manifest(task: str, frame: pd.DataFrame) -> None:
    """Raises DataError unless the rows to evaluate are, text and answer, exactly those that split wrote down for test."""
    written = read_json(paths.metrics(task, "manifest"))["splits"]["test"]
    sha256 = manifest.digest_of_rows(frame)
    if written["n"] != len(frame) or written["rows_sha256"] != sha256:
        raise DataError(
            f"{paths.split_file(task, 'test')}: {len(frame)} rows with sha256 {sha256[:12]}…, "
            f"{paths.metrics(task, 'manifest')} has {written['n']} with {written['rows_sha256'][:12]}…; "
            f"figures would be about other rows or answers. Run: dvc repro split@{task}"
        )


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
    student = Model(paths.onnx(task), paths.student(task) / "tokenizer.json", p.tokens.max_length, p.threads)
    scored["student"] = student.logits(texts)
    scored[SHIPPED] = Bundle(paths.bundle(task), p.threads).logits(frame["raw"].tolist())
    return scored


def subgroups(frame: pd.DataFrame, gold: np.ndarray, answers: dict, slices: dict, least: int, names: list[str]) -> dict:
    """n, accuracy, macro F1, and per class recall and FPR of the shipped model, for each group that is large enough."""
    groups = {
        f"length_{low}_{high}" if high < 10**9 else f"length_{low}_up": (frame["length"] >= low)
        & (frame["length"] < high)
        for low, high in pairwise(LENGTHS)
    }
    groups |= {"with_url": frame["has_url"], "without_url": ~frame["has_url"]}
    for name in slices:
        groups |= {f"with_{slug(name)}": frame[name] != "", f"without_{slug(name)}": frame[name] == ""}
    result = {}
    for group, chosen in groups.items():
        rows = np.flatnonzero(chosen)
        if len(rows) in (0, len(frame)):
            continue  # no group of its own
        result[group] = {"n": len(rows)}
        if len(rows) >= least:
            figures = metrics.summary(gold[rows], answers[SHIPPED][rows])
            result[group] |= {key: figures[key] for key in ("accuracy", "macro_f1")}
            each = metrics.rates(metrics.counts(gold[rows], answers[SHIPPED][rows]))
            for column, name in enumerate(names):
                support = int(gold[rows, column].sum())
                entry = {"support": support, "fpr": each["fpr"][column]}
                result[group][slug(name)] = entry | ({"recall": each["recall"][column]} if support else {})
    return result


def confusion(names: list[str], gold: np.ndarray, answers: np.ndarray) -> pd.DataFrame:
    """One line per row: actual, predicted. For several labels one line per label and row where either holds, 'label' or
    'not label': of 28 labels on 5,427 rows all lines were 3.9 MB, nearly all of them 'not' and 'not'."""
    if (gold.sum(axis=1) == 1).all() and (answers.sum(axis=1) == 1).all():
        labels = np.array(names, dtype=object)
        return pd.DataFrame({"actual": labels[gold.argmax(axis=1)], "predicted": labels[answers.argmax(axis=1)]})
    parts = [
        pd.DataFrame(
            {
                "actual": np.where(gold[held, c], name, f"not {name}"),
                "predicted": np.where(answers[held, c], name, f"not {name}"),
            }
        )
        for c, name in enumerate(names)
        for held in [gold[:, c].astype(bool) | answers[:, c].astype(bool)]
    ]
    return pd.concat(parts, ignore_index=True)


def precision_recall(names: list[str], gold: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """label, recall, precision, threshold, thinned to CURVE points per label."""
    parts = []
    for column, name in enumerate(names):
        if gold[:, column].any():
            precision, recall, threshold = precision_recall_curve(gold[:, column], scores[:, column])
            keep = np.unique(np.linspace(0, len(threshold) - 1, min(CURVE, len(threshold))).astype(int))
            values = {"recall": recall[keep], "precision": precision[keep], "threshold": threshold[keep]}
            parts.append(pd.DataFrame({"label": name} | {key: np.round(points, 4) for key, points in values.items()}))
    return pd.concat(parts, ignore_index=True)


def reliability(names: list[str], gold: np.ndarray, scores: np.ndarray, bins: int) -> pd.DataFrame:
    """label, prob_pred, prob_true and n of each bin that holds a row."""
    rows = []
    for column, name in enumerate(names):
        place = np.minimum((scores[:, column] * bins).astype(int), bins - 1)
        for index in np.unique(place):
            chosen = place == index
            pred, true = scores[chosen, column].mean(), gold[chosen, column].mean()
            rows.append(
                {
                    "label": name,
                    "prob_pred": round(float(pred), 4),
                    "prob_true": round(float(true), 4),
                    "n": int(chosen.sum()),
                }
            )
    return pd.DataFrame(rows)


def write_table(file: Path, table: pd.DataFrame) -> None:
    with writing(file) as partial:
        table.to_csv(partial, index=False)


if __name__ == "__main__":
    stage.run(main)
