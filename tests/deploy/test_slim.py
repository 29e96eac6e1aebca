"""A slim installation: what runs in it, and the one line that says what is missing for the rest."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import slim
from bundles import write_bundle
from graph import ROOT
from shell import run

from decant.deploy import needs

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE = PROJECT["dependencies"]
TABLES = PROJECT["optional-dependencies"]["tables"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slim")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        made = write_bundle(folder)
    (folder / "rows.csv").write_text("post\nbtc\n", encoding="utf-8")
    return made


def decant(bundle: Path, packages: list[str], *arguments: str):
    """The command line where only these packages, and what they require, can be imported."""
    command = [sys.executable, "-c", slim.CODE, ",".join(slim.refused(packages)), *arguments]
    folder = bundle.parent.parent.parent
    return run(folder, *command, check=False, environment={"PYTHONPATH": str(ROOT)})


def test_the_base_is_what_the_readme_says():
    assert BASE == ["numpy", "onnxruntime", "tokenizers", "ftfy"]
    assert set(BASE) == needs.BASE
    heavy = {"torch", "dvc", "pandas", "pydantic", "pyarrow", "transformers", "sklearn"}
    assert heavy <= slim.refused(BASE)
    assert not {"numpy", "onnxruntime", "tokenizers", "ftfy"} & slim.refused(BASE)


def test_predict_and_help_need_the_base_alone(bundle):
    helped = decant(bundle, BASE, "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "predict" in helped.stdout
    answered = decant(bundle, BASE, "predict", "--bundle", str(bundle), "btc")
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.startswith("crypto\tbtc\n")


def test_help_needs_no_package_at_all(bundle):
    assert decant(bundle, [], "predict", "--help").returncode == 0


MISSING = {
    "the pipeline": (BASE, ["check"], r"decant check: (psutil|pydantic|ruamel) is not installed; .*requirements\.txt: make setup"),
    "its verdicts": (BASE, ["verdict"], r"decant verdict: \w+ is not installed; .*requirements\.txt"),
    "tables": (BASE, ["predict", "--task", "demo", "rows.csv", "--text", "post"],
               r"decant predict: pyarrow is not installed; the extra 'tables' brings it: pip install '\.\[tables\]'"),
    "the base": ([], ["predict", "--task", "demo", "btc"], r"decant predict: numpy is not installed; pip install \."),
}  # fmt: skip


@pytest.mark.parametrize(("packages", "arguments", "words"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_one_line(bundle, packages, arguments, words):
    ended = decant(bundle, packages, *arguments)
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert re.match(rf"error: {words}", line), line


def test_the_extra_brings_all_that_tables_need(bundle):
    ended = decant(
        bundle, BASE + TABLES, "predict", "--task", "demo", "rows.csv", "--text", "post", "--out", "scored.parquet"
    )
    assert ended.returncode == 0, ended.stderr
    assert (bundle.parent.parent.parent / "scored.parquet").exists()


def test_a_module_of_ours_that_is_missing_is_a_bug_and_keeps_its_traceback():
    with pytest.raises(ModuleNotFoundError):
        needs.missing(ModuleNotFoundError("No module named 'decant.gone'", name="decant.gone"), "check", None)


def test_importing_the_runtime_leaves_ftfy_and_the_pipeline_alone(bundle):
    code = f"import sys; from decant.runtime import Bundle; Bundle({str(bundle)!r}).predict(['caf\xe9']); print(*sys.modules)"
    loaded = set(run(ROOT, sys.executable, "-c", code).stdout.split())
    assert "onnxruntime" in loaded
    assert not loaded & {"ftfy", "pydantic", "pyarrow", "pandas", "torch", "tqdm"}


def test_every_room_is_packed():
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    there = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "decant").rglob("__init__.py")}
    assert set(packed) == there


def test_every_package_of_an_extra_is_pinned():
    pinned = set(re.findall(r"(?m)^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8")))
    assert set(TABLES) <= pinned


@pytest.mark.parametrize("file", sorted(ROOT.glob("decant/*/commands.py")), ids=lambda file: file.parent.name)
def test_the_top_of_a_rooms_commands_imports_nothing_that_has_to_be_installed(file):
    """`decant --help` imports them all; what one command needs is imported by its function."""
    top = ast.parse(file.read_text(encoding="utf-8")).body
    modules = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in top if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} - {"decant"} <= sys.stdlib_module_names


def test_columns_for_other_engines_need_no_more_than_the_base(bundle):
    """Their workers have readers of their own, and `pip install .` at most."""
    code = slim.CODE.replace("from decant.__main__ import main", "from decant.deploy.columns import columns")
    code = code.replace("sys.exit(main(sys.argv[2:]))", "print(columns(sys.argv[2], ['btc'])['answer'])")
    command = [sys.executable, "-c", code, ",".join(slim.refused(BASE)), str(bundle)]
    assert run(bundle, *command, environment={"PYTHONPATH": str(ROOT)}).stdout.strip() == "['crypto']"
