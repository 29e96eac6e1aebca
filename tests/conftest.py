"""Fixtures that several test files share."""

import os
import re
import shutil
from pathlib import Path

import postgres
import pytest
import tiny
from graph import ROOT
from shell import ENVIRONMENT, run

from stages.demo import generate


def left_out() -> list[str]:
    """Test files that this machine cannot run, and need not: with DECANT_TESTS=all they run, and fail."""
    return ["test_search_postgres.py"] if not postgres.binaries() and os.environ.get("DECANT_TESTS") != "all" else []


collect_ignore = left_out()
# files of few tests that take long: by their number of tests they would come last
LONGEST = ["road", "test_processes", "test_search_workers", "test_export", "test_search_postgres", "test_prepare_again"]


def pytest_configure() -> None:
    for environment in (os.environ, ENVIRONMENT):
        environment.pop("DECANT_STORAGE", None)  # trials of tests belong in no storage of yours


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process, and so does all that needs the road, which takes minutes to make. The longest come
    first: begun last, they would leave the other processes idle."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("road" if "road" in item.fixturenames else item.path.stem))
    items.sort(key=lambda item: LONGEST.index(group) if (group := group_of(item)) in LONGEST else len(LONGEST))


def group_of(item: pytest.Item) -> str:
    return item.get_closest_marker("xdist_group").args[0]


def pytest_terminal_summary(terminalreporter) -> None:
    for name in collect_ignore:
        terminalreporter.write_line(f"not run, for there is no PostgreSQL on this machine: tests/{name}", yellow=True)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """200 demo posts."""
    return [row["text"] for row in generate(200, 1, 0.0)]


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory, texts) -> Path:
    """Folder of a random three-layer encoder; copy it before changing it."""
    folder = tmp_path_factory.mktemp("encoder")
    tiny.write_encoder(folder, texts)
    return folder


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Path:
    """An empty working folder with the project's params.yaml, for tests that call a stage's main()."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inbox(workspace) -> Path:
    """Where somebody's tables are, in a working folder whose params.yaml has the demo task alone: `new` reads it often."""
    params = workspace / "params.yaml"
    text = params.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^tasks: \[.*?\]", "tasks: [demo]", text[: text.index("\nscam:")])
    params.write_text(text, encoding="utf-8")
    return workspace / "inbox"


@pytest.fixture(scope="session")
def road(tmp_path_factory, texts) -> Path:
    """A copy of the repository after `dvc repro` with the tiny encoder, committed. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("road")
    # tracked and new files as they are in the working tree, without the figures of the real runs
    for name in filter(None, run(ROOT, "git", "ls-files", "-co", "--exclude-standard", "-z").stdout.split("\0")):
        if (ROOT / name).exists() and not name.startswith("metrics/") and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run(folder, "git", "init", "-q")
    run(folder, "git", "config", "user.email", "road@example.test")
    run(folder, "git", "config", "user.name", "road")
    entry = tiny.write_encoder(tmp_path_factory.mktemp("source"), texts)
    tiny.shrink(folder / "params.yaml", entry)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "small")
    run(folder, "dvc", "repro")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "figures")
    return folder
