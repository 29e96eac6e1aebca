"""What one cross-fitted run is: a task's settings with an overlay, the folds, and the key that names the run.

The key stands for all that the figures hang on: the sections that the road reads, the code of its stages, the raw files.
So no run goes on with the folds of another, and one that is finished is known again.
"""

import difflib
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from decant import code, paths
from decant.crossfit import road
from decant.errors import DataError, ParamsError
from decant.runs.checkpoints import WORK
from decant.runs.declared import digest_of
from decant.settings import params, written
from decant.settings.schema import Params, Task

FOLDER = WORK / "crossfit"
BASE = ("-", "base")  # in place of an overlay: params.yaml as it is
SHARED = [
    name for name in Params.model_fields if name != "tasks"
]  # of the keys of all tasks those an overlay may change
# a fold is never released, and its gates would ask for contestants that an overlay may have taken out
GATES = {"leakage": {"metric": "split", "key": "leakage_any", "max": 0}}


@dataclass(frozen=True)
class Plan:
    task: str
    name: str  # of the overlay, as it was given
    folds: int
    rows: str  # development or all
    tree: dict  # params.yaml of a fold, without the fold
    settings: Task
    shared: Params
    digests: dict[str, str]  # stage of the road -> digest of its code
    key: str  # 16 hex digits

    @property
    def folder(self) -> Path:
        return FOLDER / self.task / self.key

    def fold(self, number: int) -> Path:
        """The folder of a fold's project."""
        return self.folder / f"fold-{number}"

    @property
    def tasks(self) -> list[str]:
        """The task, and the one whose teacher its encoder comes from."""
        return self.tree["tasks"]

    def write_params(self, file: Path, fold: int | None = None) -> None:
        """params.yaml of a fold; without one, of the whole run."""
        tree = self.tree
        if fold is not None:
            entry = {"of": self.folds, "number": fold, "rows": self.rows}
            tree = tree | {self.task: params.merge(tree[self.task], {"split": {"fold": entry}})}
        dump(tree, file)


def plan(task: str, overlay: str, folds: int, rows: str) -> Plan:
    """overlay: a YAML file of sections that are merged over the task's, or one of BASE.

    Raises ParamsError: params.yaml or the overlay is not valid, or one of them sets split.fold. DataError: the raw files are
    not here.
    """
    own = params.read(task)  # params.yaml is valid by itself
    if own.split.fold:
        raise ParamsError(f"{params.FILE}: {task}.split.fold: a cross-fitted road sets it for each fold; take it out")
    base = written.read(params.FILE).tree
    tree = merged(task, base, over(overlay))
    shared, settings = validated(tree, params.FILE if overlay in BASE else Path(overlay))
    names = [stage for stage in road.stages() if stage != "check"]  # which reads every section
    digests = code.digests(names, Path.cwd())
    read = road.sections()
    inputs = {
        "folds": folds,
        "rows": rows,
        "code": digests,
        "shared": in_use(shared),
        "tasks": {name: on_the_road(each, read) for name, each in settings.items()},
        "raw": {name: raw(name, each) for name, each in settings.items()},
        "frozen": digest_of(paths.frozen(task).parent),
    }
    key = hashlib.sha256(json.dumps(inputs, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
    return Plan(task, overlay, folds, rows, tree, settings[task], shared, digests, key)


def over(overlay: str) -> dict:
    """What an overlay says; of BASE nothing. Raises ParamsError: see `read_overlay`."""
    return {} if overlay in BASE else read_overlay(Path(overlay))


def read_overlay(file: Path) -> dict:
    """Raises ParamsError: missing, no YAML, or a key at its top that no overlay can have."""
    tree = written.read(file).tree
    allowed = [*Task.model_fields, *SHARED]
    for name, section in tree.items():
        if name not in allowed:
            close = difflib.get_close_matches(name, allowed, 1)
            raise ParamsError(
                f"{file}: {name}: unknown key; an overlay has sections of a task at its top, or what all tasks share: "
                f"{', '.join(allowed)}" + (f"; did you mean {close[0]!r}?" if close else "")
            )
        if name == "split" and isinstance(section, dict) and section.get("fold"):
            raise ParamsError(f"{file}: split.fold: a cross-fitted road sets it for each fold; take it out")
    return tree


def merged(task: str, base: dict, over: dict) -> dict:
    """A params.yaml of the task alone, and of the one whose teacher its encoder comes from, with the overlay in it."""
    shared = params.merge(
        {name: base[name] for name in SHARED if name in base},
        {name: value for name, value in over.items() if name in SHARED},
    )
    transfer = shared.get("transfers", {}).get(task)
    shared["transfers"] = {task: transfer} if transfer else {}
    tasks = [task, *([transfer["first"]] if transfer else [])]
    gates = dict.fromkeys(base["defaults"].get("gates", {})) | GATES
    blocks = {name: {**base[name], "gates": gates} for name in tasks}
    blocks[task] = params.merge(blocks[task], {name: value for name, value in over.items() if name not in SHARED})
    own = [params.merge(base["defaults"], block).get("teachers") for block in blocks.values()]
    if all(own) and "encoders" not in over:  # params.yaml may name more, for its other tasks
        shared["encoders"] = list(dict.fromkeys(encoder for encoders in own for encoder in encoders))
    return {"tasks": tasks, **shared, "defaults": base["defaults"], **blocks}


def validated(tree: dict, named: Path) -> tuple[Params, dict[str, Task]]:
    """Raises ParamsError: as `decant.settings.params`, in the name of the file that the user wrote."""
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / params.FILE
        dump(tree, file)
        try:
            return params.read_all(file)
        except ParamsError as error:
            raise ParamsError(str(error).replace(str(file), str(named))) from None


def on_the_road(settings: Task, read: set[str]) -> dict:
    """The sections of a task that its road reads."""
    return {name: section for name, section in settings.model_dump(mode="json").items() if name in read}


def in_use(shared: Params) -> dict:
    """What all tasks share and the road reads; of the catalogue, the encoders that are used."""
    plain = shared.model_dump(mode="json", exclude={"tasks"})
    return plain | {"catalogue": {name: plain["catalogue"][name] for name in shared.encoders}}


def raw(task: str, settings: Task) -> str:
    """A digest of the raw files; of a generated task its settings and code say all. Raises DataError: no such folder."""
    folder = paths.raw(task)
    if settings.generator:
        return ""
    if not folder.is_dir():
        raise DataError(f"{folder}: missing. Run: python -m decant check, which says how to get it")
    return digest_of(folder)


def dump(tree: dict, file: Path) -> None:
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # the order of heads is that of the logits
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(tree, stream)
