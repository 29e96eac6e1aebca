"""Stages that still run though the dvc that started them is gone.

Where dvc alone is killed, its stage goes on. The next `dvc repro` starts the same stage beside it, in the same folder of
checkpoints, and the first of the two that ends takes those away from the other.
"""

from pathlib import Path
from typing import NamedTuple

from decant.errors import CacheError

PROC = Path("/proc")  # of Linux; elsewhere none is found
STAGE, STARTER = "stages.", "dvc"


class Process(NamedTuple):
    number: int
    parent: int
    words: list[str]  # of its command


def orphans(root: Path, proc: Path = PROC) -> list[Process]:
    """Processes that run a stage in this folder, and have no dvc above them."""
    every = {process.number: process for folder in proc.glob("[0-9]*") if (process := read(folder))}
    stages = [one for one in every.values() if is_stage(one) and place(proc, one.number) == root.resolve()]
    return [one for one in stages if not any(is_starter(above) for above in parents(one, every))]


def refuse_orphans(root: Path = Path(".")) -> None:
    """Raises CacheError: a stage of a run that was killed still runs here."""
    if found := orphans(root):
        lines = "; ".join(f"{' '.join(one.words)} (process {one.number})" for one in found)
        numbers = " ".join(str(one.number) for one in found)
        raise CacheError(f"a stage of a run that was killed still runs here: {lines}. Two of it would take each other's "
                         f"checkpoints away. Wait until it ends, or: kill {numbers}")  # fmt: skip


def read(folder: Path) -> Process | None:
    """Of a folder of /proc; None: it ended meanwhile, or belongs to somebody else."""
    try:
        words = (folder / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
        after_name = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return Process(int(folder.name), int(after_name[1]), words)


def place(proc: Path, number: int) -> Path | None:
    """The folder that a process works in; None where it cannot be told."""
    try:
        return (proc / str(number) / "cwd").resolve(strict=True)
    except OSError:
        return None


def is_stage(process: Process) -> bool:
    """python -m stages.x ..."""
    pairs = zip(process.words, process.words[1:], strict=False)
    return any(first == "-m" and second.startswith(STAGE) for first, second in pairs)


def is_starter(process: Process) -> bool:
    """dvc, as a program or as a script or module of Python, under whatever path."""
    return any(Path(word).name == STARTER for word in process.words[:3])


def parents(process: Process, every: dict[int, Process]) -> list[Process]:
    """Those above a process, the nearest first."""
    found = []
    while (above := every.get(process.parent)) and above not in found:
        found.append(above)
        process = above
    return found
