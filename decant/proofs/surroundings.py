"""What a command runs in, and must not change a byte: seeds of hashes, folder, time zone, locale, umask, cores, and a processor.

`narrow` alone may change bytes: it tells the libraries to use the instructions of an older processor, which is as near as
one machine comes to another.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")
LOCALE = "tr_TR.UTF-8"  # where I is no capital i, and a comma stands in numbers
OLD = {  # torch, its matrices, and numpy's
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "MKL_CBWR": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
UNSET = ("PYTHONPATH", "PYTHONHASHSEED", "OMP_NUM_THREADS", "DECANT_STORAGE", "DVC_STAGE", "MAKEFLAGS", "MAKELEVEL")


@dataclass(frozen=True)
class Surroundings:
    words: str  # what is other than usual
    variables: dict[str, str] = field(default_factory=dict)
    umask: int | None = None
    cores: int | None = None
    folder: str = "clone"  # below the temporary one
    bytes: int | None = None  # that a file may have
    bound: bool = False  # root too keeps to permissions

    @property
    def locale(self) -> str:
        return self.variables.get("LC_ALL", "")


DATELINE, NEPAL = "Pacific/Chatham", "Asia/Kathmandu"
FAR = "another folder/with ümlauts, and blanks"
ALL = {
    "plain": Surroundings("nothing"),
    "hash": Surroundings("another seed of hashes", {"PYTHONHASHSEED": "4242"}),
    "folder": Surroundings("a folder of another name and depth, with blanks", folder=FAR),
    "timezone": Surroundings(f"the time zone {DATELINE}", {"TZ": DATELINE}),
    "turkish": Surroundings(f"the locale {LOCALE}", {"LC_ALL": LOCALE}),
    "c": Surroundings("the locale C, without UTF-8", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "umask": Surroundings("umask 077", umask=0o077),
    "one": Surroundings("one core", cores=1),
    "two": Surroundings("two cores, and four threads asked for", {"OMP_NUM_THREADS": "4"}, cores=2),
    "hostile": Surroundings(
        f"another seed of hashes, folder and time zone, the locale {LOCALE}, umask 077 and one core",
        {"PYTHONHASHSEED": "99", "TZ": NEPAL, "LC_ALL": LOCALE, "OMP_NUM_THREADS": "4"}, umask=0o077, cores=1, folder=FAR,
    ),
    "narrow": Surroundings("instructions of a processor with AVX2 alone", OLD),
}  # fmt: skip


def variables(chosen: Surroundings, folder: Path) -> dict[str, str]:
    """The environment of a command: this one without what a shell may have set, this Python first, and what was chosen.

    folder: for a locale that has to be made.
    """
    usual = {name: value for name, value in os.environ.items() if name not in UNSET}
    usual["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{usual['PATH']}"
    made = {"LOCPATH": str(folder)} if chosen.locale == LOCALE and not installed() and compiled(folder) else {}
    return usual | made | chosen.variables


def command(chosen: Surroundings, program: list[str]) -> list[str]:
    """A program with what has to be set before it starts."""
    given = {
        name: value
        for name in ("umask", "cores", "bytes", "bound")
        if (value := getattr(chosen, name)) not in (None, False)
    }
    return [sys.executable, str(LAUNCH), json.dumps(given), *program] if given else program


def doubts(chosen: Surroundings, environment: dict[str, str]) -> list[str]:
    """What of the chosen this machine does not have, in words."""
    found = []
    if chosen.locale == LOCALE and "LOCPATH" not in environment and not installed():
        found.append(f"this machine has no locale {LOCALE} and cannot make it: it ran in the locale C")
    if chosen.cores is not None and chosen.cores > cores():
        found.append(f"this machine has {cores()} of {chosen.cores} cores")
    return found


def cores() -> int:
    """That a process may use here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def installed() -> bool:
    """Whether the system has the Turkish locale."""
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return False
    return LOCALE.lower().replace("-", "") in listed.lower().replace("-", "").split()


def compiled(folder: Path) -> bool:
    """Make the Turkish locale there, from the sources that most Linux systems have."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asked = ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / LOCALE)]
        subprocess.run(asked, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return (folder / LOCALE).is_dir()
