"""new: a table of one's own is versioned, so that a colleague's clone can go on; and an error leaves it as it was."""

import shutil

import pandas as pd
import pytest
from graph import ROOT
from newtask import GOOD, TASK, everything, refused, tree, write_csv
from shell import run

from decant.__main__ import main
from decant.new import versioning
from stages import prepare


@pytest.fixture
def repository(workspace, inbox):
    """A working folder that git and dvc know."""
    shutil.copy(ROOT / ".gitignore", workspace / ".gitignore")
    run(workspace, "git", "init", "-q")
    run(workspace, "git", "config", "user.email", "a@example.test")
    run(workspace, "git", "config", "user.name", "a")
    run(workspace, "dvc", "init", "-q")
    run(workspace, "dvc", "config", "core.analytics", "false")
    return workspace


def test_a_clone_goes_on_with_the_table_after_the_commands_that_new_prints(
    repository, inbox, tmp_path_factory, capsys, monkeypatch
):
    file = write_csv(inbox / "posts" / "rows.csv", GOOD)
    assert main(["new", str(inbox / "posts"), "--task", TASK, "--build"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "dvc push" in line)
    assert line.split("  # ")[0].strip() == "git add params.yaml data/raw/mine.dvc && dvc push data/raw/mine.dvc"
    run(repository, "dvc", "remote", "add", "--default", "team", str(tmp_path_factory.mktemp("remote")))
    run(repository, "bash", "-c", line)
    run(repository, "git", "add", ".gitignore", ".dvc")
    run(repository, "git", "commit", "-qm", "a table")
    assert "rows.csv" not in run(repository, "git", "ls-files").stdout
    clone = tmp_path_factory.mktemp("clone") / "project"
    run(repository, "git", "clone", "-q", str(repository), str(clone))
    run(clone, "dvc", "pull", "-q", "data/raw/mine.dvc")
    assert (clone / "data/raw/mine/posts/rows.csv").read_bytes() == file.read_bytes()
    monkeypatch.chdir(clone)
    prepare.main(TASK)
    assert len(pd.read_parquet(clone / "data/mine/prepared.parquet")) == 300


def state(folder) -> dict[str, bytes]:
    """All but dvc's cache, and what it writes for itself."""
    return {name: content for name, content in everything(folder).items() if "/.dvc/" not in name}


def test_an_error_after_the_table_is_versioned_puts_everything_back(repository, inbox, capsys, monkeypatch):
    from decant.errors import ParamsError
    from decant.new import propose

    file = write_csv(inbox / "rows.csv", GOOD)
    before = state(repository)

    def fail(content):
        raise ParamsError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(
            propose,
            "rewrite",
            lambda content: None if content.endswith(b"\n") and b"mine" not in content else fail(content),
        )
        assert main(["new", str(file), "--task", TASK, "--build"]) == 1
    assert capsys.readouterr().err.endswith("error: planted\n")
    assert state(repository) == before
    assert not (repository / "data").exists()
    assert main(["new", str(file), "--task", TASK, "--build"]) == 0
    assert (repository / "data/raw/mine.dvc").exists()


def test_what_dvc_refuses_is_said_and_nothing_stays(repository, inbox, capsys):
    file = write_csv(inbox / "rows.csv", GOOD)
    (repository / "dvc.yaml").write_text("stages:\n  other:\n    cmd: x\n    outs: [data/raw/mine]\n", encoding="utf-8")
    before = state(repository)
    assert main(["new", str(file), "--task", TASK, "--build"]) == 1
    found = capsys.readouterr().err
    assert "data/raw/mine: dvc add data/raw/mine failed. Mend what it says, then run the same command again" in found
    assert state(repository) == before


def test_files_that_are_pinned_one_by_one_stay_so(repository, inbox, capsys):
    file = write_csv(repository / "data/raw/mine/rows.csv", GOOD)
    (repository / "data/raw/mine-rows.csv.dvc").write_text("outs:\n- path: mine/rows.csv\n  md5: 1\n", encoding="utf-8")
    assert main(["new", str(file), "--task", TASK]) == 0
    assert not (repository / "data/raw/mine.dvc").exists()
    assert versioning.pinned_already(repository / "data/raw/other", repository / "data/raw/other.dvc") is False


def test_without_a_dvc_repository_it_is_said_that_nothing_is_versioned(workspace, inbox, capsys):
    assert main(["new", str(write_csv(inbox / "rows.csv", GOOD)), "--task", TASK]) == 0
    assert "data/raw/mine is versioned nowhere, for this is no dvc repository" in capsys.readouterr().out


FORMS = {
    "one line": ("tasks: [demo]", "tasks: [demo, mine]"),
    "one line with a comment": ("tasks: [demo]  # see below", "tasks: [demo, mine]  # see below"),
    "several lines": ("tasks: [\n  demo,\n]", "tasks: [\n  demo, mine,\n]"),
    "a line each": ("tasks:\n- demo  # ours", "tasks:\n- demo  # ours\n- mine"),
    "a line each, inside": ("tasks:\n  - demo\n# more", "tasks:\n  - demo\n  - mine\n# more"),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("late", [True, False], ids=["the printed command", "--build"])
def test_a_task_is_named_in_tasks_however_they_are_written(workspace, inbox, capsys, name, late):
    before, after = FORMS[name]
    params = workspace / "params.yaml"
    text = params.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("tasks:"))
    params.write_text(text.replace(line, before), encoding="utf-8")
    file = write_csv(inbox / "rows.csv", GOOD)
    assert main(["new", str(file), "--task", TASK, *([] if late else ["--build"])]) == 0
    if late:
        command = next(line for line in capsys.readouterr().out.splitlines() if "--build" in line).split("#")[0].split()
        assert main(command[3:]) == 0
    assert params.read_text(encoding="utf-8").startswith(text.replace(line, after))
    assert tree(workspace)["tasks"] == ["demo", "mine"]


def test_a_task_that_has_no_block_or_is_named_already_is_said(workspace, inbox, capsys):
    found = refused(workspace, capsys, "--task", TASK, "--build")
    assert "--task mine: params.yaml has no such block. Run: python -m decant new FILE --task mine --build" in found
    assert "which table? Run: python -m decant new FILE --task mine" in refused(workspace, capsys, "--task", TASK)
    before = everything(workspace)
    assert main(["new", "--task", "demo", "--build"]) == 0
    assert everything(workspace) == before


def test_tasks_that_are_no_list_are_refused(workspace, inbox, capsys):
    from decant.errors import ParamsError
    from decant.new.blocks import listed

    with pytest.raises(ParamsError, match=r"tasks is no list of names; write it as tasks: \[mine\]"):
        listed(b"tasks: demo\n", "mine")
    assert listed(b"tasks: []\n", "mine") == b"tasks: [mine]\n"
