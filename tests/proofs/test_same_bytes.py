"""The stages themselves, with a tiny encoder, in other surroundings: not one byte is other."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny
from graph import ROOT

from decant.proofs import surroundings
from decant.proofs.surroundings import ALL

DATA = "check, demo, prepare demo, split demo"
REST = (", unlabelled demo, encoder demo tiny, adapt demo tiny, search demo tiny, baseline demo, noise demo, teacher demo tiny 13, "
        "soften demo, distil demo, export demo, quantize demo")  # fmt: skip
RUNNER = ROOT / "tests/support/bytewise.py"


@pytest.fixture(scope="module")
def entry(tmp_path_factory, texts):
    return tiny.write_encoder(tmp_path_factory.mktemp("source"), texts)


def ran(folder: Path, name: str, calls: str, entry: dict) -> dict[str, bytes]:
    """Path -> bytes of all that these stages write in surroundings of that name."""
    chosen = ALL[name]
    root = folder / name / chosen.folder
    (root / "stages").mkdir(parents=True)
    for file in ("dvc.yaml", "params.yaml", "stages/demo.yaml"):
        shutil.copy(ROOT / file, root / file)
    tiny.shrink(root / "params.yaml", entry, rows=300)
    environment = surroundings.variables(chosen, folder / "locale") | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    program = surroundings.command(chosen, [sys.executable, str(RUNNER), *calls.split()])
    ended = subprocess.run(program, cwd=root, env=environment, capture_output=True, text=True, errors="replace")
    assert ended.returncode == 0, ended.stderr[-3000:]
    files = [file for top in ("checked", "data", "models", "metrics") for file in (root / top).rglob("*")]
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(files) if file.is_file()}


@pytest.fixture(scope="module")
def usual(tmp_path_factory, entry):
    return ran(tmp_path_factory.mktemp("usual"), "plain", DATA + REST, entry)


@pytest.mark.parametrize("name", ["hostile", "c"])
def test_what_is_learnt_and_exported_is_the_same_bytes(usual, tmp_path, entry, name):
    found = ran(tmp_path, name, DATA + REST, entry)
    assert {path for path in usual if found.get(path) != usual[path]} == set()
    assert set(found) == set(usual)
    assert {"models/demo/onnx/model_quantized.onnx", "models/demo/baseline/tfidf.json"} <= set(found)


@pytest.mark.parametrize("name", ["turkish", "two"])
def test_data_is_the_same_bytes_whatever_is_other(usual, tmp_path, entry, name):
    found = ran(tmp_path, name, DATA, entry)
    assert {path for path in found if found[path] != usual[path]} == set()
    assert {"data/demo/test.parquet", "data/demo/prepared.parquet", "checked/demo.json"} <= set(found)


def test_another_seed_is_other_bytes(usual, tmp_path, entry, monkeypatch):
    """The tests above can fail."""
    monkeypatch.setattr(tiny, "shrink", lambda file, entry, rows, real=tiny.shrink: real(file, entry, rows=rows + 1))
    found = ran(tmp_path, "plain", DATA, entry)
    assert {path for path in found if found[path] != usual[path]} >= {"data/demo/train.parquet"}
