"""Running the folds of a plan: each once, shared between processes, resumed where one was killed, timed stage by stage."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout
from ruamel.yaml import YAML

from decant import paths
from decant.crossfit import left, project
from decant.crossfit.plan import FOLDER, Plan
from decant.crossfit.road import LAST
from decant.errors import CacheError, DataError, DecantError
from decant.files import digest, read_json, write_json
from decant.paths import SPLITS

STARTS = re.compile(r"^Running stage '(.+)':$")
# what a fold learns with; encoder, export and quantize bring it into shape
TRAINING = ("adapt", "search", "baseline", "teacher", "soften", "distil")


def run(plan: Plan, processes: int, say: Callable[[str], None]) -> None:
    """Build every fold that is not built yet; one that another process builds is waited for.

    say: called with a line when a stage begins.

    Raises DataError: a stage stopped; what is finished stays. CodeError: see `project.lay`.
    """
    if all(done(plan, number).exists() for number in range(plan.folds)):
        return
    plan.folder.mkdir(parents=True, exist_ok=True)
    cache, stopped = project.cache_of_main(), threading.Event()

    def work(number: int, patience: float) -> None:
        """One fold, unless another has stopped."""
        if not stopped.is_set():
            try:
                one(plan, number, cache, patience, say)
            except DecantError:
                stopped.set()
                raise

    for patience in (0, -1):  # first what nobody has taken, then what others have
        with ThreadPoolExecutor(processes) as pool:
            begun = [pool.submit(work, number, patience) for number in range(plan.folds)]
            try:
                for each in as_completed(begun):
                    each.result()
            finally:  # of an interrupt: those that are at work end, and no other begins
                pool.shutdown(cancel_futures=True)


def one(plan: Plan, number: int, cache: Path, patience: float, say: Callable[[str], None]) -> None:
    """Build a fold. patience: seconds to wait for another process that has it, -1 for as long as it takes."""
    lock = plan.folder / f"fold-{number}.lock"  # the system lets go of it where its holder is killed
    try:
        with FileLock(lock, timeout=patience):
            if not done(plan, number).exists():
                folder = project.lay(plan, number, cache)
                repro(plan, number, folder, say)
                seconds = timed(plan, folder)
                write_json(
                    done(plan, number),
                    {"files": {name: digest(folder / name) for name in read(plan)}, "seconds": seconds},
                )
    except Timeout:
        say(f"fold {number + 1} of {plan.folds}: another process builds it")


def done(plan: Plan, number: int) -> Path:
    """Says that a fold is finished, which bytes its rows have, and how long each stage took."""
    return plan.folder / f"fold-{number}.json"


def read(plan: Plan) -> list[str]:
    """The files of a fold that its figures are made of."""
    splits = [paths.split_file(plan.task, split) for split in SPLITS]
    return [path.as_posix() for path in (*splits, paths.predictions(plan.task))]


def repro(plan: Plan, number: int, folder: Path, say: Callable[[str], None]) -> None:
    """`dvc repro` of the road in the fold's project.

    Raises DataError: a stage stopped. CacheError: what a killed command has left still builds this fold.
    """
    target, log = f"{LAST}@{plan.task}", folder / "dvc.log"
    left.refuse(folder)
    command = [sys.executable, "-m", "dvc", "repro", target]
    # the stages' own `python` is this one; a stage of the main project that calls us is none of this one
    environment = {name: value for name, value in os.environ.items() if name not in ("DVC_STAGE", "DVC_ROOT")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    stage = None
    with (
        log.open("w", encoding="utf-8") as written,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as running,
    ):
        for line in running.stdout:
            written.write(line)
            written.flush()
            if found := STARTS.match(line.rstrip("\n")):
                stage = found[1]
                say(f"fold {number + 1} of {plan.folds}: {stage}")
    if running.returncode:
        raise DataError(
            f"{plan.task}: fold {number + 1} of {plan.folds} stopped{f' in {stage}' if stage else ''}. What is finished stays: "
            f"run the command again once it is mended. {log}:\n{last_words(log)}"
        )


def last_words(log: Path) -> str:
    """The errors of a log, or its last lines."""
    lines = log.read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line.startswith("error: ")]
    return "\n".join(told or lines[-10:])


def timed(plan: Plan, folder: Path) -> dict[str, float]:
    """Stage -> seconds of the processor, as it ran here, or as it ran when the run cache kept it; a stage that the main project
    ran has none.

    The record of a stage in dvc.lock, inputs and outs, is the same wherever it ran.
    """
    spent = {}
    for task in plan.tasks:
        file = folder / paths.times(task)
        spent |= {name: each["processor"] for name, each in (read_json(file) if file.exists() else {}).items()}
    stages = YAML(typ="safe", pure=True).load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    seconds = {}
    for name, entry in stages.items():
        content = json.dumps({"stage": name, "entry": entry}, sort_keys=True, default=str)
        file = FOLDER / "times" / f"{sha256(content.encode()).hexdigest()[:32]}.json"
        if name in spent:
            write_json(file, {"stage": name, "seconds": spent[name]})
        if file.exists():
            seconds[name] = read_json(file)["seconds"]
    return seconds


def minutes(plan: Plan) -> dict[str, float | None]:
    """Minutes of the processor for training over all folds, by stage; None: not every fold knows, for the main project ran some."""
    found: dict[str, float | None] = dict.fromkeys(TRAINING, 0.0)
    for number in range(plan.folds):
        lock = YAML(typ="safe", pure=True).load((plan.fold(number) / "dvc.lock").read_text(encoding="utf-8"))["stages"]
        seconds = read_json(done(plan, number))["seconds"]
        for name in lock:
            kind, _, which = name.partition("@")
            if kind in found and (which == plan.task or which.startswith(f"{plan.task}-")):
                known = found[kind] is not None and name in seconds
                found[kind] = found[kind] + seconds[name] / 60 if known else None
    return found


def check(plan: Plan, number: int) -> None:
    """Raises CacheError: a file of a fold has other bytes than when the fold was finished."""
    for name, written in read_json(done(plan, number))["files"].items():
        file = plan.fold(number) / name
        if not file.exists() or digest(file) != written:
            raise CacheError(
                f"{file}: not as it was when the fold was finished. Remove {done(plan, number)}, and run the command again"
            )
