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
    others = {"manifest.json", "provenance.json", "learning"}  # of which nobody asks the difference
    written = {file.name for file in (road / "metrics/demo").iterdir() if file.suffix == ".json"}
    assert {Path(name).name for name in shown} == written - others


def test_test_metrics_have_every_contestant_on_the_same_rows(road):
    test = json.loads((road / "metrics/demo/test.json").read_text())
    contestants = {name for name, entry in test.items() if "accuracy" in entry}
    assert contestants == {"linear", "probe", "teacher_tiny_13", "ensemble", "student", "student_int8"}
    rows = json.loads((road / "metrics/demo/split.json").read_text())["test"]["n"]
    for name in contestants:
        entry = test[name]
        assert entry["n"] == rows
        assert entry["macro_f1_low"] <= entry["macro_f1"] <= entry["macro_f1_high"]
        assert {"precision", "recall", "f1", "fpr", "support", "average_precision"} <= set(entry["scam"])


def test_the_verdict_is_bound_to_the_bundle(road):
    gate = json.loads((road / "metrics/demo/gate.json").read_text())
    assert gate["verdict"] in {"green", "red"}
    assert gate["model_md5"] == digest(road / "models/demo/bundle/onnx/model_quantized.onnx", "md5")


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


def test_a_threshold_param_reruns_thresholds_and_what_follows(road, tmp_path):
    copy = tmp_path / "road"
    shutil.copytree(road, copy, symlinks=True)
    params = copy / "params.yaml"
    before = params.read_text(encoding="utf-8")
    assert "caps: {scam: 0.08}" in before
    params.write_text(before.replace("caps: {scam: 0.08}", "caps: {scam: 0.2}"), encoding="utf-8")
    stale = {
        name for name in json.loads(run(copy, "dvc", "status", "--json", "--no-updates").stdout) if "@demo" in name
    }
    assert stale == {"thresholds@demo", "gate@demo", "report@demo"}  # those that read the caps
    printed = run(copy, "dvc", "repro").stdout
    reran = {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}
    assert "thresholds@demo" in reran
    later = {f"{name}@demo" for name in ("thresholds", "bundle", "evaluate", "benchmark", "gate", "report")}
    assert reran <= later


def test_a_fresh_checkout_without_data_is_up_to_date(road, tmp_path):
    run(tmp_path, "git", "clone", "-q", str(road), "clone")
    would = run(tmp_path / "clone", "dvc", "repro", "--dry", "--allow-missing").stdout
    assert "Running stage" not in would


def stages_of_the_road() -> list[str]:
    stages = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    # benchmark has no outs; what runs for each key of an empty mapping does not run
    return [name for name, stage in stages.items() if name != "benchmark" and "foreach" not in stage]


@pytest.mark.parametrize("name", stages_of_the_road())
def test_a_stage_needs_only_what_it_declares_and_repeats_byte_for_byte(road, tmp_path, name):
    found = {key: entry for key, entry in lock(road).items() if key.split("@")[0] == name}
    assert len(found) == 1
    entry = next(iter(found.values()))
    shutil.copy(road / "params.yaml", tmp_path)
    for package in ("decant", "stages"):  # docstrings only, and so no dependencies
        (tmp_path / package).mkdir()
        shutil.copy(road / package / "__init__.py", tmp_path / package)
    for dep in entry["deps"]:
        source, target = road / dep["path"], tmp_path / dep["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    run(tmp_path, *shlex.split(entry["cmd"].replace("python", sys.executable, 1)))
    for out in entry["outs"]:
        assert bytes_of(tmp_path / out["path"]) == bytes_of(road / out["path"]), out["path"]


def bytes_of(path: Path) -> dict[str, bytes] | bytes:
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    return path.read_bytes()


def test_a_planted_undeclared_file_is_missed(road, tmp_path):
    """The test above can fail: without one declared module, the stage stops."""
    entry = lock(road)["gate@demo"]
    shutil.copy(road / "params.yaml", tmp_path)
    for dep in entry["deps"]:
        if dep["path"] != "decant/files.py":
            source, target = road / dep["path"], tmp_path / dep["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    found = run(tmp_path, sys.executable, "-m", "stages.gate", "demo", check=False)
    assert found.returncode != 0
    assert "decant.files" in found.stderr
