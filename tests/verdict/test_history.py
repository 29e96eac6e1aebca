"""The ledger of experiments: a row per commit and task, whatever shape the files of that day had."""

import copy
import json
import subprocess
import zipfile

import pandas as pd
import pytest
import python_calamine
from judged import NEW, NEW_GATE, OLD, OLD_GATE

from decant.__main__ import main
from decant.errors import ResourceError
from decant.verdict import history

IDENTITY = ("-c", "user.email=a@example.test", "-c", "user.name=a")
PAIRED = {"minus_linear": {"n": 214, "macro_f1": 0.1, "macro_f1_low": -0.01, "macro_f1_high": 0.2}}
LEARNING = {"student": {"valid_nll": 0.14, "valid_macro_f1": 0.87}}
SPLIT = {"train": {"n": 3385}, "valid": {"n": 421}, "calib": {"n": 213}, "test": {"n": 214}}


def git(*command):
    subprocess.run(["git", *IDENTITY, *command], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project in git, which is the working folder."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    git("init", "-q", "-b", "main")
    return tmp_path / "project"


def commit(project, subject, files):
    """files: name below metrics/ -> content, as JSON unless it is a text; None takes it away."""
    for name, content in files.items():
        file = project / "metrics" / name
        if content is None:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", subject)


def with_f1(test, value):
    changed = copy.deepcopy(test)
    changed["student_int8"]["macro_f1"] = value
    return changed


def test_each_commit_and_task_has_a_row_newest_first_in_one_shape(project):
    commit(project, "first", {"scam/test.json": with_f1(OLD, 0.7), "scam/gate.json": OLD_GATE})
    commit(project, "code alone", {})
    files = {"test": with_f1(NEW, 0.8), "gate": NEW_GATE, "paired": PAIRED, "learning": LEARNING, "split": SPLIT}
    commit(
        project,
        "second, of two",
        {f"{task}/{name}.json": one for task in ("scam", "demo") for name, one in files.items()},
    )
    found = history.rows()
    assert [(row["subject"], row["task"]) for row in found] == [
        ("second, of two", "demo"), ("second, of two", "scam"), ("first", "scam"),
    ]  # fmt: skip
    new, old = found[1], found[2]
    assert (old["test_macro_f1"], old["linear_test_macro_f1"], old["test_n"]) == (0.7, 0.79, 214)
    assert (old["verdict"], old["gates_hold"], old["gates_open"], old["gates_fail"]) == ("red", 1, 0, 1)
    assert (old["failing_gates"], old["open_gates"], old["model_md5"]) == ("fpr", "", "34")
    assert old["minus_linear_test_macro_f1"] is None
    assert (new["verdict"], new["gates_open"], new["open_gates"], new["model_md5"]) == ("amber", 1, "f1", "12")
    assert (new["minus_linear_test_macro_f1"], new["minus_linear_test_macro_f1_low"]) == (0.1, -0.01)
    assert (new["student_valid_nll"], new["train_n"], new["calib_n"]) == (0.14, 3385, 213)
    assert new["changed"] == "gate learning paired split test"


def test_a_row_says_what_a_commit_holds_and_not_what_the_next_one_does(project):
    for value in (0.1, 0.2, 0.3):
        commit(project, f"{value}", {"demo/test.json": with_f1(NEW, value)})
    assert [row["test_macro_f1"] for row in history.rows()] == [0.3, 0.2, 0.1]


def test_files_that_are_missing_or_broken_leave_cells_empty_and_are_named(project):
    commit(project, "whole", {"demo/test.json": NEW, "demo/gate.json": NEW_GATE})
    commit(project, "half", {"demo/test.json": None})
    commit(project, "broken", {"demo/gate.json": "<<<<<<< HEAD\n{}"})
    broken, half, whole = history.rows()
    assert (half["test_n"], half["verdict"], half["unreadable"]) == (None, "amber", "")
    assert (broken["verdict"], broken["unreadable"]) == (None, "gate")
    assert whole["test_n"] == 214


def test_pages_alone_make_a_row_without_changed_figures_and_files_of_no_task_make_none(project):
    commit(project, "figures", {"demo/test.json": NEW})
    commit(project, "page", {"demo/figures/x.png": "png", "demo/report.md": "# demo"})
    commit(project, "list", {"dvc.yaml": "metrics: []\n", "index.html": "<p>"})
    assert [(row["subject"], row["changed"], row["test_n"]) for row in history.rows()] == [
        ("page", "", 214), ("figures", "test", 214),
    ]  # fmt: skip


def test_figures_of_a_branch_are_there_once_after_a_merge(project):
    commit(project, "base", {"demo/test.json": with_f1(NEW, 0.1)})
    git("checkout", "-q", "-b", "idea")
    commit(project, "idea", {"demo/test.json": with_f1(NEW, 0.2)})
    git("checkout", "-q", "main")
    commit(project, "other", {"scam/test.json": NEW})
    git("merge", "-q", "--no-ff", "-m", "merged", "idea")
    assert sorted(row["subject"] for row in history.rows()) == ["base", "idea", "other"]


def test_a_project_below_the_root_of_a_repository_has_its_own_history_alone(project, monkeypatch):
    inner = project / "inner"
    inner.mkdir()
    commit(project, "outer", {"demo/test.json": with_f1(NEW, 0.1)})
    commit(inner, "inner", {"demo/test.json": with_f1(NEW, 0.2)})
    monkeypatch.chdir(inner)
    assert [(row["subject"], row["test_macro_f1"]) for row in history.rows()] == [("inner", 0.2)]


def test_subjects_and_names_of_files_are_taken_as_they_are(project):
    commit(project, 'a, "quoted" | subject: größer', {"demo/test.json": NEW, "demo/größe 1.json": {}})
    (row,) = history.rows()
    assert row["subject"] == 'a, "quoted" | subject: größer'
    assert row["changed"] == "größe 1 test"


def test_the_command_writes_a_csv_and_an_xlsx_that_say_the_same(project, capsys):
    commit(project, "first, with a comma", {"scam/test.json": OLD, "scam/gate.json": OLD_GATE})
    second = {"test": with_f1(NEW, 0.95), "gate": NEW_GATE, "quantize": {"bytes": 8947357}}
    commit(project, "=1+1", {f"scam/{name}.json": content for name, content in second.items()})
    (project / "ledger").mkdir()
    (project / "ledger/mine.txt").write_text("stays", encoding="utf-8")
    assert main(["ledger"]) == 0
    assert "2 rows" in capsys.readouterr().out
    assert sorted(file.name for file in (project / "ledger").iterdir()) == ["ledger.csv", "ledger.xlsx", "mine.txt"]
    table = pd.read_csv(project / "ledger/ledger.csv", dtype=str, keep_default_na=False)
    assert table["bytes"].tolist() == ["8947357", ""], "not 8947357.0"
    assert table["test_macro_f1"].tolist() == ["0.95", ""], "the older file has none of the shipped model"
    assert "train_n" not in table, "no commit has it"
    sheet = (
        python_calamine.CalamineWorkbook.from_path(project / "ledger/ledger.xlsx")
        .get_sheet_by_name("ledger")
        .to_python()
    )
    assert sheet[0] == list(table.columns)
    assert [row[2] for row in sheet[1:]] == ["=1+1", "first, with a comma"]
    assert table["subject"].tolist() == ["'=1+1", "first, with a comma"], "in CSV a formula is marked"
    before = (project / "ledger/ledger.xlsx").read_bytes()
    with zipfile.ZipFile(project / "ledger/ledger.xlsx") as book:
        assert b">2000-01-01T00:00:00Z</dcterms:created>" in book.read("docProps/core.xml"), "no day of writing"
    assert main(["ledger", "--out", "elsewhere"]) == 0
    assert (project / "elsewhere/ledger.xlsx").read_bytes() == before, "the same history, the same bytes"


def test_without_git_or_figures_the_command_says_so_and_writes_nothing(tmp_path, monkeypatch, project, capsys):
    commit(project, "code", {})
    with pytest.raises(ResourceError, match="no commit has changed a task"):
        history.write(project / "ledger")
    monkeypatch.chdir(tmp_path)
    assert main(["ledger"]) == 1
    assert "run this in a clone" in capsys.readouterr().err
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ResourceError, match="git is not installed"):
        history.rows()
    assert not list(tmp_path.rglob("ledger*"))
