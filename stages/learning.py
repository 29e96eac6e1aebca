"""learning: how everything was learnt, as tables that git keeps (metrics/<task>/learning.json and learning/*.csv).

In: what adapt, search, gain, teacher, distil and capacity wrote beside their weights. They have cached outs alone, so that
a shared run cache can restore them; this stage is quick and puts their figures where `dvc metrics diff`, `dvc plots` and
the report find them. All figures are of train, valid or calib; test stays closed.
"""

from pathlib import Path

import pandas as pd

from decant import stage
from decant.files import read_json, slug, write_metrics, writing
from decant.members import ensemble
from decant.settings.params import read
from decant.training import trainer

SHARED = ("max_length", "epochs", "batch_size", "label_smoothing", "class_weights", "frozen_epochs", "long_texts")


def main(task: str) -> None:
    p = read(task)
    models, folder = Path("models") / task, Path("metrics") / task
    runs, curves, trials, metrics = [], [], [], {"encoders": {}, "teachers": {}}
    for encoder in p.encoders:
        metrics["encoders"][slug(encoder)] = {"gain": read_json(models / "gain" / f"{encoder}.json")}
        if done := read_json(models / "adapted" / encoder / "adapt.json"):  # dvc shows no empty section
            metrics["encoders"][slug(encoder)]["adapt"] = done
        if p.search.on:
            searched = models / "search" / encoder
            metrics["encoders"][slug(encoder)]["search"] = read_json(searched / "search.json")
            trials.append(pd.read_csv(searched / "trials.csv").assign(encoder=encoder))
    for name, member in ensemble.teachers(p.encoders, p.seeds).items():
        source = models / "teachers" / member
        epochs, told = pd.read_csv(source / "epochs.csv"), read_json(source / "teacher.json")
        settings = told["settings"] | {"max_length": p.tokens.max_length}
        kept = trainer.best(epochs, settings["select"])
        own = {key: value for key, value in settings.items() if key not in SHARED}
        shared = {key: settings[key] for key in SHARED}
        runs.append({"encoder": told["encoder"], "seed": told["seed"]} | shared | own | kept)
        curves.append(epochs.assign(model=name))
        metrics["teachers"][name] = {"epochs": len(epochs)} | kept
    epochs, told = pd.read_csv(models / "student" / "epochs.csv"), read_json(models / "student" / "student.json")
    kept = trainer.best(epochs, p.distil.select)
    curves.append(epochs.assign(model="student"))
    size = {key: told[key] for key in ("parameters", "vocabulary", "min_count")} | {"layers": len(told["layers"])}
    metrics["student"] = size | {"epochs": len(epochs)} | kept
    metrics["extra_texts"] = len(pd.read_parquet(models / "soft" / "extra.parquet", columns=["id"]))
    shipped = pd.DataFrame([told | {"layers": "-".join(map(str, told["layers"])), "shipped": True} | kept])
    others = pd.read_csv(models / "capacity" / "capacity.csv").assign(shipped=False)

    with writing(folder / "learning") as partial:
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
    write_metrics(folder / "learning.json", metrics)


if __name__ == "__main__":
    stage.run(main)
