"""Work folders: a run goes on with its own work and never with another's, whatever it is that differs."""

import fcntl
import json
import shutil
from pathlib import Path
from threading import Event, Timer

import adapting
import pytest
import tiny
from graph import ROOT
from ruamel.yaml import YAML

from decant import paths
from decant.errors import CacheError, ParamsError
from decant.files import digest
from decant.models import encoder
from decant.models.model import Classifier
from decant.runs import checkpoints, declared
from decant.settings import check
from stages import teacher

MAP = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
ITEM = {"task": "demo", "encoder": "minilm", "seed": "13"}
RESUMABLE = ("adapt", "gain", "search", "teacher", "soften", "distil", "capacity")


def item(stage: str) -> dict[str, str]:
    return {name: ITEM[name] for name in MAP[stage]["matrix"]}


def declarations(stage: str) -> list[str]:
    """Every param and every dep of a stage, by the names that `declared.inputs` gives them."""
    entry = MAP[stage]
    files = [(file, key) for group in entry["params"] for file, keys in group.items() for key in keys]
    filled = [f"{file}: {key}" for file, key in files] + entry["deps"]
    return [declared.filled(name, ITEM) for name in filled]


@pytest.fixture(scope="module")
def contents() -> dict[str, dict]:
    """What check writes for the params.yaml of the working tree."""
    return check.contents(ROOT / "params.yaml")


@pytest.fixture
def project(tmp_path, monkeypatch, contents):
    """checked/ as files, and a file or a folder of two for every dep of a resumable stage."""
    monkeypatch.setattr(checkpoints, "HELD", [])
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(declared, "MAP", Path("dvc.yaml"))
    monkeypatch.setattr(declared, "read_json", lambda path: json.loads(Path(path).read_text(encoding="utf-8")))
    for name, content in contents.items():
        path = tmp_path / paths.checked(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    manifest = tmp_path / paths.metrics("demo", "manifest")
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"rows": {split: f"rows of {split}" for split in paths.SPLITS}}), encoding="utf-8")
    for stage in RESUMABLE:
        for dep in MAP[stage]["deps"]:
            path = tmp_path / declared.filled(dep, ITEM)
            if path.suffix:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"rows")
            else:
                (path / "inner").mkdir(parents=True, exist_ok=True)
                (path / "encoder.json").write_text("{}", encoding="utf-8")
                (path / "inner" / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def change(name: str) -> None:
    """One declared input with another value: a key of checked/, a byte of a file, a byte of a file deep in a folder."""
    file, _, key = name.partition(": ")
    path = Path(file)
    if key:
        tree = json.loads(path.read_text(encoding="utf-8"))
        *way, last = key.split(".")
        node = tree
        for step in way:
            node = node[step]
        node[last] = [node[last], "changed"]
        path.write_text(json.dumps(tree), encoding="utf-8")
    elif path.suffix:
        path.write_bytes(b"other rows")
    else:
        (path / "inner" / "model.safetensors").write_bytes(b"other weights")


@pytest.mark.parametrize(("stage", "name"), [(stage, name) for stage in RESUMABLE for name in declarations(stage)])
def test_each_declared_input_has_work_folders_of_its_own(project, stage, name):
    old = checkpoints.work_folder(stage, item(stage))
    assert checkpoints.work_folder(stage, item(stage)) == old
    change(name)
    assert checkpoints.work_folder(stage, item(stage)) != old


@pytest.mark.parametrize("what", ["another file", "another name"])
def test_a_folder_is_taken_whole(project, what):
    folder = project / "models/demo/adapted/minilm"
    old = checkpoints.key("teacher", item("teacher"))
    if what == "another file":
        (folder / "pooling.json").touch()
    else:
        (folder / "encoder.json").rename(folder / "config.json")
    assert checkpoints.key("teacher", item("teacher")) != old


def test_what_another_encoder_or_seed_declares_does_not_count(project):
    old = checkpoints.key("teacher", item("teacher"))
    shared = json.loads(Path("checked/shared.json").read_text(encoding="utf-8"))
    shared["catalogue"]["distilbert"]["pooling"] = "mean"
    Path("checked/shared.json").write_text(json.dumps(shared), encoding="utf-8")
    assert checkpoints.key("teacher", item("teacher")) == old
    assert checkpoints.work_folder("teacher", item("teacher")) != checkpoints.work_folder(
        "teacher", item("teacher") | {"seed": "7"}
    )


def test_a_key_may_be_left_out_and_only_that_one(project):
    def searched(**keys) -> str:
        tree = json.loads(Path("checked/demo.json").read_text(encoding="utf-8"))
        tree["search"] |= keys
        Path("checked/demo.json").write_text(json.dumps(tree), encoding="utf-8")
        return checkpoints.key("search", item("search"), without=("search.trials",))

    old = searched(trials=20)
    assert searched(trials=40) == old
    assert searched(seed=99) != old


BROKEN = {
    "no such stage": ("teach", {}, ParamsError, "dvc.yaml: no stage named 'teach'; it has check, demo"),
    "an item that is not known": ("teacher", {"task": "demo"}, ParamsError, "the stage knows task, and no encoder"),
    "a dep that is missing": (
        "teacher",
        ITEM | {"seed": "13", "encoder": "bert_base"},
        CacheError,
        "bert_base: missing. Run",
    ),
    "a key that is missing": ("teacher", ITEM | {"encoder": "bert"}, CacheError, r"shared\.json: no catalogue\.bert"),
}


@pytest.mark.parametrize(("stage", "values", "kind", "words"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_looked_up_is_an_error(project, stage, values, kind, words):
    with pytest.raises(kind, match=words):
        checkpoints.key(stage, values)


def test_without_a_map_there_is_no_key(project):
    Path("dvc.yaml").unlink()
    with pytest.raises(ParamsError, match=r"dvc\.yaml: missing\. Run from the repository's root"):
        checkpoints.key("teacher", item("teacher"))


def test_a_new_folder_takes_the_place_of_its_own_old_one_alone(project):
    calls = [("teacher", item("teacher")), ("teacher", item("teacher") | {"seed": "1"}), ("distil", item("distil"))]
    old = [checkpoints.work_folder(*call) for call in calls]
    old.append(checkpoints.work_folder("capacity", item("capacity"), "0-1"))
    for folder in old:
        folder.mkdir(parents=True)
    change("data/demo/train.parquet")
    checkpoints.work_folder("teacher", item("teacher") | {"seed": "1"})
    assert [folder.exists() for folder in old] == [True, False, True, True]


def test_the_second_of_one_training_waits_until_the_first_has_ended(project, capsys):
    file = Path(".work/demo/distil.lock")
    file.parent.mkdir(parents=True)
    with file.open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        ended = Event()

        def end() -> None:
            ended.set()
            fcntl.flock(first, fcntl.LOCK_UN)

        Timer(0.3, end).start()
        checkpoints.work_folder("distil", item("distil"))
        assert ended.is_set()
        assert capsys.readouterr().out == f"{file}: another process trains this; waiting until it ends\n"
        with pytest.raises(BlockingIOError):
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_stage_that_asks_twice_does_not_wait_for_itself(project, capsys):
    for _ in range(2):
        checkpoints.work_folder("distil", item("distil"))
    assert capsys.readouterr().out == ""


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    assert checkpoints.last_checkpoint(tmp_path) is None
    for step in (8, 16, 104):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert checkpoints.last_checkpoint(tmp_path) is None
    for step in (8, 16):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert checkpoints.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-16")


# --- the failure that this was built against ----------------------------------------------------------------------------


class Killed(Exception):
    """In place of a signal, after the last epoch and before anything is written."""


@pytest.fixture
def posts(workspace, tiny_encoder):
    """What a teacher of one softmax head reads."""
    adapting.arrange(workspace, tiny_encoder, heads={"scam": {"kind": "softmax", "labels": ["honest", "scam"]}})
    tiny.shrink(
        workspace / "params.yaml", {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    )

    def edit(tree):
        tree["demo"]["source"]["labels"] = {
            "scam": {"column": "kind", "classes": {"scam": ["scam"], "honest": ["clean"]}}
        }
        tree["demo"]["decision"] = {"rule": "argmax", "head": "scam"}
        tree["demo"]["thresholds"] = {}
        tree["demo"]["gates"] = {}

    adapting.change(workspace, edit)
    adapting.written(tiny_encoder, workspace / "models/demo/adapted/tiny")
    (workspace / "models/demo/search/tiny").mkdir(parents=True)
    (workspace / "models/demo/search/tiny/settings.json").write_text("{}", encoding="utf-8")
    return workspace


def test_a_killed_teacher_is_not_resumed_under_swapped_labels(posts, monkeypatch):
    def swap(tree):
        tree["demo"]["heads"]["scam"]["labels"].reverse()

    real = Classifier.save_pretrained
    monkeypatch.setattr(Classifier, "save_pretrained", lambda *_, **__: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        teacher.main("demo", "tiny", "13")
    assert list(Path(".work/demo").glob("teacher-tiny-13-*/checkpoint-*"))
    monkeypatch.setattr(Classifier, "save_pretrained", real)
    adapting.change(posts, swap)
    teacher.main("demo", "tiny", "13")
    resumed = digest(Path("models/demo/teachers/tiny-13") / encoder.WEIGHTS)
    shutil.rmtree(".work")
    teacher.main("demo", "tiny", "13")
    assert digest(Path("models/demo/teachers/tiny-13") / encoder.WEIGHTS) == resumed
