"""crossfit: the whole road once per fold, so that every row is test once (metrics/<task>/crossfit.json).

In: metrics/<task>/test.json, which says that the road stands and changes when the road does; the folds themselves are small
projects below .work, which `python -m decant crossfit` builds (docs/crossfit.md). Out: everyone's figures over all rows with
intervals, and each pair of contestants. Without folds, as by default, it is done at once.
"""

import subprocess
import sys
from pathlib import Path

from decant import checked, paths, stage
from decant.files import write_metrics
from decant.settings.base import Section
from decant.settings.crossfit import Crossfit


class Sections(Section):
    crossfit: Crossfit


def main(task: str) -> None:
    p = checked.read(Sections, task)
    target = paths.metrics(task, "crossfit")
    if not p.crossfit.folds:
        write_metrics(target, {"folds": 0})
    else:
        build(task, p, target)


def build(task: str, p: Sections, target: Path) -> None:
    """As the command does; what it says of a fold that stopped is the error of this stage too."""
    asked = {
        "task": task,
        "folds": p.crossfit.folds,
        "rows": p.crossfit.rows,
        "processes": p.crossfit.processes,
        "out": target,
    }
    options = [part for name, value in asked.items() for part in (f"--{name}", str(value))]
    ended = subprocess.run([sys.executable, "-m", "decant", "crossfit", *options])
    if ended.returncode:
        sys.exit(ended.returncode)


if __name__ == "__main__":
    stage.run(main)
