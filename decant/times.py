"""How long a stage takes, and with what: seconds until its first line, of training, of scoring, and all together.

Kept in metrics/<task>/times.json, which git ignores: seconds differ from run to run, so that they are no metrics that could be
reproduced, and no stage depends on them.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from decant import paths
from decant.errors import CacheError
from decant.files import read_json, write_json

_spent: dict[str, float] = {}
_open: list[str] = []


@contextmanager
def spent(what: str) -> Iterator[None]:
    """Count the seconds inside as `what`; what is scored while something trains is part of the training."""
    _open.append(what)
    begin = time.perf_counter()
    try:
        yield
    finally:
        _open.pop()
        if not _open:
            _spent[what] = _spent.get(what, 0.0) + time.perf_counter() - begin


def since_start() -> float:
    """Seconds since this process began, its interpreter and imports included."""
    return time.time() - psutil.Process().create_time()


def record(task: str, started: float) -> None:
    """Add this stage to the task's times, where dvc runs it. started: seconds until its first line."""
    name = os.environ.get("DVC_STAGE")
    if name is None or os.environ.get("RANK", "0") != "0":
        return
    file, own = paths.times(task), psutil.Process().cpu_times()
    seconds = {"start": started} | _spent | {"all": since_start(), "processor": own.user + own.system}
    try:
        before = read_json(file) if file.exists() else {}
    except CacheError:
        before = {}  # broken by hand; nothing but old seconds is lost
    write_json(file, before | {name: {what: round(value, 2) for what, value in seconds.items()}})
