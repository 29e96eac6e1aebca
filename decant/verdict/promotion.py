"""Releasing a bundle: only a green verdict, and only about these very bytes."""

import shutil
from pathlib import Path

from decant import paths
from decant.errors import CacheError, PromotionError
from decant.files import digest, read_json, writing
from decant.runtime import RECORD, read_record


def failures(task: str, gate: dict) -> list[str]:
    """One line per gate that did not pass; empty exactly if the verdict is green."""
    failed = [
        f"{task}: {name} is {entry['value']}, bound {entry['bound']}"
        for name, entry in gate.items()
        if isinstance(entry, dict) and not entry["pass"]
    ]
    if gate.get("verdict") != "green" and not failed:
        return [f"{paths.metrics(task, 'gate')}: the verdict is {gate.get('verdict')!r}, not green"]
    return failed


def other_bytes(task: str, gate: dict, bundle: Path) -> list[str]:
    """One line per file of the bundle that is not the one the verdict is about; a bundle that is not there is none."""
    digests = {judged: digest(file, "md5") for file, judged in judged_files(bundle) if file.exists()}
    return [
        f"{file} has md5 {digests[judged]}, the verdict is about {gate[judged]}. Run: dvc repro gate@{task}"
        for file, judged in judged_files(bundle)
        if judged in digests and digests[judged] != gate[judged]
    ]


def judged_files(bundle: Path) -> list[tuple[Path, str]]:
    return [(bundle / "onnx" / "model_quantized.onnx", "model_md5"), (bundle / RECORD, "bundle_md5")]


def promote(task: str, bundle: Path, target: Path) -> str:
    """Copy the bundle, its verdict and its model card to `target`; returns the md5 of the int8 file.

    Raises PromotionError: red verdict, or a bundle other than the one the gate judged. CacheError: no verdict.
    BundleError: a damaged bundle.
    """
    read_record(bundle)
    gate = read_json(paths.metrics(task, "gate"))
    if failed := failures(task, gate):
        raise PromotionError("; ".join(failed))
    if other := other_bytes(task, gate, bundle):
        raise PromotionError(other[0])
    card = paths.page(task, "card")
    if not card.exists():
        raise CacheError(f"{card}: missing. Run: dvc repro report@{task}")
    with writing(target) as partial:
        shutil.copytree(bundle, partial)
        shutil.copyfile(paths.metrics(task, "gate"), partial / "gate.json")
        shutil.copyfile(card, partial / "README.md")
    return gate["model_md5"]
