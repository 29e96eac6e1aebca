"""What a killed command leaves running in the project of a fold: dvc itself, or a stage of it."""

import json
import time
from pathlib import Path

import psutil

from decant.errors import CacheError
from decant.review.orphans import refuse_orphans

PATIENCE = 10  # seconds for the system to forget a process that has ended


def refuse(folder: Path, patience: float = PATIENCE) -> None:
    """Wait until what was killed is gone. Raises CacheError: it still runs, and two would write the same files."""
    until = time.monotonic() + patience
    while found := holders(folder):
        if time.monotonic() > until or any(alive(number) for number in found):
            numbers = " ".join(map(str, found))
            raise CacheError(
                f"{folder}: dvc of a command that was killed still builds this fold (process {numbers}). Wait until it ends, or: "
                f"kill {numbers}"
            )
        time.sleep(0.1)
    refuse_orphans(folder)


def holders(folder: Path) -> list[int]:
    """Processes that dvc's record of who reads and writes names, and that the system still knows."""
    file = folder / ".dvc" / "tmp" / "rwlock"
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return []  # nobody has begun here, or one was killed as he wrote it, and dvc begins it anew
    infos = [*held.get("write", {}).values(), *(info for infos in held.get("read", {}).values() for info in infos)]
    return sorted({info["pid"] for info in infos if psutil.pid_exists(info["pid"])})


def alive(number: int) -> bool:
    """Whether a process does anything: one that has ended is known until its parent has asked for its status."""
    try:
        return psutil.Process(number).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
