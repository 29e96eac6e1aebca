"""The workflows as data: what they may do, and what of a fork can reach them."""

import re

import pytest
from graph import ROOT
from ruamel.yaml import YAML

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ACTIONS = {"actions/checkout", "actions/setup-python", "actions/upload-artifact"}


def read(path) -> dict:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def problems(text: str) -> list[str]:
    """What no workflow of this project may have."""
    workflow, found = YAML(typ="safe", pure=True).load(text), []
    if "pull_request_target" in text:
        found.append("pull_request_target")
    if re.search(r"\bsecrets\b", text):
        found.append("secrets")
    if workflow.get("permissions") != {"contents": "read"}:
        found.append("permissions")
    for step in steps(workflow):
        name, _, revision = step.get("uses", "").partition("@")
        if name and (name not in ACTIONS or not re.fullmatch("[0-9a-f]{40}", revision)):
            found.append(f"uses {name}")
        if name == "actions/checkout" and step.get("with", {}).get("persist-credentials") is not False:
            found.append("credentials")
        if "${{" in step.get("run", ""):  # a name of a branch would be read by the shell
            found.append("expression in run")
    return found


def test_there_is_a_workflow_that_checks_and_one_that_posts():
    assert [path.name for path in FILES] == ["pr-comment.yml", "pr.yml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_workflow_has_keys_or_more_rights_than_it_needs(path):
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  pull_request:\n", "  pull_request_target:\n", "pull_request_target"),
        ("contents: read", "contents: write", "permissions"),
        ("34d9990e8 #", "34d9990e #", "uses actions/checkout"),
        ("actions/checkout@", "somebody/checkout@", "uses somebody/checkout"),
        ("persist-credentials: false", "persist-credentials: true", "credentials"),
        ("make test", "make test KEY=${{ secrets.KEY }}", "secrets"),
        ("make test", "echo ${{ github.head_ref }}", "expression in run"),
    ],
)
def test_a_planted_defect_is_seen(old, new, said):
    text = (FOLDER / "pr.yml").read_text(encoding="utf-8")
    assert old in text
    assert said in problems(text.replace(old, new))


def test_one_action_has_one_version():
    used = {step["uses"] for path in FILES for step in steps(read(path)) if "uses" in step}
    assert len(used) == len({name.split("@")[0] for name in used})


def test_only_the_job_that_posts_may_write_and_it_runs_nothing_of_a_fork():
    checks, posts = read(FOLDER / "pr.yml"), read(FOLDER / "pr-comment.yml")
    assert not any("permissions" in job for job in checks["jobs"].values())
    assert set(checks["on"]) == {"pull_request"}
    assert posts["on"] == {"workflow_run": {"workflows": [checks["name"]], "types": ["completed"]}}
    job = posts["jobs"]["post"]
    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    checkout, post = job["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert "repository" not in checkout["with"]
    assert post["run"] == ".ci/post-github"
    event = "github.event.workflow_run."
    assert all(value.startswith(f"${{{{ {event}") for name, value in post["env"].items() if name != "GH_TOKEN")


def test_every_script_that_a_workflow_calls_is_there_and_can_be_run():
    gitlab = read(ROOT / ".gitlab-ci.yml")
    lines = [line for path in FILES for step in steps(read(path)) for line in step.get("run", "").splitlines()]
    lines += [line for job in gitlab.values() if isinstance(job, dict) for line in job.get("script", [])]
    called = {name for line in lines for name in re.findall(r"\.ci/[\w-]+", line)}
    assert called == {".ci/comment", ".ci/lock", ".ci/objects", ".ci/post-github", ".ci/remote", ".ci/verdict"}
    for name in called:
        assert (ROOT / name).stat().st_mode & 0o111, name
        assert (ROOT / name).read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n"), name


def test_gitlab_runs_the_same_jobs_without_a_key():
    gitlab, github = read(ROOT / ".gitlab-ci.yml"), read(FOLDER / "pr.yml")
    jobs = {name: job for name, job in gitlab.items() if isinstance(job, dict) and "script" in job}
    assert set(jobs) == set(github["jobs"])
    text = (ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8")
    assert not re.search(r"\$\w*(TOKEN|KEY|PASSWORD|SECRET)", text)
    assert jobs["comment"]["artifacts"]["paths"] == ["decant-pr.md"]
    for name in ("objects", "verdict"):
        assert jobs[name]["allow_failure"] == {"exit_codes": 3}
