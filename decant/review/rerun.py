"""Which stages `dvc repro` would run again, each with its own reasons and those before it, and whether the run cache has them.

dvc.lock says with what each stage ran. Settings and digests of code are compared with what check would write now, in
memory, for checked/ is as old as its last run; data with the bytes that lie here. A stage that the run cache can restore
has known outs, so that what follows it is known too. Nothing is written.
"""

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from dvc.dependency.param import ParamsDependency
from dvc.utils import dict_sha256
from ruamel.yaml import YAML

from decant import checked, paths
from decant.errors import CacheError
from decant.files import digest, read_json
from decant.review import lock
from decant.review.store import FOLDER, Store

MISSING = object()  # of a key that one side lacks
CHECK = "check"  # the stage that writes checked/; what it would write is compared, not whether it runs


@dataclass
class Rerun:
    """A stage that would run again."""

    name: str
    code: tuple[str, str] | None = None  # the stage that its code is of, and the digest that was recorded
    params: list[tuple[str, object, object]] = field(default_factory=list)  # file: key, value before and now
    others: list[str] = field(default_factory=list)  # reasons in words
    after: list[str] = field(default_factory=list)  # stages before it whose outs may come out otherwise
    known: bool = True  # all that it reads, since the run cache has what those stages write
    cached: bool | None = None  # whether the run cache has it; None: not known, as little as what it reads

    @property
    def first(self) -> bool:
        """It has reasons of its own."""
        return bool(self.code or self.params or self.others)


class Out(NamedTuple):
    """What a stage will have written."""

    stage: str
    md5: str | None  # None: it has yet to be written
    same: bool  # as dvc.lock has it


def graph(store: Store) -> dict[str, list[str]]:
    """Stage -> the stages whose outs it takes, in an order in which each comes after those. Raises CacheError, as lock."""
    known = {stage.addressing: stage for stage in lock.stages_of(store)}
    arrows = store.repo.index.graph
    before = {name: [other.addressing for other in arrows.successors(stage)] for name, stage in known.items()}
    before = {name: [other for other in others if other in known] for name, others in before.items()}
    return {name: before[name] for name in TopologicalSorter(before).static_order()}


def reruns(store: Store, contents: dict[str, dict]) -> list[Rerun]:
    """The stages that would run again, in an order in which they could run.

    contents: of checked/ as check would write it now, by the names of its files.

    Raises CacheError: dvc cannot read dvc.yaml or dvc.lock.
    """
    stages, found = {stage.addressing: stage for stage in lock.stages_of(store)}, {}
    outs: dict[str, Out] = {}
    for name in graph(store):
        stage, entry = stages[name], Rerun(name)
        inputs = look(store, stage, entry, contents, outs)
        gone = [out for out in stage.outs if altered(out)]
        if name == CHECK:
            entry.others += [f"{out.def_path} is not the one it wrote" for out in gone if not entry.first]
            found |= {name: entry} if entry.first else {}
            continue
        written = {out.def_path: out.hash_info.value for out in stage.outs}
        if entry.first or entry.after:
            written = restored(store, stage, *inputs) if entry.known else None
            entry.cached = written is not None if entry.known else None
            found[name] = entry
        elif gone and not all(
            there(store, md5) for md5 in written.values()
        ):  # else dvc checks them out, and runs nothing
            entry.others = [f"{out.def_path} is {lost(out)}" for out in gone]
            entry.cached, written, found[name] = False, None, entry
        for out in stage.outs:
            md5 = written and written.get(out.def_path)
            outs[out.def_path] = Out(name, md5, md5 is not None and md5 == out.hash_info.value)
    return list(found.values())


def lost(out) -> str:
    """What became of an out that the cache lacks too."""
    if out.exists:
        return "not the one it wrote, and the cache lacks that"
    return "neither here nor in the cache; if a remote has it: dvc pull"


def look(store: Store, stage, entry: Rerun, contents: dict, outs: dict[str, Out]) -> tuple[dict, dict]:
    """Fill in why a stage would run again; returns its params and the md5 of its deps as they would be."""
    params, deps = {}, {}
    if not any(dependency.hash_info for dependency in stage.deps):
        entry.others.append("dvc.lock has no record of it: it has not run yet")
    elif stage.cmd_changed:
        entry.others.append("its command in dvc.yaml is another one")
    for dependency in stage.deps:
        path, recorded = dependency.def_path, dependency.hash_info.value
        before = within(path, outs)
        entry.after += [out.stage for out in before.values() if not out.same]
        if isinstance(dependency, ParamsDependency):
            params[path] = settings(dependency, entry, contents, before)
        elif path in before:
            deps[path] = before[path].md5
            entry.known &= deps[path] is not None
        elif not all(out.same for out in before.values()):
            entry.known = False
        elif dependency.exists:
            deps[path] = dependency.get_hash().value
            if recorded not in (None, deps[path]):
                entry.others.append(changed(store, path, recorded))
        elif before and recorded:  # dvc puts it there again, as it was
            deps[path] = recorded
        else:
            deps[path] = None
            entry.others.append(
                f"{path} is not here, and no stage writes it; get it with dvc pull, dvc update or decant fetch"
            )
    entry.after = list(dict.fromkeys(entry.after))
    return params, deps


def settings(dependency, entry: Rerun, contents: dict, before: dict[str, Out]) -> dict[str, object]:
    """The keys of a params file as they would be; what differs goes to the entry. before: outs that this file is one of."""
    file, recorded = Path(dependency.def_path), dependency.hash_info.value or {}
    if not all(out.same for out in before.values()):
        entry.known = False
        return {}
    ours = file.parent == paths.CHECKED_FOLDER
    if before and not file.exists():  # dvc puts it there again, as it was
        return recorded
    tree = contents.get(file.stem, {}) if ours else read_json(file) if file.exists() else {}
    now = {key: value_of(tree, key) for key in dependency.params}
    prefix = "" if file.stem == checked.SHARED else f"{file.stem}." if ours else f"{file.as_posix()}: "
    for key, value in now.items():
        old = recorded.get(key, MISSING)
        if not recorded or old == value:
            continue
        if ours and file.stem == checked.CODE:
            entry.code = key, old
        else:
            entry.params.append((f"{prefix}{key}", old, value))
    return now


def value_of(tree: object, key: str) -> object:
    """The value at a dotted key, or MISSING."""
    for step in key.split("."):
        if not isinstance(tree, dict) or step not in tree:
            return MISSING
        tree = tree[step]
    return tree


def within(path: str, outs: dict[str, Out]) -> dict[str, Out]:
    """Of the outs so far those that are a path, lie below it, or hold it."""
    own = Path(path)
    return {
        name: out
        for name, out in outs.items()
        if own == Path(name) or own in Path(name).parents or Path(name) in own.parents
    }


def altered(out) -> bool:
    """Whether an out is not here as dvc.lock has it."""
    return not out.exists or out.get_hash() != out.hash_info


def restored(store: Store, stage, params: dict, deps: dict) -> dict[str, str] | None:
    """Path -> md5 of the outs that the run cache has of a stage with these inputs; None: it has none, or not all of them.

    As dvc finds them: by a digest of command, inputs and the names of the outs.
    """
    if any(value is MISSING for keys in params.values() for value in keys.values()) or None in deps.values():
        return None
    key = {"cmd": stage.cmd, "outs": sorted(out.def_path for out in stage.outs)}
    if deps:
        key["deps"] = [{"path": path, "hash": "md5", "md5": md5} for path, md5 in sorted(deps.items())]
    if params:
        key["params"] = params
    name = dict_sha256(key)
    folder = Path(store.repo.stage_cache.cache_dir) / name[:2] / name
    entries = sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime)
    if not entries:
        return None
    entry = YAML(typ="safe", pure=True).load(entries[-1].read_text(encoding="utf-8"))
    written = {out["path"]: out["md5"] for out in entry["outs"]}
    return written if all(there(store, md5) for md5 in written.values()) else None


def there(store: Store, md5: str) -> bool:
    """Whether the cache of this clone has an object, and of a folder all its files."""
    if not md5:
        return False
    path = Path(store.repo.cache.local.oid_to_path(md5))
    if not path.exists():
        return False
    return not md5.endswith(FOLDER) or all(there(store, entry["md5"]) for entry in listed(store, md5).values())


def listed(store: Store, md5: str) -> dict[str, dict]:
    """Name -> entry of each file of a folder; none, if the cache of this clone does not have the list."""
    try:
        entries = read_json(store.repo.cache.local.oid_to_path(md5))
    except CacheError:
        return {}
    return {entry["relpath"]: entry for entry in entries}


def changed(store: Store, path: str, recorded: str) -> str:
    """That a file or folder is another one, with the names of the files where they are known."""
    before, folder = listed(store, recorded) if recorded.endswith(FOLDER) else {}, Path(path)
    if not before or not folder.is_dir():
        return f"{path} is not the one it ran with"
    now = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    found = {
        "changed": [n for n in sorted(now) if n in before and digest(now[n], "md5") != before[n]["md5"]],
        "new": [n for n in sorted(now) if n not in before],
        "gone": [n for n in sorted(before) if n not in now],
    }
    return f"{path}: " + "; ".join(f"{', '.join(names)} {how}" for how, names in found.items() if names)
