"""The report: every page that git has at HEAD is what the metrics of HEAD give, and it grows and shrinks with them.

What the working tree says is not compared: figures of another processor or experiment are no defect.
"""

import json
import re
import shutil
from pathlib import Path

import committed
import pytest
from ruamel.yaml import YAML

from decant.scoring import paired
from stages import report

YAML_SAFE = YAML(typ="safe", pure=True)
TASKS = committed.tasks()


@pytest.fixture
def written(at_head, tmp_path, monkeypatch):
    """Writes the report of a committed task from a copy of its metrics; change(learning) edits learning.json before.

    confidence: evaluate's, in place of the committed one.
    """

    def write(task: str, change=lambda learning: None, confidence: float | None = None) -> str:
        monkeypatch.chdir(tmp_path)
        shutil.copy(at_head / "params.yaml", tmp_path)
        if confidence is not None:
            tree = YAML_SAFE.load((at_head / "params.yaml").read_text(encoding="utf-8"))
            tree["defaults"]["evaluate"]["confidence"] = confidence
            with (tmp_path / "params.yaml").open("w", encoding="utf-8") as stream:
                YAML_SAFE.dump(tree, stream)
        shutil.copytree(at_head / "metrics" / task, tmp_path / "metrics" / task, dirs_exist_ok=True)
        file = tmp_path / "metrics" / task / "learning.json"
        learning = json.loads(file.read_text(encoding="utf-8"))
        change(learning)
        file.write_text(json.dumps(learning), encoding="utf-8")
        for name in ("report.md", "card.md"):
            (tmp_path / "metrics" / task / name).unlink()
        report.main(task)
        return (tmp_path / "metrics" / task / "report.md").read_text(encoding="utf-8")

    return write


def section(page: str, title: str) -> list[str]:
    """The lines of the table below a heading."""
    lines = page.split(f"## {title}", 1)[1].split("\n## ", 1)[0].splitlines()
    return [line for line in lines if line.startswith("|")]


def test_all_tasks_of_params_have_a_committed_report(at_head):
    tree = YAML_SAFE.load((at_head / "params.yaml").read_text(encoding="utf-8"))
    assert set(TASKS) == {name for name, block in tree.items() if isinstance(block, dict) and "heads" in block}


@pytest.mark.parametrize("task", TASKS)
def test_a_committed_page_is_what_the_committed_metrics_give(written, at_head, task):
    written(task)
    for name in ("report.md", "card.md"):
        page = (Path("metrics") / task / name).read_text(encoding="utf-8")
        assert page == (at_head / "metrics" / task / name).read_text(encoding="utf-8"), name


def test_what_adapting_brought_is_shown_where_it_was_measured(written, at_head):
    head, _, *rows = section(written("feelings"), "What adapting the encoder brought")
    gain = json.loads((at_head / "metrics/feelings/learning.json").read_text())["encoders"]["minilm"]["gain"]
    cells = [dict(zip(head.split("|"), row.split("|"), strict=True)) for row in rows]
    assert [cell[" rows of "].strip() for cell in cells] == ["valid", "calib"]
    for cell in cells:
        wanted = gain[cell[" rows of "].strip()]["difference"]["micro_auc"]
        assert float(cell[" micro_auc "]) == pytest.approx(wanted, abs=1e-4)


def test_what_adapting_brought_is_left_out_where_nobody_measured_it(written):
    def unmeasured(learning):
        learning["encoders"]["minilm"]["gain"]["seeds"] = 0

    assert "What adapting the encoder brought" not in written("feelings", unmeasured)


def test_tables_of_many_classes_show_the_shipped_model_alone(written):
    """18 feelings x 8 contestants would be 144 rows; the JSON files have them."""
    thresholds = section(written("feelings"), "Thresholds")
    assert len(thresholds) == 2 + 18
    assert "fpr" not in section(written("feelings"), "Subgroups")[0]
    few = section(written("scam"), "Thresholds")
    assert {row.split("|")[1].strip() for row in few[2:]} > {"linear", "student_int8"}
    assert "scam: fpr" in section(written("scam"), "Subgroups")[0]


def test_each_interval_is_said_to_be_as_wide_as_it_is(written, monkeypatch):
    """Those of test are evaluate's, what adapting brought has its own."""
    monkeypatch.setattr(paired, "TAILS", (10, 90))
    page = written("feelings", confidence=0.9)
    assert re.findall(r"\d+% [a-z]*.?intervals?", page) == [
        "90% bootstrap interval", "90% interval", "90% intervals", "80% interval",
    ]  # fmt: skip
    assert "90% intervals" in Path("metrics/feelings/card.md").read_text(encoding="utf-8")
