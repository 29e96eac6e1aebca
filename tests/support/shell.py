"""Commands as a user types them, in a folder of their own, offline, with this environment first on the path."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import warmed

# The tests themselves may run below make, which tells every command beneath it so: a make of a test would name its folder.
_MAKES_OWN = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in _MAKES_OWN} | {
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
NO_LIBRARY_READS = {"PYTHONPATH", "DVC_STAGE"}


def run(
    folder: Path, *command: str, check: bool = True, environment: dict[str, str] | None = None, warm: bool = True
) -> subprocess.CompletedProcess:
    """The finished command; a failure shows the end of what it printed, unless check is off; none may hang.

    warm: stages that dvc, bash or python starts are forked from a process that has torch loaded already (see warmed.py), unless
    the environment has variables that a library may have read when it was loaded.
    """
    warm = warm and command[0] in ("dvc", "bash", "python") and set(environment or ()) <= NO_LIBRARY_READS
    variables = ENVIRONMENT | (warmed.environment(ENVIRONMENT) if warm else {}) | (environment or {})
    ended = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=900)
    assert not check or ended.returncode == 0, f"{shlex.join(command)}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
    return ended
