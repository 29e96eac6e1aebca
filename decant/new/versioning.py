"""A table of one's own under dvc: git holds its hash in data/raw/<task>.dvc, and `dvc push` brings it to others."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from ruamel.yaml import YAML

from decant.errors import DataError

LAST = 5  # lines of what dvc said that an error shows


def add(raw: Path, undo: ExitStack) -> Path | None:
    """Give the folder of a task's raw files to dvc, and return the file that git has to hold; null: there is no dvc
    repository here, or the files in it are pinned one by one already. `undo` puts what git sees back.

    Raises DataError: dvc refuses.
    """
    pinned = raw.with_name(f"{raw.name}.dvc")
    if not Path(".dvc").is_dir() or pinned_already(raw, pinned):
        return None
    for file in (pinned, raw.parent / ".gitignore"):
        undo.callback(restore, file, file.read_bytes() if file.exists() else None)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", str(raw)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n  ".join(done.stderr.strip().splitlines()[-LAST:])
        raise DataError(f"{raw}: dvc add {raw} failed. Mend what it says, then run the same command again\n  {said}")
    return pinned


def pinned_already(raw: Path, own: Path) -> bool:
    """Whether another .dvc file holds files below `raw`."""
    for file in raw.parent.glob("*.dvc"):
        outs = (YAML(typ="safe", pure=True).load(file.read_bytes()) or {}).get("outs", [])
        if file != own and any((file.parent / out["path"]).is_relative_to(raw) for out in outs):
            return True
    return False


def restore(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(content)
