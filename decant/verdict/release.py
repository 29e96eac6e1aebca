"""release.json: where a released bundle comes from, down to the bytes that dvc recorded.

It is no part of the bundle, whose bytes must be the same from every commit that builds the same thing.
"""

from pathlib import Path

from decant import checked, paths
from decant.files import digest
from decant.shipped.record import RECORD
from decant.verdict import lock

FILE = "release.json"


def origin(task: str, bundle: Path, gate: dict, commit: str) -> dict:
    """Commit, verdict, split manifest, and of dvc.lock what the task's stages ran with and wrote.

    gate: content of gate.json, with the reason for open gates if there is one. commit: of `decant.verdict.provenance`.

    Raises CacheError: no dvc.lock.
    """
    ran = {name: entry for name, entry in lock.stages().items() if task in name.partition("@")[2].split("-")}
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
