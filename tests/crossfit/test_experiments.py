"""The table of docs/experiments.md: what each comparison found, read from the files that `compare` wrote."""

import json
from types import SimpleNamespace

import pytest
from crossfitting import pooled
from graph import ROOT

from decant.crossfit import experiments
from decant.crossfit.compare import compare
from decant.crossfit.plan import merged, read_overlay, validated
from decant.settings import written
from decant.settings.params import read

SAYS = {"teacher": {"averaged": 3, "frozen_embeddings": True}, "seeds": [1, 2]}


@pytest.fixture
def told(workspace):
    """As `compare --out` writes it, of a student and what stands for a teacher and an ensemble."""
    settings = read("demo")
    plan = SimpleNamespace(task="demo", name="a", folds=4, rows="development", settings=settings, key="a")
    found = compare((plan, plan), (pooled(quality=1.0), pooled(quality=2.0)))
    student = found["contestants"]["student_int8"]
    found["contestants"] = {"linear": found["contestants"]["linear"]} | dict.fromkeys(
        ("teacher_minilm_13", "ensemble", "student_int8"), student
    )
    sides = {
        side: {"overlay": side, "says": says, "run": side, "minutes": {"teacher": minutes, "distil": None}}
        for side, says, minutes in (("first", {}, 3.0), ("second", SAYS, 5.6))
    }
    return sides | found


def same(told: dict) -> dict:
    return {name: each | {"same": True} for name, each in told["contestants"].items()}


def test_a_row_has_the_setting_everyones_difference_and_the_minutes(told):
    cells = experiments.row(told, "macro_f1")
    of = told["contestants"]["student_int8"]["measures"]["macro_f1"]
    assert "averaged" in cells[0]
    assert "true" in cells[0]
    assert cells[1] == cells[2] == cells[3] == (
        f"{of['second']:.4f} ({of['difference']:+.4f}, {of['low']:+.4f} to {of['high']:+.4f})"
    )  # fmt: skip
    assert experiments.row(told | {"contestants": same(told)}, "macro_f1")[1] == f"{of['second']:.4f} (the same)"
    assert cells[4:] == [f"{of['folds_low']:+.4f} to {of['folds_high']:+.4f}", "4 of 4", "over 3 → over 6"]


def test_of_labels_of_which_any_number_holds_it_is_macro_auc(told):
    assert experiments.headline(told) == "macro_f1"
    assert experiments.headline(told | {"rule": "thresholds"}) == "macro_auc"


def test_a_task_has_a_table_and_a_file_a_row(told, workspace, monkeypatch):
    monkeypatch.setattr(experiments, "FOLDER", workspace)
    for name in ("demo-a", "demo-b"):
        (workspace / f"{name}.json").write_text(json.dumps(told))
    (workspace / "scam-a.json").write_text(json.dumps(told | {"task": "scam"}))
    page = experiments.page()
    assert page.count("\n| ") == 2 * 2 + 3
    assert page.index("**demo**: macro F1, 400 rows, 4 folds") < page.index("**scam**")


def test_without_a_file_it_says_so(workspace, monkeypatch):
    monkeypatch.setattr(experiments, "FOLDER", workspace / "none")
    assert experiments.page() == experiments.NOTHING


@pytest.mark.parametrize("file", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_overlay_is_one_and_says_why(workspace, file):
    base = written.read(workspace / "params.yaml").tree
    shared, tasks = validated(merged("scam", base, read_overlay(file)), file)
    without, before = validated(merged("scam", base, {}), file)
    assert (shared, tasks) != (without, before), "it changes nothing"
    assert file.read_text(encoding="utf-8").startswith("# ")


def test_an_overlay_stands_in_one_line():
    assert experiments.flow(SAYS) == "teacher: {averaged: 3, frozen_embeddings: true}, seeds: [1, 2]"


def test_the_page_has_the_table_of_the_files_that_git_holds(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert experiments.page() in (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
