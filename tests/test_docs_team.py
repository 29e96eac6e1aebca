"""docs/team.md: what it types for a remote, an experiment and a merge does what it says, in a project of one small stage."""

import json
from pathlib import Path

import committed
import pytest
import teampage
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

PAGE = teampage.PAGE
MACHINE = PAGE[PAGE.index("## A colleague's machine") : PAGE.index("## A new month")]
GIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "a", "EMAIL": "a@example.test"}.items()
} | {"PYTHONPATH": str(ROOT)}
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
REMOTE = {teampage.ADDRESS: "../store", "profile decant": "jobs 1"}


def test_it_is_two_pages():
    assert len(PAGE.splitlines()) <= 160
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "A colleague", "A new month")
    assert [title.startswith(day) for title, day in zip(teampage.BLOCKS, days, strict=True)] == [True] * 7


def typed(folder: Path, title: str, place: int, **instead: str) -> list[str]:
    return teampage.typed(folder, teampage.block(title, place), GIT, **instead)


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
    typed(ours, "Monday", 0, **{teampage.SHARE: "true"})  # where S3 cannot be reached
    named = (ours / ".dvc/config.local").read_text(encoding="utf-8")
    assert "profile = decant" in named
    assert "s3://our-bucket/decant" in named
    assert run(ours, "git", "status", "--porcelain").stdout == "", "git sees no remote"
    (ours / ".dvc/config.local").unlink()
    typed(ours, "Monday", 0, **REMOTE)
    run(ours, "git", "push", "-q", "-u", "origin", "main")
    run(folder, "git", "clone", "-q", "hub", "theirs")
    return ours


def test_a_colleague_pulls_and_nothing_runs(ours):
    *_, last = typed(ours.parent / "theirs", "Monday", 1, **REMOTE)
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


def test_what_the_page_says_runs_again_with_other_threads_is_what_declares_them():
    graph = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    stages = {name: stage.get("do", stage) for name, stage in graph.items()}
    declare = [
        name
        for name, stage in stages.items()
        if any("threads" in keys for group in stage.get("params", []) for keys in group.values())
    ]
    row = next(line for line in MACHINE.splitlines() if line.startswith("| `threads`"))
    assert f"{len(declare)} of {len(stages)} stages: {', '.join(declare[:-1])} and {declare[-1]}," in row


def test_all_figures_are_of_the_processor_that_the_page_names(at_head):
    names = [json.loads(file.read_text(encoding="utf-8")) for file in at_head.glob("metrics/*/benchmark.json")]
    assert len(names) == len(committed.tasks())
    assert {name["processor"] for name in names} == {"AMD EPYC"}
    assert all(f"{what} " in name["instructions"] + " " for name in names for what in ("avx512_vnni", "avx512_bf16"))
    assert "(AMD EPYC with avx512_vnni and avx512_bf16;" in MACHINE
