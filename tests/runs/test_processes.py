"""Several processes: the teacher and soften give on two (gloo, one processor) what they give on one."""

import shutil
import socket
import sys

import fresh
import numpy as np
import pytest
import tiny
from graph import ROOT
from losses import HEADS, TRAIN, VALID
from ruamel.yaml import YAML
from safetensors.numpy import load_file
from shell import run

from decant import paths, tables
from decant.files import digest, write_json
from decant.members import scores, taught


def free_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def launcher(name: str) -> tuple[str, ...]:
    """How a user starts two processes on one machine."""
    if name == "torchrun":
        return (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    return (
        sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
        "--main_process_port", free_port(), "--mixed_precision", "no", "--dynamo_backend", "no",
    )  # fmt: skip


# one step sums its gradients in another order; after eight steps of a rate of 1e-3 the weights differ by some 1e-6
TOLERANCE = 1e-5


@pytest.fixture
def ready(workspace, tiny_encoder):
    """What teacher and soften read, without any dropout: two processes draw it apart."""
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    tree = YAML().load((workspace / "params.yaml").read_text(encoding="utf-8"))
    tree["defaults"]["teacher"] |= {"epochs": 1, "dropout": 0.0, "batch_size": 20}
    tree["defaults"]["soften"]["members"] = ["teachers"]
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)
    folder = workspace / "models" / "demo" / "adapted" / "tiny"
    shutil.copytree(tiny_encoder, folder)
    write_json(folder / "encoder.json", {"pooling": "mean"})
    config = YAML(typ="safe", pure=True).load((folder / "config.json").read_text(encoding="utf-8"))
    write_json(folder / "config.json", config | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0})
    shutil.copytree(folder, workspace / "models" / "demo" / "encoders" / "tiny")
    write_json(workspace / "models/demo/search/tiny/settings.json", {})
    for split, frame in (("train", TRAIN), ("valid", VALID), ("calib", VALID)):
        (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
        frame.assign(answer=frame["scam"]).to_parquet(paths.split_file("demo", split))
    fresh.record("demo")
    taught.save("demo", TRAIN["id"].tolist(), taught.plain(tables.targets(TRAIN, HEADS)))
    paths.unlabelled("demo").touch()  # which soften declares and, without soften.unlabelled, does not open
    for package in ("decant", "stages"):
        shutil.copytree(ROOT / package, workspace / package)
    for file in ("dvc.yaml", "constraints.txt"):
        shutil.copy(ROOT / file, workspace)
    launch(workspace, ("python",), "stages.check")
    return workspace


def launch(folder, start: tuple[str, ...], *stage: str) -> str:
    found = run(folder, *start, "-m", *stage)
    return found.stdout + found.stderr


def test_two_processes_train_and_score_as_one(ready):
    alone, weights = ("python",), "models/demo/teachers/tiny-13/model.safetensors"
    launch(ready, alone, "stages.teacher", "demo", "tiny", "13")
    launch(ready, alone, "stages.baseline", "demo")
    launch(ready, alone, "stages.soften", "demo")
    one, soft = load_file(ready / weights), logits(ready)
    scores_of_one = digest(ready / "models/demo/soft/train.safetensors")

    shutil.rmtree(ready / "models/demo/soft")
    launch(ready, launcher("accelerate"), "stages.soften", "demo")
    assert digest(ready / "models/demo/soft/train.safetensors") == scores_of_one  # the same shards, so the same bytes

    shutil.rmtree(ready / "models/demo/teachers")
    launch(ready, launcher("torchrun"), "stages.teacher", "demo", "tiny", "13")
    two = load_file(ready / weights)
    assert one.keys() == two.keys()
    assert max(np.abs(one[name] - two[name]).max() for name in one) < TOLERANCE
    assert not list((ready / ".work/demo").glob("teacher-*/"))
    launch(ready, alone, "stages.soften", "demo")
    np.testing.assert_allclose(logits(ready), soft, atol=5e-3)  # of float16


def logits(folder) -> np.ndarray:
    return scores.load(folder / "models/demo/soft/train.safetensors", TRAIN["id"].tolist())["ensemble"]


def test_a_batch_that_two_processes_cannot_share_is_refused(ready):
    tree = YAML().load((ready / "params.yaml").read_text(encoding="utf-8"))
    tree["defaults"]["teacher"]["batch_size"] = 15
    with (ready / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)
    launch(ready, ("python",), "stages.check")
    found = run(
        ready, *launcher("torchrun"), "-m", "stages.teacher", "demo", "tiny", "13",
        check=False,
    )  # fmt: skip
    assert found.returncode
    assert "15 rows do not fall into 1 parts (accumulation) on 2 processes; make it a multiple of 2" in found.stderr
