"""release.json: where a released bundle comes from, down to the bytes that dvc recorded.

It is no part of the bundle, whose bytes must be the same from every commit that builds the same thing.
"""

from pathlib import Path

from decant import checked, paths
from decant.errors import PromotionError
from decant.files import digest, read_json
from decant.shipped.record import RECORD, parsed
from decant.verdict import lock

FILE = "release.json"
ADDED = (RECORD, FILE, "gate.json", "README.md")  # in a release, beside what its bundle lists
SHOWN = 3  # files of somebody else that an error names


def refuse_others(target: Path, task: str) -> None:
    """Raises PromotionError unless there is nothing at `target`, or a release of this task with no file of anybody else's,
    which the new one replaces."""
    if target.is_symlink():
        raise PromotionError(f"{target}: a link; a release is a folder of its own. Name another one with --to")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    elsewhere = "and would be lost. Name another folder with --to, or move it away"
    there = sorted(file.relative_to(target).as_posix() for file in target.rglob("*") if not file.is_dir())
    if not {RECORD, FILE} <= set(there):
        shown = ", ".join(there[:SHOWN]) or "a file"
        raise PromotionError(f"{target}: is there, and no release of decant's; it holds {shown}, {elsewhere}")
    if (other := read_json(target / FILE).get("task")) != task:
        raise PromotionError(f"{target}: is a release of {other}, {elsewhere}")
    if others := [name for name in there if name not in (*ADDED, *parsed(target / RECORD).get("files", ()))]:
        raise PromotionError(f"{target}: {', '.join(others[:SHOWN])} is not of the release, {elsewhere}")


def origin(task: str, bundle: Path, gate: dict, commit: str) -> dict:
    """Commit, verdict, split manifest, and of dvc.lock what the task's stages ran with and wrote.

    gate: content of gate.json, with the reason for open gates if there is one. commit: of `decant.verdict.provenance`.

    Raises CacheError: no dvc.lock.
    """
    own = str(
        paths.checked(task)
    )  # in what a stage of one encoder declares, whose name is the task's and the encoder's
    ran = {
        name: entry
        for name, entry in lock.stages().items()
        if name.endswith(f"@{task}") or own in entry.get("params", {})
    }
    params: dict[str, dict] = {}
    for entry in ran.values():
        for file, values in entry.get("params", {}).items():
            params.setdefault(Path(file).stem, {}).update(values)
    return {
        "task": task,
        "commit": commit,
        "verdict": gate["verdict"],
        **{key: gate[key] for key in ("accepted_open",) if key in gate},
        "evidence": gate["evidence"],
        "record_sha256": digest(bundle / RECORD),  # which lists the sha256 of every file of the bundle
        "manifest_sha256": digest(paths.metrics(task, "manifest")),
        "rows": params.get("manifest", {}),
        "params": params.get(task, {}),
        "shared": params.get(checked.SHARED, {}),
        "code": params.get(checked.CODE, {}),
        "outs": {out["path"]: out["md5"] for entry in ran.values() for out in entry.get("outs", [])},
    }
