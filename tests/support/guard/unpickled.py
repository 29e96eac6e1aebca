"""The guard over pickles, which is set when this is imported. A Python that has this folder in PYTHONPATH starts with it, and
the tests put it there for all that they start, and so for all that is started by that.

Every way to unpickle ends at the standard library's Unpickler (in C or in Python), at its load and loads, or at torch's own
reader for weights_only. Each is stopped where code of the project stands among its callers, whatever it reads from, unless
the library that asks for it is one of ALLOWED. What stops is written to the file that DECANT_UNPICKLED names too: a library
may swallow the error, and a stage's process end without anybody reading what it printed.
"""

import importlib.util
import os
import pickle
import sys
from pathlib import Path

LOG = "DECANT_UNPICKLED"
PROJECT = ("decant", "stages", "benchmarks")
# module that asks -> why it may; a package stands for all below it
ALLOWED = {
    "multiprocessing": "messages between a process and those that it started itself, through a pipe of theirs",
    "transformers.trainer": "the run's own checkpoint, below .work; torch takes tensors and plain values from it, nothing else",
    "diskcache.core": "dvc's index of the files that it has hashed or pushed, in a folder of its own; dvc itself reads it so",
    "decant.models.convert": "a command of its own that a person calls; torch takes tensors and plain values, nothing else",
}
# what reads a pickle, and asks for none
READERS = ("pickle", "_pickle", "unpickled", "torch.serialization", "torch._weights_only_unpickler")


class Unpickled(AssertionError):
    """Code of the project opens a pickle."""


def below(name: str, packages) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def modules(frame) -> list[str]:
    """Names of the modules that are being run, the innermost first; a program's own, and not __main__."""
    found = []
    while frame is not None:
        spec, name = frame.f_globals.get("__spec__"), frame.f_globals.get("__name__", "")
        found.append(spec.name if name == "__main__" and spec else name)
        frame = frame.f_back
    return found


def check(what: str) -> None:
    """Raises Unpickled, and writes it down, where the project asks for it."""
    callers = [name for name in modules(sys._getframe(1)) if not below(name, READERS)]
    ours = next((name for name in callers if below(name, PROJECT)), None)
    if ours is None or below(callers[0], ALLOWED):
        return
    line = f"{what}: {ours} opens a pickle, through {callers[0]}"
    if os.environ.get(LOG):
        with open(os.environ[LOG], "a", encoding="utf-8") as log:
            log.write(f"{line}\n")
    raise Unpickled(line)


def told() -> list[str]:
    """What this process and those that it started have written down; it is forgotten then."""
    log = Path(os.environ[LOG])
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


def checked(function, what: str):
    def call(*args, **kwargs):
        check(what)
        return function(*args, **kwargs)

    return call


class OfTorch:
    """An import hook: torch's reader is guarded as soon as it is imported."""

    name = "torch._weights_only_unpickler"

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            module.Unpickler.load = checked(module.Unpickler.load, "torch.load")

        spec.loader.exec_module = exec_module
        return spec


def install() -> None:
    class Unpickler(pickle.Unpickler):
        def load(self):
            check("Unpickler.load")
            return super().load()

    pickle.Unpickler = Unpickler
    pickle._Unpickler.load = checked(pickle._Unpickler.load, "Unpickler.load")
    pickle.load, pickle.loads = checked(pickle.load, "pickle.load"), checked(pickle.loads, "pickle.loads")
    # what takes the reader in C past those names is heard when it looks up its first class or function
    sys.addaudithook(lambda event, _: check("pickle.find_class") if event == "pickle.find_class" else None)
    sys.meta_path.insert(0, OfTorch())


install()  # before others keep what they import of pickle
