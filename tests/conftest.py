"""Fixtures that several test files share."""

import os
import re
import shutil
from pathlib import Path

import unpickled  # before all that may keep what it imports of pickle

# isort: split
import badinputs
import committed
import fresh
import guarded
import postgres
import pytest
import shortroad
import tiny
import toyroad
from graph import ROOT
from shell import ENVIRONMENT, run

from decant.proofs.subject import Subject
from stages.demo import generate

# test file -> a program that it needs, and whether this machine has it
NEEDED = {
    "search/test_search_postgres.py": ("PostgreSQL", postgres.binaries),
    "data/test_database_postgres.py": ("PostgreSQL", postgres.binaries),
}


def left_out() -> list[str]:
    """Test files that this machine cannot run, and need not: with DECANT_TESTS=all they run, and fail."""
    every = os.environ.get("DECANT_TESTS") == "all"
    return [name for name, (_, there) in NEEDED.items() if not (every or there())]


def without_head() -> bool:
    """Whether tests that compare with HEAD are left out: this is no git checkout, and not all are asked for."""
    return os.environ.get("DECANT_TESTS") != "all" and not committed.held()


collect_ignore = left_out()
WITHOUT_HEAD = without_head()
# files of few tests that take long: by their number of tests they would come last
LONGEST = ["road", "test_processes", "test_search_workers", "test_export", "test_search_postgres", "test_prepare_again"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(badinputs, "badinputs")
    fresh.patch()
    guarded.patch()
    for environment in (os.environ, ENVIRONMENT):
        environment.pop("DECANT_STORAGE", None)  # trials of tests belong in no storage of yours


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file stays in one process, and so does all that needs the road, which takes minutes to make. The longest come
    first: begun last, they would leave the other processes idle. Without a checkout, what takes HEAD is left out."""
    if WITHOUT_HEAD:
        config.hook.pytest_deselected(items=[item for item in items if "at_head" in item.fixturenames])
        items[:] = [item for item in items if "at_head" not in item.fixturenames]
    for item in items:
        item.add_marker(pytest.mark.xdist_group("road" if "road" in item.fixturenames else item.path.stem))
    items.sort(key=lambda item: LONGEST.index(group) if (group := group_of(item)) in LONGEST else len(LONGEST))


def pytest_collection_finish(session: pytest.Session) -> None:
    """A pytest that pytest-xdist cannot tell the groups to makes the road, and all else that a file shares, once a process."""
    if session.config.getoption("loadgroup", default=False):
        apart = [item.nodeid for item in session.items if not item.nodeid.endswith(f"@{group_of(item)}")]
        if apart:
            raise pytest.UsageError(f"{apart[0]} is in no group of pytest-xdist: pip install -c constraints.txt pytest")


def group_of(item: pytest.Item) -> str:
    return item.get_closest_marker("xdist_group").args[0]


def pytest_terminal_summary(terminalreporter) -> None:
    for name in collect_ignore:
        terminalreporter.write_line(
            f"not run, for there is no {NEEDED[name][0]} on this machine: tests/{name}", yellow=True
        )
    if WITHOUT_HEAD:
        tests = "those of the README's results, the reports, the gates and params.yaml as they are at HEAD"
        terminalreporter.write_line(f"not run, for this is no git checkout with a commit: {tests}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def opened_pickles(tmp_path_factory) -> None:
    """Where they are written down."""
    os.environ[unpickled.LOG] = str(tmp_path_factory.mktemp("guard") / "unpickled")


@pytest.fixture(autouse=True)
def no_pickle():
    """A test fails where code of the project opened a pickle, in this process or in one that it started."""
    yield
    assert unpickled.told() == []


@pytest.fixture(scope="session")
def at_head(tmp_path_factory) -> Path:
    """The project as git has it at HEAD. Without a checkout, tests that take this are left out."""
    return committed.export(tmp_path_factory.mktemp("head"))


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
    """An empty working folder with the project's params.yaml, for tests that call a stage's main(). It builds demo alone,
    whatever the working tree builds."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^tasks: \[.*?\]", "tasks: [demo]", text)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def inbox(workspace) -> Path:
    """Where somebody's tables are, in a working folder whose params.yaml has the demo task alone: `new` reads it often."""
    params = workspace / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text[: text.index("\nscam:")], encoding="utf-8")
    return workspace / "inbox"


@pytest.fixture(scope="session")
def short(tmp_path_factory) -> Path:
    """A folder with a git remote and a clone of the project whose first three stages have run. Copy it before changing it."""
    return shortroad.build(tmp_path_factory.mktemp("short"))


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    """A toy pipeline after `dvc repro`, committed. Copy it before changing it."""
    return toyroad.built(tmp_path_factory.mktemp("toy") / "toy")


@pytest.fixture
def subject(toy, tmp_path) -> Subject:
    """A copy of it that may be maltreated, with what an undisturbed run wrote."""
    return toyroad.subject(shutil.copytree(toy, tmp_path / "subject", symlinks=True))


@pytest.fixture(scope="session")
def road(tmp_path_factory, texts) -> Path:
    """A copy of the repository after `dvc repro` with the tiny encoder, committed. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("road")
    # tracked and new files as they are in the working tree, without the figures of the real runs
    for name in committed.files(untracked=True):
        if name == "metrics/dvc.yaml" or (not name.startswith("metrics/") and name != "dvc.lock"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    run(folder, "git", "init", "-q")
    run(folder, "git", "config", "user.email", "road@example.test")
    run(folder, "git", "config", "user.name", "road")
    entry = tiny.write_encoder(tmp_path_factory.mktemp("source"), texts)
    tiny.shrink(folder / "params.yaml", entry)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "small")
    run(folder, "dvc", "repro", warm=False)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "figures")
    return folder
