"""dvc.yaml against the code: what a stage declares is exactly what it reads."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import committed
import pytest
from dvc.repo import Repo
from graph import ROOT
from ruamel.yaml import YAML

from decant import checked, code
from decant.paths import SPLITS
from decant.settings.schema import Params

GRAPH = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
# a stage of foreach is written below its `do`; its task is the key
STAGES = {name: stage.get("do", stage) for name, stage in GRAPH["stages"].items()}
TASK = "${item.task}"
LATER = [name for name in STAGES if name != "check"]
INDIRECT = {}  # stage -> settings modules of a section that it does not read, with the reason
# of the modules at the root: checked reads sections, and runtime is the door to what ships
ROOT_MAY = ("decant.settings.base", "decant.shipped")
TASKS = {name: "${key}" if "foreach" in stage else TASK for name, stage in GRAPH["stages"].items()}


def paths(stage: dict, kind: str) -> set[str]:
    return {item if isinstance(item, str) else next(iter(item)) for item in stage.get(kind, [])}


def declared(stage: dict) -> dict[str, list[str]]:
    """File of checked/ -> the keys that a stage takes from it."""
    return {
        Path(file).stem: keys
        for group in stage.get("params", []) for file, keys in group.items() if file.startswith("checked/")
    }  # fmt: skip


def rows(stage: dict) -> set[str]:
    """The splits whose rows a stage compares with the manifest."""
    return {
        key.removeprefix("rows.")
        for group in stage.get("params", []) for file, keys in group.items() if file.endswith("manifest.json")
        for key in keys
    }  # fmt: skip


def sections(name: str) -> dict[str, list[str]]:
    """What the class Sections of a stage reads, in the words of dvc.yaml."""
    fields = importlib.import_module(f"stages.{name}").Sections.model_fields
    matrix = GRAPH["stages"][name].get("matrix", {})
    of_one = {"catalogue": "catalogue.${item.encoder}"} if "encoder" in matrix else {}  # else of every encoder
    if GRAPH["stages"][name].get("foreach") == "${transfers}":
        of_one["transfers"] = "transfers.${key}"  # its own
    shared = sorted(of_one.get(field, field) for field in fields if field in checked.COMMON)
    task = sorted(field for field in fields if field not in checked.COMMON)
    of_a_task = {"demo": "demo"}.get(name, TASKS[name])
    return {key: keys for key, keys in ((checked.CODE, [name]), (checked.SHARED, shared), (of_a_task, task)) if keys}


@pytest.mark.parametrize("name", LATER)
def test_a_stage_declares_its_code_and_exactly_the_sections_it_reads(name):
    found = declared(STAGES[name])
    assert {file: sorted(keys) for file, keys in found.items()} == sections(name)
    assert all(keys == sorted(keys) for keys in found.values()), "sorted, so that a look finds a section"


@pytest.mark.parametrize("name", LATER)
def test_a_stage_reads_every_section_that_it_declares(name):
    """Attributes of p, the checked params: a section that nobody reads would run the stage again for nothing."""
    tree = ast.parse((ROOT / f"stages/{name}.py").read_text(encoding="utf-8"))
    read = {
        node.attr for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p"
    }  # fmt: skip
    assert read - {"model_dump"} == set(importlib.import_module(f"stages.{name}").Sections.model_fields)


@pytest.mark.parametrize("name", LATER)
def test_a_stage_imports_the_settings_of_its_own_sections_alone(name):
    """A new key of gates must not change the code of teacher."""
    of_fields = {"threads", "teachers", "seeds"}
    own = set(importlib.import_module(f"stages.{name}").Sections.model_fields) - of_fields | {"base"}
    # search and gain lay what they find over the teacher's section, whose keys are those of any training
    inherited = {
        "teacher": {"training"},
        "distil": {"training"},
        "search": {"teacher", "training"},
        "decision": {"heads"},
        "source": {"database"},
    }
    allowed = own.union(*(inherited.get(section, set()) for section in own), *(INDIRECT.get(name, set()),))
    modules = {
        module.removeprefix("decant.settings.")
        for module in closure(f"stages.{name}")
        if module.startswith("decant.settings.")
    }
    assert modules <= allowed, f"{name}: {sorted(modules - allowed)}"


def closure(start: str) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [name for name in code.read(module, ROOT)[1] if name.split(".")[0] in code.OURS]
    return found


@pytest.mark.parametrize("name", LATER)
def test_a_stage_declares_the_rows_that_it_compares_with_the_manifest(name):
    """Those of each split that it reads; gate compares what evaluate judged."""
    splits = {f"{split}.parquet" for split in SPLITS} & {Path(dep).name for dep in paths(STAGES[name], "deps")}
    assert {f"{split}.parquet" for split in rows(STAGES[name])} == (
        splits or ({"test.parquet"} if name == "gate" else set())
    )


def test_the_map_is_short():
    """A map is read from top to bottom; it had 1,473 lines when each stage listed its modules."""
    assert len((ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()) <= 510


def test_every_stage_file_is_a_stage_and_every_stage_a_file():
    files = {path.stem for path in (ROOT / "stages").glob("*.py")} - {"__init__"}
    assert files == set(STAGES)
    for name, stage in STAGES.items():
        assert stage["cmd"].startswith(f"python -m stages.{name}"), name
        assert stage["desc"].endswith((".", "?")), name


# A room imports from those before it and from the root alone, so that no arrow runs back up; new looks at everything.
ROOMS = (
    "shipped",
    "settings",
    "data",
    "scoring",
    "runs",
    "models",
    "members",
    "training",
    "search",
    "report",
    "verdict",
    "review",
    "crossfit",
    "proofs",
    "deploy",
    "new",
    "trying",
)


def imports(file: Path) -> list[str]:
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    return [name for name in code.read(module.removesuffix(".__init__"), ROOT)[1] if name.split(".")[0] in code.OURS]


@pytest.mark.parametrize("file", sorted((ROOT / "decant").rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_arrow_runs_back_up(file):
    room = file.parent.name
    known = {"", *ROOMS[: ROOMS.index(room) + 1]} if room in ROOMS else {""}
    if file.name == "__main__.py":
        known = {"", *ROOMS}  # the command line calls any room
    for name in imports(file):
        steps = name.split(".")
        assert steps[0] == "decant", f"{file}: {name}"
        target = steps[1] if len(steps) > 1 and steps[1] in ROOMS else ""
        assert target in known or (room == "decant" and name.startswith(ROOT_MAY)), f"{file.relative_to(ROOT)}: {name}"


LONGER = {"heads.py", "scoring/intervals.py", "settings/source.py", "verdict/card.py"}  # no fifth


def test_a_module_is_read_in_one_go():
    """It has 250 lines at most."""
    lines = {
        file.relative_to(ROOT / "decant").as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / "decant").rglob("*.py")
    }
    assert {name for name, count in lines.items() if count > 250} == LONGER


def test_every_room_has_a_place_in_the_order():
    assert {path.name for path in (ROOT / "decant").iterdir() if path.is_dir() and path.name != "__pycache__"} == set(
        ROOMS
    )


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


def test_only_what_is_shown_and_gated_depends_on_timings():
    """They never repeat: what is learnt, or measured on rows, must not change with them."""
    readers = {name for name, stage in STAGES.items() if f"metrics/{TASK}/benchmark.json" in paths(stage, "deps")}
    assert readers <= {"gate", "report"}


@pytest.mark.parametrize("name", LATER)
def test_cached_outs_are_ignored_by_git_and_metrics_are_not(name):
    for kind in ("outs", "metrics"):
        for out in STAGES[name].get(kind, []):
            path = (out if isinstance(out, str) else next(iter(out))).replace(TASKS[name], "demo")
            path = (
                path.replace("${item.encoder}", "minilm").replace("${item.seed}", "13").replace("${item.first}", "scam")
            )
            ignored = committed.ignored(path + ("/" if "." not in path else ""))
            assert ignored == isinstance(out, str), path


def test_the_metrics_and_plots_of_every_task_are_shown(at_head):
    """metrics/dvc.yaml lists them: a task that `tasks` does not name has no stages, and dvc would not see its figures."""
    shown, graph, params = (
        YAML(typ="safe", pure=True).load((at_head / name).read_text(encoding="utf-8"))
        for name in ("metrics/dvc.yaml", "dvc.yaml", "params.yaml")
    )
    tasks = [name for name in params if name not in {"defaults", *Params.model_fields}]
    stages = [stage.get("do", stage) for stage in graph["stages"].values()]
    assert not any(paths(stage, "metrics") for stage in stages), "one screen: headline.json alone, listed there"
    assert f"metrics/{TASK}/headline.json" in paths(STAGES["report"], "outs")
    built = [task for task in tasks if (at_head / f"metrics/{task}/headline.json").exists()]
    assert shown["metrics"] == [f"{task}/headline.json" for task in built]
    assert {"demo", "scam"} <= set(built)
    plotted = {file for plot in shown["plots"] for settings in plot.values() for file in settings["y"]}
    tables = ("plots/confusion", "plots/precision_recall", "plots/reliability", "profile/labels", "profile/tokens",
              "learning/epochs")  # fmt: skip
    trained = [task for task in tasks if (at_head / "metrics" / task / "test.json").exists()]
    assert plotted == {f"{task}/{table}.csv" for task in trained for table in tables}
    assert set(params["tasks"]) <= set(trained)


def test_dvc_sees_the_pinned_raw_files_and_what_they_say(at_head):
    """In a folder that .gitignore covers by a wildcard, dvc would pass them over without a word."""
    pins = {Path(stage.path).name: stage for stage in Repo(str(ROOT)).index.stages if stage.is_import}
    assert set(pins) == {path.name for path in (ROOT / "data/raw").glob("*.dvc")}
    assert len(pins) >= 4
    for name, stage in pins.items():
        assert stage.md5 == stage.compute_md5(), name
        pinned = stage.deps[0].def_repo
        assert pinned["rev"] == pinned["rev_lock"], name
        assert re.fullmatch("[0-9a-f]{40}", pinned["rev"]), name
