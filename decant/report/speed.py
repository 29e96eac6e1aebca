"""What benchmark.json says: latency of every contestant, and of the shipped model by length beside its floor.

Files of before know the student in int8 and in fp32 alone, and no lengths; what is not there is left out.
"""

import math

from decant.keys import STUDENT_INT8
from decant.report.facts import Facts
from decant.report.markup import Html, folded, note, number, table, tag
from decant.report.plane import Line, Scale, plane

BEFORE = {STUDENT_INT8: "int8", "student": "fp32"}  # contestant -> prefix of its flat keys, all that older files have
STEPS = (1, 1.5, 2, 3, 5, 7, 10)  # to which a latency is rounded up for a card: the next run mostly says the same
LINES = (  # key of a length, class of its line, name
    ("int8_ms_p50", "curve", "int8, median"),
    ("int8_ms_p95", "curve dashed", "int8, 95 % of times"),
    ("fp32_ms_p50", "curve pale", "fp32, median"),
    ("fp32_ms_p95", "curve pale dashed", "fp32, 95 % of times"),
    ("int8_floor_ms", "curve floor", "int8, floor of this processor"),
)


def latency(facts: Facts, quantile: str) -> dict[str, float]:
    """Contestant -> milliseconds for one text, of those that were timed. quantile: p50 or p95."""
    timed = facts.metrics["benchmark"]
    flat = {name: timed.get(f"{prefix}_ms_{quantile}") for name, prefix in BEFORE.items()}
    found = {name: entry[f"ms_{quantile}"] for name, entry in timed.get("contestants", {}).items()}
    return {name: value for name, value in (flat | found).items() if value is not None}


def rates(facts: Facts) -> dict[str, float]:
    """Contestant -> rows per second in batches."""
    return {name: entry["rows_per_second"] for name, entry in facts.metrics["benchmark"].get("contestants", {}).items()}


def more(entry: dict | None) -> dict:
    """Further cells of a contestant's row; none in files of before."""
    if entry is None:
        return {}
    start, memory = entry.get("cold_start_s"), entry.get("peak_memory_mb")
    return {
        "times int8": f"{entry['to_int8']:.2f}",
        "rows a second, in batches": f"{entry['rows_per_second']:,.0f}",
        "cold start, s": "" if start is None else f"{start:.2f}",
        "peak memory": "" if memory is None else f"{memory:,.0f} MB",
    }


def clock(facts: Facts) -> str:
    """By which clock times were taken, and how busy the machine was."""
    timed = facts.metrics["benchmark"]
    if timed.get("clock") != "thread":
        return ""
    return (
        f"Times are processor time of one thread ({timed['processor']}), which other processes do not lengthen; meanwhile "
        f"the wall clock ran {timed['wall_ratio']:.1f} times as long."
    )


def by_length(facts: Facts) -> list[Html]:
    """Latency over tokens, both precisions, and the floor; nothing where it was not measured."""
    lengths = facts.metrics["benchmark"].get("lengths", {})
    if len(lengths) < 2:
        return []
    places = sorted(map(int, lengths))
    lines = [Line([(tokens, lengths[str(tokens)][key]) for tokens in places], kind, name) for key, kind, name in LINES]
    most = max(value for line in lines for _, value in line.points)
    drawn = plane(
        "Latency by length",
        Scale(0, places[-1] * 1.02),
        Scale(0, most * 1.05),
        ("tokens", "ms"),
        lines=lines,
        ticks=places,
    )
    best = facts.metrics["benchmark"]["floor"]["int8_gmacs"]
    said = (
        f"The floor is the student's multiply-adds at the best rate of one core in a large int8 product, {best:,.0f} billion a "
        "second: no kernel of this runtime answers sooner. What lies above it is attention, norms, and the steps between."
    )
    return [tag("div", drawn, class_="apart"), note(said)]


def lengths_table(facts: Facts) -> Html | None:
    lengths = facts.metrics["benchmark"].get("lengths", {})
    rows = [
        {"tokens": tokens}
        | {name + ", ms": f"{entry[key]:.2f}" for key, _, name in LINES}
        | {"times its floor": f"{entry['int8_to_floor']:.1f}", "int8 to fp32": number(entry["int8_to_fp32"])}
        for tokens, entry in lengths.items()
    ]
    return folded("Latency by length, as a table", table(rows, "Latency by length")) if rows else None


def in_words(timed: dict, ships: str) -> str:
    """How long the shipped model takes to answer, roughly. timed: of benchmark.json. ships: the contestant that it is."""
    of_older = {f"ms_{quantile}": timed[f"int8_ms_{quantile}"] for quantile in ("p50", "p95")}
    entry = timed.get("contestants", {}).get(ships, of_older)
    half, tail = within(entry["ms_p50"]), within(entry["ms_p95"])
    memory = f", with at most {math.ceil(timed['peak_memory_mb'] / 10) * 10} MB of memory" if "clock" in timed else ""
    threads = "one thread" if timed["threads"] == 1 else f"{timed['threads']} threads"
    return (
        f"It answers half of the texts of this task within {half} ms and 95 % within {tail} ms, one at a time on {threads} of "
        f"{timed['processor']} ({timed['instructions']}){memory}."
    )


def within(ms: float) -> str:
    """The next of STEPS, or of their tenfolds and tenths, that is no less."""
    power = 10.0 ** math.floor(math.log10(ms))
    return f"{next(step * power for step in STEPS if step * power >= ms * (1 - 1e-9)):g}"
