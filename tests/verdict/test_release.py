"""release.json: a release says which commit, rows, params and bytes it comes from."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from verdicts import TASK, write_evidence

from decant import paths
from decant.__main__ import main
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.verdict import lock
from decant.verdict.promotion import promote
from decant.verdict.release import origin

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


OTHERS = {
    "a file of somebody": {"notes.txt": b"precious", "deep/er.csv": b"1"},
    "a release.json that is somebody's": {"release.json": b"{}"},
    "a bundle that is no release": {"decant.json": b"{}", "onnx/model_quantized.onnx": b"1"},
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=OTHERS)
def test_a_folder_that_holds_something_else_stays_as_it_is(workspace, capsys, files):
    write_evidence(workspace)
    for name, content in files.items():
        (workspace / "kept" / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / "kept" / name).write_bytes(content)
    assert main(["promote", "--task", TASK, "--to", "kept"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: kept: is there, and no release of decant's; it holds ")
    assert min(files) in told
    assert {name: (workspace / "kept" / name).read_bytes() for name in files} == files
    assert not paths.champion(TASK).exists()


def test_a_file_that_is_not_the_releases_keeps_an_earlier_release_from_being_replaced(release, capsys):
    Path("release/demo/notes.txt").write_text("precious")
    assert main(["promote", "--task", TASK]) == 1
    assert "release/demo: notes.txt is not of the release, and would be lost" in capsys.readouterr().err
    assert Path("release/demo/notes.txt").read_text() == "precious"
    Path("release/demo/notes.txt").unlink()
    assert main(["promote", "--task", TASK]) == 0


def test_a_release_of_another_task_is_not_replaced(release, capsys):
    write_json("release/demo/release.json", read_json("release/demo/release.json") | {"task": "scam"})
    assert main(["promote", "--task", TASK]) == 1
    assert "release/demo: is a release of scam, and would be lost" in capsys.readouterr().err


def test_neither_a_file_nor_a_link_is_replaced(release, capsys):
    Path("file").write_text("precious")
    Path("link").symlink_to("release/demo")
    for target, words in (("file", "file: is there"), ("link", "link: a link; a release is a folder of its own")):
        assert main(["promote", "--task", TASK, "--to", target]) == 1
        assert words in capsys.readouterr().err
    assert Path("file").read_text() == "precious"
    assert Bundle("link").predict(["btc"])


def test_an_empty_folder_takes_a_release(workspace):
    write_evidence(workspace)
    Path("empty").mkdir()
    assert main(["promote", "--task", TASK, "--to", "empty"]) == 0
    assert Bundle("empty").predict(["btc"])[0]["answer"] == "crypto"


def test_a_task_with_dashes_has_the_stages_of_its_own_alone(monkeypatch, workspace):
    bundle = write_evidence(workspace)
    ran = {
        f"teacher@{name}-minilm-13": {"params": {f"checked/{name}.json": {"teacher": {"name": name}}}}
        for name in ("demo", "demo-small", "minilm")
    }
    monkeypatch.setattr(lock, "stages", lambda: ran | {"bundle@demo-small": {"outs": [{"path": "x", "md5": "y"}]}})
    write_json(paths.metrics("demo-small", "manifest"), {})
    found = origin("demo-small", bundle, {"verdict": "green", "evidence": {}}, "none")
    assert found["params"] == {"teacher": {"name": "demo-small"}}
    assert found["outs"] == {"x": "y"}
