"""A search in small: a task whose trials take a second each, and runs of its stage, here or in a process of its own."""

import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import sqlalchemy
import tiny
import torch
from graph import ROOT
from ruamel.yaml import YAML
from shell import ENVIRONMENT

from decant import paths
from decant.files import read_json, write_json
from decant.search import trials
from decant.settings.schema import Params
from decant.training import finetune
from stages import search
from stages.demo import generate

YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False  # the order of the space is that of the columns
COMMITTED = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
OUT = Path("models/demo/search/tiny")
SPACE = {"learning_rate": {"low": 1.0e-4, "high": 1.0e-2, "log": True}, "batch_size": {"choices": [16, 32]}}
GRID = {"head_rate": {"choices": [1.0e-3, 1.0e-2]}, "batch_size": {"choices": [16, 32]}}


def posts(rows: int, seed: int) -> pd.DataFrame:
    found = generate(rows, seed, 0.0)
    frame = pd.DataFrame({"id": [post["id"] for post in found], "text": [post["text"] for post in found]})
    frame["linear"] = frame["text"]
    frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in found]
    for label in ("crypto", "money"):
        frame[f"topic.{label}"] = [label in post["topics"] for post in found]
    return frame.assign(urgency=[post["urgency"] for post in found])


def arrange(workspace: Path, encoder: Path) -> None:
    """What the stage reads, in a folder that holds params.yaml."""
    shutil.copytree(encoder, workspace / "models/demo/adapted/tiny")
    write_json(workspace / "models/demo/adapted/tiny/encoder.json", {"pooling": "mean"})
    (workspace / "data/demo").mkdir(parents=True)
    for split, rows, seed in (("train", 96, 4), ("valid", 40, 5)):
        posts(rows, seed).to_parquet(workspace / paths.split_file("demo", split))
    for task in set(COMMITTED) - {"demo", "defaults", *Params.model_fields}:  # half a second of every run of the stage
        del COMMITTED[task]
    YAML_SAFE.dump(COMMITTED, workspace / "params.yaml")
    tiny.shrink(
        workspace / "params.yaml",
        {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"},
    )
    settle(workspace)


def settle(workspace: Path, space: dict | None = None, teacher: dict | None = None, **search) -> None:
    """Rewrite the search section of params.yaml; without arguments, four random draws that nothing prunes."""
    file = workspace / "params.yaml"
    tree = YAML_SAFE.load(file.read_text(encoding="utf-8"))
    base = {"on": True, "method": "random", "trials": 4, "pruner": "none", "seed": 13, "teacher_seed": 13}
    tree["defaults"]["search"] = base | search | {"space": space or SPACE}
    tree["defaults"]["teacher"] |= {"epochs": 2, "select": "nll"} | (teacher or {})
    YAML_SAFE.dump(tree, file)


def quick(source, problem, settings, seed, frames, given, work, callbacks):
    """In place of fine_tune: reports the epochs of a trial without training, and leaves a file where checkpoints would be.

    The lower the distance to a learning rate of 1e-3, the better; it waits for the file that the environment variable
    WAITS names, if there is one.
    """
    work.mkdir(parents=True, exist_ok=True)
    (work / "checkpoint").touch()
    while "WAITS" in os.environ and not Path(os.environ["WAITS"]).exists():
        time.sleep(0.05)
    rows = []
    for epoch in range(1, settings.epochs + 1):
        value = abs(math.log10(settings.learning_rate) + 3) + 1 / settings.batch_size + 0.1 / epoch
        state = SimpleNamespace(epoch=float(epoch), global_step=epoch)
        for callback in callbacks:
            callback.on_epoch_end(None, state, None, model=torch.nn.Linear(1, 1))
            callback.on_evaluate(None, state, None, metrics={"eval_nll": value, "eval_macro_f1": -value})
        rows.append({"epoch": epoch, "valid_nll": round(value, 6), "valid_macro_f1": round(-value, 6)})
    return None, None, pd.DataFrame(rows)


def main_quickly(*role: str) -> None:
    """The stage without its trainings, for a process of its own."""
    finetune.fine_tune = quick
    search.POLL = 0.1
    search.stage.run(lambda: search.main("demo", "tiny", *role))


def main_killed(number: int, step: int) -> None:
    """The stage, killed by the kernel at the start of that step of that trial."""

    def kill(report, args, state, control, **kwargs):
        if (report.taken.trial.number, state.global_step) == (number, step):
            os.kill(os.getpid(), signal.SIGKILL)

    trials.Report.on_step_begin = kill
    search.main("demo", "tiny")


def start(workspace: Path, call: str, **environment: str) -> subprocess.Popen:
    """One of the functions above, as a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import fresh, searching; fresh.patch(); searching.{call}",
        ],
        cwd=workspace,
        env=ENVIRONMENT | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/support'}"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def shared_out(workspace: Path, url: str, **environment: str) -> list[str]:
    """A search by its stage and two workers, of which the first is killed; returns what stage, first and second printed.

    Each holds a trial (0, 1 and 2) when the first dies; the stage goes on while the second still has its own.
    """
    workers: list[subprocess.Popen] = []
    try:
        for name, role in (("stage", ""), ("first", "'worker'"), ("second", "'worker'")):
            workers.append(start(workspace, f"main_quickly({role})", WAITS=name, **environment))
            until(lambda: running(url) == len(workers), workers)
        stage, first, second = workers
        first.kill()
        printed = [first.communicate()[0]]
        (workspace / "stage").touch()
        said = ""
        while "waiting for 1 trial" not in said:
            line = stage.stdout.readline()
            assert line, stage.stderr.read()
            said += line
        assert not (workspace / OUT).exists()
        (workspace / "second").touch()
        for worker in (stage, second):
            printed.append("".join(worker.communicate()))
            assert worker.returncode == 0, printed[-1]
    finally:
        for worker in workers:
            worker.kill()
    return [said + printed[1], printed[0], printed[2]]


def until(condition, processes: list[subprocess.Popen]) -> None:
    """Wait for something that one of the processes does."""
    while not condition():
        for process in processes:
            assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)


def running(url: str) -> int:
    """Trials of a storage that have begun and not ended."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    if not sqlalchemy.inspect(engine).has_table("trials"):
        return 0
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text("SELECT count(*) FROM trials WHERE state = 'RUNNING'")).scalar()


def table(workspace: Path = Path()) -> pd.DataFrame:
    """trials.csv as text, empty cells empty."""
    return pd.read_csv(workspace / OUT / "trials.csv", dtype=str, keep_default_na=False)


def outputs(workspace: Path = Path()) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((workspace / OUT).iterdir())}


def settings(workspace: Path = Path()) -> dict:
    return read_json(workspace / OUT / "settings.json")
