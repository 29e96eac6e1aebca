"""Where unfinished work is kept, so that a run that was killed goes on and never with the work of another."""

import hashlib
import json
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from decant.runs import declared, processes

WORK = Path(".work")  # ignored by git and dvc: what is in it only saves time
HELD: list[FileLock] = []  # until this process ends


def key(stage: str, item: dict[str, str], without: tuple[str, ...] = ()) -> str:
    """16 hex digits that stand for all that a stage declares: settings, code, and the bytes of its inputs.

    item: its matrix values. without: keys inside of sections, e.g. "search.trials", that work may go on under.
    """
    inputs = {name: _left(name, value, without) for name, value in declared.inputs(stage, item).items()}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def _left(name: str, value: object, without: tuple[str, ...]) -> object:
    """A section without the keys that do not count."""
    section = name.rpartition(": ")[2]
    dropped = {path.partition(".")[2] for path in without if path.startswith(f"{section}.")}
    if not dropped or not isinstance(value, dict):  # the digest of the code may have the section's name
        return value
    return {entry: held for entry, held in value.items() if entry not in dropped}


def work_folder(stage: str, item: dict[str, str], part: str = "") -> Path:
    """The checkpoint folder of a run, .work/<task>/<stage>-<rest of the item>-<part>-<key>, so that no run resumes another's.

    part: where a stage trains several models. Folders of the same name with other keys are removed.
    """
    rest = [value for name, value in item.items() if name != "task"]
    name = f"{item['task']}/{'-'.join(filter(None, [stage, *rest, part]))}"
    folder = WORK / f"{name}-{key(stage, item)}"
    if processes.is_first():
        hold(WORK / f"{name}.lock")
        for other in WORK.glob(f"{name}-????????????????"):
            if other != folder:
                shutil.rmtree(other)
    return folder


def hold(file: Path) -> None:
    """Take the lock of a training until this process ends; wait, and say so, where another has it.

    A stage whose dvc was killed goes on. Two of one stage take each other's checkpoints away, and the second, which finds
    weights without their state, would train from them anew without a word.
    """
    if any(lock.lock_file == str(file) for lock in HELD):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"{file}: another process trains this; waiting until it ends", flush=True)
        lock.acquire()
    HELD.append(lock)


def live_log(work: Path) -> Path:
    """Where a run's live log grows, e.g. .work/scam/teacher-minilm-13.csv: the folder's name without its digest."""
    return work.with_name(f"{work.name.rpartition('-')[0]}.csv")


def whole(work: Path) -> list[Path]:
    """The checkpoints that are whole, oldest first: trainer_state.json is written last, a folder without it was cut off."""
    there = [folder for folder in work.glob("checkpoint-*") if (folder / "trainer_state.json").exists()]
    return sorted(there, key=lambda folder: int(folder.name.split("-")[1]))


def last_checkpoint(work: Path) -> str | None:
    """The newest whole checkpoint."""
    there = whole(work)
    return str(there[-1]) if there else None
