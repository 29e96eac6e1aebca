"""checked/ without a run of the check stage: a test that calls a stage's main() has the params.yaml of its folder as it
stands, through the same code, but nothing is written."""

import json
from functools import cache
from pathlib import Path

from decant import checked, code, paths
from decant.errors import ParamsError
from decant.files import read_json
from decant.runs import declared
from decant.settings import check, params

ROOT = Path(__file__).parent.parent.parent


DIGESTS = cache(lambda names, real=code.digests: real(list(names)))


@cache
def contents(content: bytes, file: Path) -> dict[str, dict]:
    """What check would write for a params.yaml of these bytes, which lies in that file."""
    real, code.digests = code.digests, lambda names, root: DIGESTS(tuple(names))
    try:
        return json.loads(json.dumps(check.contents(params.FILE)))
    finally:
        code.digests = real


def read(path: Path) -> dict:
    """A file of checked/ made now, any other one as it is."""
    path = Path(path)
    if path.parent != paths.CHECKED_FOLDER or path.exists() or not params.FILE.exists():
        return read_json(path)
    found = contents(params.FILE.read_bytes(), params.FILE.absolute())
    if path.stem not in found:
        raise ParamsError(f"params.yaml: no task block named {path.stem!r}")
    return found[path.stem]


def tasks() -> list[str]:
    found = contents(params.FILE.read_bytes(), params.FILE.absolute())
    return sorted(set(found) - {checked.CODE, checked.SHARED})


def patch() -> None:
    """Reading as above, in this process."""
    checked.read_json = declared.read_json = read
    checked.tasks = tasks
    declared.MAP = ROOT / "dvc.yaml"  # which a test's own folder does not have
