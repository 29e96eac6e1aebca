"""A fresh clone of what is committed, and the pipeline run in it."""

import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from decant import paths
from decant.errors import CacheError, RevisionError
from decant.proofs.surroundings import Surroundings, command, variables
from decant.review.revision import git


def changed() -> list[str]:
    """Files of git that differ from HEAD, or that it does not have yet."""
    return git("status", "--porcelain").splitlines()


def fresh(source: Path, target: Path) -> None:
    """Clone HEAD, and copy what git does not hold and no stage writes: raw files, and encoders fetched by hand.

    Raises RevisionError: git cannot clone it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    asked = ["git", "clone", "--quiet", "--no-hardlinks", str(source), str(target)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RevisionError(f"{source}: git cannot clone it: {ended.stderr.strip()}")
    for place in outside(params(target)):
        if (source / place).is_dir():
            shutil.copytree(source / place, target / place, dirs_exist_ok=True)


def params(root: Path) -> dict:
    """params.yaml as it is written."""
    return YAML(typ="safe", pure=True).load((root / "params.yaml").read_text(encoding="utf-8"))


def outside(tree: dict) -> list[Path]:
    """Folders that the tasks to build take and no stage writes."""
    tasks = [*tree["tasks"], *(entry["first"] for entry in (tree.get("transfers") or {}).values())]
    raw = [paths.raw(task) for task in dict.fromkeys(tasks) if "generator" not in tree.get(task, {})]
    return raw + [paths.hub(name) for name in tree.get("encoders", [])]


def repro(root: Path, chosen: Surroundings, *options: str, scratch: Path) -> None:
    """`dvc repro` there; what it says is shown on standard error as it comes. scratch: a folder for what the surroundings
    need.

    Raises CacheError: it stopped.
    """
    program, environment = command(chosen, ["dvc", "repro", *options]), variables(chosen, scratch)
    ended = subprocess.run(program, cwd=root, env=environment, stdout=sys.stderr, check=False)
    if ended.returncode:
        raise CacheError(f"dvc repro {' '.join(options)} stopped with status {ended.returncode}; what it said is above")
