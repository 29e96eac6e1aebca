"""Plain changes from one revision to another: params, every figure of the metrics files, and the benchmark."""

from typing import NamedTuple

from decant import paths
from decant.keys import bounds
from decant.review.markdown import code
from decant.review.revision import Revision
from decant.settings.params import merge
from decant.settings.schema import Params

ABSENT = object()  # of a key that one side lacks; null is a value
DECIMALS = 4  # that figures are compared to: older metrics files hold no more
SAME_MACHINE = ("processor", "instructions", "threads", "clock")
TIMED = ("bundle_bytes", "int8_ms_p50", "int8_ms_p95", "fp32_ms_p50", "fp32_ms_p95", "int8_to_fp32", "texts_per_second",
         "cold_start_s", "peak_memory_mb")  # fmt: skip
SHOWN = ("benchmark", "gate", "headline")  # files that a table shows, or that repeat others

Change = tuple[str, object, object]


class Bounded(NamedTuple):
    """A figure and its interval."""

    value: object
    low: object
    high: object


def flat(tree: dict, before: str = "") -> dict[str, object]:
    """Dotted key -> value that is no mapping; an empty mapping is a value too."""
    result = {}
    for key, value in tree.items():
        name = f"{before}{key}"
        result |= flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return result


def between(old: dict[str, object], new: dict[str, object]) -> list[Change]:
    """Key, value before and value now of each key whose values differ; ABSENT where a side has none."""
    return [
        (key, old.get(key, ABSENT), new.get(key, ABSENT))
        for key in dict.fromkeys([*old, *new])
        if not alike(old.get(key, ABSENT), new.get(key, ABSENT))
    ]


def alike(old: object, new: object) -> bool:
    """Numbers are compared to DECIMALS; true is not 1."""
    if isinstance(old, Bounded) and isinstance(new, Bounded):
        return all(map(alike, old, new))
    if isinstance(old, float) or isinstance(new, float):
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new))
        return numbers and round(float(old), DECIMALS) == round(float(new), DECIMALS)
    return type(old) is type(new) and old == new


def params(base: Revision, head: Revision) -> list[tuple[list[str], Change]]:
    """What changed in params.yaml: tasks that a change is of (none: shared by all), and the change.

    A task's block is merged over the defaults, so that a default that no task takes is no change of any.
    """
    trees = [side.yaml("params.yaml") for side in (base, head)]
    shared = [{key: value for key, value in tree.items() if key in Params.model_fields} for tree in trees]
    found: list[tuple[list[str], Change]] = [([], change) for change in between(*map(as_written, shared))]
    for task in dict.fromkeys(key for tree in reversed(trees) for key in tree):
        if task == "defaults" or task in Params.model_fields:
            continue
        if not all(task in tree for tree in trees):
            found.append(([task], (task, *("a block" if task in tree else ABSENT for tree in trees))))
            continue
        merged = [merge(tree.get("defaults") or {}, tree[task] or {}) for tree in trees]
        for change in between(*map(as_written, merged)):
            same = next((names for names, known in found if names and known == change), None)
            if same is None:
                found.append(([task], change))
            else:
                same.append(task)
    return found


def as_written(tree: dict) -> dict[str, object]:
    """As `flat`, with numbers as they are written: 1e-5 and 2e-5 differ, 9.0e+6 and 9000000 do not."""
    return {key: written(value) for key, value in flat(tree).items()}


def written(value: object) -> object:
    """A float as an integer where it is one, or else as text."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else repr(value)


def metrics(base: Revision, head: Revision, task: str) -> list[Change]:
    """Every figure of metrics/<task>/*.json that changed, named file.key, without those of SHOWN."""
    return between(figures(base, task), figures(head, task))


def figures(revision: Revision, task: str) -> dict[str, object]:
    """File.key -> value, with its interval where it has one. Classes stand under their contestant without the step `classes`,
    as in the layout before."""
    folder, result = paths.metrics(task, "test").parent.as_posix(), {}
    for path in revision.files(folder):
        name = path.removeprefix(f"{folder}/").removesuffix(".json")
        if path.endswith(".json") and "/" not in name and name not in SHOWN:
            result |= flat({name: without_step(revision.json(path))})
    for key in [key for key in result if all(end in result for end in bounds(key))]:
        result[key] = Bounded(result[key], *(result.pop(end) for end in bounds(key)))
    return result


def without_step(tree: dict) -> dict:
    """A tree whose mappings of mappings named `classes` are lifted one level."""
    result = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            inner = without_step(value)
            lifted = key == "classes" and value and all(isinstance(item, dict) for item in value.values())
            result |= inner if lifted else {key: inner}
        else:
            result[key] = value
    return result


def benchmark(base: Revision, head: Revision, task: str) -> tuple[list[Change], str]:
    """Size and speed before and now, and as Markdown why they are not compared (empty where they are)."""
    old, new = (revision.json(paths.metrics(task, "benchmark").as_posix()) for revision in (base, head))
    if not old or not new:
        where = " and ".join(code(side.title) for side, found in ((base, old), (head, new)) if not found)
        return [], f"not compared, for {where} has no benchmark.json"
    if old == new:
        return [], "not measured again"
    old, new = ({"clock": "wall"} | side for side in (old, new))  # older files name none
    others = [key for key in SAME_MACHINE if old.get(key) != new.get(key)]
    if others:
        listed = ", ".join(f"{key} {code(old.get(key))} and {code(new.get(key))}" for key in others)
        where = "by two clocks" if others == ["clock"] else "on two machines"
        return [], f"not compared, for they were measured {where}: {listed}"
    return [(key, old.get(key, ABSENT), new.get(key, ABSENT)) for key in TIMED if key in old or key in new], ""
