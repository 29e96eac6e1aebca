"""locks/: each package with the digests of its files, at the version that constraints.txt has, and nothing left out."""

import json
import re
import shutil
import stat
import sys
import tomllib
from pathlib import Path

import pytest
import slim
from graph import ROOT
from packaging.markers import Marker
from packaging.utils import canonicalize_name
from shell import run

LINE = re.compile(
    r"^([\w.-]+)==([^ ;\\]+)(?: ; ([^\\]+?))? \\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", re.MULTILINE
)
NAMES = ["all", "cuda", "runtime", "serve", "tables"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BUILD = "setuptools"  # of the package itself, and of torch
# machines that constraints.txt was not written on, each by its own values of what markers ask
ELSEWHERE = [
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    {"sys_platform": "emscripten", "platform_system": "Emscripten", "platform_machine": "wasm32", "python_full_version": "3.12.1"},
]  # fmt: skip


def pins(text: str) -> dict[str, tuple[str, str, int]]:
    """Name -> (version, marker, number of digests) of each requirement that has digests."""
    found = LINE.findall(text)
    return {
        canonicalize_name(name): (version, marker, hashes.count("--hash")) for name, version, marker, hashes in found
    }


def unpinned(text: str) -> list[str]:
    """Lines that are no requirement with digests, no digest and no comment."""
    return [line for line in LINE.sub("", text).splitlines() if line and not line.startswith("#")]


def lock(name: str) -> str:
    return (ROOT / f"locks/{name}.txt").read_text(encoding="utf-8")


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {
        canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines) if version
    }


def differing(text: str) -> dict[str, tuple[str, str | None]]:
    """Name -> (version here, that of constraints.txt), where the two differ, or where only another machine would do."""
    wanted = constraints()
    return {
        name: (version, wanted.get(name))
        for name, (version, marker, _) in pins(text).items()
        if version != wanted.get(name) and (name in wanted or not (marker and foreign(marker)))
    }


def foreign(marker: str) -> bool:
    """Whether a marker holds on another machine, and not on this one."""
    asked = Marker(marker)
    return not asked.evaluate() and any(asked.evaluate(machine) for machine in ELSEWHERE)


def test_the_lists_are_those_that_make_writes():
    assert sorted(path.stem for path in (ROOT / "locks").glob("*.txt")) == NAMES
    assert [run(ROOT, "make", "-n", "-o", ".venv/dev", "lock").stdout.count(f"locks/{name}.txt") for name in NAMES] == [
        1
    ] * 5


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_a_version_and_digests(name):
    assert unpinned(lock(name)) == []
    assert len(pins(lock(name))) > 10
    assert not re.search(
        r"://|--(index|extra-index|find-links|trusted)", lock(name)
    )  # where a user's index is, is theirs


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cuda"])
def test_versions_are_those_of_the_constraints(name):
    assert {package for package in differing(lock(name)) if package != BUILD} == set()


def test_of_the_list_for_cuda_only_what_the_cpu_does_not_need_is_in_no_constraint():
    wanted = (ROOT / "locks/cuda.in").read_text(encoding="utf-8").split("\n")[1:-1]
    found = set(differing(lock("cuda"))) - {BUILD}
    assert set(wanted) <= found
    assert [name for name in found if not re.match("cuda-|nvidia-|triton$", name)] == []
    assert found.isdisjoint(pins(lock("all")))
    assert pins(lock("cuda"))["torch"] == pins(lock("all"))["torch"]


def test_everything_that_is_pinned_has_its_digests():
    assert set(constraints()) - set(pins(lock("all"))) == set()


@pytest.mark.parametrize(
    ("name", "packages"),
    [("runtime", []), ("tables", EXTRAS["tables"]), ("serve", EXTRAS["serve"])],
    ids=["runtime", "tables", "serve"],
)
def test_a_list_has_all_that_its_packages_require_and_no_torch(name, packages):
    needed = slim.brought([*PROJECT["dependencies"], *packages])
    assert len(needed) > 10
    assert needed - set(pins(lock(name))) == set()
    assert {"torch", "dvc", "pandas", "transformers"}.isdisjoint(pins(lock(name)))


def test_a_version_of_before_a_package_of_nobody_and_a_line_without_digest_are_seen():
    digest = f" \\\n    --hash=sha256:{'0' * 64}\n"
    planted = f"numpy==1.0.0{digest}nobody==1{digest}windows==1 ; sys_platform == 'win32'{digest}ftfy==6.3.1\n"
    assert differing(planted) == {"numpy": ("1.0.0", constraints()["numpy"]), "nobody": ("1", None)}
    assert unpinned(planted) == ["ftfy==6.3.1"]
    assert unpinned(f"ftfy==6.3.1 \\\n    --hash=md5:{'0' * 32}\n") != []


# --- make audit, make sbom --------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    """What make reads for the two."""
    for name in ("Makefile", "pyproject.toml", "locks"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    return tmp_path


def made(folder: Path, *arguments: str):
    return run(folder, "make", "-o", ".venv/dev", *arguments, check=False)


@pytest.mark.parametrize("status", [0, 1])
def test_the_audit_asks_for_every_list_and_fails_where_nobody_can_tell(checkout, status):
    program = checkout / "bin/pip-audit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@"\nexit {status}\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    ended = made(checkout, "audit", "BIN=bin")
    asked = ended.stdout.split()
    assert {"--strict", "--require-hashes"} <= set(asked)  # without the first, what no index knows would pass
    assert sorted(word for word in asked if word.endswith(".txt")) == [f"locks/{name}.txt" for name in NAMES]
    assert (ended.returncode == 0) == (status == 0)
    assert ("the index could not be asked" in ended.stderr) == (status != 0)


def test_the_list_for_other_programs_has_each_package_with_its_digests_and_the_same_bytes_twice(checkout):
    bom = checkout / "build/sbom/runtime.json"
    command = ["sbom", f"BIN={Path(sys.executable).parent}", "LOCKS=runtime"]
    assert made(checkout, *command).returncode == 0
    first = bom.read_bytes()
    assert made(checkout, *command).returncode == 0
    assert bom.read_bytes() == first
    found = json.loads(first)
    assert (found["bomFormat"], found["metadata"]["component"]["name"]) == ("CycloneDX", "decant")
    components = {canonicalize_name(one["name"]): one for one in found["components"]}
    wanted = pins(lock("runtime"))
    assert {name: one["version"] for name, one in components.items()} == {name: pin[0] for name, pin in wanted.items()}
    digests = {name: len(one["externalReferences"][0]["hashes"]) for name, one in components.items()}
    assert digests == {name: pin[2] for name, pin in wanted.items()}


# --- locks/README.md --------------------------------------------------------------------------------------------------


def test_the_page_names_every_list_no_other_one_and_commands_that_are_there():
    page = (ROOT / "locks/README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"locks/(\w+)\.txt", page))) == NAMES
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()
    assert set(re.findall(r"`make (\w+)`", page)) == {"lock", "audit", "sbom", "setup"} <= set(targets)
    installing = re.findall(r"pip install (.*)$", page, re.MULTILINE)
    assert [line for line in installing if "--require-hashes" not in line] == ["--no-deps --no-build-isolation ."]


def test_the_page_pins_the_torch_of_the_constraints():
    page = (ROOT / "locks/README.md").read_text(encoding="utf-8")
    assert re.findall(r"torch==([\d.]+)", page) == [constraints()["torch"]]
