"""A disk that is full, and outs that may not be written."""

import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

from decant.proofs.outcomes import Outcome, after, stopped
from decant.proofs.subject import Subject, remove
from decant.proofs.surroundings import Surroundings

SPARE = 1 << 25  # bytes that the small file system has beyond what lies in the clone: 32 MB
BLOCK = 4096  # bytes, of a tmpfs


def full(subject: Subject, chance: random.Random, stages: list[str], work: Path) -> list[Outcome]:
    """Each stage once on a disk that has room for a part of its outs: a tmpfs that is filled up, or where this machine
    mounts none a limit on the size of files."""
    place = work / "small"
    if not mounted(place, size(subject.root) + SPARE):
        return [limited(subject, chance, stage) for stage in stages]
    try:
        shutil.copytree(subject.root, place / "clone", symlinks=True)
        small = Subject(place / "clone")
        small.reference, small.seconds = subject.reference, subject.seconds
        return [filled(small, chance, stage, place / "filler") for stage in stages]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def filled(small: Subject, chance: random.Random, stage: str, filler: Path) -> Outcome:
    outs = [small.root / path for path in small.reference[stage]]
    room = int(chance.uniform(0, 0.9) * sum(map(size, outs)))
    for path in outs:
        remove(path)
    free = shutil.disk_usage(filler.parent).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(BLOCK, free - room))
    ended = small.repro("--force", "--single-item", stage)
    halves = small.halves()
    remove(filler)
    wrong = [f"{path}: half-written" for path in halves]
    if not ended.status and shutil.disk_usage(filler.parent).free < room:
        wrong.append("it said nothing")
    return after(small, "full disk (tmpfs)", stage, f"{room:,} bytes left; {stopped(ended)}", wrong)


def limited(subject: Subject, chance: random.Random, stage: str) -> Outcome:
    """A stage, by hand: dvc would stop at its own database. Files may be as large as a part of its largest out."""
    files = [file for path in subject.reference[stage] for file in below(subject.root / path)]
    most = int(chance.uniform(0, 0.9) * max((file.stat().st_size for file in files), default=0))
    ended = subject.alone(stage, Surroundings("files of limited size", bytes=most))
    wrong = [f"{path}: half-written" for path in subject.halves()]
    wrong += [] if ended.status else ["it said nothing"]
    return after(
        subject, "full disk (RLIMIT_FSIZE)", stage, f"files of {most:,} bytes at most; {stopped(ended)}", wrong
    )


def read_only(subject: Subject, stages: list[str]) -> list[Outcome]:
    """Outs, and the folders that they lie in, without permission to write; root too keeps to it."""
    found = []
    for stage in stages:
        outs = [subject.root / path for path in subject.reference[stage]]
        places = {each for out in outs for each in (*out.rglob("*"), out, out.parent)}
        modes = {place: stat.S_IMODE(place.stat().st_mode) for place in places if place.exists()}
        for place, mode in modes.items():
            place.chmod(mode & ~0o222)
        chosen = Surroundings("read-only", bound=True)
        ended = subject.repro("--force", "--single-item", stage, chosen=chosen)
        for place, mode in sorted(modes.items()):
            if place.exists():
                place.chmod(mode)
        found.append(after(subject, "read-only outs", stage, stopped(ended)))
    return found


def mounted(place: Path, most: int) -> bool:
    """Whether a tmpfs of so many bytes is there now."""
    place.mkdir(parents=True, exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={most}", "decant", str(place)]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def below(path: Path) -> list[Path]:
    """The files of an out."""
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path] if path.exists() else []


def size(path: Path) -> int:
    """Bytes of all files, each in whole blocks."""
    files = (
        [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()] if path.is_dir() else below(path)
    )
    return sum(-(-file.stat().st_size // BLOCK) * BLOCK for file in files)
