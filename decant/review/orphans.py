"""Stages that still run though the dvc that started them is gone.

Where dvc alone is killed, its stage goes on. The next `dvc repro` starts the same stage beside it, and the second waits until the
first has ended, which may take hours that nobody asked for any more.
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import psutil

from decant.errors import CacheError

STAGE, STARTER = "stages.", "dvc"


def orphans(root: Path, every: Iterable[psutil.Process] | None = None) -> dict[int, str]:
    """Number -> command of the processes that run a stage in this folder, and have no dvc above them. every: those to look at, by
    default all that there are.
    """
    found = {}
    for process in psutil.process_iter() if every is None else every:
        try:
            words = process.cmdline()
            if is_stage(words) and Path(process.cwd()) == root.resolve() and not has_starter(process):
                found[process.pid] = " ".join(words)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it has ended meanwhile, or belongs to somebody else
    return found


def refuse_orphans(root: Path = Path(".")) -> None:
    """Raises CacheError: a stage of a run that was killed still runs here."""
    if found := orphans(root):
        lines = "; ".join(f"{command} (process {number})" for number, command in found.items())
        numbers = " ".join(map(str, found))
        raise CacheError(
            f"a stage of a run that was killed still runs here: {lines}. Wait until it ends, or: kill {numbers}"
        )


def is_stage(words: list[str]) -> bool:
    """python -m stages.x ..."""
    return any(first == "-m" and second.startswith(STAGE) for first, second in pairwise(words))


def has_starter(process: psutil.Process) -> bool:
    """Whether dvc is above it, as a program or as a script or module of Python, under whatever path."""
    return any(Path(word).name == STARTER for above in process.parents() for word in above.cmdline()[:3])
