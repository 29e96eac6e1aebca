"""Reading params.yaml: defaults merged with the task's block, every key checked, errors by the key's full name.

The check stage writes what it finds to checked/ (`decant.settings.check`); later stages read their sections there
(`decant.checked`), so that a stage depends on its own sections alone.
"""

import copy
import difflib
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from decant.errors import ParamsError
from decant.settings import across, gate_keys, written
from decant.settings.schema import Params, Task

FILE = Path("params.yaml")
RESERVED = across.RESERVED  # what no task may be called
VALUES = ("ship", "teachers")  # keys of a task that are no sections
LONGEST = 200  # characters of a wrong value in its error
Way = tuple[str, ...]  # the keys, from the top of the file, that lead to a value


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
    read = written.read(file)
    tree = read.tree
    defaults = tree.pop("defaults", None)
    if not isinstance(defaults, dict):
        raise ParamsError(f"{file}: defaults: missing; it holds the sections that tasks share")
    for name, section in defaults.items():
        if not isinstance(section, dict) and name not in VALUES:  # which a block would replace without a word
            raise ParamsError(f"{file}: defaults.{name}: found {_shown(section)}, expected a section with keys")
    blocks = {key: tree.pop(key) for key in list(tree) if key not in Params.model_fields}
    if misnamed := across.misnamed(blocks):
        raise ParamsError(f"{file}: {misnamed}")
    shared = _check(Params, tree, lambda location: location, read, file)
    tasks = {name: _merged(name, block, defaults, read, file) for name, block in blocks.items()}
    tasks = {name: across.with_teachers(task, shared) for name, task in tasks.items()}
    if contradiction := across.contradiction(shared, tasks):
        raise ParamsError(f"{file}: {contradiction}")
    wrong = [line for name, settings in tasks.items() for line in _gates(name, blocks[name], settings, shared)]
    if wrong:
        raise ParamsError("\n".join(f"{file}: {line}" for line in wrong))
    return shared, tasks


def _gates(name: str, block: dict, settings: Task, shared: Params) -> list[str]:
    """A line per key of a gate that no metrics file of the task can hold."""
    lines, trees = [], gate_keys.trees(settings, settings.teachers, shared.seeds)
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


def _merged(name: str, block: object, defaults: dict, read: written.Written, file: Path) -> Task:
    """One task's block over the defaults, checked; each error names the block that holds the bad value."""
    if not isinstance(block, dict):
        raise ParamsError(f"{file}: {name}: found {_shown(block)}, expected a task's block of sections")

    def full_way(location: Way) -> Way:
        node = block
        for step in location:
            if isinstance(node, list):  # the block's own list, whatever is wrong with an item of it
                break
            if not isinstance(node, dict) or step not in node:
                inherited = location[0] in defaults
                return ("defaults" if inherited else name, *location)
            node = node[step]
        # a section that contradicts itself, and has nothing of the block's own
        if len(location) == 1 and node == {} and location[0] in defaults:
            return ("defaults", location[0])
        return (name, *location)

    return _check(Task, merge(defaults, block), full_way, read, file)


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


def _check(model: type, tree: dict, full_way: Callable[[Way], Way], read: written.Written, file: Path):
    """full_way: from where the model has a value to where the file has it."""
    try:
        return model.model_validate(tree)
    except ValidationError as failure:
        errors = [(full_way(_location(error)), error) for error in failure.errors()]
    lines, told = [], read.unquoted([way for way, error in errors if error["type"] == "string_type"])
    for way, error in errors:
        if way not in told:
            lines.append(_explain(error, model, ".".join(way)))
        elif told[way]:  # else the line is told already
            lines.append(f"{'.'.join(way)}: found {_shown(error['input'])}; {told[way]}")
    raise ParamsError("\n".join(f"{file}: {line}" for line in dict.fromkeys(lines)))


def _location(error: dict) -> Way:
    return tuple(str(step) for step in error["loc"] if step != "[key]")


def _explain(error: dict, model: type, name: str) -> str:
    location = _location(error)
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
    return f"{name}: found {_shown(error['input'])}; {message[0].lower()}{message[1:]}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _keys(model: type, location: tuple[str, ...]) -> list[str]:
    """The keys that a section allows: walk the model's annotations along the location."""
    for step in location:
        field = model.model_fields.get(step) if hasattr(model, "model_fields") else None
        annotation = field.annotation if field else model
        arguments = [kind for kind in getattr(annotation, "__args__", ()) if hasattr(kind, "model_fields")]
        model = arguments[0] if arguments else annotation
    return list(getattr(model, "model_fields", {}))
