"""Which stages a fold runs: evaluate and all before it, read from dvc.yaml, and the sections and code that they hang on."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from decant import checked, paths
from decant.settings import written

MAP = Path("dvc.yaml")
LAST = "evaluate"


def stages(file: Path = MAP) -> list[str]:
    """evaluate and every stage before it, in the order of dvc.yaml. Raises ParamsError: no such file."""
    return list(_before(_bodies(file)))


def sections(file: Path = MAP) -> set[str]:
    """Sections of a task, and keys that all tasks share, that these stages read."""
    return {
        key.split(".")[0]
        for body in _before(_bodies(file)).values()
        for group in body.get("params", [])
        for declared, keys in group.items()
        if Path(declared).parent == paths.CHECKED_FOLDER and Path(declared).stem != checked.CODE
        for key in keys
    }


def _before(bodies: dict[str, dict]) -> dict[str, dict]:
    """The last stage of the road and those before it."""
    found, waiting = set(), [LAST]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needed = [_pattern(path) for path in _names(bodies[name], "deps") + _names(bodies[name], "params")]
            waiting += [
                other
                for other, body in bodies.items()
                if any(_overlap(_pattern(out), path) for out in _names(body, "outs") for path in needed)
            ]
    return {name: body for name, body in bodies.items() if name in found}


def _bodies(file: Path) -> dict[str, dict]:
    return {name: entry.get("do", entry) for name, entry in written.read(file).tree["stages"].items()}


def _names(body: dict, kind: str) -> list[str]:
    """Paths that a stage names as deps or outs, and the files of its params."""
    return [path for entry in body.get(kind, []) for path in ([entry] if isinstance(entry, str) else entry)]


def _pattern(path: str) -> tuple[str, ...]:
    return Path(re.sub(r"\$\{[^}]+\}", "*", path)).parts


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two paths can be one, or one lies in the other."""
    return all(
        fnmatchcase(first, second) or fnmatchcase(second, first) for first, second in zip(one, other, strict=False)
    )
