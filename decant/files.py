"""Writing files whole, reading them back checked, and naming their bytes.

Every writer here writes to a temporary name beside the target and renames: a stage that dies leaves no half file.
"""

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decant.errors import CacheError

KEY = re.compile(r"[\w-]+")  # that dvc can show: letters of any script, digits, _ and -


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; rename it to `path` if the block ends without an error.

    Works for files and for folders (make the folder in the block). An existing `path` is replaced.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    _remove(partial)
    try:
        yield partial
        if not partial.exists():
            raise FileNotFoundError(f"{path}: nothing was written to replace it")
        if path.is_dir():  # os.replace cannot put a folder over a folder that is not empty
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def digest(path: str | Path, algorithm: str = "sha256") -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def write_json(path: str | Path, content: object) -> None:
    """Write JSON: sorted by nothing, indented, newline at the end, NaN refused."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_json(path: str | Path) -> dict:
    """Read JSON that an earlier stage wrote.

    Raises CacheError, with the file and what to do, if it is missing or not JSON: NaN and Infinity are not.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise CacheError(f"{path}: missing. Run the stage that writes it: dvc repro") from None
    except ValueError as error:  # also of a constant, and of bytes that are no UTF-8
        raise CacheError(f"{path}: not JSON ({error}). Restore it with dvc checkout, or rerun its stage") from None


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def slug(name: str) -> str:
    """A label as a metric key: dots, pipes and blanks confuse `dvc metrics diff`, so only [a-z0-9_-] stay."""
    return re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_") or "label"


def write_metrics(path: str | Path, metrics: dict) -> None:
    """Write a metrics file that `dvc metrics diff` shows whole.

    Numbers stay as they are: a false-positive rate of .020038 that was rounded to .0200 passed a gate of .02. DVC drops
    lists and nulls without a word and fails on dots in keys, so those, and NaN, are refused here (ValueError: a bug in the
    calling stage, not in the user's data).
    """
    write_json(path, _flat(metrics, str(path)))


def _flat(value: object, where: str) -> object:
    if isinstance(value, dict):
        for key in value:
            if not KEY.fullmatch(key):
                raise ValueError(f"{where}: key {key!r} is unsafe in dvc metrics; use decant.files.slug")
        return {key: _flat(item, f"{where}: {key}") for key, item in value.items()}
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float) or getattr(value, "shape", None) == ():  # numpy's scalars
        number = value.item() if hasattr(value, "item") else value
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError(f"{where}: {number} is not a metric; leave the key out and write the n instead")
        return number
    raise ValueError(f"{where}: {type(value).__name__} is not a metric; DVC would drop it without a word")
