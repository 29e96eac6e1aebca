"""Reading params.yaml: defaults merged with the task's block, every key checked, errors by the key's full name.

The check stage writes what it finds to checked/ (`decant.settings.check`); later stages read their sections there
(`decant.checked`), so that a stage depends on its own sections alone.
"""

import copy
import difflib
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decant.errors import ParamsError
from decant.files import KEY, slug
from decant.settings import gate_keys
from decant.settings.schema import Params, Task

FILE = Path("params.yaml")
RESERVED = ("code", "shared")  # checked/code.json and checked/shared.json are of all tasks


class TaskParams:
    """One task's sections (`p.teacher`), and the settings that all tasks share (`p.threads`, `p.seeds`, ...)."""

    def __init__(self, name: str, shared: Params, task: Task):
        self.task = name
        self._shared = shared
        self._task = task

    def __getattr__(self, key: str):
        if key in Task.model_fields:
            return getattr(self._task, key)
        if key in Params.model_fields:
            return getattr(self._shared, key)
        raise AttributeError(key)


def read(task: str, file: Path = FILE) -> TaskParams:
    """Read and check `file`, and return the settings of one task.

    Every task block of the file is checked, not only the one asked for.

    Raises ParamsError: file missing or not YAML, unknown or missing key, wrong type, contradictory values.
    """
    shared, tasks = read_all(file)
    if task not in tasks:
        raise ParamsError(f"{file}: no task block named {task!r}; blocks are {', '.join(tasks)}")
    return TaskParams(task, shared, tasks[task])


def read_all(file: Path = FILE) -> tuple[Params, dict[str, Task]]:
    """What all tasks share, and each task block over the defaults, also those that `tasks` does not name.

    Raises ParamsError, as `read`.
    """
    tree = _parse(file)
    defaults = tree.pop("defaults", None)
    if not isinstance(defaults, dict):
        raise ParamsError(f"{file}: defaults: missing; it holds the sections that tasks share")
    blocks = {key: tree.pop(key) for key in list(tree) if key not in Params.model_fields}
    shared = _check(Params, tree, lambda location: ".".join(location), file)
    for name in blocks:
        if not KEY.fullmatch(name) or name in RESERVED:
            raise ParamsError(
                f"{file}: {name}: no name for a task: it has letters, digits, - and _, and is none of {', '.join(RESERVED)}, "
                "for checked/ has a file of each"
            )
    tasks = {name: _merged(name, block, defaults, file) for name, block in blocks.items()}
    for name in shared.tasks:
        if name not in tasks:
            raise ParamsError(f"{file}: tasks: no block named {name!r}; blocks are {', '.join(tasks)}")
    keys: dict[str, str] = {}
    for name in shared.encoders:
        if name not in shared.catalogue:
            raise ParamsError(f"{file}: encoders: {name!r} is not in the catalogue: {', '.join(shared.catalogue)}")
        if not KEY.fullmatch(name):
            raise ParamsError(
                f"{file}: encoders: {name!r} cannot be a key of the metrics; use letters, digits, - and _ in the catalogue"
            )
        if keys.setdefault(slug(name), name) != name:
            raise ParamsError(
                f"{file}: encoders: {keys[slug(name)]!r} and {name!r} are both {slug(name)!r} in the metrics"
            )
    for name, transfer in shared.transfers.items():
        for key, value, known in (
            ("task", name, shared.tasks),
            ("first", transfer.first, shared.tasks),
            ("encoder", transfer.encoder, shared.encoders),
            ("seed", transfer.seed, shared.seeds),
        ):
            if value not in known:
                raise ParamsError(
                    f"{file}: transfers.{name}: {key} {value!r} is not among {key.replace('first', 'task')}s: "
                    f"{', '.join(map(str, known))}; there would be no such teacher"
                )
        if transfer.first in shared.transfers:  # a third task's rows, which nobody would compare with this task's
            raise ParamsError(
                f"{file}: transfers.{name}.first: the encoder of {transfer.first} comes from another teacher itself; "
                "one first stage at most"
            )
    for name, settings in tasks.items():
        readers = {"baseline.probe_encoder": settings.baseline.probe_encoder, "distil.encoder": settings.distil.encoder}
        for key, encoder in readers.items():
            if encoder not in shared.encoders:  # only those are fetched
                raise ParamsError(
                    f"{file}: {name}.{key}: {encoder!r} is not among encoders: {', '.join(shared.encoders)}"
                )
    wrong = [line for name, settings in tasks.items() for line in _gates(name, blocks[name], settings, shared)]
    if wrong:
        raise ParamsError("\n".join(f"{file}: {line}" for line in wrong))
    return shared, tasks


def _gates(name: str, block: dict, settings: Task, shared: Params) -> list[str]:
    """A line per key of a gate that no metrics file of the task can hold."""
    lines, trees = [], gate_keys.trees(settings, shared.encoders, shared.seeds)
    for gate, entry in settings.gates.items():
        for part, key in (("key", entry.key), ("minus", entry.minus)):
            wrong = None if key is None else gate_keys.of_another(entry, key, settings.ship)
            wrong = wrong or (None if key is None else gate_keys.of_gate(entry, key, trees[entry.metric]))
            if wrong:
                own = part in (block.get("gates", {}).get(gate) or {})
                lines.append(
                    f"{name if own else 'defaults'}.gates.{gate}.{part}: {'' if own else f'of {name}: '}{wrong}"
                )
    return lines


def tasks(file: Path = FILE) -> list[str]:
    """The tasks that `dvc repro` builds."""
    return read_all(file)[0].tasks


def _parse(file: Path) -> dict:
    try:
        # ruamel reads YAML 1.2, as dvc does: PyYAML would read 1e-3 as a string and "on" as true.
        tree = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{file}: missing. Run from the repository's root") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{file}: not UTF-8 at byte {error.start}") from None
    except (YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise ParamsError(f"{file}: not YAML: {error}") from None
    if not isinstance(tree, dict):
        raise ParamsError(f"{file}: found {type(tree).__name__}, expected a mapping of sections")
    return tree


def _merged(name: str, block: object, defaults: dict, file: Path) -> Task:
    """One task's block over the defaults, checked; each error names the block that holds the bad value."""
    if not isinstance(block, dict):
        raise ParamsError(f"{file}: {name}: found {block!r}, expected a task's block of sections")

    def full_name(location: tuple[str, ...]) -> str:
        node = block
        for step in location:
            if isinstance(node, list):  # the block's own list, whatever is wrong with an item of it
                break
            if not isinstance(node, dict) or step not in node:
                inherited = location[0] in defaults
                return ".".join(("defaults" if inherited else name, *location))
            node = node[step]
        # a section that contradicts itself, and has nothing of the block's own
        if len(location) == 1 and node == {} and location[0] in defaults:
            return f"defaults.{location[0]}"
        return ".".join((name, *location))

    return _check(Task, merge(defaults, block), full_name, file)


def merge(base: dict, over: dict) -> dict:
    """`over` on top of `base`, mappings merged key by key, everything else replaced; null removes an inherited key."""
    merged = copy.deepcopy(base)
    for key, value in over.items():
        if value is None and isinstance(merged.get(key), dict):
            del merged[key]
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _check(model: type, tree: dict, full_name, file: Path):
    try:
        return model.model_validate(tree)
    except ValidationError as failure:
        lines = [_explain(error, model, full_name) for error in failure.errors()]
        raise ParamsError("\n".join(f"{file}: {line}" for line in lines)) from None


def _explain(error: dict, model: type, full_name) -> str:
    location = tuple(str(step) for step in error["loc"] if step != "[key]")
    name = full_name(location) if location else full_name(())
    if error["type"] == "extra_forbidden":
        allowed = _keys(model, location[:-1])
        close = difflib.get_close_matches(location[-1], allowed, 1)
        return f"{name}: unknown key; allowed here: {', '.join(allowed)}" + (
            f"; did you mean {close[0]!r}?" if close else ""
        )
    if error["type"] == "missing":
        return f"{name}: missing key"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{name}: {message}"
    return f"{name}: found {error['input']!r}; {message[0].lower()}{message[1:]}"


def _keys(model: type, location: tuple[str, ...]) -> list[str]:
    """The keys that a section allows: walk the model's annotations along the location."""
    for step in location:
        field = model.model_fields.get(step) if hasattr(model, "model_fields") else None
        annotation = field.annotation if field else model
        arguments = [kind for kind in getattr(annotation, "__args__", ()) if hasattr(kind, "model_fields")]
        model = arguments[0] if arguments else annotation
    return list(getattr(model, "model_fields", {}))
