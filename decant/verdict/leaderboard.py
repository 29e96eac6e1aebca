"""The figures of all tasks side by side: metrics/index.html, and index.md for where no browser is.

Made from what git holds alone (metrics/, checked/ and dvc.lock), so that the same files give the same bytes. A task that
has not run yet, or whose figures come from other code than today's, is listed and says so.
"""

import html
import json
from pathlib import Path

from decant import checked, paths
from decant.files import read_json
from decant.keys import HEADLINE, bounds
from decant.report.pages import table, write_text
from decant.shipping import CONTESTANT, RIVAL, shipped
from decant.verdict import headline, lock, shapes
from decant.verdict.history import FOLDER

INDEX = paths.leaderboard()
PARTS = ("test", "paired", "gate", "quantize", "benchmark", "provenance")
NO = "–"  # a cell without a figure
VERDICTS = ("green", "amber", "red")
CURRENT = "this code"
EXPLAINED = (
    "A row per task: the model that ships, on the task's test rows, in the measure that a gate of the task asks for (else "
    "macro F1, or micro AUC where several labels may hold), with its interval and the paired difference from the "
    "one that would ship otherwise (linear; where that ships, the student). "
    "Latency is the median of one text, on the processor of that day. The last column says whether the figures come from "
    f"{CURRENT} and these settings, or which stages have changed since."
)
STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#4b5768;--line:#d5dbe3;--back:#fff;--card:#f6f8fa;
--green:#166534;--amber:#92400e;--red:#b91c1c;--link:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a8b3c2;--line:#3a4453;--back:#12161c;--card:#1a2029;
--green:#6ee7a0;--amber:#fbbf5b;--red:#fca5a5;--link:#8ec5ff}}
body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:1.5rem auto;padding:0 1rem;color:var(--ink);background:var(--back)}
a{color:var(--link)}p{color:var(--soft);max-width:48rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
th:first-child,td:nth-child(2),td:nth-child(3),td:nth-child(5),td:last-child,th:nth-child(2),th:nth-child(3),th:nth-child(5),
th:last-child{text-align:left}
td small{display:block;color:var(--soft)}
.green{color:var(--green)}.amber{color:var(--amber)}.red{color:var(--red)}.green,.amber,.red{font-weight:600}
@media (max-width:56rem){thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody{display:block}
tr{display:block;margin:0 0 1rem;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
tbody th{display:block;font-size:1.05rem;text-align:left;padding:.2rem 0}
tr td,tr td:last-child,tr td:nth-child(2),tr td:nth-child(3),tr td:nth-child(5){
display:flex;gap:1rem;justify-content:space-between;padding:.2rem 0;
border:0;text-align:right}
td::before{content:attr(data-of);color:var(--soft);text-align:left;flex:none}td>span{overflow-wrap:anywhere}}
"""


def tasks() -> list[str]:
    """Those that have figures or settings, by name."""
    measured = [folder.name for folder in FOLDER.glob("*") if folder.is_dir()]
    known = [file.stem for file in paths.CHECKED_FOLDER.glob("*.json")]
    return sorted({*measured, *known} - {checked.CODE, checked.SHARED})


def write() -> Path:
    """Write index.html and index.md; returns the first. Raises CacheError: a file of metrics/ or dvc.lock is broken."""
    found = rows()
    write_text(INDEX, page(found))
    write_text(INDEX.with_suffix(".md"), markdown(found))
    return INDEX


def rows() -> list[dict[str, str]]:
    """The cells of each task, by column. Raises CacheError, as write."""
    locked = lock.stages() if lock.FILE.exists() else {}
    files = {Path(name) for entry in locked.values() for name in entry.get("params", {})}
    # older entries name params.yaml itself, which no stage reads any more: of that nothing is held, and they are behind
    held = {str(file): present(file) for file in sorted(files) if file.parent == paths.CHECKED_FOLDER}
    return [row(task, locked, held) for task in tasks()]


def row(task: str, locked: dict, held: dict[str, dict]) -> dict[str, str]:
    """locked: stage -> entry, of dvc.lock. held: file of params -> what it holds now."""
    metrics = {part: present(paths.metrics(task, part)) for part in PARTS}
    settings = present(paths.checked(task))
    measured = shapes.contestants(metrics["test"])
    ours = shipped(metrics["test"])
    entry, rival = measured.get(ours, {}), RIVAL[ours]
    gap = metrics["paired"].get(f"minus_{rival}", {})
    name = measure(settings)
    commit = str(metrics["provenance"].get("commit", ""))
    return {
        "task": task,
        "verdict": str(metrics["gate"].get("verdict", "not run")),
        "ships": ours if entry else NO,
        "test rows": f"{entry['n']:,}" if entry else NO,
        "measure": name.replace("_", " ").replace("f1", "F1").replace("auc", "AUC"),
        "shipped model": spread(entry, name, ""),
        "other model": f"{measured[rival][name]:.3f}" if name in measured.get(rival, {}) else NO,
        "difference": spread(gap, name, "+"),
        "size": size(metrics, ours),
        "latency": latency(metrics["benchmark"], ours),
        "report at": " ".join(filter(None, [commit[:7], str(metrics["provenance"].get("date", ""))])) or NO,
        "figures of": age(task, metrics, locked, held) if metrics["test"] or metrics["gate"] else NO,
    }


def size(metrics: dict, ours: str) -> str:
    """Of the int8 file, or of the bundle that holds another model."""
    of_int8 = ours == CONTESTANT["student"]
    told = metrics["quantize"].get("bytes") if of_int8 else metrics["benchmark"].get("bundle_bytes")
    return NO if told is None else f"{told / 1e6:.1f} MB"


def latency(timed: dict, ours: str) -> str:
    told = timed.get("contestants", {}).get(ours, {}).get("ms_p50", timed.get("int8_ms_p50"))
    return NO if told is None else f"{told:.1f} ms"


def measure(settings: dict) -> str:
    """What the task is judged by: the first measure of the shipped model that a gate bounds, else the first of its kind.

    settings: of checked/<task>.json.
    """
    ours = CONTESTANT[settings.get("ship", "student")]
    asked = {f"{ours}.{name}": name for name in HEADLINE}
    for gate in json.loads(settings["gates"]).values() if "gates" in settings else ():
        if gate["metric"] == "test" and gate["key"] in asked and not gate["minus"]:
            return asked[gate["key"]]
    return headline.measures(settings.get("decision", {}).get("rule") == "thresholds")[0]


def spread(entry: dict, name: str, sign: str) -> str:
    if name not in entry:
        return NO
    low, high = (entry.get(end) for end in bounds(name))
    return f"{entry[name]:{sign}.3f}" + ("" if low is None else f" ({low:{sign}.3f} to {high:{sign}.3f})")


def age(task: str, metrics: dict, locked: dict, held: dict[str, dict]) -> str:
    """Whether the task's figures are those of today's code and settings; if not, which stages are behind.

    A stage is behind if dvc.lock has it with another digest of its code, or other settings, than checked/ has now.
    """
    if f"evaluate@{task}" not in locked:
        return f"older: {lock.FILE} has no evaluate@{task}"
    own = [
        (name.partition("@")[0], entry.get("params", {}))
        for name, entry in locked.items()
        if name.endswith(f"@{task}") or str(paths.checked(task)) in entry.get("params", {})
    ]
    behind = [
        stage
        for stage, params in own
        if any(
            looked_up(held.get(file, {}), key) != value
            for file, given in params.items() if Path(file).parent == paths.CHECKED_FOLDER
            for key, value in given.items()
        )
    ]  # fmt: skip
    if behind and len(behind) == len(own):
        return "older: all stages"
    if behind:
        named = list(dict.fromkeys(behind))
        return f"older: {', '.join(named[:3])}{f' and {len(named) - 3} more' if len(named) > 3 else ''}"
    return "older: files of another shape" if shapes.old(metrics["test"] or None, metrics["gate"] or None) else CURRENT


def looked_up(content: dict, key: str) -> object:
    """The value of a key that dvc.lock names, nested ones joined by dots; None where there is none."""
    if key in content or "." not in key:
        return content.get(key)
    first, _, rest = key.partition(".")
    inner = content.get(first)
    return looked_up(inner, rest) if isinstance(inner, dict) else None


def present(file: Path) -> dict:
    """What a JSON file holds, {} where there is none. Raises CacheError: not JSON."""
    return read_json(file) if file.exists() else {}


def markdown(found: list[dict[str, str]]) -> str:
    linked = [one | {"task": f"[{one['task']}]({target})" if (target := link(one["task"], ".md")) else one["task"]}
              for one in found]  # fmt: skip
    return f"# All tasks\n\n{EXPLAINED}\n\n{table(linked, 'task')}\n"


def link(task: str, ending: str) -> str:
    """The report from where the index lies; empty where there is none."""
    file = paths.page(task, "report").with_suffix(ending)
    return file.relative_to(FOLDER).as_posix() if file.exists() else ""


def page(found: list[dict[str, str]]) -> str:
    """The index as one HTML file without any other: a table, which on a narrow screen becomes a card per task."""
    columns = list(found[0]) if found else ["task"]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in columns)
    body = "\n".join(f"<tr>{''.join(cell(name, value) for name, value in one.items())}</tr>" for one in found)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Decant: all tasks</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>All tasks</h1>\n<p>{html.escape(EXPLAINED)}</p>\n"
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></body></html>\n"
    )


def cell(name: str, value: str) -> str:
    """One cell: the task is the row's head and leads to its report, an interval stands below its figure."""
    text = html.escape(value)
    if name == "task":
        target = html.escape(link(value, ".html"))
        text = f'<a href="{target}">{text}</a>' if target else text
        return f'<th scope="row">{text}</th>'
    if name == "verdict":
        text = f'<span class="{value}">{text}</span>' if value in VERDICTS else f"<span>{text}</span>"
    elif " (" in text:
        figure, _, interval = text.partition(" (")
        text = f"<span>{figure}<small>{interval.removesuffix(')')}</small></span>"
    else:
        text = f"<span>{text}</span>"
    return f'<td data-of="{html.escape(name)}">{text}</td>'
