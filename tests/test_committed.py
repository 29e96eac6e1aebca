"""What git has at HEAD, in a project of three files: the working tree may differ, be new, or have no git at all."""

import subprocess
import sys

import committed
import conftest
import pytest
from graph import ROOT
from shell import run

FILES = {"params.yaml": "tasks: [demo]\n", "metrics/demo/test.json": '{"n": 450}\n', ".gitignore": "/models/\n"}
IDENTITY = ("-c", "user.email=a@example.test", "-c", "user.name=a")


@pytest.fixture
def project(tmp_path):
    """The files, without git."""
    folder = tmp_path / "project"
    write(folder, FILES)
    return folder


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def commit(folder):
    run(folder, "git", "init", "-q")
    run(folder, "git", "add", "-A")
    run(folder, "git", *IDENTITY, "commit", "-qm", "all")


def change(folder):
    """As `dvc repro` on another processor, a task of one's own and what lies about would leave it."""
    changed = {"params.yaml": "tasks: [demo, mine]\n", "metrics/demo/test.json": '{"n": 451}\n'}
    write(folder, changed | {"metrics/mine/test.json": "{}\n", "models/demo/model.onnx": "weights\n"})


def content(folder):
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_head_is_what_was_committed_whatever_the_working_tree_says(project, tmp_path):
    commit(project)
    change(project)
    assert content(committed.export(tmp_path / "head", project)) == FILES
    assert committed.tasks(project) == ["demo"]
    run(project, "git", "add", "-A")
    assert committed.tasks(project) == ["demo"]  # staged is not committed
    run(project, "git", *IDENTITY, "commit", "-qm", "more")
    assert committed.tasks(project) == ["demo", "mine"]
    assert content(committed.export(tmp_path / "later", project))["metrics/demo/test.json"] == '{"n": 451}\n'


def test_a_project_below_the_root_of_a_repository_is_read_from_there(project, tmp_path):
    write(tmp_path, {"params.yaml": "of another project\n"})
    commit(tmp_path)
    assert committed.held(project)
    assert content(committed.export(tmp_path / "head", project)) == FILES
    assert committed.tasks(project) == ["demo"]
    assert committed.files(project) == sorted(FILES)


@pytest.mark.parametrize("surroundings", ["none", "git init", "another repository"])
def test_without_a_commit_nothing_is_held_and_all_files_but_the_ignored_are_listed(project, surroundings):
    if surroundings == "git init":
        run(project, "git", "init", "-q")
    elif surroundings == "another repository":
        write(project.parent, {"params.yaml": "of another project\n", ".gitignore": "/project/\n"})
        commit(project.parent)
    change(project)
    assert not committed.held(project)
    assert committed.tasks(project) == []
    assert committed.files(project) == sorted([*FILES, "metrics/mine/test.json"])
    assert committed.files(project, untracked=True) == committed.files(project)


def test_tracked_files_are_listed_and_new_ones_when_asked_for(project):
    commit(project)
    change(project)
    (project / "metrics/demo/test.json").unlink()
    assert committed.files(project) == [".gitignore", "params.yaml"]
    assert committed.files(project, untracked=True) == [".gitignore", "metrics/mine/test.json", "params.yaml"]


@pytest.mark.parametrize("git", [True, False], ids=["in a checkout", "in an archive"])
def test_a_name_is_ignored_where_gitignore_covers_it(project, git):
    if git:
        commit(project)
    names = ["models/", "models/demo/model.onnx", "modelsuite/", "decant/models/", "params.yaml"]
    assert [name for name in names if committed.ignored(name, project)] == names[:2]


TESTS = """
def test_of_head(at_head):
    assert (at_head / "params.yaml").is_file()


def test_of_code():
    assert True
"""


@pytest.mark.parametrize(("held", "asked", "left"), [(True, "", False), (False, "", True), (False, "all", False)])
def test_tests_are_left_out_only_without_a_checkout_and_where_not_all_are_asked_for(monkeypatch, held, asked, left):
    monkeypatch.setattr(committed, "held", lambda: held)
    monkeypatch.setenv("DECANT_TESTS", asked)
    assert conftest.without_head() == left


def test_in_an_archive_what_takes_head_is_left_out_and_one_line_says_so(project, monkeypatch):
    """The project's own conftest.py, with a test of each kind."""
    own = ("decant/", "stages/", "tests/support/", "tests/conftest.py", "pyproject.toml")
    names = [name for name in committed.files(untracked=True) if name.startswith(own)]
    write(project, {name: (ROOT / name).read_text(encoding="utf-8") for name in names})
    write(project, {"tests/test_both.py": TESTS})
    monkeypatch.delenv("DECANT_TESTS", raising=False)
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider"]
    lines = subprocess.run(command, cwd=project, capture_output=True, text=True).stdout.splitlines()
    assert lines[-1].startswith("1 passed, 1 deselected"), lines
    assert sum(line.startswith("not run, for this is no git checkout with a commit: ") for line in lines) == 1
