"""Judging gates: a figure, its interval and a bound in; holds, open or fails out.

The gate stage, `python -m decant verdict` and `promote` call the same function, so that a verdict that was written can be
compared with the one that the figures give.
"""

import math
from collections.abc import Iterable, Mapping

from decant.errors import ParamsError
from decant.keys import bounds, class_keys
from decant.settings.gates import Gate, Gates
from decant.shipping import shipped

GREEN, AMBER, RED = "green", "amber", "red"
HOLDS, OPEN, FAILS = "holds", "open", "fails"
CHAMPION = "minus_champion"  # in paired.json once a bundle has been released
# .85 - .845 is .0050000000000000044: what meets its bound exactly must not miss it by the last bit of a subtraction
LAST_BIT = 1e-12


def files(gates: Gates, caps: Iterable[str]) -> list[str]:
    """The metrics files that a task's gates read, and thresholds where a class has a cap."""
    return sorted({gate.metric for gate in gates.values()} | ({"thresholds"} if list(caps) else set()))


def judge(task: str, gates: Gates, caps: Mapping[str, float], metrics: dict[str, dict]) -> dict[str, dict]:
    """Gate -> what it asks, the figure, its interval and the result, in the order of params; then one per capped class.

    caps: class -> cap; that a threshold holds it need not be asked for. metrics: of `files` and test, name -> content.

    Raises ParamsError: no gate at all, or one on a figure that its file does not have.
    """
    if not gates:
        raise ParamsError(f"params.yaml: {task}.gates: none; a release that nothing is asked of would always be green")
    results = {name: of(gate, metrics[gate.metric], f"{task}.gates.{name}") for name, gate in gates.items()}
    keys, ours = class_keys(list(caps)), shipped(metrics["test"])
    for label, key in keys.items():
        held = Gate(metric="thresholds", key=f"{ours}.classes.{key}.feasible", min=1, by="value")
        results[f"cap_of_{key}"] = of(held, metrics["thresholds"], f"{task}.thresholds.caps.{label}")
    return results


def verdict(results: dict[str, dict]) -> str:
    """green: all hold; red: one fails; amber: none fails, and some are open."""
    found = {entry["result"] for entry in results.values()}
    return RED if FAILS in found else AMBER if OPEN in found else GREEN


def of(gate: Gate, metrics: dict, name: str) -> dict:
    """One gate's result. metrics: content of its file. name: where params have it, for errors."""
    side, bound = ("max", gate.max) if gate.max is not None else ("min", gate.min)
    asked = {"metric": gate.metric, "key": gate.key} | ({"minus": gate.minus} if gate.minus else {})
    asked |= {"side": side, "bound": bound, "by": gate.by}
    if gate.key.startswith(f"{CHAMPION}.") and CHAMPION not in metrics:
        return asked | {"result": HOLDS, "note": "nothing has been released yet"}
    value = lookup(metrics, gate, gate.key, name)
    if gate.minus:
        value -= lookup(metrics, gate, gate.minus, name)
    ends = interval(metrics, gate.key) if not gate.minus else None
    entry = asked | {"value": value} | (dict(zip(("low", "high"), ends, strict=True)) if ends else {})
    if not right(value, side, bound):
        return entry | {"result": FAILS}
    worst = ends[side == "max"] if ends and gate.by == "interval" else value
    if right(worst, side, bound):
        return entry | {"result": HOLDS}
    return entry | {"result": OPEN} | more(metrics, gate.key, abs(worst - value), abs(bound - value))


def right(value: float, side: str, bound: float) -> bool:
    return value <= bound + LAST_BIT if side == "max" else value >= bound - LAST_BIT


def more(metrics: dict, key: str, width: float, room: float) -> dict[str, int]:
    """more_rows: about how many more would make an interval fit, since it narrows with the root of their number.

    width: of the interval towards the bound, on the rows that there are. room: from the figure to the bound; none, and no
    number of rows would do.
    """
    n = rows(metrics, key)
    if n is None or room <= LAST_BIT:
        return {}
    needed = n * (width / room) ** 2 - n
    if needed < 10:
        return {"more_rows": max(1, math.ceil(needed))}
    return {"more_rows": int(round(needed, 1 - len(str(int(needed)))))}  # one digit: it is an estimate


def rows(metrics: dict, key: str) -> int | None:
    """The n that stands nearest to a figure: beside it, or beside the section that it is in."""
    node, n = metrics, None
    for step in key.split("."):
        n = node["n"] if isinstance(node.get("n"), int) else n
        node = node[step]
        if not isinstance(node, dict):
            break
    return n


def interval(metrics: dict, key: str) -> tuple[float, float] | None:
    """The ends of a figure's interval; None if it has none."""
    *way, last = key.split(".")
    node = metrics
    for step in way:
        node = node[step]
    low, high = bounds(last)
    return (node[low], node[high]) if low in node and high in node else None


def lookup(metrics: dict, gate: Gate, key: str, name: str) -> float:
    """A nested value by its dotted key. A gate about a figure that does not exist must not pass, nor fail, by chance."""
    node = metrics
    for step in key.split("."):
        if not isinstance(node, dict) or step not in node:
            known = ", ".join(node) if isinstance(node, dict) else repr(node)
            raise ParamsError(f"params.yaml: {name}: {gate.metric}.json has no {key!r}; at {step!r} it has: {known}")
        node = node[step]
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise ParamsError(f"params.yaml: {name}: {key!r} in {gate.metric}.json is {node!r}, not a number")
    return node
