"""What a verdict is about, by its bytes: the bundle, the test rows, the figures and what was asked of them.

evaluate writes down which bundle it judged on which rows; gate refuses any others, and writes down all that it read; then
`verdict` and `promote` judge again from what lies there now, and name whatever differs.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from decant import paths
from decant.errors import CacheError
from decant.files import digest, read_json
from decant.settings.gates import Gates
from decant.shipped.record import READ, RECORD, kind, parsed, read_record
from decant.verdict import binding, lock
from decant.verdict import gates as judging


def collect(task: str, gates: Gates, caps: Mapping[str, float], bundle: Path) -> dict:
    """What gate.json keeps: digests of the bundle, the test rows, the gates and caps of params, and every file they read."""
    asked = {name: gate.model_dump() for name, gate in gates.items()} | {"caps": dict(caps)}
    about = binding.judged(task, bundle, 0)
    return {
        "bundle_md5": about["bundle_md5"],
        "model_md5": digest(bundle / READ[kind(parsed(bundle / RECORD))][0], "md5"),
        "rows_sha256": about["rows_sha256"],
        "params_sha256": hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest(),
        "metrics": {name: digest(paths.metrics(task, name)) for name in read_files(gates, caps)},
    }


def read_files(gates: Gates, caps: Mapping[str, float]) -> list[str]:
    """Metrics files that a verdict rests on: those of its gates, and test.json, which says what was judged."""
    return sorted({*judging.files(gates, caps), "test"})


def refusals(task: str, gates: Gates, caps: Mapping[str, float], bundle: Path, recorded: dict[str, str]) -> list[str]:
    """One line per reason not to believe metrics/<task>/gate.json; none if it is what the files here give.

    recorded: path -> md5, of dvc.lock.

    Raises BundleError: no bundle, or a damaged one. CacheError: a metrics file is missing or broken. ParamsError: a gate
    on a figure that is not there.
    """
    read_record(bundle)
    file, again = paths.metrics(task, "gate"), f"Run: dvc repro gate@{task}"
    written = read_json(file)
    names = read_files(gates, caps)
    metrics = {name: read_json(paths.metrics(task, name)) for name in names}
    lines = []
    try:
        binding.refuse_others(task, metrics["test"], bundle)
    except CacheError as other:
        lines.append(str(other))
    lines += differences(
        written, collect(task, gates, caps, bundle), judging.judge(task, gates, caps, metrics), file, again
    )
    places = [file, paths.metrics(task, "manifest"), *(paths.metrics(task, name) for name in names)]
    if bundle == paths.bundle(task):
        places.append(bundle)
    return lines + lock.differing(places, recorded, f"gate@{task}")


def differences(written: dict, evidence: dict, results: dict[str, dict], file: Path, again: str) -> list[str]:
    """Where a gate.json is not what its evidence and results are now. again: the command that mends it."""
    lines = []
    given = written.get("evidence", {})
    for key in ("bundle_md5", "model_md5", "rows_sha256", "params_sha256"):
        if given.get(key) != evidence[key]:
            what = {"params_sha256": "the gates and caps of params.yaml are"}.get(key, f"{key.split('_')[0]} here is")
            lines.append(f"{file}: the verdict is about {key} {given.get(key)}, {what} {evidence[key]}. {again}")
    for name, sha256 in evidence["metrics"].items():
        if given.get("metrics", {}).get(name) != sha256:
            lines.append(f"{file}: the verdict rests on another {name}.json than the one that lies here. {again}")
    gates = written.get("gates", {})
    for name in dict.fromkeys([*results, *gates]):
        if gates.get(name) != results.get(name):
            lines.append(
                f"{file}: gate {name} is {described(gates.get(name))} there, and here {described(results.get(name))}. {again}"
            )
    if written.get("verdict") != (right := judging.verdict(results)):
        lines.append(f"{file}: the verdict is {written.get('verdict')!r}, its gates give {right!r}. {again}")
    return lines


def described(entry: object, result: bool = True) -> str:
    """A gate in a few words: figure, interval, bound, and its result if asked for."""
    if not isinstance(entry, dict):
        return "not asked for" if entry is None else f"not readable ({entry!r})"
    value = entry.get("value")
    ends = f" ({entry['low']:.4g} to {entry['high']:.4g})" if "low" in entry and "high" in entry else ""
    bound = f"{entry['bound']:,.10g}" if isinstance(entry.get("bound"), int | float) else entry.get("bound")
    shown = (
        f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else "without a figure"
    )
    return f"{shown}{ends}, {entry.get('side')} {bound}" + (f": {entry.get('result')}" if result else "")
