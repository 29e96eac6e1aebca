"""What `dvc repro` would run again, and why, in words: first causes before what follows from them.

`dvc status` can only say that a digest in checked/ is another one. Here a param is named with its values before and now, and
code by the functions, classes and constants that differ from the commit that dvc.lock ran with. Nothing is written.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from decant import code
from decant.errors import CacheError, ParamsError, RevisionError
from decant.review import durations, modules, rerun
from decant.review.changes import flat
from decant.review.past import Past
from decant.review.rerun import MISSING, Rerun
from decant.review.store import Store
from decant.settings import check
from decant.verdict import lock

LONGEST = 70  # characters of a value; a longer one is cut
NOTHING = "nothing would run again: dvc.lock is of what lies here"
CACHED = {True: "has it, so that nothing is computed", False: "does not have it",
          None: "not known before what is read is written"}  # fmt: skip


def why(target: str | None = None, root: Path = code.ROOT) -> str:
    """Lines of text. target: a stage, stage@task, or a stage's whole name; None: all. root: where the code lies.

    Raises RevisionError: no git checkout. CacheError: no dvc.lock, or one that cannot be read. ParamsError: no such stage,
    or params.yaml is not valid. CodeError: code that cannot be followed.
    """
    if subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], capture_output=True, check=False).returncode:
        raise RevisionError("no git checkout here: code is compared with the commit it ran with. Run it in a clone")
    if not lock.FILE.exists():
        raise CacheError(f"{lock.FILE}: missing: nothing has run here yet, so that everything would. Run: dvc repro")
    contents = json.loads(json.dumps(check.contents(root=root)))  # as they would be read back
    store = Store()
    graph = rerun.graph(store)
    asked = wanted(target, graph)
    found = [entry for entry in rerun.reruns(store, contents) if entry.name in asked]
    with tempfile.TemporaryDirectory() as aside:
        recorded = {entry.code[0]: entry.code[1] for entry in found if entry.code and entry.code[1] is not MISSING}
        past = Past(Path(aside)).find(recorded)
        read = cache(code.read)
        code_lines = {
            stage: of_code(stage, past.get(stage), root, read) for stage in {e.code[0] for e in found if e.code}
        }
    return "\n".join(written(found, code_lines, target))


def wanted(target: str | None, graph: dict[str, list[str]]) -> set[str]:
    """The stages that a target names, and all before them. Raises ParamsError: there is none of that name."""
    if target is None:
        return set(graph)
    begins = (f"{target}-",) if "@" in target else (f"{target}@",)
    waiting = [name for name in graph if name == target or name.startswith(begins)]
    if not waiting:
        stages = ", ".join(dict.fromkeys(name.partition("@")[0] for name in graph))
        tasks = ", ".join(dict.fromkeys(name.partition("@")[2].partition("-")[0] for name in graph if "@" in name))
        raise ParamsError(
            f"dvc.yaml: no stage named {target!r} for the tasks that params.yaml builds ({tasks}). Stages are {stages}; "
            "write one, or stage@task"
        )
    found = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def of_code(stage: str, past: tuple[str, Path] | None, root: Path, read: Callable) -> list[str]:
    """What differs in the code of a stage from the commit it ran with. read: as `code.read`."""
    if past is None:
        return ["code is another than it ran with, which no commit here has, so that the functions cannot be named"]
    commit, old = past
    return [f"{line} (since {commit[:9]})" for line in modules.differing(stage, old, root, read)]


def written(found: list[Rerun], code_lines: dict[str, list[str]], target: str | None) -> list[str]:
    """The text: check, then groups of stages with the same reasons, then what follows."""
    lines = [
        f"check runs again, in seconds, and writes checked/ anew: {'; '.join(entry.others)}"
        for entry in found
        if entry.name == rerun.CHECK
    ]
    stages = [entry for entry in found if entry.name != rerun.CHECK]
    if not stages:
        none = "nothing else would run again: no setting, code or data is another one" if lines else NOTHING
        return [*lines, f"{target}: {none}" if target else f"{none[0].upper()}{none[1:]}"]
    groups: dict[tuple[str, ...], list[Rerun]] = {}
    for entry in stages:
        if entry.first:
            groups.setdefault(tuple(reasons(entry, code_lines)), []).append(entry)
    told: set[str] = set()
    for causes, entries in groups.items():
        verb = "runs" if len(entries) == 1 else "run"
        lines += ["", f"{', '.join(entry.name for entry in entries)} {verb} again:"]
        lines += [f"  {line}" for line in causes if line not in told]
        if above := [line.split(": ")[0] for line in causes if line in told]:
            lines.append(f"  as above: {', '.join(above)}")
        lines += [
            f"  {line}" for line in (*of_cache(entries), durations.took([entry.name for entry in entries])) if line
        ]
        told |= set(causes)
    if later := [entry for entry in stages if not entry.first]:
        lines += ["", "Then also, where what they read comes out otherwise:"]
        lines += [f"  {entry.name}, after {', '.join(entry.after)}{of_one(entry)}" for entry in later]
    return lines if lines[0] else lines[1:]


def reasons(entry: Rerun, code_lines: dict[str, list[str]]) -> list[str]:
    """A stage's own reasons, one a line, each with what it is about before a colon."""
    lines = [line for name, before, now in entry.params for line in of_param(name, before, now)]
    return lines + (code_lines[entry.code[0]] if entry.code else []) + entry.others


def of_param(name: str, before: object, now: object) -> list[str]:
    """A line per key below a params entry whose value differs."""
    old, new = ({} if value is MISSING else flat({name: plain(value)}) for value in (before, now))
    lines = []
    for key in dict.fromkeys([*old, *new]):
        if key not in old:
            lines.append(f"param {key}: new, {shown(new[key])}")
        elif key not in new:
            lines.append(f"param {key}: gone, it was {shown(old[key])}")
        elif old[key] != new[key]:
            lines.append(f"param {key}: from {shown(old[key])} to {shown(new[key])}")
    return lines or [f"param {name}: the same keys in another order"]


def plain(value: object) -> object:
    """Mappings whose order counts, which checked/ keeps as texts of JSON, as mappings again."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def shown(value: object) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def of_cache(entries: list[Rerun]) -> list[str]:
    """Which of these the run cache has."""
    lines = []
    for cached, words in CACHED.items():
        names = [entry.name for entry in entries if entry.cached is cached]
        if names:
            which = "" if len(names) == len(entries) else f" ({', '.join(names)})"
            lines.append(f"run cache: {words}{which}")
    return lines


def of_one(entry: Rerun) -> str:
    """The same of a stage that only follows; nothing, where it cannot be known."""
    return "" if entry.cached is None else f"; run cache: {CACHED[entry.cached]}"
