"""The shell steps of the workflows, as a runner calls them: a clone of a bare remote, with a DVC remote beside it."""

import json
import os
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo
from reviewing import ENVIRONMENT_OF_CI, committed, fake, judged, predictions, started, with_verdict, write
from shell import run

from decant.files import digest
from decant.review.comment import MARKER

BEFORE = list(range(30))
BRANCHES = {"better": BEFORE[:2], "noise": list(range(3, 31)), "worse": list(range(60))}


@pytest.fixture(scope="module")
def team(tmp_path_factory) -> Path:
    """A folder with a bare git remote (main, and a branch per change), and a DVC remote that has all of it."""
    folder = tmp_path_factory.mktemp("team")
    work = folder / "work"
    work.mkdir()
    repo = started(work, remote=folder / "objects")
    with_verdict(work)
    judged(work, predictions(BEFORE))
    committed(repo, "main")
    for branch, wrong in BRANCHES.items():
        run(work, "git", "checkout", "-q", "-b", branch, "main")
        judged(work, predictions(wrong))
        committed(repo, branch)
        shutil.copytree(work / "models", folder / branch / "models")
    Repo(str(work)).push(all_branches=True)
    run(folder, "git", "init", "-q", "--bare", "-b", "main", "git")
    run(work, "git", "push", "-q", str(folder / "git"), "--all")
    return folder


def clone(team: Path, folder: Path, branch: str) -> Path:
    """What a runner checks out: nothing that dvc keeps."""
    run(team, "git", "clone", "-q", "--depth", "2", "--branch", branch, f"file://{team / 'git'}", str(folder))
    run(folder, "git", "config", "user.email", "ci@example.test")
    run(folder, "git", "config", "user.name", "ci")
    return folder


def step(folder: Path, *command: str, check: bool = True):
    return run(folder, *command, check=check, environment=ENVIRONMENT_OF_CI)


@pytest.mark.parametrize(
    ("branch", "said"),
    [
        ("better", "- 🟢 `demo` **green**: better than before by "),
        ("noise", "- 🟢 `demo` **green**: no difference from before shown: "),
        ("worse", "- 🔴 `demo` **green → red**: worse than before by "),
    ],
)
def test_the_comment_tells_a_real_change_from_noise(team, tmp_path, branch, said):
    folder = clone(team, tmp_path / "clone", branch)
    step(folder, ".ci/comment", "HEAD^1", "comment.md")
    text = (folder / "comment.md").read_text(encoding="utf-8")
    assert text.startswith(MARKER)
    assert said in text


def test_a_fresh_lock_whose_objects_are_all_there_passes(team, tmp_path):
    folder = clone(team, tmp_path / "clone", "main")
    assert "fits what git holds" in step(folder, ".ci/lock").stdout
    assert "has all 2 outs" in step(folder, ".ci/objects").stdout
    assert not (folder / "models").exists(), "neither needs any data"
    assert step(folder, ".ci/remote").stdout == "team\n"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda f: write(f / "code.py", "print(1)\n"), "evaluate@demo: code.py is not the one it ran with"),
        (
            lambda f: write(f / "checked/demo.json", {"decision": {"rule": "argmax"}}),
            "evaluate@demo: checked/demo.json: decision is modified",
        ),
        (
            lambda f: write(f / "metrics/demo/gate.json", "{}"),
            "gate@demo: metrics/demo/gate.json is not the one it wrote",
        ),
        (
            lambda f: write(
                f / "dvc.yaml", (f / "dvc.yaml").read_text().replace("cmd: echo made", "cmd: echo remade", 1)
            ),
            "evaluate@demo: its command is another than in dvc.lock",
        ),
        (
            lambda f: write(
                f / "dvc.yaml", (f / "dvc.yaml").read_text().replace("deps: [code.py]", "deps: [code.py, a]")
            ),
            "evaluate@demo: dvc.lock has no a, on which it depends",
        ),
        (lambda f: (f / "dvc.lock").unlink(), "evaluate@demo: dvc.lock has no models/demo/bundle, which it writes"),
    ],
)
def test_a_stale_lock_fails_with_what_it_does_not_fit(team, tmp_path, edit, said):
    folder = clone(team, tmp_path / "clone", "main")
    edit(folder)
    ended = step(folder, ".ci/lock", check=False)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Run dvc repro, and commit what it writes" in ended.stderr


def test_a_lock_that_was_merged_from_two_is_seen(team, tmp_path):
    """Git merges dvc.lock line by line: gate took a bundle that no stage of this lock made."""
    folder = clone(team, tmp_path / "clone", "main")
    lock = (folder / "dvc.lock").read_text(encoding="utf-8")
    at = lock.index("gate@demo")
    md5 = lock[lock.index("md5: ", lock.index("models/demo/bundle", at)) :].split()[1]
    write(folder / "dvc.lock", lock[:at] + lock[at:].replace(md5, "0" * 32 + ".dir"))
    ended = step(folder, ".ci/lock", check=False)
    assert ended.returncode == 1
    assert "gate@demo: took another models/demo/bundle than the one that dvc.lock says was made" in ended.stderr


@pytest.mark.parametrize("name", ["models/demo/predictions.parquet", "models/demo/bundle/onnx/model_quantized.onnx"])
def test_an_object_that_was_not_pushed_fails_with_its_name(team, tmp_path, name):
    folder = clone(team, tmp_path / "clone", "better")
    objects = tmp_path / "objects"
    shutil.copytree(team / "objects", objects)
    config = folder / ".dvc/config"
    config.write_text(config.read_text(encoding="utf-8").replace(str(team / "objects"), str(objects)), encoding="utf-8")
    md5 = digest(team / "better" / name, "md5")
    (objects / "files/md5" / md5[:2] / md5[2:]).unlink()
    ended = step(folder, ".ci/objects", check=False)
    assert ended.returncode == 1
    assert f"  {name} ({md5})" in ended.stderr
    assert "Run: make share" in ended.stderr
    assert ended.stderr.count("models/") == 1


def test_a_job_has_the_remote_from_its_variable_and_git_does_not(team, tmp_path):
    folder = clone(team, tmp_path / "clone", "main")
    write(folder / ".dvc/config", "")
    environment = ENVIRONMENT_OF_CI | {"DECANT_REMOTE": str(team / "objects")}
    assert run(folder, ".ci/remote", environment=environment).stdout == "team\n"
    assert "has all 2 outs" in run(folder, ".ci/objects", environment=environment).stdout
    assert (folder / ".dvc/config").read_text(encoding="utf-8") == ""


def test_a_green_verdict_passes(team, tmp_path):
    assert "demo: green" in step(clone(team, tmp_path / "clone", "better"), ".ci/verdict").stdout


def test_a_red_gate_fails_with_its_name(team, tmp_path):
    ended = step(clone(team, tmp_path / "clone", "worse"), ".ci/verdict", check=False)
    assert ended.returncode == 1
    assert "demo: macro_f1" in ended.stderr


def test_without_a_remote_nothing_is_judged_and_the_step_says_so(team, tmp_path):
    folder = clone(team, tmp_path / "clone", "main")
    write(folder / ".dvc/config", "")
    assert step(folder, ".ci/remote").stdout == ""
    for script in (".ci/objects", ".ci/verdict"):
        ended = step(folder, script, check=False)
        assert ended.returncode == 3
        assert "no DVC remote is the default one" in ended.stderr
    lacking = step(folder, "python", "-m", "decant", "lock", "--objects", check=False)
    assert lacking.returncode == 1
    assert "Run: dvc remote add --local --default NAME URL" in lacking.stderr


# The comment of a pull request: gh is a script that answers from files and writes down how it was called.
GH = """#!/usr/bin/env bash
echo "$*" >> "$RECORD/calls"
case "$*" in
  *"--method GET"*"/pulls"*) cat "$RECORD/numbers" ;;
  "run download"*) [ -e "$RECORD/decant-pr.md" ] || exit 1
    for last; do :; done; mkdir -p "$last"; cp -P "$RECORD/decant-pr.md" "$last/decant-pr.md" ;;
  *"--paginate"*) cat "$RECORD/comments" ;;
  *"body=@"*) for last; do :; done; cp "${last#body=@}" "$RECORD/posted" ;;
esac
"""


@pytest.fixture
def github(tmp_path):
    """What GitHub has, and a function that posts as the workflow does."""
    record = tmp_path / "record"
    record.mkdir()
    write(record / "numbers", "7\n")
    write(record / "comments", "")
    write(record / "decant-pr.md", f"{MARKER}\n\ntext of @somebody\n")
    environment = fake(tmp_path / "bin", "gh", GH) | {
        "RECORD": str(record), "GITHUB_REPOSITORY": "team/decant", "RUN_ID": "99", "RUN_URL": "https://example.test/99",
        "HEAD_SHA": "a" * 40, "HEAD_OWNER": "fork", "HEAD_BRANCH": "a $(touch x) branch", "GH_TOKEN": "none",
    }  # fmt: skip
    script = Path(__file__).parents[2] / ".ci/post-github"

    def post(**others: str):
        ended = run(tmp_path, str(script), check=False, environment=environment | others)
        calls = (record / "calls").read_text(encoding="utf-8") if (record / "calls").exists() else ""
        return ended, calls

    return record, post


def test_the_first_comment_is_posted_and_calls_nobody(github, tmp_path):
    record, post = github
    ended, calls = post()
    assert ended.stdout == "posted to pull request 7\n"
    assert "--method POST repos/team/decant/issues/7/comments" in calls
    assert "head=fork:a $(touch x) branch" in calls, "a branch is a name, not a command"
    assert not (tmp_path / "x").exists()
    posted = (record / "posted").read_text(encoding="utf-8")
    assert posted.startswith(f"{MARKER}\n")
    assert "@somebody" not in posted
    assert posted.endswith(f"<sub>Written by [a run](https://example.test/99) of {'a' * 40}.</sub>\n")


def test_a_later_push_replaces_the_comment(github):
    record, post = github
    write(record / "comments", "41\n42\n")
    _, calls = post()
    assert "--method PATCH repos/team/decant/issues/comments/41 " in calls
    assert "POST" not in calls


@pytest.mark.parametrize(
    ("numbers", "status", "said"),
    [("", 0, "no open pull request is at"), ("7\n8\n", 1, "several pull requests"), ("7; id\n", 1, "no number")],
)
def test_a_number_that_the_event_does_not_settle_is_not_posted_to(github, numbers, status, said):
    record, post = github
    write(record / "numbers", numbers)
    ended, calls = post()
    assert (ended.returncode, "POST" in calls or "PATCH" in calls) == (status, False)
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [("no marker", "does not begin with"), (MARKER + "x" * 60_001, "longer than"), (None, "no file decant-pr.md")],
)
def test_an_artifact_that_is_no_comment_is_not_posted(github, text, said):
    record, post = github
    if text is None:  # a link to what the runner has
        (record / "decant-pr.md").unlink()
        os.symlink("/etc/hostname", record / "decant-pr.md")
    else:
        write(record / "decant-pr.md", text)
    ended, calls = post()
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "POST" not in calls


def test_a_run_without_a_comment_posts_none(github):
    record, post = github
    (record / "decant-pr.md").unlink()
    ended, _ = post()
    assert (ended.returncode, ended.stderr.strip()) == (0, "nothing posted: run 99 wrote no comment")


@pytest.mark.parametrize("wrong", [{"RUN_ID": "1; id"}, {"HEAD_SHA": 'a") | .number #'}])
def test_what_is_no_number_and_no_commit_reaches_no_command(github, wrong):
    ended, calls = github[1](**wrong)
    assert (ended.returncode, calls) == (1, "")


def test_the_comment_of_a_change_of_lock_alone_needs_no_task(tmp_path):
    """A project that has built nothing yet gets its comment too."""
    repo = started(tmp_path)
    committed(repo, "nothing")
    write(tmp_path / "note", json.dumps({}))
    committed(repo, "a note")
    step(tmp_path, ".ci/comment", "HEAD^1", "comment.md")
    assert "- ⚪ `demo` **no verdict**: unchanged" in (tmp_path / "comment.md").read_text(encoding="utf-8")
