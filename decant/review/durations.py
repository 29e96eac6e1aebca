"""How long each stage took when dvc last ran it here, and with what: metrics/<task>/times.json, read for people.

Nothing that git holds has these figures: they differ from run to run, and the report has the same bytes in each.
"""

from collections.abc import Iterable

from decant import paths
from decant.errors import CacheError
from decant.files import read_json

PARTS = {"start": "start-up", "training": "training", "scoring": "scoring"}  # what of a stage is counted apart


def read(task: str) -> dict[str, dict[str, float]]:
    """Stage -> seconds: `all` together, of them those of PARTS, and `processor`; empty where dvc has run none here.

    Raises CacheError: the file is no JSON.
    """
    file = paths.times(task)
    return read_json(file) if file.exists() else {}


def table(tasks: Iterable[str]) -> str:
    """Lines of text: every stage, the longest first, with the share of its parts; the sum of each task below it.

    Raises CacheError: dvc has run no stage of these tasks here.
    """
    lines = []
    for task in tasks:
        rows = sorted(read(task).items(), key=lambda item: -item[1]["all"])
        if not rows:
            continue
        whole = {key: sum(seconds.get(key, 0) for _, seconds in rows) for key in ("all", "processor", *PARTS)}
        lines += [
            "",
            f"{task:40} {'minutes':>8} {'processor':>10} " + " ".join(f"{word:>9}" for word in PARTS.values()),
        ]
        lines += [line(name, seconds) for name, seconds in [*rows, ("together", whole)]]
    if not lines:
        raise CacheError(
            f"{paths.times('<task>')}: missing: dvc has run no stage here since times are kept. Run: dvc repro"
        )
    return "\n".join(lines[1:])


def line(name: str, seconds: dict[str, float]) -> str:
    shares = " ".join(f"{seconds.get(part, 0) / seconds['all']:9.0%}" for part in PARTS)
    return f"{name:40} {seconds['all'] / 60:8.2f} {seconds['processor'] / 60:10.2f} {shares}"


def took(stages: list[str]) -> str | None:
    """What these stages took here the last time, in words; None where it is not known of any."""
    all_of_them = [read_json(file) for file in sorted(paths.times("*").parent.parent.glob("*/times.json"))]
    known = {name: times[name]["all"] for name in stages for times in all_of_them if name in times}
    if not known:
        return None
    minutes = sum(known.values()) / 60
    of = "" if len(known) == len(stages) else f" ({', '.join(known)})"
    return (
        f"took {minutes:.1f} minutes here the last time{of}"
        if minutes >= 0.1
        else f"took seconds here the last time{of}"
    )
