"""headline.json: the dozen figures of a task that dvc shows and compares, rounded to what their intervals mean."""

import math

from decant.keys import bounds
from decant.shipping import RIVAL, shipped

# the measures of a task, the one that it is judged by first
SINGLE = ("macro_f1", "accuracy")  # one answer excludes the others
SEVERAL = ("micro_auc", "macro_auc", "macro_f1")  # any may hold
MOST = 3  # decimals: another processor moves the fourth
RESULTS = {"holds": "gates_hold", "open": "gates_open", "fails": "gates_fail"}


def measures(multilabel: bool) -> tuple[str, ...]:
    return SEVERAL if multilabel else SINGLE


def headline(test: dict, paired: dict, gate: dict, size: int, multilabel: bool, caps: list[str]) -> dict:
    """Figure -> value, flat.

    test, paired, gate: of their metrics files. size: bytes of what ships. multilabel: any class may hold. caps: keys of the classes whose
    false positives have a cap. A figure that test.json does not have (the AUC of a class without positives) is left out.
    """
    ours = shipped(test)
    entry, gap = test[ours], f"minus_{RIVAL[ours]}"
    n = entry["n"]
    results = [one["result"] for one in gate["gates"].values()]
    figures = (
        {"verdict": gate["verdict"]} | {name: results.count(result) for result, name in RESULTS.items()} | {"n": n}
    )
    wanted = measures(multilabel)
    for name in wanted:
        figures |= with_interval(name, entry, name, n)
    figures |= with_interval(gap, paired[gap], wanted[0], n)
    for key in caps:
        figures |= with_interval(f"{key}_fpr", entry["classes"][key], "fpr", n)
    return figures | {"bytes": size}


def with_interval(name: str, entry: dict, key: str, n: int) -> dict[str, float]:
    """`entry[key]` and its bounds under `name`, all with the decimals that the interval leaves; {} where there is none."""
    if key not in entry:
        return {}
    low, high = (entry.get(end) for end in bounds(key))
    digits = decimals(low, high, n)
    given = dict(zip((name, *bounds(name)), (entry[key], low, high), strict=True))
    return {label: round(value, digits) + 0.0 for label, value in given.items() if value is not None}


def decimals(low: float | None, high: float | None, n: int) -> int:
    """Decimals of a share: the last one is worth a tenth of the interval's half-width, or just over; 1 to MOST.

    0.877 to 0.934 has a half-width of 0.029, a tenth is 0.0029, so the last decimal is the one worth 0.01: two. A figure
    that moves by 0.0002, as from one processor to another, then changes in one rerun of fifty. Without an interval, or
    where it has no width (nothing wrong in n rows), the half-width is that of a share of one half, about 1 / sqrt(n).
    """
    half = (high - low) / 2 if low is not None and high is not None else 0.0
    half = half if half > 0 else 1 / math.sqrt(n)
    return min(MOST, max(1, math.floor(1 - math.log10(half))))
