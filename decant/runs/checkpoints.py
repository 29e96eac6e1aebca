"""Where unfinished work is kept, so that a run that was killed goes on and never with the work of another."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

from decant.files import digest
from decant.runs import processes

WORK = Path(".work")  # ignored by git and dvc: what is in it only saves time


def fingerprint(settings: dict, inputs: list[Path]) -> str:
    """16 hex digits that stand for settings, the bytes of the inputs, and the code that runs."""
    content = json.dumps([settings, [digest(file) for file in [*inputs, *code()]]], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def code() -> list[Path]:
    """The project's modules that this process has loaded, the stage itself among them."""
    root = Path(__file__).parent.parent.parent
    loaded = {Path(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None)}
    return sorted(
        file for file in loaded if file.is_relative_to(root / "decant") or file.is_relative_to(root / "stages")
    )


def work_folder(name: str, settings: dict, inputs: list[Path]) -> Path:
    """The checkpoint folder of a run, named by its settings, input bytes and code, so that no run resumes another's.

    Folders of earlier inputs under the same name are removed.
    """
    folder = WORK / f"{name}-{fingerprint(settings, inputs)}"
    if processes.is_first():
        for other in WORK.glob(f"{name}-????????????????"):
            if other != folder:
                shutil.rmtree(other)
    return folder


def live_log(work: Path) -> Path:
    """Where a run's live log grows, e.g. .work/scam/teacher-minilm-13.csv: the folder's name without its digest."""
    return work.with_name(f"{work.name.rpartition('-')[0]}.csv")


def last_checkpoint(work: Path) -> str | None:
    """The newest whole checkpoint: trainer_state.json is written last, a folder without it was cut off."""
    whole = [folder for folder in work.glob("checkpoint-*") if (folder / "trainer_state.json").exists()]
    return str(max(whole, key=lambda folder: int(folder.name.split("-")[1]))) if whole else None
