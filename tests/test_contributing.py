"""CONTRIBUTING.md is true: the stage and the gate that it shows are added to a copy of the small road, and work."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from graph import ROOT
from shell import run

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = {
    file: text
    for _, file, text in re.findall(r"^```(python|yaml)\n# (\S+)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
}
LONGEST = 90  # lines of one page


@pytest.fixture(scope="module")
def copy(road, tmp_path_factory) -> Path:
    """The road with the stage and the gate of the page, each written where the page says."""
    folder = tmp_path_factory.mktemp("contributing") / "decant"
    shutil.copytree(road, folder, symlinks=True)
    (folder / "stages/words.py").write_text(BLOCKS["stages/words.py"], encoding="utf-8")
    with (folder / "dvc.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + BLOCKS["dvc.yaml"])
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    gates = params.index("\n  gates:", params.index("\ndemo:")) + len("\n  gates:\n")
    (folder / "params.yaml").write_text(params[:gates] + BLOCKS["params.yaml"] + params[gates:], encoding="utf-8")
    return folder


def changed(folder: Path) -> set[str]:
    """Files that differ from the last commit, without what stages write."""
    names = {line[3:] for line in run(folder, "git", "status", "--porcelain", "-uall").stdout.splitlines()}
    return {name for name in names if not name.startswith(("metrics/", "checked/", "dvc.lock"))}


def test_the_page_is_one_page():
    assert len(PAGE.splitlines()) <= LONGEST
    assert set(BLOCKS) == {"stages/words.py", "dvc.yaml", "params.yaml"}


def test_a_stage_is_two_files_and_a_gate_is_one(copy):
    assert changed(copy) == {"stages/words.py", "dvc.yaml", "params.yaml"}
    assert "## A stage: 2 files" in PAGE
    assert "## A gate: 1 file" in PAGE


def test_they_run_and_nothing_else_runs_again(copy):
    printed = run(copy, "dvc", "repro").stdout
    ran = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
    assert ran == {"check", "words@demo", "gate@demo", "report@demo"}  # the report shows the gates
    words = json.loads((copy / "metrics/demo/words.json").read_text(encoding="utf-8"))
    assert words["n"] > 0
    gate = json.loads((copy / "metrics/demo/gate.json").read_text(encoding="utf-8"))
    assert gate["gates"]["some_accuracy"]["result"] in {"holds", "open"}
    assert changed(copy) == {"stages/words.py", "dvc.yaml", "params.yaml"}


def test_the_map_with_them_passes_the_tests_of_the_map(copy):
    """pytest ends with 5 where nothing is chosen."""
    found = run(copy, sys.executable, "-m", "pytest", "-n", "0", "-k", "words", "tests/test_graph.py", check=False)
    assert found.returncode == 0, found.stdout
