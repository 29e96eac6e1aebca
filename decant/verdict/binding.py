"""Which bundle, on which rows: what evaluate writes into test.json, and all that rests on it requires."""

from pathlib import Path

from decant import paths
from decant.errors import CacheError
from decant.files import digest, read_json
from decant.shipped.record import LINEAR, RECORD, kind, parsed
from decant.shipping import CONTESTANT


def judged(task: str, bundle: Path, n: int) -> dict:
    """For test.json: the bundle, which contestant it holds, and the rows that its figures are about."""
    rows = read_json(paths.metrics(task, "manifest"))["rows"]["test"]
    # decant.json lists the digest of every file, the thresholds and the cleaning: one md5 for all of them
    holds = CONTESTANT["linear" if kind(parsed(bundle / RECORD)) == LINEAR else "student"]
    return {"n": n, "contestant": holds, "rows_sha256": rows, "bundle_md5": digest(bundle / RECORD, "md5")}


def refuse_others(task: str, test: dict, bundle: Path) -> None:
    """Raises CacheError unless test.json is about this bundle and the test rows of the manifest. test: its content."""
    about, again = test.get("judged", {}), f"Run: dvc repro evaluate@{task}"
    file, manifest = paths.metrics(task, "test"), paths.metrics(task, "manifest")
    given = judged(task, bundle, about.get("n", 0))
    places = {"contestant": bundle / RECORD, "bundle_md5": bundle / RECORD, "rows_sha256": f"test in {manifest}"}
    for key, what in places.items():
        if about.get(key) != given[key]:
            raise CacheError(f"{file}: about {key} {about.get(key)}, but {what} has {given[key]}. {again}")
