"""Stages that start in a tenth of a second: each is forked from one process that has torch and its kin loaded.

A stage of the small road needs 6 seconds of the processor, of which 5 are the import of other people's packages. dvc runs
`python -m stages.NAME`; with `environment()` that is tests/support/warm/python, which has the stage run in a fork here, in the
same folder, with the same environment, arguments, output and exit status. Nothing of the project is loaded before the fork. The
road itself is built by dvc without it, so that every stage starts as it does for a user too.
"""

import atexit
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

GIVEN = {str(Path(__file__).parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
INSTALLED = [name for name in sys.path if name not in GIVEN]  # what an interpreter has by itself
PATIENCE = 10  # seconds between two looks whether the tests still run
FOLDER = Path(__file__).parent / "warm"
LOADED = (
    "torch",
    "transformers",
    "sklearn.linear_model",
    "pandas",
    "scipy.optimize",
    "nltk",
    "onnxruntime",
    "matplotlib.pyplot",
)


def environment(plain: dict[str, str]) -> dict[str, str]:
    """What a command has to have beside the variables `plain`, so that its stages start so."""
    address = process(tuple(plain.items()))
    return {
        "DECANT_WARM": address,
        "DECANT_PYTHON": sys.executable,
        "PATH": f"{FOLDER}{os.pathsep}{plain['PATH']}",
    }


@cache
def process(variables: tuple[tuple[str, str], ...]) -> str:
    """Start the process that stages are forked from, with these variables; its address. It ends with this one."""
    folder = tempfile.mkdtemp(prefix="warm-")
    atexit.register(shutil.rmtree, folder)
    address = str(Path(folder) / "socket")
    started = subprocess.Popen(
        [sys.executable, __file__, address], stdout=subprocess.PIPE, text=True, env=dict(variables)
    )
    assert started.stdout.readline() == "ready\n"
    atexit.register(started.terminate)
    return address


def serve(address: str) -> None:
    """Fork a process for each that asks, as long as who has started this lives."""
    for name in LOADED:
        __import__(name)
    from transformers import AutoModel, Trainer  # noqa: F401  which loads what `import transformers` leaves for later

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        listening.settimeout(PATIENCE)
        print("ready", flush=True)
        parent = os.getppid()
        while os.getppid() == parent:
            try:
                asking, _ = listening.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listening.close()
                one(asking)
            asking.close()


def one(asking: socket.socket) -> None:
    """In a fork: read what is asked, have it run in a fork of its own, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asking.setblocking(True)
    told, files = b"", []
    while not told.endswith(b"\n"):
        part, got, _, _ = socket.recv_fds(asking, 1 << 20, 3)
        told, files = told + part, files + got
    child = os.fork()
    if child == 0:
        asking.close()
        stage(json.loads(told), files)
    for file in files:
        os.close(file)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    asking.sendall(f"{status if status >= 0 else 128 - status}\n".encode())
    os._exit(0)


def stage(told: dict, files: list[int]) -> None:
    """Become `python -m stages.NAME ...`."""
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    for number, file in enumerate(files):
        os.dup2(file, number)
    _, module, *arguments = told["command"]
    more = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [told["folder"], *more, *INSTALLED]
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:  # and not as an interpreter ends, which waits for threads of torch that a fork does not have
        end(sys.exc_info()[1])


def end(raised: BaseException | None) -> None:
    """End as an interpreter does that this has left: with its exit status, or 1 and a traceback."""
    status = raised.code if isinstance(raised, SystemExit) else raised and 1
    if raised and not isinstance(raised, SystemExit):
        sys.excepthook(type(raised), raised, raised.__traceback__)
    elif isinstance(status, str):
        print(status, file=sys.stderr)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    serve(sys.argv[1])
