"""dvc.yaml against the code: what a stage declares is exactly what it imports and reads."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo
from graph import ROOT, imported, modules, sections
from ruamel.yaml import YAML

from decant.settings.schema import Params, Task

GRAPH = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
PARAMS = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))
# a stage of foreach is written below its `do`; its task is the key
STAGES = {name: stage.get("do", stage) for name, stage in GRAPH["stages"].items()}
TASK = "${item.task}"
TASKS = {name: "${key}" if "foreach" in stage else TASK for name, stage in GRAPH["stages"].items()}


def paths(stage: dict, kind: str) -> set[str]:
    return {item if isinstance(item, str) else next(iter(item)) for item in stage.get(kind, [])}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_every_module_it_imports_and_no_other(name):
    declared = {path for path in paths(STAGES[name], "deps") if path.endswith(".py")}
    assert declared == {f"stages/{name}.py"} | modules(f"stages/{name}.py")


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_declares_exactly_the_params_it_reads(name):
    wanted = set()
    for section in sections(f"stages/{name}.py"):
        if section == "encoder":
            wanted.add("catalogue.${item.encoder}")
        elif section == "generator":
            wanted.add("demo.generator")
        elif section in PARAMS["defaults"]:
            wanted |= {f"defaults.{section}", f"{TASKS[name]}.{section}"}
        elif section in Task.model_fields:
            wanted.add(f"{TASKS[name]}.{section}")
        elif section == "transfers" and GRAPH["stages"][name].get("foreach") == "${transfers}":
            wanted.add("transfers.${key}")  # its own
        else:
            assert section in Params.model_fields, f"{name} reads p.{section}, which params.yaml does not have"
            wanted.add(section)
    assert set(STAGES[name].get("params", [])) == wanted


@pytest.mark.parametrize("name", STAGES)
def test_params_are_read_through_one_name(name):
    """`p` stands for the checked params everywhere: under another name, the test above would not see a read."""
    tree = ast.parse((ROOT / f"stages/{name}.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "read"
    ]  # fmt: skip
    assert [target.id for call in calls for target in call.targets] == ["p"]


def test_the_reader_of_imports_sees_what_is_planted(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text(
        "from decant import heads\n\ndef late():\n    import decant.text\n    from decant.files import slug\n"
    )
    assert imported(planted) == {"decant/heads.py", "decant/text.py", "decant/files.py"}


def test_every_stage_file_is_a_stage_and_every_stage_a_file():
    files = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert files == set(STAGES)
    for name, stage in STAGES.items():
        assert stage["cmd"].startswith(f"python -m stages.{name}"), name
        assert stage["desc"].endswith((".", "?")), name


@pytest.mark.parametrize("package", ["decant", "decant/new", "stages"])
def test_package_files_hold_a_docstring_only(package):
    """They are no dependency of any stage, so nothing may be in them that a stage could depend on."""
    body = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr]


def test_decant_never_imports_stages():
    for file in (ROOT / "decant").rglob("*.py"):
        assert not [name for name in imported(file) if name.startswith("stages/")], file


def test_the_shipped_part_needs_no_torch_dvc_or_pandas():
    code = "import sys, decant.runtime; print(*[m for m in ('torch', 'transformers', 'dvc', 'pandas', 'sklearn') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_only_evaluate_can_see_test_rows():
    readers = {name for name, stage in STAGES.items() if any("test.parquet" in path for path in paths(stage, "deps"))}
    assert readers == {"evaluate"}
    whole = {name for name, stage in STAGES.items() if any("prepared.parquet" in path for path in paths(stage, "deps"))}
    assert whole == {"split"}
    of_a_task = re.compile(r"data/\$\{[a-z.]+\}/?")
    assert not {name for name, stage in STAGES.items() if any(map(of_a_task.fullmatch, paths(stage, "deps")))}


@pytest.mark.parametrize("name", ["teacher", "distil", "encoder", "intermediate", "adapt", "gain"])
def test_expensive_stages_can_come_from_a_shared_run_cache(name):
    """dvc cannot restore a stage with an out that is not cached, and would train again."""
    assert "metrics" not in STAGES[name]
    assert all(isinstance(out, str) for out in STAGES[name]["outs"])


def test_benchmark_has_no_outs_that_the_lock_would_hold():
    assert not paths(STAGES["benchmark"], "outs") | paths(STAGES["benchmark"], "metrics")


@pytest.mark.parametrize("name", STAGES)
def test_cached_outs_are_ignored_by_git_and_metrics_are_not(name):
    for kind in ("outs", "metrics"):
        for out in STAGES[name].get(kind, []):
            path = (out if isinstance(out, str) else next(iter(out))).replace(TASKS[name], "demo")
            path = (
                path.replace("${item.encoder}", "minilm").replace("${item.seed}", "13").replace("${item.first}", "scam")
            )
            ignored = (
                subprocess.run(
                    ["git", "check-ignore", "-q", path + ("/x" if "." not in path else "")], cwd=ROOT
                ).returncode
                == 0
            )
            assert ignored == isinstance(out, str), path


def test_top_level_metrics_and_plots_cover_every_task():
    tasks = [name for name in PARAMS if name not in {"defaults", *Params.model_fields}]
    outs = {path for stage in STAGES.values() for path in paths(stage, "metrics")} | {f"metrics/{TASK}/benchmark.json"}
    every = {path.replace(TASK, task) for path in outs for task in tasks}
    first = {f"metrics/{task}/{name}.json" for task in tasks for name in ("prepare", "split")}
    committed = {path for path in every if (ROOT / path).exists()}  # a task that is only prepared so far has no more
    assert set(GRAPH["metrics"]) == committed | first
    plotted = {file for plot in GRAPH["plots"] for settings in plot.values() for file in settings["y"]}
    tables = ("plots/confusion", "plots/precision_recall", "plots/reliability", "profile/labels", "profile/tokens",
              "learning/epochs")  # fmt: skip
    trained = [task for task in tasks if (ROOT / "metrics" / task / "test.json").exists()]
    assert plotted == {f"metrics/{task}/{table}.csv" for task in trained for table in tables}
    assert set(PARAMS["tasks"]) <= set(trained)


def test_dvc_sees_the_pinned_raw_files_and_what_they_say():
    """In a folder that .gitignore covers by a wildcard, dvc would pass them over without a word."""
    pins = {Path(stage.path).name: stage for stage in Repo(str(ROOT)).index.stages if stage.is_import}
    assert set(pins) == {path.name for path in (ROOT / "data/raw").glob("*.dvc")}
    assert len(pins) >= 4
    for name, stage in pins.items():
        assert stage.md5 == stage.compute_md5(), name
        pinned = stage.deps[0].def_repo
        assert pinned["rev"] == pinned["rev_lock"], name
        assert re.fullmatch("[0-9a-f]{40}", pinned["rev"]), name
