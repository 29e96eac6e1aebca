"""checked/ without a run of the check stage, a manifest without one of split, and labels as given without one of noise: a
test that calls a stage's main() has the params.yaml and the splits of its folder as they stand, through the same code, but
nothing is written."""

import json
from functools import cache
from pathlib import Path

import pandas as pd

from decant import checked, code, paths, tables
from decant.errors import ParamsError
from decant.files import read_json, write_json
from decant.members import taught
from decant.runs import declared
from decant.settings import check, params
from decant.settings.heads import heads_of

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


class Rows(dict):
    """Split -> digest of its rows as they stand, of those that are asked for: no stage may look into another."""

    def __init__(self, task: str):
        super().__init__()
        self.task = task

    def __contains__(self, split: str) -> bool:
        return paths.split_file(self.task, split).exists()

    def __missing__(self, split: str) -> str:
        return tables.rows_sha256(paths.split_file(self.task, split))


def read(path: Path) -> dict:
    """A file of checked/ made now, and a manifest where split has written none; any other one as it is."""
    path = Path(path)
    if path.name == "manifest.json" and not path.exists():
        return {"rows": Rows(path.parent.name)}
    if path.parent != paths.CHECKED_FOLDER or path.exists() or not params.FILE.exists():
        return read_json(path)
    found = contents(params.FILE.read_bytes(), params.FILE.absolute())
    if path.stem not in found:
        raise ParamsError(f"params.yaml: no task block named {path.stem!r}")
    return found[path.stem]


def record(task: str) -> None:
    """That manifest as a file, for stages in processes of their own."""
    rows = Rows(task)
    there = {split: rows[split] for split in paths.SPLITS if paths.split_file(task, split).exists()}
    write_json(paths.metrics(task, "manifest"), {"rows": there})


def tasks() -> list[str]:
    found = contents(params.FILE.read_bytes(), params.FILE.absolute())
    return sorted(set(found) - {checked.CODE, checked.SHARED})


def learnt(task: str, train: pd.DataFrame, real=taught.load) -> taught.Taught:
    """What noise has written, or the labels of the table where it has not run."""
    if paths.taught(task).exists():
        return real(task, train)
    return taught.plain(tables.targets(train, heads_of(params.read(task).heads)))


def digest_of(path: Path, real=declared.digest_of) -> str:
    """Of a dependency; of labels as given, which have no file, none."""
    return "" if path.name == paths.taught("any").name and not path.exists() else real(path)


def patch() -> None:
    """Reading as above, in this process."""
    checked.read_json = declared.read_json = tables.read_json = read
    checked.tasks = tasks
    taught.load = learnt
    declared.digest_of = digest_of
    declared.MAP = ROOT / "dvc.yaml"  # which a test's own folder does not have
