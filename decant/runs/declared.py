"""What a stage declares in dvc.yaml, as it is now: values of its params and bytes of its deps.

The key of all unfinished work comes from here (`decant.runs.checkpoints`), so that what dvc would run a stage again for
also begins its work anew, and nothing can be left out by hand.
"""

import hashlib
import re
from pathlib import Path

from ruamel.yaml import YAML

from decant.errors import CacheError, ParamsError
from decant.files import digest, read_json

MAP = Path("dvc.yaml")


def inputs(stage: str, item: dict[str, str]) -> dict[str, object]:
    """Everything that a stage declares: "file: key" -> value for params, path -> digest for deps.

    item: the stage's matrix values, e.g. {"task": "demo", "encoder": "minilm", "seed": "13"}.

    Raises ParamsError: dvc.yaml is missing or has no such stage. CacheError: a file or a key is not there.
    """
    entry = _entry(stage)
    values: dict[str, object] = {}
    for group in entry.get("params", []):
        for file, keys in group.items():
            tree = read_json(filled(file, item))
            for key in keys:
                values[f"{filled(file, item)}: {filled(key, item)}"] = _value(
                    tree, filled(key, item), filled(file, item)
                )
    for dep in entry.get("deps", []):
        path = Path(filled(dep, item))
        values[path.as_posix()] = digest_of(path)
    return values


def digest_of(path: Path) -> str:
    """Digest of a file's bytes, or of a folder: the names and the bytes of all its files, at any depth.

    Raises CacheError: there is no such path.
    """
    if path.is_file():
        return digest(path)
    if not path.is_dir():
        raise CacheError(f"{path}: missing. Run the stage that writes it: dvc repro")
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            total.update(f"{file.relative_to(path).as_posix()}\0{digest(file)}\0".encode())
    return total.hexdigest()


def _entry(stage: str) -> dict:
    if not MAP.exists():
        raise ParamsError(f"{MAP}: missing. Run from the repository's root")
    stages = YAML(typ="safe", pure=True).load(MAP.read_text(encoding="utf-8"))["stages"]
    if stage not in stages:
        raise ParamsError(f"{MAP}: no stage named {stage!r}; it has {', '.join(stages)}")
    return stages[stage]


def filled(text: str, item: dict[str, str]) -> str:
    """${item.task} and its like replaced.

    Raises ParamsError: the map asks for a value that the stage was not called with.
    """

    def value(place: re.Match) -> str:
        if place[1] not in item:
            raise ParamsError(f"{MAP}: {text}: the stage knows {', '.join(item)}, and no {place[1]}")
        return item[place[1]]

    return re.sub(r"\$\{item\.(\w+)\}", value, text)


def _value(tree: object, key: str, file: str) -> object:
    for step in key.split("."):
        if not isinstance(tree, dict) or step not in tree:
            raise CacheError(f"{file}: no {key}; it comes from another version. Run: dvc repro check")
        tree = tree[step]
    return tree
