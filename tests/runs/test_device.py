"""Where torch computes: what is there, what is asked for, and what that settles."""

import os
import subprocess
import sys

import pytest
import torch
from graph import ROOT

from decant.errors import ParamsError
from decant.runs import device
from decant.training import precision


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    threads = torch.get_num_threads()
    monkeypatch.setattr(device, "_here", "cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)


def there(monkeypatch, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "set_device", lambda number: None)


@pytest.mark.parametrize(
    ("cuda", "mps", "found"), [(True, False, "cuda"), (False, True, "mps"), (True, True, "cuda"), (False, False, "cpu")]
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch, cuda, mps, found):
    there(monkeypatch, cuda, mps)
    device.use("auto", 1)
    assert device.chosen() == found
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, name):
    there(monkeypatch, cuda=False, mps=False)
    with pytest.raises(
        ParamsError, match=rf"device: {name}, but torch finds none here \(it has cpu\); set device to auto"
    ):
        device.use(name, 1)
    assert device.chosen() == "cpu"


def test_the_processor_can_be_asked_for_beside_a_gpu(monkeypatch):
    there(monkeypatch, cuda=True, mps=True)
    device.use("cpu", 2)
    assert (device.chosen(), torch.get_num_threads()) == ("cpu", 2)


def test_a_gpu_sums_in_a_fixed_order(monkeypatch):
    there(monkeypatch, cuda=True, mps=False)
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    device.use("cuda", 1)
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


def test_one_process_takes_one_gpu_and_several_take_one_each(monkeypatch):
    there(monkeypatch, cuda=True, mps=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    device.use("cuda", 1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    taken = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    device.use("cuda", 1)
    assert taken == [1]
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize(
    ("where", "has", "found"),
    [
        ("cuda", True, "bf16"),
        ("cuda", False, "fp32"),
        ("mps", True, "fp32"),
        ("cpu", True, "bf16"),
        ("cpu", False, "fp32"),
    ],
)
def test_precision_is_that_of_the_device(monkeypatch, where, has, found):
    monkeypatch.setattr(device, "_here", where)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has)
    assert precision.resolved("auto") == found
    if where != "cuda":
        with pytest.raises(ParamsError, match=r"fp16 .* needs an NVIDIA GPU"):
            precision.resolved("fp16")


def test_a_stage_stops_where_its_device_is_not(tmp_path):
    code = "from decant.runs import device\nfrom decant import stage\nstage.run(lambda: device.use('cuda', 1))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: params.yaml: device: cuda, but torch finds none here")
