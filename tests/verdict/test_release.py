"""release.json: a release says which commit, rows, params and bytes it comes from."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from verdicts import TASK, write_evidence

from decant import paths
from decant.files import digest, read_json
from decant.runtime import Bundle
from decant.verdict import lock
from decant.verdict.promotion import promote

RAN = {
    "teacher@demo-minilm-13": {"cmd": "t", "params": {"checked/demo.json": {"teacher": {"epochs": 4}}}},
    "bundle@demo": {
        "cmd": "b",
        "params": {
            "checked/code.json": {"bundle": "ab"},
            "checked/demo.json": {"cleaning": {"html": True}},
            "checked/shared.json": {"threads": 1},
            "metrics/demo/manifest.json": {"rows.valid": "cd"},
        },
    },
    "bundle@scam": {"cmd": "b", "params": {"checked/scam.json": {"teacher": {"epochs": 9}}}},
}


@pytest.fixture
def release(workspace):
    """release.json of a promoted bundle, whose dvc.lock has stages of two tasks."""
    bundle = write_evidence(workspace)
    yaml, file = YAML(), Path("dvc.lock")
    content = yaml.load(file.read_text(encoding="utf-8"))
    content["stages"].update(RAN)
    content["stages"]["bundle@scam"]["outs"] = [{"path": "models/scam/bundle", "md5": "ef"}]
    with file.open("w", encoding="utf-8") as target:
        yaml.dump(content, target)
    promote(TASK, bundle, Path("release/demo"))
    return read_json("release/demo/release.json")


def test_it_names_commit_verdict_and_rows(release):
    assert release["task"] == TASK
    assert release["commit"] == "none"  # outside git
    assert release["verdict"] == "green"
    assert release["evidence"] == read_json(paths.metrics(TASK, "gate"))["evidence"]
    assert release["record_sha256"] == digest("release/demo/decant.json")
    assert release["manifest_sha256"] == digest(paths.metrics(TASK, "manifest"))
    assert release["rows"] == {"rows.valid": "cd"}


def test_it_has_what_the_stages_of_this_task_ran_with_and_wrote(release):
    assert release["params"] == {"teacher": {"epochs": 4}, "cleaning": {"html": True}}
    assert release["shared"] == {"threads": 1}
    assert release["code"] == {"bundle": "ab"}
    assert release["outs"]["models/demo/bundle"] == lock.md5(paths.bundle(TASK))
    assert release["outs"]["metrics/demo/test.json"] == digest(paths.metrics(TASK, "test"), "md5")
    assert "models/scam/bundle" not in release["outs"]


def test_the_release_is_still_a_bundle(release):
    assert {"README.md", "gate.json", "release.json", "golden.json"} <= {
        file.name for file in Path("release/demo").iterdir()
    }
    assert Bundle("release/demo").predict(["btc"])[0]["answer"] == "crypto"
