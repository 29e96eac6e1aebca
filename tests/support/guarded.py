"""The guard over pickles in every process that a test starts, whatever environment the test gives it."""

import os
import subprocess
from pathlib import Path

import unpickled

FOLDER = str(Path(unpickled.__file__).parent)


def patch() -> None:
    """Set the guard in those that this process starts."""
    start = subprocess.Popen.__init__

    def guarded(self, *args, env=None, **kwargs):
        env = dict(os.environ if env is None else env)
        paths = os.pathsep.join([FOLDER, *filter(None, [env.get("PYTHONPATH")])])
        log = os.environ.get(unpickled.LOG, "")
        start(self, *args, env=env | {"PYTHONPATH": paths, unpickled.LOG: log}, **kwargs)

    subprocess.Popen.__init__ = guarded
