"""Students of other sizes, on valid: which of them no other one beats in both speed and quality."""

import pandas as pd

from decant.report.facts import Facts
from decant.report.markup import Html, folded, note, number, table, tag
from decant.report.plane import Line, Point, around, plane

SHOWN = ("layers", "intermediate", "heads", "min_count", "parameters", "vocabulary", "bytes", "ms", "start", "shipped",
         "valid_macro_f1", "valid_accuracy", "valid_micro_auc", "valid_nll")  # fmt: skip
TITLE = "Students of other sizes, on valid"
NUMBERS = ("intermediate", "heads", "parameters", "bytes", "ms")  # a cell is empty where a student leaves them alone


def capacity(facts: Facts) -> list[Html]:
    """The figure where they were timed, and a table of them; nothing where none was trained."""
    rows = facts.tables["capacity"]
    if len(rows) < 2:
        return []
    measured = [key for key in rows if key in NUMBERS or key.startswith("valid_")]
    rows = rows.assign(**{key: pd.to_numeric(rows[key], errors="coerce") for key in measured})
    drawn = figure(facts, rows)
    kept = rows[[name for name in SHOWN if name in rows]].sort_values("ms" if drawn else "parameters", kind="stable")
    behind = table([{key: cell(key, value) for key, value in row.items()} for row in kept.to_dict("records")], TITLE)
    return [tag("h3", TITLE), *(drawn or [behind]), folded("All of them", behind) if drawn else None]


def cell(key: str, value: object) -> object:
    """As a table shows it: whole numbers whole, bytes as MB, and nothing for what is not there."""
    if pd.isna(value):
        return None
    return number(int(value), key) if key in NUMBERS and key != "ms" else value


def figure(facts: Facts, rows: pd.DataFrame) -> list[Html]:
    """The measure that the task leads with over milliseconds, the front joined; nothing where fewer than two were timed."""
    lead = facts.measures[0]
    measure = f"valid_{lead}"
    if not {"ms", measure} <= set(rows) or len(timed := rows.dropna(subset=["ms", measure])) < 2:
        return []
    size = next((key for key in ("bytes", "parameters") if key in timed and timed[key].notna().all()), None)
    points = []
    for name, row in zip(names(timed), timed.to_dict("records"), strict=True):
        told = [f"{row['ms']:.2f} ms", f"{facts.called(lead)} {row[measure]:.3f}"]
        told += [f"{number(row[size], size)} {'' if size == 'bytes' else size}".strip()] if size else []
        # half as large as those of contestants: there may be a dozen
        area, words = row[size] / timed[size].max() / 2 if size else 0.0, f"{name}: {', '.join(told)}"
        shipped = str(row.get("shipped")) == "True"
        points.append(Point(name, row["ms"], row[measure], area, shipped=shipped, words=words))
    best = front([(point.across, point.up) for point in points])
    wide, high = (around([getattr(point, side) for point in points]) for side in ("across", "up"))
    title = f"{facts.called(lead)} on valid against latency"
    drawn = plane(
        title, wide, high, ("ms at 32 tokens, int8", facts.called(lead)), points, [Line(best, "curve thin", "")]
    )
    said = "The line joins those that no other one beats in both. Dots are as large as the int8 file, and the blue one is the task's."
    return [drawn, note(said)]


def names(rows: pd.DataFrame) -> list[str]:
    """Each student by what was kept of its encoder: layers, of those feed-forward neurons and heads, and tokens where two
    differ in nothing else."""
    given = [called(row) for row in rows.to_dict("records")]
    tokens = rows["vocabulary"] if "vocabulary" in rows else [None] * len(rows)
    return [
        f"{name}, {kept:,} tokens" if given.count(name) > 1 and kept else name
        for name, kept in zip(given, tokens, strict=True)
    ]


def called(row: dict) -> str:
    layers = len(str(row["layers"]).split("-"))
    wide, heads = (row.get(key) for key in ("intermediate", "heads"))
    name = f"{layers} layer{'' if layers == 1 else 's'}" + (f" × {int(wide)}" if pd.notna(wide) else "")
    return name + (f", {int(heads)} heads" if pd.notna(heads) else "")


def front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that no other one beats in both, the quickest first. points: (milliseconds, quality)."""
    best: list[tuple[float, float]] = []
    for across, up in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or up > best[-1][1]:
            best.append((across, up))
    return best
