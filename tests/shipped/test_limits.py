"""A hostile bundle is refused within limits that the kernel holds: one processor's seconds, and a few hundred megabytes over
what opening an honest one takes."""

import resource
import shutil
import subprocess
import sys

import pytest
from bundles import write_bundle
from graph import ROOT
from onnx import helper
from shell import ENVIRONMENT

from decant.files import digest, read_json, write_json

MODEL = "onnx/model_quantized.onnx"
SECONDS = 60  # of processor time
MEGABYTES = 3000  # of addresses, of which an honest bundle takes 1,100: libraries, for the most part
LIMITS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]) << 20,) * 2)
"""
OPEN = """
from decant.errors import BundleError
from decant.runtime import Bundle
try:
    print(Bundle(sys.argv[1]).predict(["btc"])[0]["answer"])
except BundleError as error:
    print("refused:", error)
"""


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return folder / write_bundle(folder)


@pytest.fixture
def bundle(honest, tmp_path):
    return shutil.copytree(honest, tmp_path / "bundle")


def limited(program: str, bundle: str, seconds: int = SECONDS) -> subprocess.CompletedProcess[str]:
    """A process that runs it under the limits."""
    command = [sys.executable, "-c", LIMITS + program, bundle, str(seconds), str(MEGABYTES)]
    environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


def opened(bundle) -> str:
    """What a process says that opens it under the limits."""
    ended = limited(OPEN, str(bundle))
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def relist(bundle, name: str) -> None:
    record = read_json(bundle / "decant.json")
    write_json(bundle / "decant.json", record | {"files": record["files"] | {name: digest(bundle / name)}})


def sparse(bundle, name: str, size: int) -> None:
    """A file of that size which takes no room, as a disk's table has it."""
    with (bundle / name).open("r+b") as stream:
        stream.truncate(size)


def loop(bundle) -> None:
    body = helper.make_graph([helper.make_node("Identity", ["yes"], ["yes2"])], "inner", [], [])
    node = helper.make_node("Loop", ["n", "yes"], ["never"], body=body)
    graph = helper.make_graph([node], "g", [], [])
    (bundle / MODEL).write_bytes(helper.make_model(graph).SerializeToString())
    relist(bundle, MODEL)


def unfolding(bundle) -> None:
    """Forty functions that each call the one before twice."""
    functions = []
    for number in range(40):
        called = f"f{number - 1}" if number else "Relu"
        nodes = [helper.make_node(called, ["x"], ["x"], domain="ours") for _ in range(2)]
        functions.append(
            helper.make_function("ours", f"f{number}", ["x"], ["x"], nodes, [helper.make_opsetid("ours", 1)])
        )
    node = helper.make_node("f39", ["x"], ["y"], domain="ours")
    model = helper.make_model(helper.make_graph([node], "g", [], []), functions=functions)
    (bundle / MODEL).write_bytes(model.SerializeToString())
    relist(bundle, MODEL)


def far_record(bundle) -> None:
    (bundle / "decant.json").write_text('{"format": 1, "task": ' + "[" * 900_000, encoding="utf-8")


HOSTILE = {
    "a tokenizer of ten gigabytes": (lambda bundle: sparse(bundle, "tokenizer.json", 10**10), "bytes, a bundle"),
    "a record of ten gigabytes": (lambda bundle: sparse(bundle, "decant.json", 10**10), "bytes, a bundle's may have"),
    "a model of ten gigabytes": (lambda bundle: sparse(bundle, MODEL, 10**10), "bytes, a bundle"),
    "a record that is nested without end": (far_record, "decant.json: not JSON"),
    "a tokenizer as large as it may be": (lambda bundle: sparse(bundle, "tokenizer.json", 64_000_000), "was changed after bundling"),
    "a graph that loops": (loop, "a Loop, which may never end"),
    "functions that unfold": (unfolding, "functions that call functions"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_with_a_sentence_before_the_limits_are_reached(bundle, name):
    spoil, said = HOSTILE[name]
    spoil(bundle)
    found = opened(bundle)
    assert found.startswith("refused:")
    assert said in found


def test_an_honest_bundle_opens_and_answers_under_the_same_limits(bundle):
    assert opened(bundle) == "crypto\n"


def test_the_limits_hold():
    greedy = limited(f"bytearray({MEGABYTES} << 20)", "none")
    assert "MemoryError" in greedy.stderr
    endless = limited("while True: pass", "none", seconds=1)
    assert endless.returncode < 0, "killed by the kernel"
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, "those of the child alone"
