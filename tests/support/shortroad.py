"""The project with the first three stages of its own dvc.yaml: a pipeline that runs in seconds, for what is said of dvc.

They have all that sharing is about: outs that dvc keeps, figures that git keeps (cache: false), a folder that persists, and a
stage that the run cache of a remote can give to a colleague (demo: its outs are all cached).
"""

import shutil
from pathlib import Path

import committed
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

STAGES = ("check", "demo", "prepare")
TAKEN = ("decant/", "stages/", "frozen/README.md", ".dvc/config", ".dvc/.gitignore")
BESIDE = ("params.yaml", "dvc.yaml", "constraints.txt", ".gitignore", ".dvcignore")
IDENTITY = {"user.name": "a", "user.email": "a@example.test"}
ROWS = {"main": 300, "more": 320, "wide": 310}  # what has been built: two branches, and an experiment


def build(folder: Path) -> Path:
    """folder/hub, a bare git remote, and folder/ours, a clone of it with main, the branch more and the experiment wide built."""
    ours = folder / "ours"
    for name in committed.files(untracked=True):
        if name.startswith(TAKEN) or name in BESIDE:
            (ours / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, ours / name)
    shrink(ours)
    run(folder, "git", "init", "-q", "--bare", "-b", "main", "hub")
    run(ours, "git", "init", "-q", "-b", "main")
    own(ours)
    run(ours, "git", "remote", "add", "origin", "../hub")
    commit(ours, "the first three stages")
    run(ours, "dvc", "repro", "-q")
    commit(ours, "built")
    run(ours, "git", "push", "-q", "-u", "origin", "main")
    run(ours, "dvc", "exp", "run", "-q", "dvc.yaml", "-n", "wide", "-S", f"demo.generator.rows={ROWS['wide']}")
    back(ours)
    run(ours, "git", "switch", "-q", "-c", "more")
    rows(ours, ROWS["more"])
    run(ours, "dvc", "repro", "-q")
    commit(ours, "more rows")
    run(ours, "git", "switch", "-q", "main")
    run(ours, "dvc", "checkout", "-q")
    return folder


def shrink(ours: Path) -> None:
    yaml = YAML()
    graph = yaml.load((ours / "dvc.yaml").read_text(encoding="utf-8"))
    graph["stages"] = {name: graph["stages"][name] for name in STAGES}
    with (ours / "dvc.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(graph, file)
    params = yaml.load((ours / "params.yaml").read_text(encoding="utf-8"))
    params["tasks"][:] = ["demo"]
    with (ours / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
    rows(ours, ROWS["main"])


def rows(folder: Path, number: int | None = None) -> int:
    """Those that params.yaml asks for; number: that it shall ask for."""
    yaml, file = YAML(), folder / "params.yaml"
    params = yaml.load(file.read_text(encoding="utf-8"))
    if number is not None:
        params["demo"]["generator"]["rows"] = number
        with file.open("w", encoding="utf-8") as stream:
            yaml.dump(params, stream)
    return params["demo"]["generator"]["rows"]


def own(folder: Path) -> None:
    for key, value in IDENTITY.items():
        run(folder, "git", "config", key, value)


def commit(folder: Path, message: str) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)


def back(folder: Path) -> None:
    """What an experiment has left, as docs/team.md takes it back."""
    run(folder, "git", "checkout", "-q", "HEAD", "--", ".")
    run(folder, "dvc", "checkout", "-q", "dvc.yaml")


def clone(folder: Path, name: str) -> Path:
    """A colleague's clone of folder/hub, as git makes it: nothing that dvc keeps."""
    run(folder, "git", "clone", "-q", "hub", name)
    own(folder / name)
    return folder / name
