"""The leaderboard: a row per task, those that have not run and those that are behind too, in a page of one file."""

import copy
import json
import re
from html.parser import HTMLParser

import committed
import pytest
from judged import NEW, NEW_GATE, OLD, OLD_GATE
from ruamel.yaml import YAML

from decant.__main__ import main
from decant.errors import CacheError
from decant.verdict import leaderboard

SETTINGS = {
    "decision": {"rule": "priority", "order": ["scam"], "otherwise": "clean"},
    "gates": json.dumps(
        {"loss": {"metric": "test", "key": "student_int8.accuracy", "minus": "linear.accuracy", "min": 0.0}}
    ),
    "teacher": {"learning_rate": 2.0e-05, "epochs": 3},
}
SHARED = {"catalogue": {"minilm": {"pooling": "mean"}}, "threads": 1}
PAIRED = {"minus_linear": {"n": 214, "macro_f1": 0.1, "macro_f1_low": -0.01, "macro_f1_high": 0.2}}
SIZES = {"quantize": {"bytes": 8_947_357}, "benchmark": {"int8_ms_p50": 2.76}}
MADE = {"commit": "6c8ccda7ce32952a+changes", "date": "2026-11-27"}


def shipped():
    test = copy.deepcopy(NEW)
    test["student_int8"] |= {"macro_f1": 0.91, "macro_f1_low": 0.85, "macro_f1_high": 0.95}
    return test


class Project:
    """A small project in the working folder: write(name, content), and lock(...) for dvc.lock."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    def run(self, task, settings=None, test=None, gate=None):
        """As all stages leave a task that is up to date."""
        settings = settings or SETTINGS
        parts = {"test": test or shipped(), "gate": gate or NEW_GATE, "paired": PAIRED, "provenance": MADE} | SIZES
        for name, content in parts.items():
            self.write(f"metrics/{task}/{name}.json", content)
        self.write(f"metrics/{task}/report.html", "<p>")
        self.write(f"metrics/{task}/report.md", "# report")
        self.write(f"checked/{task}.json", settings)
        self.write("checked/code.json", {"teacher": "aa", "evaluate": "bb"})
        self.write("checked/shared.json", SHARED)
        self.lock(task)

    def lock(self, task, code="aa", teacher=None, pooling="mean"):
        entries = {
            f"teacher@{task}-minilm-13": {
                "checked/code.json": {"teacher": code},
                "checked/shared.json": {"catalogue.minilm": {"pooling": pooling}, "threads": 1},
                f"checked/{task}.json": {"teacher": teacher or SETTINGS["teacher"]},
            },
            f"evaluate@{task}": {"checked/code.json": {"evaluate": "bb"}, f"checked/{task}.json": {}},
        }
        file = self.folder / "dvc.lock"
        tree = leaderboard.lock.stages() if file.exists() else {}
        tree |= {name: {"params": params} for name, params in entries.items()}
        with file.open("w", encoding="utf-8") as stream:
            YAML(typ="safe", pure=True).dump({"schema": "2.0", "stages": tree}, stream)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "checked").mkdir()
    return Project(tmp_path)


def test_the_committed_index_is_what_the_command_writes(at_head, monkeypatch):
    """After new figures: python -m decant index."""
    monkeypatch.chdir(at_head)
    found = leaderboard.rows()
    assert set(committed.tasks()) <= {row["task"] for row in found}
    assert leaderboard.page(found) == (at_head / "metrics/index.html").read_text(encoding="utf-8")
    assert leaderboard.markdown(found) == (at_head / "metrics/index.md").read_text(encoding="utf-8")


def test_a_row_has_the_figures_of_the_shipped_model_beside_the_linear_one(project):
    project.run("scam")
    assert leaderboard.rows() == [
        {
            "task": "scam", "verdict": "amber", "ships": "student_int8", "test rows": "214", "measure": "macro F1",
            "shipped model": "0.910 (0.850 to 0.950)", "other model": "0.790", "difference": "+0.100 (-0.010 to +0.200)",
            "size": "8.9 MB", "latency": "2.8 ms", "report at": "6c8ccda 2026-11-27", "figures of": "this code",
        }
    ]  # fmt: skip


def test_a_task_that_has_not_run_is_listed_without_figures(project):
    project.run("scam")
    project.write("checked/later.json", SETTINGS)
    project.write("metrics/prepared/prepare.json", {"rows": 3})
    later, prepared, _ = leaderboard.rows()
    for row in (later, prepared):
        assert row["verdict"] == "not run"
        assert {
            row[name]
            for name in ("ships", "test rows", "shipped model", "other model", "size", "latency", "figures of")
        } == {"–"}


@pytest.mark.parametrize("missing", ["test", "paired", "gate", "quantize", "benchmark", "provenance"])
def test_any_file_may_be_missing(project, missing):
    project.run("scam")
    (project.folder / f"metrics/scam/{missing}.json").unlink()
    (row,) = leaderboard.rows()
    assert sum(value in ("–", "not run") for value in row.values()) >= 1


def test_a_broken_file_is_named(project):
    project.run("scam")
    project.write("metrics/scam/gate.json", "<<<<<<<")
    with pytest.raises(CacheError, match=r"metrics/scam/gate\.json"):
        leaderboard.rows()
    project.write("metrics/scam/gate.json", NEW_GATE)
    project.write("dvc.lock", "a: [")
    with pytest.raises(CacheError, match=r"dvc\.lock"):
        leaderboard.rows()


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, "this code"),
        ({"code": "cc"}, "older: teacher"),
        ({"teacher": {"learning_rate": 2.0e-05, "epochs": 4}}, "older: teacher"),
        ({"pooling": "cls"}, "older: teacher"),
    ],
)
def test_figures_are_older_where_the_lock_has_other_code_or_settings(project, changed, wanted):
    project.run("scam")
    project.lock("scam", **changed)
    assert leaderboard.rows()[0]["figures of"] == wanted


def test_figures_of_every_stage_and_of_none_are_older_too(project):
    project.run("scam")
    project.write("checked/code.json", {"teacher": "new", "evaluate": "new"})
    assert leaderboard.rows()[0]["figures of"] == "older: all stages"
    project.write("dvc.lock", "stages: {}\n")
    assert leaderboard.rows()[0]["figures of"] == "older: dvc.lock has no evaluate@scam"
    (project.folder / "dvc.lock").unlink()
    assert leaderboard.rows()[0]["figures of"] == "older: dvc.lock has no evaluate@scam"


def test_a_task_whose_name_begins_like_anothers_is_judged_alone(project):
    project.run("my")
    project.run("my-task")
    project.lock("my-task", code="cc")
    assert [row["figures of"] for row in leaderboard.rows()] == ["this code", "older: teacher"]


@pytest.mark.parametrize(("test", "gate"), [(OLD, NEW_GATE), (None, OLD_GATE)])
def test_files_of_an_older_shape_are_read_and_said_to_be_older(project, test, gate):
    project.run("scam", test=test, gate=gate)
    (row,) = leaderboard.rows()
    assert row["figures of"] == "older: files of another shape"
    assert row["test rows"] == "214"


@pytest.mark.parametrize(
    ("decision", "gates", "wanted"),
    [
        ("argmax", [], "macro_f1"),
        ("thresholds", [], "micro_auc"),
        ("argmax", [("test", "student_int8.accuracy", None)], "accuracy"),
        ("thresholds", [("test", "student_int8.macro_f1", None), ("test", "student_int8.micro_auc", None)], "macro_f1"),
        ("argmax", [("test", "student_int8.accuracy", "linear.accuracy")], "macro_f1"),
        ("argmax", [("test", "student_int8.classes.accuracy.fpr", None)], "macro_f1"),
        ("argmax", [("thresholds", "student_int8.accuracy", None)], "macro_f1"),
    ],
)
def test_the_measure_is_the_one_that_a_gate_bounds(decision, gates, wanted):
    asked = {str(at): dict(zip(("metric", "key", "minus"), gate, strict=True)) for at, gate in enumerate(gates)}
    assert leaderboard.measure({"decision": {"rule": decision}, "gates": json.dumps(asked)}) == wanted


# --- the page ---------------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.open, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.links += [given[name] for name in ("href", "src") if name in given]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_command_writes_a_whole_page_without_outside_links(project, capsys):
    project.run("scam")
    assert main(["index"]) == 0
    assert capsys.readouterr().out == "metrics/index.html: 1 tasks\n"
    text = (project.folder / "metrics/index.html").read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert reader.links == ["scam/report.html"]
    assert not re.search(r"https?://|@import|url\(", text)
    assert ("meta", {"name": "viewport", "content": "width=device-width,initial-scale=1"}) in reader.tags
    assert "prefers-color-scheme:dark" in text
    assert '<span class="amber">amber</span>' in text
    assert "[scam](scam/report.md)" in (project.folder / "metrics/index.md").read_text(encoding="utf-8")


def test_no_link_leads_to_a_report_that_is_not_there(project):
    project.run("scam")
    (project.folder / "metrics/scam/report.html").unlink()
    reader = Reader()
    reader.feed(leaderboard.page(leaderboard.rows()))
    assert reader.links == []


def test_what_files_say_is_text_and_no_markup(project):
    project.run("scam", gate=NEW_GATE | {"verdict": "<script>"})
    text = leaderboard.page(leaderboard.rows())
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_each_cell_carries_the_name_of_its_column_for_narrow_screens(project):
    project.run("scam")
    reader = Reader()
    reader.feed(leaderboard.page(leaderboard.rows()))
    named = [given["data-of"] for tag, given in reader.tags if tag == "td"]
    assert named == list(leaderboard.rows()[0])[1:]


def test_a_project_without_tasks_has_an_empty_page(project):
    assert "<tbody>\n\n</tbody>" in leaderboard.page(leaderboard.rows())
