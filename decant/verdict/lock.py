"""dvc.lock: the bytes that each stage wrote when dvc ran it."""

import hashlib
import json
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decant.errors import CacheError
from decant.files import digest

FILE = Path("dvc.lock")


def stages() -> dict[str, dict]:
    """Stage -> what dvc recorded of it.

    Raises CacheError: no dvc.lock, or one that cannot be read.
    """
    try:
        # pure: YAML 1.2, as dvc writes it; 1.1 would read 1e-05 as a string
        return dict(YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))["stages"])
    except FileNotFoundError:
        raise CacheError(f"{FILE}: missing. Run: dvc repro") from None
    except (YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise CacheError(f"{FILE}: cannot be read ({error!r}). Restore it with git checkout {FILE}") from None


def outs() -> dict[str, str]:
    """Path of every out -> the md5 that dvc recorded, of a folder with .dir at its end. Raises CacheError, as `stages`."""
    return {out["path"]: out["md5"] for entry in stages().values() for out in entry.get("outs", [])}


def differing(paths: list[Path], recorded: dict[str, str], stage: str) -> list[str]:
    """One line per file or folder that is not here as dvc recorded it. recorded: of `outs`. stage: what to run again."""
    lines = []
    for path in paths:
        name = path.as_posix()
        if name not in recorded:
            lines.append(f"{name}: {FILE} has no record of it. Run: dvc repro {stage}")
        elif not path.exists():
            lines.append(f"{name}: missing. Run: dvc pull {name}, or dvc repro {stage}")
        elif (given := md5(path)) != recorded[name]:
            lines.append(
                f"{name} has md5 {given}, {FILE} recorded {recorded[name]}: it was changed after its stage wrote it. "
                f"Run: dvc repro {stage}"
            )
    return lines


def md5(path: Path) -> str:
    """As dvc computes it: of a file its bytes, of a folder its files' names and digests."""
    if path.is_file():
        return digest(path, "md5")
    files = sorted((file for file in path.rglob("*") if file.is_file()), key=lambda file: file.relative_to(path).parts)
    listed = [{"md5": digest(file, "md5"), "relpath": file.relative_to(path).as_posix()} for file in files]
    return hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"
