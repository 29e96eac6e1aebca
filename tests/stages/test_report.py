"""The report: every page that git has at HEAD is what the metrics of HEAD give, and it grows and shrinks with them.

What the working tree says is not compared: figures of another processor or experiment are no defect. Other tests read the
pages of a small example (tests/support/reporting.py), whose figures are known.
"""

import json
import re
import shutil
from pathlib import Path

import committed
import pytest
import reporting
from graph import ROOT
from ruamel.yaml import YAML

from decant import paths
from decant.errors import CacheError
from decant.files import read_json, write_json
from decant.keys import STUDENT_INT8
from decant.scoring import paired
from decant.verdict import provenance
from stages import report

YAML_SAFE = YAML(typ="safe", pure=True)
SMALL = (
    "demo",
    "scam",
)  # rebuilt with each change of the code; the others keep the pages of the code that trained them


def of_this_shape(task: str) -> bool:
    """Whether the committed metrics are those that the present stages write."""
    return "evidence" in json.loads((ROOT / "metrics" / task / "gate.json").read_text(encoding="utf-8"))


TASKS = [task for task in committed.tasks() if task in SMALL or of_this_shape(task)]


def test_all_tasks_of_params_have_a_committed_report(at_head):
    tree = YAML_SAFE.load((at_head / "params.yaml").read_text(encoding="utf-8"))
    assert set(committed.tasks()) == {
        name for name, block in tree.items() if isinstance(block, dict) and "heads" in block
    }


@pytest.mark.parametrize("task", TASKS)
def test_a_committed_page_is_what_the_committed_metrics_give(at_head, tmp_path, monkeypatch, task):
    monkeypatch.chdir(tmp_path)
    shutil.copy(at_head / "params.yaml", tmp_path)
    shutil.copytree(at_head / "metrics" / task, tmp_path / "metrics" / task)
    made = read_json(paths.metrics(task, "provenance"))
    monkeypatch.setattr(provenance, "environment", lambda: made)
    written = [paths.page(task, "report"), paths.page(task, "card"), reporting.page(task)]
    for file in written:
        file.unlink()
    report.main(task)
    for file in written:
        assert file.read_text(encoding="utf-8") == (at_head / file).read_text(encoding="utf-8"), file


# -- a small example ---------------------------------------------------------------------------------------------------


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Writes the report of a task of params.yaml from small figures; `change` is called between the two with the task's
    metrics file of a name. Returns the Markdown."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)

    def write(task: str = "demo", name: str = "learning", change=lambda content: None) -> str:
        reporting.write(task)
        content = read_json(paths.metrics(task, name))
        change(content)
        write_json(paths.metrics(task, name), content)
        report.main(task)
        return paths.page(task, "report").read_text(encoding="utf-8")

    return write


def section(page: str, title: str) -> list[str]:
    """The lines of the table below a heading."""
    lines = page.split(f"## {title}", 1)[1].split("\n## ", 1)[0].splitlines()
    return [line for line in lines if line.startswith("|")]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def html(task: str) -> str:
    return reporting.page(task).read_text(encoding="utf-8")


@pytest.mark.parametrize("task", ["demo", "feelings", "emotion"])
def test_every_page_repeats_byte_for_byte_and_stays_small(example, monkeypatch, task):
    example(task)
    folder = Path("metrics") / task
    before = {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
    report.main(task)
    assert {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()} == before
    assert len(before[reporting.page(task)]) < 1_000_000


def test_the_page_needs_nothing_from_outside(example):
    example()
    assert re.findall(r"""(?:src|href|url\()\s*=?\s*["'(]?(?:https?:)?//""", html("demo")) == []
    assert re.findall(r"<(?:img|link|script src)", html("demo")) == []


@pytest.mark.parametrize(
    "words", ["red", "quality", "at least 0.780", "about 1,234 more rows would decide it", "at most 9.0 MB"]
)
def test_the_verdict_and_its_gates_are_on_both_pages(example, words):
    assert words in example()
    assert words in html("demo")


def test_what_the_page_leads_with_is_the_measure_of_the_task(example):
    """Where any label may hold, a row with all labels right is rare; where one holds, micro F1 is accuracy."""
    several = cells(section(example("feelings"), "Contestants")[0])
    assert several == ["contestant", "micro AUC", "macro F1", "macro AUC", "micro F1", "exact match", "size"]
    one = cells(section(example("demo"), "Contestants")[0])
    assert one == ["contestant", "macro F1", "accuracy", "micro AUC", "macro AUC", "size"]
    assert "exact match" not in html("demo")
    assert "accuracy</th>" not in html("feelings")


def test_thresholds_are_not_said_to_be_tuned_on_test(example):
    page = example("scam")
    assert "tuned on the same rows" not in page
    assert "thresholds tuned on valid and calib rows, the same rows for all" in page
    assert "tuned on valid and calib" in html("scam")
    assert "thresholds tuned" not in example("emotion")  # argmax


def test_tables_of_many_classes_show_the_shipped_model_alone(example):
    """18 feelings x 8 contestants would be 144 rows; the JSON files have them."""
    assert len(section(example("feelings"), "Thresholds")) == 2 + 18
    assert "fpr" not in section(example("feelings"), "Subgroups")[0]
    few = example("scam")
    assert {cells(row)[0] for row in section(few, "Thresholds")[2:]} > {"linear", STUDENT_INT8}
    assert "scam: fpr" in section(few, "Subgroups")[0]


def gained(learning: dict) -> None:
    figures = {split: {"n": 90, "difference": {"micro_auc": value, "micro_auc_low": 0.0, "micro_auc_high": 0.03}}
               for split, value in (("valid", 0.0123), ("calib", 0.0234))}  # fmt: skip
    learning["encoders"]["minilm"]["gain"] = {"seeds": 3} | figures


def test_what_adapting_brought_is_shown_where_it_was_measured(example, monkeypatch):
    monkeypatch.setattr(paired, "TAILS", (10, 90))
    page = example("feelings", change=gained)
    rows = [cells(line) for line in section(page, "What adapting the encoder brought")]
    assert [dict(zip(rows[0], row, strict=True))["micro_auc"] for row in rows[2:]] == ["0.0123", "0.0234"]
    assert "80% interval" in page  # its own, not that of evaluate
    assert "80 % interval" in html("feelings")


def test_what_adapting_brought_is_left_out_where_nobody_measured_it(example):
    assert "What adapting the encoder brought" not in example("feelings")
    assert "What adapting the encoder brought" not in html("feelings")


def test_each_interval_is_said_to_be_as_wide_as_it_is(example, tmp_path):
    tree = YAML_SAFE.load((tmp_path / "params.yaml").read_text(encoding="utf-8"))
    tree["defaults"]["evaluate"]["confidence"] = 0.9
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree, stream)
    page = example()
    assert set(re.findall(r"[Ii]ntervals of (\d+)%", page + html("demo"))) == {"90"}
    assert "90% interval" in paths.page("demo", "card").read_text(encoding="utf-8")


def test_texts_are_on_no_page_and_ids_are(example):
    page = example()
    assert "demo-007" not in page
    assert "demo-007" in html("demo")


def test_a_label_that_is_markup_stays_text(example, tmp_path):
    text = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    changed = text.replace("otherwise: clean}  # a scam first", 'otherwise: "<i>cl|e`an</i>"}  # a scam first')
    assert changed != text
    (tmp_path / "params.yaml").write_text(changed, encoding="utf-8")
    page = example("scam")
    assert "<i>" not in html("scam") + page + paths.page("scam", "card").read_text(encoding="utf-8")
    assert "&lt;i&gt;cl|e`an&lt;/i&gt;" in html("scam")
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):  # that of subgroups has a column for each class
        assert len({len(cells(row)) for row in table.splitlines()}) == 1


@pytest.mark.parametrize("name", ["paired.json", "plots/roc.csv", "learning/teachers.csv"])
def test_a_missing_file_is_named_with_what_to_run(example, name):
    example()
    (Path("metrics/demo") / name).unlink()
    with pytest.raises(CacheError, match=rf"metrics/demo/{re.escape(name)}: missing\. Run"):
        report.main("demo")
