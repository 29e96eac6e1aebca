"""The report: every committed page is what the committed metrics give, and it grows and shrinks with them."""

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import report

ROOT = Path(__file__).parent.parent.parent
TASKS = [path.parent.name for path in sorted((ROOT / "metrics").glob("*/test.json"))]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the report of a committed task from a copy of its metrics; change(found) edits learning.json before."""

    def write(task: str, change=lambda found: None) -> str:
        monkeypatch.chdir(tmp_path)
        shutil.copy(ROOT / "params.yaml", tmp_path)
        shutil.copytree(ROOT / "metrics" / task, tmp_path / "metrics" / task, dirs_exist_ok=True)
        file = tmp_path / "metrics" / task / "learning.json"
        found = json.loads(file.read_text(encoding="utf-8"))
        change(found)
        file.write_text(json.dumps(found), encoding="utf-8")
        for name in ("report.md", "card.md"):
            (tmp_path / "metrics" / task / name).unlink()
        report.main(task)
        return (tmp_path / "metrics" / task / "report.md").read_text(encoding="utf-8")

    return write


def section(page: str, title: str) -> list[str]:
    """The lines of the table below a heading."""
    lines = page.split(f"## {title}", 1)[1].split("\n## ", 1)[0].splitlines()
    return [line for line in lines if line.startswith("|")]


def test_all_tasks_of_params_have_a_committed_report():
    tree = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    assert set(TASKS) == {name for name, block in tree.items() if isinstance(block, dict) and "heads" in block}


@pytest.mark.parametrize("task", TASKS)
def test_a_committed_page_is_what_the_committed_metrics_give(written, task):
    written(task)
    for name in ("report.md", "card.md"):
        found = (Path("metrics") / task / name).read_text(encoding="utf-8")
        assert found == (ROOT / "metrics" / task / name).read_text(encoding="utf-8"), name


def test_what_adapting_brought_is_shown_where_it_was_measured(written):
    head, _, *rows = section(written("feelings"), "What adapting the encoder brought")
    gain = json.loads((ROOT / "metrics/feelings/learning.json").read_text())["encoders"]["minilm"]["gain"]
    cells = [dict(zip(head.split("|"), row.split("|"), strict=True)) for row in rows]
    assert [cell[" rows of "].strip() for cell in cells] == ["valid", "calib"]
    for cell in cells:
        wanted = gain[cell[" rows of "].strip()]["difference"]["micro_auc"]
        assert float(cell[" micro_auc "]) == pytest.approx(wanted, abs=1e-4)


def test_what_adapting_brought_is_left_out_where_nobody_measured_it(written):
    def unmeasured(found):
        found["encoders"]["minilm"]["gain"]["seeds"] = 0

    assert "What adapting the encoder brought" not in written("feelings", unmeasured)


def test_tables_of_many_classes_show_the_shipped_model_alone(written):
    """18 feelings x 8 contestants would be 144 rows; the JSON files have them."""
    thresholds = section(written("feelings"), "Thresholds")
    assert len(thresholds) == 2 + 18
    assert "fpr" not in section(written("feelings"), "Subgroups")[0]
    few = section(written("scam"), "Thresholds")
    assert {row.split("|")[1].strip() for row in few[2:]} > {"linear", "student_int8"}
    assert "scam: fpr" in section(written("scam"), "Subgroups")[0]
