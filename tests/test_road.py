"""The whole road in small, through the project's own dvc.yaml: a copy of the repository, a tiny random encoder, offline.

The `road` fixture in conftest.py is that copy after `dvc repro`. Each stage is then run once more in a folder that
holds nothing but what dvc.yaml declares: that it finishes proves its dependencies complete, and that it writes the
same bytes proves that it repeats.
"""

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant.files import digest


def lock(folder: Path) -> dict:
    return YAML(typ="safe", pure=True).load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def test_the_second_repro_does_nothing(road):
    assert "up to date" in run(road, "dvc", "repro").stdout


def test_git_holds_no_model_and_no_data(road):
    assert not [
        name for name in run(road, "git", "ls-files").stdout.split() if name.startswith(("models/", "data/demo"))
    ]
    assert run(road, "git", "status", "--porcelain").stdout == ""


def test_every_metrics_file_reads_whole_in_dvc(road):
    shown = json.loads(run(road, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    shown = {name: entry["data"] for name, entry in shown.items() if name.startswith("metrics/demo/")}
    for name, data in shown.items():
        assert data == json.loads((road / name).read_text()), name
    assert list(shown) == ["metrics/demo/headline.json"]
    assert 10 <= len(shown["metrics/demo/headline.json"]) <= 20


def test_test_metrics_have_every_contestant_on_the_same_rows(road):
    test = json.loads((road / "metrics/demo/test.json").read_text())
    contestants = {name for name, entry in test.items() if "accuracy" in entry}
    assert contestants == {"linear", "probe", "teacher_tiny_13", "ensemble", "student", "student_int8"}
    rows = json.loads((road / "metrics/demo/split.json").read_text())["test"]["n"]
    for name in contestants:
        entry = test[name]
        assert entry["n"] == rows
        assert entry["macro_f1_low"] <= entry["macro_f1"] <= entry["macro_f1_high"]
        assert {"precision", "recall", "f1", "fpr", "support", "average_precision"} <= set(entry["classes"]["scam"])


def test_the_verdict_is_bound_to_the_bundle(road):
    gate = json.loads((road / "metrics/demo/gate.json").read_text())
    assert gate["verdict"] in {"green", "amber", "red"}
    assert gate["evidence"]["model_md5"] == digest(road / "models/demo/bundle/onnx/model_quantized.onnx", "md5")
    printed = run(road, sys.executable, "-m", "decant", "verdict", check=False)
    assert printed.returncode == (1 if gate["verdict"] == "red" else 0)
    assert f"demo: {gate['verdict']} (model {gate['evidence']['model_md5']})" in printed.stdout


def test_the_bundle_predicts_on_its_own(road, tmp_path):
    shutil.copytree(road / "models/demo/bundle", tmp_path / "bundle")
    shutil.copytree(ROOT / "decant", tmp_path / "decant")
    found = run(
        tmp_path,
        sys.executable,
        "-m",
        "decant",
        "predict",
        "--task",
        "demo",
        "--bundle",
        "bundle",
        "--json",
        "free airdrop",
    )
    answer = json.loads(found.stdout)
    assert answer["answer"] in {"scam", "crypto", "clean"}
    assert set(answer["heads"]) == {"scam", "topic", "urgency"}


def test_the_commit_of_the_figures_is_recorded(road):
    made = json.loads((road / "metrics/demo/provenance.json").read_text())["commit"]
    assert made == run(road, "git", "rev-parse", "HEAD~1").stdout.strip()


@pytest.fixture
def copy(road, tmp_path) -> Path:
    folder = tmp_path / "road"
    shutil.copytree(road, folder, symlinks=True)
    return folder


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, old
    file.write_text(text.replace(old, new), encoding="utf-8")


def ran(folder: Path, *target: str) -> set[str]:
    """The stages that `dvc repro` runs."""
    printed = run(folder, "dvc", "repro", *target).stdout
    return {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}


def test_a_comment_runs_check_alone(copy):
    for name in ("params.yaml", "stages/teacher.py", "decant/heads.py"):
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write("# a word\n")
    assert ran(copy) == {"check"}
    assert "up to date" in run(copy, "dvc", "repro").stdout


def test_code_runs_the_stages_that_import_it_and_a_revert_comes_from_the_run_cache(copy):
    file = copy / "stages/gain.py"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "\nMORE = 1\n", encoding="utf-8")
    assert ran(copy) == {"check", "gain@demo-tiny"}
    file.write_text(before, encoding="utf-8")
    printed = run(copy, "dvc", "repro").stdout
    assert "Stage 'gain@demo-tiny' is cached - skipping run" in printed
    assert "Running stage 'gain" not in printed


def test_a_threshold_param_reruns_thresholds_and_what_follows(copy):
    replace(copy / "params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.2}")
    assert ran(copy, "check") == {"check"}
    stale = {
        name for name in json.loads(run(copy, "dvc", "status", "--json", "--no-updates").stdout) if "@demo" in name
    }
    assert stale == {"thresholds@demo", "gate@demo", "report@demo"}  # those that read the caps
    shown = run(copy, "dvc", "params", "diff").stdout
    assert any(
        "params.yaml" in line and "demo.thresholds.caps.scam" in line and "0.2" in line for line in shown.splitlines()
    )
    assert any(
        "checked/demo.json" in line and "thresholds.caps" in line and "0.2" in line for line in shown.splitlines()
    )
    later = {f"{name}@demo" for name in ("thresholds", "bundle", "evaluate", "crossfit", "benchmark", "gate", "report")}
    assert "thresholds@demo" in (again := ran(copy))
    assert again <= later
    more, less, _ = run(copy, "git", "diff", "--numstat", "dvc.lock").stdout.split()
    assert more == less
    assert int(more) <= 10 * (len(later) + 1)  # what a reviewer has to scroll by: some ten lines a stage


def test_a_default_that_a_task_overrides_runs_nothing_of_it(copy):
    replace(copy / "params.yaml", "caps: {scam: 0.08}", "caps: {scam: 0.08}\n    confidence: 0.95")
    assert ran(copy) == {"check"}  # the same value, written out
    replace(copy / "params.yaml", "confidence: 0.95  # of the cap", "confidence: 0.9  # of the cap")
    assert ran(copy) == {"check"}


def test_a_wrong_key_stops_before_anything_else(copy):
    before = (copy / "checked/demo.json").read_bytes()
    replace(copy / "params.yaml", "caps: {scam: 0.08}", "cap: {scam: 0.08}")
    stopped = run(copy, "dvc", "repro", check=False)
    assert stopped.returncode != 0
    assert "demo.thresholds.cap: unknown key; allowed here: policy" in stopped.stderr
    assert "Running stage 'check'" in stopped.stdout
    assert stopped.stdout.count("Running stage") == 1
    assert (copy / "checked/demo.json").read_bytes() == before


def test_a_colleague_trains_nothing(copy, tmp_path):
    """A fresh clone with the shared cache and run cache, as README says, takes every expensive stage."""
    run(copy, "dvc", "remote", "add", "--default", "team", str(tmp_path / "cache"))
    run(copy, "git", "commit", "-qam", "remote")
    run(copy, "dvc", "push", "--run-cache")
    run(tmp_path, "git", "clone", "-q", str(copy), "clone")
    run(tmp_path / "clone", "dvc", "pull", "--run-cache", "--allow-missing")
    assert ran(tmp_path / "clone") <= {"benchmark@demo"}  # timings are nobody's but the machine's


def test_a_fresh_checkout_without_data_is_up_to_date(road, tmp_path):
    run(tmp_path, "git", "clone", "-q", str(road), "clone")
    would = run(tmp_path / "clone", "dvc", "repro", "--dry", "--allow-missing").stdout
    assert "Running stage" not in would


def stages_of_the_road() -> list[str]:
    stages = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    # the timings of benchmark never repeat; what runs for each key of an empty mapping does not run
    return [name for name, stage in stages.items() if name != "benchmark" and "foreach" not in stage]


def declared_alone(road: Path, folder: Path, entry: dict) -> None:
    """A folder with the map, the deps of a stage, and of checked/ the keys that it declares, as dvc.lock has them."""
    shutil.copy(road / "dvc.yaml", folder)
    for dep in entry.get("deps", []):
        source, target = road / dep["path"], folder / dep["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for file, values in entry.get("params", {}).items():
        tree: dict = {}
        for key, value in values.items():
            *way, last = key.split(".")
            node = tree
            for step in way:
                node = node.setdefault(step, {})
            node[last] = value
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(json.dumps(tree), encoding="utf-8")


def start(road: Path, folder: Path, cmd: str, check: bool = True):
    """The stage's command there, as dvc calls it; its code is that of the road."""
    environment = {"PYTHONPATH": str(road), "DVC_STAGE": "alone"}
    return run(folder, *shlex.split(cmd), check=check, environment=environment)


@pytest.mark.parametrize("name", stages_of_the_road())
def test_a_stage_needs_only_what_it_declares_and_repeats_byte_for_byte(road, tmp_path, name):
    found = {key: entry for key, entry in lock(road).items() if key.split("@")[0] == name}
    assert len(found) == 1
    entry = next(iter(found.values()))
    declared_alone(road, tmp_path, entry)
    start(road, tmp_path, entry["cmd"])
    for out in entry["outs"]:
        assert bytes_of(tmp_path / out["path"]) == bytes_of(road / out["path"]), out["path"]


def bytes_of(path: Path) -> dict[str, bytes] | bytes:
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    return path.read_bytes()


@pytest.mark.parametrize("planted", ["a file", "a section"])
def test_what_is_not_declared_is_missed(road, tmp_path, planted):
    """The test above can fail: without one dep, or one section, the stage stops."""
    entry = lock(road)["gate@demo"]
    if planted == "a file":
        entry["deps"] = [dep for dep in entry["deps"] if dep["path"] != "metrics/demo/quantize.json"]
    else:
        del entry["params"]["checked/demo.json"]["gates"]
    declared_alone(road, tmp_path, entry)
    stopped = start(road, tmp_path, entry["cmd"], check=False)
    assert stopped.returncode == 1
    assert ("metrics/demo/quantize.json: missing" if planted == "a file" else "demo.json: no gates") in stopped.stderr
