"""The gates of two revisions side by side: gate.json in the layout of now, or in the one before it."""

from typing import NamedTuple

from decant.errors import RevisionError
from decant.keys import HEADLINE
from decant.review import figures
from decant.review.figures import Figure
from decant.review.revision import Revision, ordered
from decant.shipping import RIVAL
from decant.verdict.gates import FAILS, HOLDS


class Gate(NamedTuple):
    metric: str | None  # metrics file; None where an old layout does not say it
    key: str | None
    minus: str | None
    value: float | None  # none where there was nothing yet to compare with
    low: float | None
    high: float | None
    bound: float
    side: str | None  # min or max
    result: str  # holds, fails or open


def read(revision: Revision, path: str, settings: dict) -> tuple[str | None, dict[str, Gate]]:
    """The verdict (None: there is none) and name -> gate. settings: gates of checked/<task>.json, name -> its keys.

    Raises RevisionError: an entry of neither layout.
    """
    content = revision.json(path)
    entries = content.get("gates") or {name: entry for name, entry in content.items() if isinstance(entry, dict)}
    gates = {}
    for name, entry in entries.items():
        try:
            gates[name] = gate(entry, settings.get(name) or {})
        except KeyError as missing:
            raise RevisionError(
                f"{path} at {revision.title}: gate {name!r} has no {missing.args[0]!r}. Run its stage again: dvc repro"
            ) from None
    return content.get("verdict"), gates


def gate(entry: dict, settings: dict) -> Gate:
    """One entry of gate.json; what an old layout leaves out is taken from the settings."""
    side = entry.get("side") or next((side for side in ("min", "max") if settings.get(side) is not None), None)
    return Gate(
        metric=entry.get("metric", settings.get("metric")),
        key=settings.get("key", entry.get("key")),  # of the settings first: with `minus` an entry may name both
        minus=settings.get("minus", entry.get("minus")),
        value=entry.get("value") if "note" in entry else entry["value"],
        low=entry.get("low"),
        high=entry.get("high"),
        bound=entry["bound"],
        side=side,
        result=entry["result"] if "result" in entry else HOLDS if entry["pass"] else FAILS,
    )


def settings_of(checked: dict) -> dict[str, dict]:
    """Name -> keys of each gate, of the sections of checked/<task>.json."""
    return ordered(checked.get("gates"))


def terms(gate: Gate, keys: list[str], names: list[str]) -> list[tuple[int, str, Figure]] | None:
    """What a gate is about, as sign, contestant and figure; None: not something that answers alone give."""
    if gate.metric not in ("test", "paired") or gate.key is None:
        return None
    asked = [gate.key, gate.minus]
    if gate.metric == "paired":  # minus_linear.macro_f1: what the shipped model has over linear
        other, _, rest = gate.key.removeprefix("minus_").partition(".")
        asked = [f"{figures.OURS}.{rest}", f"{other}.{rest}"]
    found = [figures.term(key, keys, names) for key in asked if key]
    return None if None in found else [(sign, *part) for sign, part in zip((1, -1), found, strict=False)]


def measure(gates: dict[str, Gate]) -> str:
    """The figure that a task is judged by: of the shipped model's, the first that a gate asks, or else macro F1."""
    asked = (
        gate.key.partition(".") for gate in gates.values() if gate.key and gate.metric == "test" and not gate.minus
    )
    return next((key for contestant, _, key in asked if contestant in RIVAL and key in HEADLINE), "macro_f1")
