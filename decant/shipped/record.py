"""decant.json, the record of a bundle: what it must say, and the bytes that it lists.

A bundle may come from anybody. What it makes us read is looked at before it is read: its size, whether it lies in the
folder, whether the record lists its digest; the model must hold its weights itself, and end.
"""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath

from decant.errors import BundleError
from decant.shipped import described, linear
from decant.shipped.onnxfile import refuse_endless, refuse_external
from decant.text import PATTERNS

RECORD = "decant.json"
FORMAT = 1
KEYS = {
    "task": str,
    "model_md5": str,
    "cleaning": dict,
    "heads": dict,
    "decision": dict,
    "thresholds": dict,
    "files": dict,
}
CLEANING = {
    **dict.fromkeys(("html", "mojibake", "invisible", "whitespace"), (True, False)),
    **dict.fromkeys(PATTERNS, ("keep", "strip", "mask", "word")),
    "unicode": ("NFKC", "NFC", "keep"),
    "repeats": range(1000),
}
ONNX, LINEAR = "onnx", "linear"  # what a bundle may hold; the record of an ONNX model need not say so
INT8, TOKENIZER = "onnx/model_quantized.onnx", "tokenizer.json"
READ = {ONNX: (INT8, TOKENIZER), LINEAR: (linear.WEIGHTS, linear.TERMS)}  # by Bundle, the weights first
AGAIN = "Build the bundle again"
# where dvc puts a link in place of a file (cache.type symlink): an object that is named by its md5, and compared with it
CACHED = re.compile(r"/files/md5/([0-9a-f]{2})/([0-9a-f]{30})$")
# Bytes. The tokenizer of 250,000 words of XLM-R has 17 million; protobuf ends at 2 GB.
MOST, TOTAL = 64, 3_000_000_000  # files, and bytes of all; ours are five to seven
LARGEST = {RECORD: 1_000_000, ".json": 64_000_000, ".onnx": 2_000_000_000, ".npy": 2_000_000_000}


def kind(record: dict) -> str:
    """onnx, or linear."""
    return record.get("model", ONNX)


def read_record(folder: Path) -> dict:
    """The bundle's decant.json, after a check that every file it lists is there with the bytes it lists.

    Raises BundleError: what is missing, changed, too large, not listed, or leads out of the folder.
    """
    record = parsed(folder / RECORD)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        record_format = record.get("format") if isinstance(record, dict) else record
        raise BundleError(f"{folder / RECORD}: format {record_format!r}, this version of decant reads {FORMAT}")
    if kind(record) not in (*READ,):  # which may be no name at all
        raise BundleError(f"{folder / RECORD}: model is {record['model']!r:.60}, expected {' or '.join(READ)}. {AGAIN}")
    wanted = KEYS | ({"max_length": int} if kind(record) == ONNX else {})  # a linear model reads a text to its end
    if missing := set(wanted) - set(record):
        raise BundleError(f"{folder / RECORD}: no {', '.join(sorted(missing))}. {AGAIN}")
    for key, expected in wanted.items():
        if not isinstance(record[key], expected) or isinstance(record[key], bool):
            raise BundleError(f"{folder / RECORD}: {key} is {record[key]!r:.60}, expected {expected.__name__}. {AGAIN}")
    for key, allowed in CLEANING.items():
        if key not in record["cleaning"] or record["cleaning"][key] not in allowed:
            raise BundleError(f"{folder / RECORD}: cleaning.{key} is {record['cleaning'].get(key)!r:.60}. {AGAIN}")
    for name in READ[kind(record)]:
        if name not in record["files"]:
            raise BundleError(f"{folder / RECORD}: does not list {name}, which would be read unchecked. {AGAIN}")
    if fault := next(described.faults(record), None) or next(described.undecided(record), None):
        raise BundleError(f"{folder / RECORD}: {fault}. {AGAIN}")
    count_files(folder, record["files"])
    for name, expected in record["files"].items():
        content = within(folder, name)
        actual = hashlib.sha256(content).hexdigest()
        if actual != expected:
            raise BundleError(
                f"{folder / name}: sha256 {actual[:12]}…, {RECORD} lists {str(expected)[:12]}…; the file was changed after "
                "bundling"
            )
        if name.endswith(".onnx"):
            refuse_external(str(folder / name), content)
            refuse_endless(str(folder / name), content)
    return record


def count_files(folder: Path, listed: dict) -> None:
    """Raises BundleError: so many files, or so many bytes, that only reading them would hold up a machine."""
    if len(listed) > MOST or len({PurePosixPath(name) for name in listed}) < len(listed):
        raise BundleError(
            f"{folder / RECORD}: lists {len(listed):,} files, or one twice; a bundle has at most {MOST}. {AGAIN}"
        )
    total = sum(size(folder / name) for name in listed)
    if total > TOTAL:
        raise BundleError(
            f"{folder}: {total:,} bytes, a bundle may have {TOTAL:,}. It is not one of ours; do not open it"
        )


def size(file: Path) -> int:
    """0 where there is none: `within` says what is wrong with it."""
    try:
        return file.stat().st_size
    except (OSError, ValueError):
        return 0


def parsed(file: Path) -> object:
    """The record as JSON."""
    if not file.exists():
        raise BundleError(f"{file.parent}: no {RECORD}, so this is not a bundle. Build one with dvc repro")
    try:
        return json.loads(within(file.parent, file.name).decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also of bytes that are no UTF-8
        raise BundleError(f"{file}: not JSON ({error}). {AGAIN}") from None


def within(folder: Path, name: str) -> bytes:
    """The bytes of a file that a bundle lists, if it is one of the folder's own, and not too large."""
    way = PurePosixPath(name)
    if way.is_absolute() or not way.parts or ".." in way.parts or "\\" in name or ":" in name or "\0" in name:
        raise BundleError(f"{folder / RECORD}: lists {name!r}, which is no path inside the folder. {AGAIN}")
    file = folder / way
    object_ = CACHED.search(file.resolve().as_posix()) if file.is_symlink() else None
    for step in (*list(way.parents)[:-1], way):
        if (folder / step).is_symlink() and not (object_ and step == way):
            raise BundleError(
                f"{folder / step}: a link, which may lead out of the bundle. Copy what it leads to: cp -rL"
            )
    if not file.is_file():
        raise BundleError(f"{file}: missing. Copy the whole folder, or build the bundle again")
    largest = LARGEST.get(name, LARGEST.get(way.suffix, LARGEST[".json"]))
    if (size := file.stat().st_size) > largest:
        raise BundleError(
            f"{file}: {size:,} bytes, a bundle's may have {largest:,}. It is not one of ours; do not open it"
        )
    content = file.read_bytes()
    if object_ and hashlib.md5(content, usedforsecurity=False).hexdigest() != "".join(object_.groups()):
        raise BundleError(f"{file}: a link to an object of a cache with other bytes than its name says. {AGAIN}")
    return content
