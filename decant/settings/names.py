"""Names of tasks, encoders, heads and gates: one pattern for all.

dvc puts a task's and an encoder's name into commands of a shell, into paths and into names of stages; heads and gates are
keys of metrics files, which dvc shows by their dotted names. Labels are no names: they may be any text that is not blank.
"""

import unicodedata

from decant.files import KEY

LONGEST = 64  # bytes: a path has two of them and a suffix, and file systems take 255
PATTERN = f"a name has letters (of any script), digits, - and _, begins with no -, and has at most {LONGEST} bytes"
# names of devices, which Windows lets no file have, whatever its case
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def fault(name: str) -> str | None:
    """Why this can be no name of a task, encoder, head or gate, and what could; None if it can."""
    if not KEY.fullmatch(name) or name.startswith("-"):
        return f"{name[:LONGEST]!r} cannot be a name: {PATTERN}"
    if len(name.encode("utf-8")) > LONGEST:
        return f"{name[:20]!r}... cannot be a name, for it has {len(name.encode('utf-8'))} bytes: {PATTERN}"
    if name.casefold() in DEVICES:
        return f"{name!r} cannot be a name: Windows has a device of that name, and no file can have it"
    if name != unicodedata.normalize("NFC", name):
        return f"{name!r} cannot be a name: its letters are written in parts, and some file systems join them (NFC)"
    return None
