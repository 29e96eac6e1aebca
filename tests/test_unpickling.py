"""No code of the project opens a pickle, in any process that a test starts: the guard over that catches each way to do so,
and lets libraries talk to processes of their own."""

import subprocess
import sys

import pytest
import unpickled
from graph import ROOT
from shell import run

# a module of the project, by its name alone; what it reads is a list, which looks up no class
PLANT = """
import {library}

def read(file):
    return {call}
"""
WAYS = {
    "pickle.load": ("pickle", "pickle.load(open(file, 'rb'))"),
    "pickle.loads": ("pickle", "pickle.loads(open(file, 'rb').read())"),
    "pickle.Unpickler": ("pickle", "pickle.Unpickler(open(file, 'rb')).load()"),
    "pickle._Unpickler": ("pickle", "pickle._Unpickler(open(file, 'rb')).load()"),
    "pandas": ("pandas", "pandas.read_pickle(file)"),
    "numpy": ("numpy", "numpy.load(file, allow_pickle=True)"),
    "joblib": ("joblib", "joblib.load(file)"),
    "cloudpickle": ("cloudpickle", "cloudpickle.load(open(file, 'rb'))"),
    "dill": ("dill", "dill.load(open(file, 'rb'))"),
    "torch": ("torch", "torch.load(file, weights_only=False)"),
    "torch, weights_only": ("torch", "torch.load(file, weights_only=True)"),
}
WRITE = """
import pickle, sys
pickle.dump([1, 2], open(sys.argv[1] + "/list", "wb"))
pickle.dump(OSError("x"), open(sys.argv[1] + "/class", "wb"))
import torch
torch.save([1, 2], sys.argv[1] + "/torch")
"""


@pytest.fixture(scope="module")
def pickles(tmp_path_factory):
    """A folder: a list as a pickle, an object of a class, and a list as torch writes it."""
    folder = tmp_path_factory.mktemp("pickles")
    subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True)
    return folder


def planted(name: str, library: str, call: str):
    """The function `read` of a module of that name."""
    module = {"__name__": name}
    exec(compile(PLANT.format(library=library, call=call), "planted.py", "exec"), module)
    return module["read"]


@pytest.mark.parametrize("way", WAYS)
def test_a_module_of_ours_that_opens_a_pickle_is_caught_whatever_reads_it(pickles, way):
    file = pickles / ("torch" if way.startswith("torch") else "list")
    assert planted("elsewhere.module", *WAYS[way])(file) == [1, 2]
    assert unpickled.told() == []
    with pytest.raises((unpickled.Unpickled, unpickled.pickle.UnpicklingError)):  # numpy's own
        planted("stages.planted", *WAYS[way])(file)
    assert [" stages.planted opens a pickle, through " in line for line in unpickled.told()] == [True]


def test_a_reader_in_c_that_goes_by_another_name_is_heard_when_it_looks_up_a_class(pickles):
    read = planted("decant.planted", "_pickle", "_pickle.Unpickler(open(file, 'rb')).load()")
    with pytest.raises(unpickled.Unpickled, match=r"find_class: decant\.planted opens a pickle"):
        read(pickles / "class")
    assert len(unpickled.told()) == 1


STAGE = """
import pickle
from pathlib import Path

from decant import stage


def main(task):
    try:
        print(pickle.loads(Path("rows.pkl").read_bytes()))
    except AssertionError:
        print("never mind")


if __name__ == "__main__":
    stage.run(main)
"""


def test_a_stage_that_reads_a_pickle_is_caught_in_its_own_process_though_it_goes_on(workspace, pickles):
    """Under make and a shell, with an environment that names a PYTHONPATH of its own, as dvc would start it."""
    (workspace / "stages").mkdir()
    (workspace / "stages/__init__.py").touch()
    (workspace / "stages/planted.py").write_text(STAGE, encoding="utf-8")
    (workspace / "rows.pkl").write_bytes((pickles / "list").read_bytes())
    (workspace / "Makefile").write_text(f"all:\n\t@cd . && {sys.executable} -m stages.planted demo\n", encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "DVC_STAGE": "planted"}
    assert run(workspace, "make", environment=environment).stdout.splitlines()[-1] == "never mind"
    assert unpickled.told() == ["pickle.loads: stages.planted opens a pickle, through stages.planted"]


POOL = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

def read(file):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return list(pool.map(sorted, [[2, 1]]))
"""


def test_messages_between_processes_are_no_pickle_of_ours(pickles):
    module = {"__name__": "stages.planted"}
    exec(compile(POOL, "planted.py", "exec"), module)
    assert module["read"](None) == [[1, 2]]


def test_what_is_allowed_has_its_reason_and_is_no_module_of_ours_but_the_one_that_people_call():
    assert all(len(reason.split()) > 5 for reason in unpickled.ALLOWED.values())
    assert [name for name in unpickled.ALLOWED if unpickled.below(name, unpickled.PROJECT)] == ["decant.models.convert"]
