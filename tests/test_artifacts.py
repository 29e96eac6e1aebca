"""`dvc artifacts get`: each task's bundle has a name, and whoever reads repository and remote gets the released bytes."""

import shutil

import pytest
from bundles import write_bundle
from dvc.repo import Repo
from dvc.repo.artifacts import check_name_format
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

from decant import paths
from decant.runtime import Bundle
from decant.settings.schema import Params
from decant.shipped import golden

YAML_SAFE = YAML(typ="safe", pure=True)


def test_each_task_has_one_where_its_bundle_is_written():
    params = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tasks = {name for name in params if name not in {"defaults", *Params.model_fields}}
    found = Repo(str(ROOT)).artifacts.read()["dvc.yaml"]
    assert {name: artifact.path for name, artifact in found.items()} == {
        task: paths.bundle(task).as_posix() for task in tasks
    }
    for name in found:
        check_name_format(name)


@pytest.fixture
def released(workspace):
    """A repository whose demo bundle is pushed to a remote beside it, and tagged."""
    project = workspace / "project"
    shutil.copytree(write_bundle(workspace), project / "built")
    stage = {"cmd": "cp -r built models/demo/bundle", "deps": ["built"], "outs": ["models/demo/bundle"]}
    (project / "models/demo").mkdir(parents=True)
    artifacts = YAML_SAFE.load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["artifacts"]
    with (project / "dvc.yaml").open("w", encoding="utf-8") as file:
        YAML_SAFE.dump({"stages": {"bundle": stage}, "artifacts": artifacts}, file)
    (project / ".gitignore").write_text("/models/\n/built/\n", encoding="utf-8")
    for command in (
        "git init -q", "git config user.email a@example.test", "git config user.name a", "dvc init -q",
        "dvc config core.analytics false", "dvc remote add -q -d here ../remote", "dvc repro -q", "dvc push -q", "git add -A",
        "git commit -qm released", "git tag -a demo@v1.0.0 -m first",
    ):  # fmt: skip
        run(project, *command.split())
    return project


def test_a_released_bundle_comes_back_by_its_name(released, workspace):
    shutil.rmtree(released / "models")
    run(workspace, "dvc", "artifacts", "get", str(released), "demo", "--out", "got")
    assert golden.check(workspace / "got") == 60
    assert Bundle(workspace / "got").predict(["btc hello"])[0]["answer"] == "crypto"
    assert Bundle(workspace / "got").record == Bundle(released / "built").record


def test_a_task_that_nobody_released_is_not_found(released, workspace):
    ended = run(workspace, "dvc", "artifacts", "get", str(released), "scam", "--out", "got", check=False)
    assert ended.returncode != 0
    assert "Unable to find artifact 'scam'" in ended.stderr
