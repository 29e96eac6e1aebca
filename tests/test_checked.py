"""checked/: what the check stage writes, reads back as it was, and is refused where it is not of these params."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant import checked, code, paths, stage
from decant.__main__ import main as command
from decant.errors import CacheError, ParamsError
from decant.files import read_json
from decant.settings import params
from decant.settings.base import Section
from decant.settings.check import contents as check_contents
from decant.settings.heads import Heads
from decant.settings.schema import Params, Task
from decant.settings.source import Source
from stages import check

TREE = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
BLOCKS = [name for name in TREE if name != "defaults" and name not in Params.model_fields]


@pytest.fixture
def written(workspace, monkeypatch):
    """A folder after the check stage, read by the real reader."""
    check.main()
    monkeypatch.setattr(checked, "read_json", read_json)
    return workspace


def test_there_is_a_file_of_each_block_and_two_of_all(written):
    assert {path.name for path in Path("checked").iterdir()} == {f"{name}.json" for name in [*BLOCKS, "code", "shared"]}
    assert set(read_json("checked/code.json")) == set(code.stages())


@pytest.mark.parametrize("task", BLOCKS)
def test_each_section_is_read_back_as_params_yaml_has_it(written, task):
    p = params.read(task)
    for name, field in Task.model_fields.items():
        if getattr(p, name) is None:
            continue
        sections = type("Sections", (Section,), {"__annotations__": {name: field.rebuild_annotation()}})
        found = getattr(checked.read(sections, task), name)
        assert found == getattr(p, name)
        if isinstance(found, dict):
            assert list(found) == list(getattr(p, name))  # the order too


def test_order_survives_at_any_depth(written):
    class Sections(Section):
        heads: Heads
        source: Source

    p, found = params.read("scam"), checked.read(Sections, "scam")
    assert list(found.source.labels["tag"].classes) == list(p.source.labels["tag"].classes)
    assert list(found.heads) == ["scam", "topic", "tag"]
    text = json.loads(Path("checked/scam.json").read_text(encoding="utf-8"))["heads"]
    assert text.startswith('{"scam": {"kind": "softmax"')  # one text: of a mapping dvc compares no order
    assert list(json.loads(text)) == ["scam", "topic", "tag"]


def test_params_yaml_itself_holds_no_texts_of_mappings(workspace):
    file = workspace / "params.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"caps: (\{scam: [\d.]+\})", r"caps: '\1'", text, count=1), encoding="utf-8")
    with pytest.raises(ParamsError, match=r"demo\.thresholds\.caps"):
        params.read("demo")


def test_sections_are_whole_sorted_and_stable(written):
    before = {path.name: path.read_bytes() for path in Path("checked").iterdir()}
    demo = json.loads(before["demo.json"])
    assert list(demo) == sorted(Task.model_fields)
    assert demo["thresholds"] == {
        "policy": "risk_controlled",
        "confidence": 0.95,
        "rows": ["calib"],
        "caps": json.dumps(params.read("demo").thresholds.caps),
    }
    check.main()
    assert {path.name: path.read_bytes() for path in Path("checked").iterdir()} == before


def test_what_git_holds_belongs_to_the_code_and_the_params(at_head):
    """checked/ at HEAD is what the check stage makes of HEAD's own params and code."""
    for name, content in check_contents(at_head / "params.yaml", at_head).items():
        held = json.loads((at_head / "checked" / f"{name}.json").read_text(encoding="utf-8"))
        assert held == json.loads(json.dumps(content)), f"checked/{name}.json: run dvc repro check and commit it"


def test_a_wrong_key_stops_both_and_leaves_checked_as_it_was(written, capsys):
    before = {path.name: path.read_bytes() for path in Path("checked").iterdir()}
    file = written / "params.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("    epochs: 4  # at most", "    epoch: 4  # at most", 1),
        encoding="utf-8",
    )
    with pytest.raises(ParamsError) as refused:
        check.main()
    assert "defaults.teacher.epoch: unknown key" in str(refused.value)
    assert command(["check"]) == 1
    assert str(refused.value) in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in Path("checked").iterdir()} == before


def test_a_block_that_is_gone_leaves_no_file(written):
    file = written / "params.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text[: text.index("\nscam:")], encoding="utf-8")
    check.main()
    assert paths.CHECKED_FOLDER / "scam.json" not in list(Path("checked").iterdir())


class Few(Section):
    heads: Heads
    threads: int


BROKEN = {
    "an unknown task": (lambda: None, "spam", ParamsError, r"no task block named 'spam'; blocks are demo, emotion"),
    "no folder": (lambda: shutil.rmtree("checked"), "demo", CacheError, r"checked/demo\.json: missing"),
    "a section less": (
        lambda: edit("demo", lambda tree: tree.pop("heads")),
        "demo",
        CacheError,
        r"demo\.json: no heads;",
    ),
    "an edit by hand": (
        lambda: edit("shared", lambda tree: tree.update(threads="x")),
        "demo",
        CacheError,
        r"shared\.json: threads: ",
    ),
}


def edit(name: str, change) -> None:
    tree = read_json(paths.checked(name))
    change(tree)
    paths.checked(name).write_text(json.dumps(tree), encoding="utf-8")


@pytest.mark.parametrize(("change", "task", "kind", "words"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_says_why(written, monkeypatch, change, task, kind, words):
    monkeypatch.setattr(checked, "tasks", lambda: sorted(BLOCKS))
    change()
    with pytest.raises(kind, match=words):
        checked.read(Few, task)


# --- a stage that is called by hand ---------------------------------------------------------------------------------------


def start(monkeypatch, name: str = "gate") -> int:
    """The exit status of a stage that does nothing, called as stages/<name>.py."""
    monkeypatch.setattr(sys, "argv", [f"stages/{name}.py"])
    monkeypatch.delenv("DVC_STAGE", raising=False)
    try:
        stage.run(lambda: None)
    except SystemExit as stopped:
        return stopped.code
    return 0


def test_by_hand_a_stage_runs_where_checked_is_of_these_params(written, monkeypatch):
    assert start(monkeypatch) == 0


def test_by_hand_other_params_are_refused(written, monkeypatch, capsys):
    with (written / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("# a word\n")
    assert start(monkeypatch) == 1
    assert capsys.readouterr().err == (
        "error: checked: not of this params.yaml, so that gate would read other settings. Run: dvc repro check\n"
    )
    check.main()
    assert start(monkeypatch) == 0


def test_by_hand_other_code_is_refused(written, monkeypatch, capsys):
    edit("code", lambda tree: tree.update(gate="0"))
    assert start(monkeypatch) == 1
    assert "error: checked: the code of gate has changed since. Run: dvc repro check" in capsys.readouterr().err
    assert start(monkeypatch, "report") == 0


def test_by_hand_without_params_yaml_nothing_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert start(monkeypatch) == 1
    assert capsys.readouterr().err == "error: params.yaml: missing. Run from the repository's root\n"


def test_under_dvc_check_has_come_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stages/gate.py"])
    monkeypatch.setenv("DVC_STAGE", "gate@demo")
    stage.run(lambda: None)


def test_the_check_stage_itself_needs_no_checked(workspace):
    for package in code.OURS:
        shutil.copytree(ROOT / package, workspace / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / code.PINS, workspace)
    assert run(workspace, sys.executable, "-m", "stages.check").stdout == (
        f"checked: {len(BLOCKS)} tasks, the code of {len(code.stages())} stages\n"
    )
