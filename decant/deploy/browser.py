"""A static folder that classifies in the browser: the page, what runs the model, and the bundle; no server of ours, no CDN.

The page itself is decant/deploy/page/, copied as it is; version.js is written beside it and lists every file by sha256, for
the copy that a browser keeps for reading offline, and for whoever replaces the folder.
"""

import hashlib
import json
import re
import shutil
from pathlib import Path

from decant.deploy import vendored
from decant.errors import BundleError, InputError
from decant.files import digest, writing
from decant.shipped.record import ONNX, READ, RECORD, kind, read_record

PAGE = Path(__file__).parent / "page"
VERSION = "version.js"
OPENING = "self.DECANT_PAGE = "  # what version.js begins with
WHOLE = re.compile("0|[1-9][0-9]{0,9}")  # what JavaScript takes for the index of an array
GOLDEN = "golden.json"  # answers to compare with, where the bundle has some


def build(bundle: Path, target: Path, cache: Path = vendored.CACHE) -> int:
    """Write the page of a bundle to `target`, whole or not at all; returns its bytes. A page that lies there is replaced.

    Raises BundleError (no bundle, other bytes than it lists, or none that a browser runs), InputError (`target` holds
    something else), InstallError (decant.deploy.vendored).
    """
    record = read_record(bundle)
    if kind(record) != ONNX:
        raise BundleError(
            f"{bundle}: holds a {kind(record)} model, and the page runs an ONNX model with its tokenizer. Set "
            f"{record['task']}.ship: student in params.yaml and run dvc repro"
        )
    if moved := displaced(list(record["heads"])):
        raise BundleError(
            f"{bundle}: a browser reads the head {moved!r} before all others, for its name is a number, and would take another "
            f"head's logits for its own. Rename it in {record['task']}.heads of params.yaml and run dvc repro"
        )
    refuse_others(target)
    with writing(target) as partial:
        shutil.copytree(PAGE, partial)
        (partial / "vendor").mkdir()
        for name, content in vendored.files(cache):
            (partial / "vendor" / name).write_bytes(content)
        for name in (RECORD, *READ[ONNX], GOLDEN):
            if name in (RECORD, *record["files"]):
                (partial / "bundle" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle / name, partial / "bundle" / name)
        listed = {name: digest(partial / name) for name in found(partial)}
        version = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:12]
        about = {"task": record["task"], "version": version, "files": listed}
        # as ASCII: JSON is JavaScript then, and no label can end it
        (partial / VERSION).write_text(f"{OPENING}{json.dumps(about, indent=1)};\n", encoding="ascii")
        return sum((partial / name).stat().st_size for name in found(partial))


def displaced(heads: list[str]) -> str | None:
    """The first head that an object of JavaScript would hold in another place: whole numbers come first there, and rise."""
    numbers = sorted((name for name in heads if WHOLE.fullmatch(name) and int(name) < 2**32 - 1), key=int)
    order = [*numbers, *(name for name in heads if name not in numbers)]
    return next((name for name, other in zip(order, heads, strict=True) if name != other), None)


def refuse_others(target: Path) -> None:
    """Raises InputError unless there is nothing at `target`, or a page with no file that is not the page's."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    file = target / VERSION
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    if not text.startswith(OPENING):
        raise InputError(f"{target}: is there, and no page of decant's. Name another folder with --to, or move it away")
    try:
        listed = json.loads(text.removeprefix(OPENING).rstrip().removesuffix(";"))["files"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise InputError(f"{file}: cut off or changed. Delete {target} if nothing of yours is in it") from None
    if others := sorted(set(found(target)) - {VERSION, *listed}):
        raise InputError(f"{target}: {', '.join(others[:3])} is not of the page, and would be lost. Move it away")


def found(folder: Path) -> list[str]:
    """Every file in a folder, by its path there, in order."""
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir())
