"""What params.yaml may not say of its tasks and encoders together: names that get in each other's way, and references to
what is not there."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from decant.files import slug
from decant.settings.names import LONGEST, fault
from decant.settings.schema import Params, Task

# folders and files of all tasks, beside which a task has its own: checked/code.json, checked/shared.json, data/raw, models/hub
RESERVED = ("code", "shared", "raw", "hub")
GENERATED = "demo"  # the task whose rows the demo stage writes


def misnamed(names: Iterable[str]) -> str | None:
    """Why one of the blocks has no name for a task; None if all have. names: of the blocks, all of them texts."""
    seen: dict[str, str] = {}
    for name in names:
        if wrong := fault(name):
            return f"{name[:LONGEST]}: no name for a task: {wrong}"
        if name.casefold() in RESERVED:
            return f"{name}: no name for a task, for all tasks share files of that name ({', '.join(RESERVED)}); take another"
        if (other := seen.setdefault(name.casefold(), name)) != name:
            return f"{other} and {name}: one name but for its case, so that some file systems give both one folder"
    return None


def with_teachers(task: Task, shared: Params) -> Task:
    """The task with its teachers by name, where it has left them open."""
    return task if task.teachers else task.model_copy(update={"teachers": list(shared.encoders)})


def contradiction(shared: Params, tasks: Mapping[str, Task]) -> str | None:
    """The first thing that cannot be; None if there is none. tasks: all blocks, also those that are not built."""
    checks = (
        _encoders(shared),
        _built(shared, tasks),
        _taught(shared, tasks),
        _transfers(shared, tasks),
        _references(shared, tasks),
    )
    return next((line for lines in checks for line in lines), None)


def _encoders(shared: Params) -> Iterator[str]:
    for name in shared.catalogue:
        if wrong := fault(name):
            yield f"catalogue: {wrong}"
    keys: dict[str, str] = {}
    for name in shared.encoders:
        if name not in shared.catalogue:
            yield f"encoders: {name!r} is not in the catalogue: {', '.join(shared.catalogue)}"
        if (other := keys.setdefault(slug(name), name)) != name:
            yield f"encoders: {other!r} and {name!r} are both {slug(name)!r} in the metrics"


def _built(shared: Params, tasks: Mapping[str, Task]) -> Iterator[str]:
    for name in shared.tasks:
        if name not in tasks:
            yield f"tasks: no block named {name!r}; blocks are {', '.join(tasks)}"
        if not tasks[name].gates:
            yield f"{name}.gates: none; a release that nothing is asked of would always be green"
    # dvc joins them: of the task a with the encoder b-c, and of a-b with c, it would have one stage of one name
    stages: dict[str, str] = {}
    for task, encoder in product(shared.tasks, shared.encoders):
        if (other := stages.setdefault(f"{task}-{encoder}", task)) != task:
            yield f"tasks: {other} and {task} with the encoders {', '.join(shared.encoders)} are both {task}-{encoder} in dvc"
    for name, task in tasks.items():
        if task.generator and name != GENERATED:
            yield f"{name}.generator: only {GENERATED} is generated; this task has files of its own. Take the section out"


def _taught(shared: Params, tasks: Mapping[str, Task]) -> Iterator[str]:
    for name, task in tasks.items():
        for encoder in task.teachers:
            if encoder not in shared.catalogue:
                yield f"{name}.teachers: {encoder!r} is not in the catalogue: {', '.join(shared.catalogue)}"
            if name in shared.tasks and encoder not in shared.encoders:
                every = ", ".join([*shared.encoders, encoder])
                yield f"{name}.teachers: {encoder!r} is not among encoders. Write at the top: encoders: [{every}]"
    for encoder in shared.encoders:
        if not any(encoder in tasks[name].teachers for name in shared.tasks):
            yield (
                f"encoders: {encoder!r} teaches none of the tasks {', '.join(shared.tasks)}: each names others in its teachers. "
                "Add it there, or take it out"
            )


def _transfers(shared: Params, tasks: Mapping[str, Task]) -> Iterator[str]:
    for name, transfer in shared.transfers.items():
        pair = [tasks[task].teachers for task in (name, transfer.first) if task in tasks]
        for key, value, known in (
            ("task", name, shared.tasks),
            ("first", transfer.first, shared.tasks),
            (
                "encoder",
                transfer.encoder,
                [encoder for encoder in shared.encoders if all(encoder in own for own in pair)],
            ),
            ("seed", transfer.seed, shared.seeds),
        ):
            if value not in known:
                yield (
                    f"transfers.{name}: {key} {value!r} is not among {key.replace('first', 'task')}s: "
                    f"{', '.join(map(str, known))}; there would be no such teacher"
                )
        if transfer.first in shared.transfers:  # a third task's rows, which nobody would compare with this task's
            yield (
                f"transfers.{name}.first: the encoder of {transfer.first} comes from another teacher itself; one first stage "
                "at most"
            )


def _references(shared: Params, tasks: Mapping[str, Task]) -> Iterator[str]:
    for name, task in tasks.items():
        # only those are fetched
        for key, encoder in (
            ("baseline.probe_encoder", task.baseline.probe_encoder),
            ("distil.encoder", task.distil.encoder),
        ):
            if encoder not in task.teachers:
                yield f"{name}.{key}: {encoder!r} is not among {_named(task, shared)}: {', '.join(task.teachers)}"
    for name in shared.tasks:  # a block that is not built may wait for another encoder
        yield from (f"{name}.{line}" for line in _students(shared, tasks[name]))


def _named(task: Task, shared: Params) -> str:
    """The key that says who teaches a task."""
    return "encoders" if task.teachers == shared.encoders else "its teachers"


def _students(shared: Params, task: Task) -> Iterator[str]:
    """Students that are more than the encoder that they are cut from, where params say how large that is."""
    shape = shared.catalogue[task.distil.encoder].scratch
    if shape is None:
        return
    of_shape = f"the encoder {task.distil.encoder} starts from nothing, with"
    sizes = {"distil": task.distil} | {
        f"capacity.sweep.{place}": size for place, size in enumerate(task.capacity.sweep)
    }
    for key, size in sizes.items():
        if max(size.layers) >= shape.layers:
            yield f"{key}.layers: {max(size.layers)}: {of_shape} layers 0 to {shape.layers - 1}"
        for part, most in (("heads", shape.heads), ("intermediate", shape.intermediate_size)):
            if (getattr(size, part) or 0) > most:
                yield f"{key}.{part}: {getattr(size, part)}: {of_shape} {most}"
