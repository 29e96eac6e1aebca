"""docs/runtime.md is true: each of its commands and snippets runs, in its order, on a small bundle and a small table."""

import csv
import json
import re
import shutil
import sys
from importlib.metadata import EntryPoint

import pytest
from bundles import write_bundle
from graph import ROOT
from shell import ENVIRONMENT, run

from decant.__main__ import main
from decant.data import answered
from decant.deploy import parts
from decant.deploy.table import PIECE
from decant.settings import params
from decant.shipped.texts import RUNTIME
from stages.demo import generate

PAGE = (ROOT / "docs/runtime.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A bundle, posts.csv, posts.jsonl with a row without text, and the command `decant`."""
    made = tmp_path_factory.mktemp("page")
    shutil.copy(ROOT / "params.yaml", made)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(made)
        write_bundle(made)
    rows = generate(60, 3, 0.0)
    with (made / "posts.csv").open("w", encoding="utf-8", newline="") as stream:
        cells = csv.DictWriter(stream, ["id", "text"], extrasaction="ignore")
        cells.writeheader()
        cells.writerows(rows)
    lines = [{"id": row["id"], "text": row["text"]} for row in rows] + [{"id": "none", "text": None}]
    (made / "posts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    command = made / "bin/decant"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m decant "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return made


@pytest.mark.parametrize("index", range(len(BLOCKS)), ids=[block.strip().splitlines()[-1][:50] for _, block in BLOCKS])
def test_the_blocks_of_the_page_work(folder, index):
    kind, block = BLOCKS[index]
    environment = {"PYTHONPATH": str(ROOT), "PATH": f"{folder / 'bin'}:{ENVIRONMENT['PATH']}"}
    command = ["python", "-c", block] if kind == "python" else ["bash", "-ec", block]
    ended = run(folder, *command, environment=environment)
    assert ended.stdout or "--out" in block or ">" in block
    assert "Traceback" not in ended.stderr


def test_the_page_shows_each_way():
    assert len(BLOCKS) == 8
    assert all(
        way in PAGE for way in ("predict(", "predict_proba(", "explain(", "InputError", "--bad-rows", "- --format")
    )


def test_what_the_page_says_of_sizes_and_names_is_so(workspace):
    assert f"{RUNTIME['max_characters']:,}" in PAGE
    assert params.read("demo").runtime.model_dump() == RUNTIME
    assert f"{PIECE:,} rows a file" in PAGE
    assert f"joined by `{answered.BETWEEN}`" in PAGE
    with parts.parts(workspace / "scored.parquet", {}, 1) as kept:
        assert re.fullmatch(r"\.scored\.parquet\.[0-9a-f]{12}\.parts", kept.folder.name)


def test_the_command_of_an_installation_is_this_one():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    entry = re.search(r'(?m)^decant = "(.+)"$', text)[1]
    assert EntryPoint("decant", entry, "console_scripts").load() is main
