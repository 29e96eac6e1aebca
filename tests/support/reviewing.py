"""Small repositories of two revisions, for what is said of a change: predictions, metrics and gates written by hand."""

import json
import os
import re
import shutil
from contextlib import chdir
from pathlib import Path

import fresh
import numpy as np
import pandas as pd
from bundles import write_bundle
from dvc.repo import Repo
from graph import ROOT
from shell import ENVIRONMENT, run
from verdicts import set_gates

from decant import paths
from decant.scoring import metrics
from decant.verdict import binding
from stages import gate

NAMES = ["scam", "crypto", "clean"]  # what demo answers
ROWS = 240
ENVIRONMENT_OF_CI = ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
MAP = """stages:
  evaluate:
    matrix: {task: [demo]}
    cmd: echo made by hand
    params: [checked/demo.json: [decision]]
    deps: [code.py]
    outs: [models/demo/bundle, models/demo/predictions.parquet]
    metrics:
      - metrics/demo/test.json: {cache: false}
      - metrics/demo/thresholds.json: {cache: false}
      - metrics/demo/manifest.json: {cache: false}
  gate:
    matrix: {task: [demo]}
    cmd: echo made by hand
    deps: [metrics/demo/test.json, models/demo/bundle]
    metrics: [metrics/demo/gate.json: {cache: false}]
"""
CHECKED = {
    "decision": {"rule": "priority", "head": None, "order": ["scam", "crypto"], "otherwise": "clean"},
    "heads": [],
    "evaluate": {"confidence": 0.95},
    "gates": [
        ["macro_f1", {"metric": "test", "key": "student_int8.macro_f1", "minus": None, "min": 0.85, "max": None}],
        [
            "scam_fpr",
            {"metric": "test", "key": "student_int8.classes.scam.fpr", "minus": None, "min": None, "max": 0.2},
        ],
        ["size", {"metric": "quantize", "key": "bytes", "minus": None, "min": None, "max": 9000000.0}],
    ],
}


def gold(rows: int = ROWS) -> list[str]:
    return [NAMES[row % len(NAMES)] for row in range(rows)]


def predictions(wrong: list[int], rows: int = ROWS) -> pd.DataFrame:
    """A table in which the shipped model has the rows `wrong` wrong, and linear the first 60."""
    answers = gold(rows)

    def answered(places) -> list[str]:
        return [NAMES[(NAMES.index(answer) + (row in places)) % len(NAMES)] for row, answer in enumerate(answers)]

    given = answered(set(wrong))
    frame = pd.DataFrame({"id": [f"row-{row}" for row in range(rows)], "text": [f"text {row}" for row in range(rows)],
                          "answer": answers, "linear": answered(set(range(60))), "student_int8": given})  # fmt: skip
    return frame.assign(**{f"score_{name}": [0.9 if answer == name else 0.05 for answer in given] for name in NAMES})


def matrix(values: pd.Series) -> np.ndarray:
    return np.array([[value == name for name in NAMES] for value in values])


def figures_of(frame: pd.DataFrame, nested: bool = True) -> dict:
    """nested: classes one level below their contestant, as they are now; else beside its other figures."""
    truth, result = matrix(frame["answer"]), {}
    for name in ("linear", "student_int8"):
        answers = matrix(frame[name])
        each = metrics.rates(metrics.counts(truth, answers))
        classes = {label: {key: float(values[column]) for key, values in each.items()}
                   for column, label in enumerate(NAMES)}  # fmt: skip
        result[name] = {"n": len(frame), **metrics.summary(truth, answers)}
        result[name] |= {"classes": classes} if nested else classes
    return result


def gate_json(test: dict, nested: bool = True) -> dict:
    """Gates of CHECKED; nested: in the layout of now."""
    shipped = test["student_int8"]
    fpr = (shipped["classes"] if nested else shipped)["scam"]["fpr"]
    found = {"macro_f1": (shipped["macro_f1"], 0.85, "min"), "scam_fpr": (fpr, 0.2, "max"),
             "size": (8000000, 9000000.0, "max")}  # fmt: skip
    passed = {name: value >= bound if side == "min" else value <= bound for name, (value, bound, side) in found.items()}
    verdict = "green" if all(passed.values()) else "red"
    if not nested:
        gates = {name: {"value": value, "bound": bound, "pass": passed[name]}
                 for name, (value, bound, _) in found.items()}  # fmt: skip
        return {"verdict": verdict, "model_md5": "0" * 32} | gates
    asked = dict(CHECKED["gates"])
    gates = {name: {"metric": asked[name]["metric"], "key": asked[name]["key"], "value": value, "bound": bound,
                    "side": side, "by": "value", "result": "holds" if passed[name] else "fails"}
             for name, (value, bound, side) in found.items()}  # fmt: skip
    return {"verdict": verdict, "evidence": {"metrics": {}}, "gates": gates}


def with_verdict(folder: Path) -> None:
    """A bundle that can be loaded, and params whose gates ask what those of CHECKED do, checked."""
    (folder / "checked/demo.json").unlink()
    with chdir(folder):
        write_bundle(folder)
        asked = {name: {key: value for key, value in gate.items() if value is not None}
                 for name, gate in CHECKED["gates"] if gate["metric"] == "test"}  # fmt: skip
        set_gates(folder, asked)
        found = fresh.contents((folder / "params.yaml").read_bytes(), folder / "params.yaml")
        write(folder / "checked/demo.json", found["demo"])
    others(folder)


def judged(folder: Path, frame: pd.DataFrame) -> None:
    """Predictions and their figures, and what the gate stage says of them and of the bundle that lies there."""
    with chdir(folder):
        frame.to_parquet(paths.predictions("demo"), index=False)
        about = binding.judged("demo", paths.bundle("demo"), len(frame))
        write(paths.metrics("demo", "test"), figures_of(frame) | {"judged": about})
        gate.main("demo")


def write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def started(folder: Path, remote: Path | None = None) -> Repo:
    """An empty repository with git, dvc, and the params of the project, of which demo is built."""
    run(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.email", "review@example.test"), ("user.name", "review")):
        run(folder, "git", "config", key, value)
    repo = Repo.init(str(folder))
    if remote is not None:
        with repo.config.edit("repo") as config:
            config["remote"]["team"] = {"url": str(remote)}
            config["core"]["remote"] = "team"
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    write(folder / "params.yaml", re.sub(r"(?m)^tasks: \[.*?\]", "tasks: [demo]", params))
    write(folder / "dvc.yaml", MAP)
    write(folder / "code.py", "print()\n")
    write(folder / "checked/demo.json", CHECKED)
    write(folder / ".gitignore", "/models/\n/data/\n")
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    return Repo(str(folder))


def result(folder: Path, frame: pd.DataFrame, nested: bool = True) -> None:
    """What the stages would have written for these predictions, with gates written by hand, of either layout."""
    write(folder / "models/demo/bundle/decant.json", "{}")
    others(folder)
    frame.to_parquet(folder / "models/demo/predictions.parquet", index=False)
    test = figures_of(frame, nested)
    write(folder / "metrics/demo/test.json", test)
    write(folder / "metrics/demo/gate.json", gate_json(test, nested))


def others(folder: Path) -> None:
    """What a verdict rests on too, and no test of a change looks at."""
    write(folder / "metrics/demo/thresholds.json", {"student_int8": {"classes": {"scam": {"feasible": 1}}}})
    write(folder / "metrics/demo/manifest.json", {"rows": {"test": "0" * 64}})


def committed(repo: Repo, message: str) -> str:
    """dvc.lock of what lies there (none where nothing was built), and a commit of it; its name."""
    folder = Path(repo.root_dir)
    if (folder / "models").exists():
        with chdir(folder):  # dvc's run cache looks for stages from where it is called
            repo.commit(force=True)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)
    return run(folder, "git", "rev-parse", "HEAD").stdout.strip()


def two(folder: Path, old: pd.DataFrame, new: pd.DataFrame, old_nested: bool = True) -> str:
    """A repository in whose working tree a change is not committed yet; returns the commit before it."""
    repo = started(folder)
    result(folder, old, nested=old_nested)
    base = committed(repo, "before")
    result(folder, new)
    with chdir(folder):
        repo.commit(force=True)
    return base


def without_cache(folder: Path) -> None:
    """As a clone that fetched nothing."""
    shutil.rmtree(folder / ".dvc/cache")
    shutil.rmtree(folder / "models")


def fake(folder: Path, name: str, script: str) -> dict[str, str]:
    """An environment in which a command is this script."""
    write(folder / name, script)
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{ENVIRONMENT['PATH']}"}
