"""docs/bundle.md: its code runs, its table of files is the folder, its figures of the settings are those of the code."""

import re
import subprocess
import sys

from bundles import write_bundle
from graph import ROOT
from ruamel.yaml import YAML

from decant.files import read_json
from decant.models import normalizer
from decant.new.language import GATES

PAGE = (ROOT / "docs/bundle.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_python_runs_one_block_after_the_other(workspace):
    write_bundle(workspace)
    code = "\n".join(blocks("python"))
    environment = {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=workspace, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "60 texts answered as when it was built" in ended.stdout


def test_its_commands_are_those_that_test_artifacts_runs():
    assert blocks("sh") == ['git tag -a demo@v1.0.0 -m "first release"\ndvc artifacts get . demo --out bundle\n']


def test_it_names_every_file_of_the_folder(workspace):
    bundle = write_bundle(workspace)
    named = re.findall(r"^\| `([\w./]+)` \|", PAGE, re.MULTILINE)
    assert sorted(named) == sorted(str(file.relative_to(bundle)) for file in bundle.rglob("*") if file.is_file())


def test_its_numbers_are_those_of_the_code(workspace):
    found = read_json(write_bundle(workspace) / "decant.json")["normalizer"]
    assert f"the {found['steps']} steps of the default `cleaning`" in PAGE
    chars = set(normalizer.AMPERSAND + normalizer.SIGNS + normalizer.BLANK + normalizer.UNSEEN + normalizer.LETTERS)
    assert f"texts that {len(chars)} characters become" in PAGE
    assert f"but for {len(normalizer.MISREAD)} frequent characters" in PAGE


def test_its_gates_of_a_linear_model_are_those_that_new_proposes():
    (block,) = (YAML(typ="safe", pure=True).load(code) for code in blocks("yaml"))
    assert block["ship"] == "linear"
    assert block["gates"] == {name: value for name, (value, _) in GATES.items()}
