"""Folds as small projects: shared, killed and resumed, restored for another overlay, never of two codes."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import crossfitting
import pandas as pd
import pytest
from graph import ROOT
from mini import BLOCK, posts
from shell import ENVIRONMENT

from decant.__main__ import main
from decant.crossfit import experiments, folds, pooled, project
from decant.crossfit.plan import plan
from decant.errors import CacheError, CodeError, DataError

FOLDS = 2
GATES = {"leakage": {"metric": "split", "key": "leakage_any", "max": 0}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The project."""
    frame = posts(200, repeats=True)
    block = BLOCK | {"gates": GATES, "split": {"least": 1}, "distil": {"epochs": 3}}
    return crossfitting.project(tmp_path_factory.mktemp("crossfit") / "project", frame, block)


@pytest.fixture(autouse=True)
def inside(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setenv("CALLS", str(place / "calls"))


def calls(place) -> list[str]:
    return (place / "calls").read_text().splitlines() if (place / "calls").exists() else []


def say(line: str) -> None:
    pass


def run(overlay: str = "base"):
    chosen = plan(crossfitting.TASK, overlay, FOLDS, "development")
    folds.run(chosen, FOLDS, say)
    return chosen


@pytest.fixture(scope="module")
def killed(place):
    """A first run, killed while the second fold's teacher is at work, and all that it left running with it."""
    (place / "hold").touch()
    command = [sys.executable, "-m", "decant", "crossfit", "--task", crossfitting.TASK, "--folds", str(FOLDS)]
    environment = ENVIRONMENT | {"CALLS": str(place / "calls")}
    with subprocess.Popen(
        command, cwd=place, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
    ) as running:
        while "teacher 1" not in calls(place):
            assert running.poll() is None
            time.sleep(0.1)
        os.killpg(running.pid, signal.SIGKILL)
    (place / "hold").unlink()
    return calls(place)


@pytest.fixture(scope="module")
def built(place, killed):
    """The plan, finished after the kill."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("CALLS", str(place / "calls"))
        return run()


def test_a_killed_fold_goes_on_and_a_finished_one_is_not_built_again(place, killed, built):
    assert killed == ["teacher 0", "evaluate", "teacher 1"]
    assert calls(place)[len(killed) :][:2] == ["teacher 1", "evaluate"]
    log = (built.fold(1) / "dvc.log").read_text()
    assert "Running stage 'split@mini'" not in log  # done before the kill


def test_every_row_of_development_is_pooled_once(built):
    rows = pooled.read(built)
    whole = pd.concat(
        pd.read_parquet(built.fold(0) / f"data/mini/{name}.parquet") for name in ("train", "valid", "calib", "test")
    )
    assert rows.ids == sorted(whole["id"])
    assert len(rows.ids) < 200  # without test
    assert rows.said.answers["student_int8"].sum() == len(rows.ids)
    assert set(rows.fold) == {0, 1}


def test_a_finished_run_is_known_again_without_dvc(place, built, monkeypatch):
    before = calls(place)
    monkeypatch.setattr(project, "cache_of_main", lambda: pytest.fail("a fold would be built"))
    assert run().key == built.key
    assert calls(place) == before


def test_another_overlay_takes_from_the_cache_what_it_does_not_concern(place, built):
    (place / "more.yaml").write_text("distil: {epochs: 7}\n")
    before = calls(place)
    other = run("more.yaml")
    assert other.key != built.key
    assert calls(place)[len(before) :] == ["evaluate"] * FOLDS  # and no teacher
    seconds = [json.loads(folds.done(each, 0).read_text())["seconds"]["teacher@mini"] for each in (built, other)]
    assert seconds[0] == seconds[1] > 0
    assert folds.minutes(other)["teacher"] == folds.minutes(built)["teacher"] > 0


def test_what_the_road_does_not_read_makes_no_other_run(place, built):
    (place / "gates.yaml").write_text("capacity: {sweep: [{layers: [0], min_count: 1}]}\n")
    assert plan(crossfitting.TASK, "gates.yaml", FOLDS, "development").key == built.key


def test_other_raw_rows_folds_or_code_make_another_run(place, built):
    keys = {plan(crossfitting.TASK, "base", *asked).key for asked in ((3, "development"), (FOLDS, "all"))}
    for name, more in {"data/raw/mini/rows.csv": "x", "stages/teacher.py": "print()\n"}.items():
        text = (place / name).read_text()
        (place / name).write_text(text + more)
        keys.add(plan(crossfitting.TASK, "base", FOLDS, "development").key)
        (place / name).write_text(text + "# a comment\n" if name.endswith("py") else text)
    assert len(keys - {built.key}) == 4
    assert plan(crossfitting.TASK, "base", FOLDS, "development").key == built.key  # a comment changes nothing


def test_a_fold_of_other_code_is_not_gone_on_with(built):
    file = built.fold(1) / "stages" / "teacher.py"
    text = file.read_text()
    folds.done(built, 1).rename(built.folder / "aside")
    file.write_text(text.replace("json.dumps(number)", "json.dumps(number + 1)"))
    with pytest.raises(
        CodeError, match="its code is not the one that this run began with, and folds of different code"
    ):
        run()
    file.write_text(text)
    (built.folder / "aside").rename(folds.done(built, 1))


def test_a_fold_whose_rows_were_changed_is_refused(built):
    file = built.fold(0) / "models/mini/predictions.parquet"
    content = file.read_bytes()
    file.unlink()  # and not written into: it is a hard link to the cache
    pd.read_parquet(built.fold(1) / "models/mini/predictions.parquet").to_parquet(file)
    with pytest.raises(CacheError, match=r"predictions\.parquet: not as it was when the fold was finished"):
        pooled.read(built)
    file.write_bytes(content)
    assert pooled.read(built)


def test_a_run_that_is_not_finished_has_no_figures(built):
    with pytest.raises(CacheError, match=r"not finished\. Run: python -m decant crossfit --task mini"):
        pooled.read(plan(crossfitting.TASK, "base", 3, "development"))


def test_a_stage_that_stops_says_so_with_the_words_of_its_error(place, built):
    (place / "wrong.yaml").write_text("split: {least: 60}\n")
    with pytest.raises(
        DataError,
        match=r"mini: fold [12] of 2 stopped in split@mini(.|\n)*error: mini: class 'ham' has 125 rows, .* least",
    ):
        run("wrong.yaml")


PAGE = (ROOT / "docs/crossfit.md").read_text(encoding="utf-8")
LINES = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


def test_the_commands_of_the_page_run(place, built, capsys, monkeypatch):
    """On this small task, with as many folds as it has built."""
    said = {}
    for line in LINES:
        line = line.replace("--task demo", f"--task {crossfitting.TASK}").replace("--folds 5", f"--folds {FOLDS}")
        if line.startswith("echo "):
            text, file = re.fullmatch(r"echo '(.*)' > (\S+)", line).groups()
            (place / file).write_text(text + "\n")
            continue
        assert main(shlex.split(line.removeprefix("python -m decant "))) == 0, line
        said[line] = capsys.readouterr().out
    printed = list(said.values())
    assert len(printed) == 4
    assert printed[0].startswith(f"mini: {len(pooled.read(built).ids)} rows (development), each test in one of 2 folds")
    assert json.loads(printed[1])["student_int8"]["n"] == len(pooled.read(built).ids)
    assert "the same in both: linear" in printed[3]
    assert "A: base, B: longer.yaml" in printed[3]
    comparison = shlex.split(list(said)[3].removeprefix("python -m decant "))
    assert main([*comparison, "--out", str(place / "kept/mini-longer.json")]) == 0
    assert capsys.readouterr().out == printed[3]
    monkeypatch.setattr(experiments, "FOLDER", place / "kept")
    assert experiments.page().splitlines()[-1].startswith("| `distil: {epochs: 12}` |  |  | 0.")  # it has no teacher


def test_a_comparison_of_one_run_with_itself_is_refused_by_the_command(place, built, capsys):
    (place / "same.yaml").write_text("distil: {epochs: 3}\n")
    asked = ["compare", "base", "same.yaml", "--task", crossfitting.TASK, "--folds", str(FOLDS)]
    assert main(asked) == 1
    assert "base and same.yaml are one run of mini" in capsys.readouterr().err
