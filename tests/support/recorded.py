"""A repository of the real dvc.yaml in which every stage of demo is recorded, without having run: each out is a few bytes."""

import json
import re
import shutil
from contextlib import chdir
from pathlib import Path

from dvc.repo import Repo
from graph import ROOT
from reviewing import write
from shell import run

from decant.paths import SPLITS
from decant.settings import check

COPIED = (
    "decant",
    "stages",
    "frozen",
    "champions",
    "params.yaml",
    "constraints.txt",
    "dvc.yaml",
    ".gitignore",
    ".dvcignore",
)


def repository(folder: Path) -> Path:
    """The folder, with a commit in which dvc.lock, checked/ and the run cache are those of its code and params."""
    folder.mkdir(parents=True)
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)
    params = folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    text = text[: text.index("\nscam:") + 1]  # demo is the first block
    for key, value in {"tasks": "[demo]", "encoders": "[minilm]", "seeds": "[13]", "transfers": "{}"}.items():
        text = re.sub(rf"(?m)^{key}: (\[.*?\]|{{.*?}})", f"{key}: {value}", text)
    text = re.sub(r"caps: \{scam: [\d.]+\}", "caps: {scam: 0.08}", text, count=1)  # whatever an experiment left there
    params.write_text(text, encoding="utf-8")
    run(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.email", "review@example.test"), ("user.name", "review")):
        run(folder, "git", "config", key, value)
    Repo.init(str(folder))
    recorded(folder, "before")
    return folder


def recorded(folder: Path, message: str) -> None:
    """What every stage would have written, its record in dvc.lock, and a commit."""
    for name, content in check.contents(folder / "params.yaml", folder).items():
        write(folder / "checked" / f"{name}.json", content)
    repo = Repo(str(folder))
    for stage in repo.index.stages:
        for out in stage.outs:
            path = folder / out.def_path
            if stage.name != "check" and not path.exists():
                written(folder, out.def_path)
    with chdir(folder):
        repo.commit(force=True)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)


def written(folder: Path, name: str) -> None:
    """A file that holds its own name, or a folder with one."""
    path = folder / name
    if path.name == "manifest.json":
        write(path, json.dumps({"rows": {split: split for split in SPLITS}}))
    else:
        write(path if path.suffix else path / "part.txt", name)
