"""A road of seconds for cross-fitting: the real check and split, and stages that write a table, a weight and answers."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from dvc.repo import Repo
from graph import ROOT
from reviewing import write
from ruamel.yaml import YAML

from decant import paths
from decant.crossfit.pooled import Pooled
from decant.scoring.tested import Said

TASK = "mini"
MAP = """stages:
  check:
    cmd: python -m stages.check
    deps: [params.yaml, constraints.txt, decant, stages]
    outs: [checked: {cache: false, persist: true}]
  prepare:
    matrix: {task: "${tasks}"}
    cmd: python -m stages.prepare ${item.task}
    params:
      - checked/code.json: [prepare]
      - checked/${item.task}.json: [cleaning]
    deps: ["data/raw/${item.task}"]
    outs: ["data/${item.task}/prepared.parquet"]
  split:
    matrix: {task: "${tasks}"}
    cmd: python -m stages.split ${item.task}
    params:
      - checked/code.json: [split]
      - checked/${item.task}.json: [decision, heads, split]
    deps: ["data/${item.task}/prepared.parquet", frozen]
    outs:
      - data/${item.task}/train.parquet
      - data/${item.task}/valid.parquet
      - data/${item.task}/calib.parquet
      - data/${item.task}/test.parquet
      - data/${item.task}/duplicates.csv
      - data/${item.task}/held_out.parquet
      - metrics/${item.task}/manifest.json: {cache: false}
      - metrics/${item.task}/split.json: {cache: false}
  teacher:
    matrix: {task: "${tasks}"}
    cmd: python -m stages.teacher ${item.task}
    params:
      - checked/code.json: [teacher]
      - checked/${item.task}.json: [teacher]
    deps: ["data/${item.task}/train.parquet"]
    outs: ["models/${item.task}/teachers"]
  evaluate:
    matrix: {task: "${tasks}"}
    cmd: python -m stages.evaluate ${item.task}
    params:
      - checked/code.json: [evaluate]
      - checked/${item.task}.json: [distil]
    deps: ["data/${item.task}/test.parquet", "models/${item.task}/teachers"]
    outs: ["models/${item.task}/predictions.parquet"]
  report:
    matrix: {task: "${tasks}"}
    cmd: python -m stages.report ${item.task}
    params:
      - checked/code.json: [report]
      - checked/${item.task}.json: [gates]
    deps: ["models/${item.task}/predictions.parquet"]
    outs: ["metrics/${item.task}/report.md": {cache: false}]
"""
# data/raw/mini/rows.csv is written as it is prepared; CALLS counts what really ran, HOLD makes a teacher wait to be killed
PREPARE = """import sys
from pathlib import Path
import pandas as pd
task = sys.argv[1]
frame = pd.read_csv(f"data/raw/{task}/rows.csv", dtype=str, keep_default_na=False)
frame["has_url"], frame["length"] = False, frame["text"].str.len()
Path(f"data/{task}").mkdir(parents=True, exist_ok=True)
frame.to_parquet(f"data/{task}/prepared.parquet", index=False)
"""
TEACHER = """import json, os, sys, time
from pathlib import Path
from decant import times
task = sys.argv[1]
number = json.loads(Path(f"checked/{task}.json").read_text())["split"]["fold"]["number"]
with open(os.environ["CALLS"], "a") as file:
    file.write(f"teacher {number}\\n")
while number == 1 and Path(os.environ["CALLS"]).with_name("hold").exists():
    time.sleep(0.05)
folder = Path(f"models/{task}/teachers")
folder.mkdir(parents=True, exist_ok=True)
(folder / "weight.json").write_text(json.dumps(number))
times.record(task, 0.0)
"""
EVALUATE = """import json, os, sys
import numpy as np
import pandas as pd
task = sys.argv[1]
with open(os.environ["CALLS"], "a") as file:
    file.write("evaluate\\n")
epochs = json.loads(open(f"checked/{task}.json").read())["distil"]["epochs"]
frame = pd.read_parquet(f"data/{task}/test.parquet")
sure = np.array([(sum(map(ord, text)) * epochs) % 100 / 100 for text in frame["text"]])
right = np.where(frame["kind"] == "spam", np.maximum(sure, 0.3), np.minimum(sure, 0.7))
result = frame[["id", "text", "answer"]]
for name, chance in {"linear": np.full(len(frame), 0.4), "student_int8": right}.items():
    result = result.assign(**{name: np.where(chance >= 0.5, "spam", "ham")})
    result[f"chances_{name}"] = list(np.column_stack([1 - chance, chance]).astype(np.float32))
result.to_parquet(f"models/{task}/predictions.parquet", index=False)
"""


def project(folder: Path, frame: pd.DataFrame, block: dict) -> Path:
    """The folder, with the real decant, a small road, rows of `mini.posts` as raw file, and a task `mini`."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "decant", folder / "decant", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("constraints.txt", ".dvcignore"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("__init__", "check", "split"):
        (folder / "stages").mkdir(exist_ok=True)
        shutil.copy(ROOT / "stages" / f"{name}.py", folder / "stages" / f"{name}.py")
    for name, text in {"prepare": PREPARE, "teacher": TEACHER, "evaluate": EVALUATE, "report": "pass\n"}.items():
        write(folder / "stages" / f"{name}.py", text)
    write(folder / "dvc.yaml", MAP)
    (folder / "frozen").mkdir()
    tree = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    kept = {key: tree[key] for key in ("encoders", "seeds", "threads", "catalogue", "transfers", "defaults")}
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False
    with (folder / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump({**kept, "tasks": [TASK], TASK: block}, stream)
    raw = folder / paths.raw(TASK) / "rows.csv"
    raw.parent.mkdir(parents=True)
    frame.drop(columns=["has_url", "length"]).to_csv(raw, index=False)
    Repo.init(str(folder), no_scm=True)
    return folder


def pooled(rows: int = 400, quality: float = 1.0, seed: int = 1, folds: int = 4, clusters: int | None = None) -> Pooled:
    """Rows of three classes, and two contestants whose scores know the answer: the second by as much as quality says."""
    names = ["scam", "crypto", "clean"]
    truth = np.random.default_rng(rows).integers(3, size=rows)
    gold = truth[:, None] == np.arange(3)
    chances = {}
    for name, strength in {"linear": 1.0, "student_int8": quality}.items():
        noise = np.random.default_rng([seed, len(name)]).gumbel(size=(rows, 3))
        logits = strength * 1.5 * gold + noise
        chances[name] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    answers = {name: values.argmax(axis=1)[:, None] == np.arange(3) for name, values in chances.items()}
    together = np.arange(rows) if clusters is None else np.arange(rows) % clusters
    said = Said(names, gold.astype(np.float32), gold, chances, answers, chances)
    return Pooled([f"r{row:04}" for row in range(rows)], np.arange(rows) % folds, together, said)
