"""checked/: where a stage reads its sections, as the check stage has merged and validated them.

checked/<task>.json holds a task's sections, checked/shared.json what all tasks share, checked/code.json the digest of each
stage's code. dvc.yaml names the keys of each that a stage reads; tests/test_graph.py compares them with its `Sections`.
"""

import os
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from decant import code, paths
from decant.errors import CacheError, ParamsError
from decant.files import digest, read_json
from decant.settings.base import CHECKED, Section

CODE, SHARED = "code", "shared"  # names of files, which no task may have
STAMP = "params_sha256"  # in shared.json: the params.yaml that all of checked/ comes from
COMMON = ("device", "threads", "seeds", "catalogue", "transfers")  # in shared.json, for all tasks
AGAIN = "Run: dvc repro check"

Declared = TypeVar("Declared", bound=Section)  # the class Sections of a stage


def tasks() -> list[str]:
    """The tasks that checked/ knows, also those that are not built."""
    return sorted(path.stem for path in paths.CHECKED_FOLDER.glob("*.json") if path.stem not in (CODE, SHARED))


def read(sections: type[Declared], task: str) -> Declared:
    """The sections that a stage declares (the fields of its class `Sections`), for one task.

    Raises ParamsError: no such task. CacheError: checked/ is missing, broken, or of an older layout.
    """
    if paths.checked(SHARED).exists() and not paths.checked(task).exists():
        raise ParamsError(f"params.yaml: no task block named {task!r}; blocks are {', '.join(tasks())}")
    place = {name: SHARED if name in COMMON else task for name in sections.model_fields}
    given = {name: read_json(paths.checked(name)) for name in sorted(set(place.values()))}
    try:
        return sections.model_validate({name: given[place[name]][name] for name in place}, context=CHECKED)
    except KeyError as missing:
        name = missing.args[0]
        raise CacheError(f"{paths.checked(place[name])}: no {name}; it comes from another version. {AGAIN}") from None
    except ValidationError as failure:
        where = ".".join(map(str, failure.errors()[0]["loc"]))
        name = paths.checked(place[where.split(".")[0]])
        raise CacheError(f"{name}: {where}: {failure.errors()[0]['msg']}; nobody edits this file. {AGAIN}") from None


def refuse_stale(stage: str) -> None:
    """Raises CacheError if a stage that is run by hand would read settings, or name code, that are no longer there.

    Under dvc the check stage comes first, so that there is nothing to compare.
    """
    if "DVC_STAGE" in os.environ or stage == "check":
        return
    params = Path("params.yaml")
    if not params.exists():
        raise ParamsError(f"{params}: missing. Run from the repository's root")
    if read_json(paths.checked(SHARED)).get(STAMP) != digest(params):
        raise CacheError(
            f"{paths.CHECKED_FOLDER}: not of this {params}, so that {stage} would read other settings. {AGAIN}"
        )
    if read_json(paths.checked(CODE)).get(stage) != code.digests([stage])[stage]:
        raise CacheError(f"{paths.CHECKED_FOLDER}: the code of {stage} has changed since. {AGAIN}")
