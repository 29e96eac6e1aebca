"""The project as git has it: what is committed at HEAD, and which files are its own.

Figures that are compared with one another are read from HEAD, not from the working tree: `dvc repro` on another processor,
an experiment or a task of your own change the working tree, and are no defect.
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

from graph import ROOT
from shell import run


def held(root: Path = ROOT) -> bool:
    """Whether git has a commit of this project: not in a downloaded archive, nor after `git init` alone."""
    return run(root, "git", "cat-file", "-e", "HEAD:./params.yaml", check=False).returncode == 0


def export(folder: Path, root: Path = ROOT) -> Path:
    """The folder, with all files of HEAD in it."""
    archive = folder.with_suffix(".tar")
    run(root, "git", "archive", f"--output={archive}", "HEAD")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    return folder


def tasks(root: Path = ROOT) -> list[str]:
    """Tasks that have test metrics at HEAD; none where git does not hold the project."""
    if not held(root):
        return []
    names = run(root, "git", "ls-tree", "-r", "--name-only", "HEAD", "metrics/").stdout.splitlines()
    return sorted(Path(name).parent.name for name in names if Path(name).match("metrics/*/test.json"))


def current(root: Path = ROOT) -> list[str]:
    """Those of them whose figures have the shapes of today's code; older ones keep theirs until they are trained again."""
    if not held(root):
        return []
    names = run(root, "git", "ls-tree", "-r", "--name-only", "HEAD", "metrics/").stdout.splitlines()
    return sorted(Path(name).parent.name for name in names if Path(name).match("metrics/*/headline.json"))


def files(root: Path = ROOT, untracked: bool = False) -> list[str]:
    """Files in the working tree that git tracks, with `untracked` also the new ones that .gitignore does not cover. Where
    git does not hold the project, nothing is tracked, and all that .gitignore does not cover count."""
    if held(root):
        kinds = ["-co", "--exclude-standard"] if untracked else ["-c"]
        printed = run(root, "git", "ls-files", "-z", *kinds).stdout
    else:
        printed = beside(root, "ls-files", "-z", "-o", "--exclude-standard").stdout
    return sorted(name for name in printed.split("\0") if (root / name).is_file())


def ignored(name: str, root: Path = ROOT) -> bool:
    """Whether .gitignore covers a name, that of a folder with / at its end; it need not exist."""
    asked = beside(root, "-c", "core.excludesFile=", "check-ignore", "--quiet", name, check=False)
    assert asked.returncode in (0, 1), asked.stderr
    return asked.returncode == 0


def beside(root: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess:
    """A git command in an empty repository beside the project, which tells what .gitignore says without a checkout."""
    with tempfile.TemporaryDirectory() as empty:
        run(root, "git", "init", "-q", "--bare", empty)
        return run(root, "git", f"--git-dir={empty}", "--work-tree=.", *command, check=check)
