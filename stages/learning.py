"""learning: how everything was learnt, as tables that git keeps (metrics/<task>/learning.json and learning/*.csv).

In: what adapt, search, gain, teacher, distil and capacity wrote beside their weights. They have cached outs alone, so that
a shared run cache can restore them; this stage is quick and puts their figures where `dvc metrics diff`, `dvc plots` and
the report find them. All figures are of train, valid or calib; test stays closed.
"""

import itertools

import pandas as pd

from decant import checked, paths, stage
from decant.files import read_json, slug, write_metrics, writing
from decant.keys import teacher_name
from decant.scoring.selection import best
from decant.settings.base import Section
from decant.settings.distil import Distil
from decant.settings.search import Search
from decant.settings.tokens import Tokens

SHARED = ("max_length", "epochs", "batch_size", "label_smoothing", "class_weights", "frozen_epochs", "long_texts")


class Sections(Section):
    distil: Distil
    search: Search
    seeds: list[int]
    teachers: list[str]
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    runs, curves, trials, metrics = [], [], [], {"encoders": {}, "teachers": {}}
    for encoder in p.teachers:
        metrics["encoders"][slug(encoder)] = {"gain": read_json(paths.gain(task, encoder))}
        if done := read_json(paths.adapt_record(paths.adapted(task, encoder))):  # dvc shows no empty section
            metrics["encoders"][slug(encoder)]["adapt"] = done
        if p.search.on:
            searched = paths.search(task, encoder)
            metrics["encoders"][slug(encoder)]["search"] = read_json(searched / "search.json")
            trials.append(pd.read_csv(searched / "trials.csv").assign(encoder=encoder))
    for encoder, seed in itertools.product(p.teachers, p.seeds):
        name, source = teacher_name(encoder, seed), paths.teacher(task, encoder, seed)
        epochs, told = pd.read_csv(source / "epochs.csv"), read_json(source / "teacher.json")
        settings = told["settings"] | {"max_length": p.tokens.max_length}
        kept = best(epochs, settings["select"])
        own = {key: value for key, value in settings.items() if key not in SHARED}
        shared = {key: settings[key] for key in SHARED}
        runs.append({"encoder": told["encoder"], "seed": told["seed"]} | shared | own | kept)
        curves.append(epochs.assign(model=name))
        metrics["teachers"][name] = {"epochs": len(epochs)} | kept
    epochs, told = pd.read_csv(paths.student(task) / "epochs.csv"), read_json(paths.student(task) / "student.json")
    kept = best(epochs, p.distil.select)
    curves.append(epochs.assign(model="student"))
    size = {key: told[key] for key in ("parameters", "vocabulary", "min_count")} | {"layers": len(told["layers"])}
    metrics["student"] = size | {"epochs": len(epochs)} | kept
    metrics["extra_texts"] = len(pd.read_parquet(paths.soft(task) / "extra.parquet", columns=["id"]))
    shipped = pd.DataFrame(
        [told | {"name": "shipped", "layers": "-".join(map(str, told["layers"])), "shipped": True} | kept]
    )
    others = pd.read_csv(paths.capacity(task) / "capacity.csv").assign(shipped=False)

    with writing(paths.learning(task)) as partial:
        partial.mkdir(parents=True)
        for name, parts in {
            "teachers": [pd.DataFrame(runs)],
            "epochs": curves,
            "trials": trials,
            "capacity": [shipped, others],
        }.items():
            kept = [part for part in parts if len(part)]
            whole = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=["encoder"])
            whole.to_csv(partial / f"{name}.csv", index=False)
    write_metrics(paths.metrics(task, "learning"), metrics)


if __name__ == "__main__":
    stage.run(main)
