"""docs/team.md: what it types for a remote, an experiment and a merge does what it says, in a project of one small stage."""

import re
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

PAGE = (ROOT / "docs/team.md").read_text(encoding="utf-8")
BLOCKS = {
    title: re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for title, text in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
OTHERS = ("make ", "source ", "python -m decant ")  # which other tests run, on a whole project
GIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "a", "EMAIL": "a@example.test"}.items()
}
MAP = """\
stages:
  one:
    cmd: mkdir -p models checked metrics && cp params.yaml models/one && cp params.yaml checked/one && cp params.yaml metrics/one
    params: [demo]
    outs:
      - models
      - checked: {cache: false}
      - metrics: {cache: false}
"""


def test_it_is_one_page_and_a_bit():
    assert len(PAGE.splitlines()) <= 120
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "A new month")
    assert [title.startswith(day) for title, day in zip(BLOCKS, days, strict=True)] == [True] * 6


def typed(folder: Path, title: str, place: int, **instead: str) -> list[str]:
    """Run the lines of a block but those of OTHERS; what each printed. instead: words that other words stand for here."""
    said = []
    (block,) = [blocks[place] for name, blocks in BLOCKS.items() if name.startswith(title)]
    for line in block.splitlines():
        for old, new in instead.items():
            line = line.replace(old, new)
        if not line.startswith(OTHERS):
            done = run(folder, "bash", "-ec", line, check="git merge" not in line, environment=GIT)
            said.append(done.stdout + done.stderr)
            if done.returncode:  # the merge, whose params somebody has to mend
                run(folder, "git", "checkout", "--ours", "params.yaml")
    return said


def neurons(folder: Path, number: int | None = None) -> int:
    """Those that params.yaml says; number: that it shall say."""
    file = folder / "params.yaml"
    if number is not None:
        file.write_text(f"demo:\n  distil:\n    intermediate: {number}\n", encoding="utf-8")
    return YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))["demo"]["distil"]["intermediate"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> Path:
    """A project with a git remote and, by Monday's commands, a DVC remote; a colleague's clone lies beside it."""
    folder = tmp_path_factory.mktemp("team")
    ours = folder / "ours"
    run(folder, "git", "init", "-q", "--bare", "-b", "main", "hub")
    run(folder, "git", "init", "-q", "-b", "main", "ours")
    run(ours, "dvc", "init", "-q")
    neurons(ours, 384)
    (ours / "dvc.yaml").write_text(MAP, encoding="utf-8")
    (ours / ".gitignore").write_text("/models\n", encoding="utf-8")
    run(ours, "git", "remote", "add", "origin", str(folder / "hub"))
    run(ours, "dvc", "repro", "-q")
    run(ours, "bash", "-ec", "git add -A && git commit -qm one", environment=GIT)
    typed(ours, "Monday", 0, **{"dvc push": "true", "git commit": "true"})  # where S3 cannot be reached
    assert "profile = decant" in (ours / ".dvc/config.local").read_text(encoding="utf-8")
    assert "s3://our-bucket/decant" in (ours / ".dvc/config").read_text(encoding="utf-8")
    (ours / ".dvc/config.local").unlink()
    remote = {
        "add --default": "add --force --default",
        "s3://our-bucket/decant": "../store",
        "profile decant": "jobs 1",
    }
    typed(ours, "Monday", 0, **remote)
    run(ours, "git", "push", "-q", "-u", "origin", "main")
    run(folder, "git", "clone", "-q", "hub", "theirs")
    return ours


def test_a_colleague_pulls_and_nothing_runs(ours):
    *_, last = typed(ours.parent / "theirs", "Monday", 1)
    assert "Running stage" not in last
    assert "up to date" in last


def test_an_experiment_goes_to_a_colleague_and_leaves_nothing_here(ours):
    typed(ours, "Wednesday", 0)
    assert neurons(ours) == 384
    assert "intermediate: 384" in (ours / "models/one").read_text(encoding="utf-8")
    assert run(ours, "git", "status", "--porcelain").stdout == ""
    theirs = ours.parent / "theirs"
    first, *_ = typed(theirs, "Wednesday", 1)
    assert "wide" in first
    assert neurons(theirs) == 768
    assert "intermediate: 768" in (theirs / "models/one").read_text(encoding="utf-8")
    assert "wide-student" in run(theirs, "git", "branch").stdout
    assert "wide" not in run(theirs, "dvc", "exp", "list", "origin").stdout


def test_a_merge_is_built_anew(ours):
    for branch, number in (("slimmer", 256), ("main", 512)):
        run(ours, "git", "checkout", "-q", *(["-b"] if branch == "slimmer" else []), branch)
        neurons(ours, number)
        run(
            ours, "bash", "-ec", f"dvc repro -q && dvc push -q --run-cache && git commit -qam {branch}", environment=GIT
        )
    run(ours, "git", "checkout", "-q", "slimmer")
    typed(ours, "Thursday", 1)
    assert (neurons(ours), run(ours, "git", "status", "--porcelain").stdout) == (256, "")
    assert run(ours, "git", "rev-list", "--merges", "--count", "HEAD").stdout.strip() == "1"
    assert "up to date" in run(ours, "dvc", "status", "--no-updates").stdout
