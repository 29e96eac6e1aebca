"""A clone that is maltreated, and what has to be true of it afterwards: every md5 as before, and nothing lost."""

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from decant import paths
from decant.errors import CacheError
from decant.proofs import alike, objects, surroundings
from decant.proofs.objects import Out
from decant.proofs.surroundings import Surroundings
from decant.review import lock
from decant.review.store import FOLDER, Store

STARTED = re.compile(r"Running stage '(.+)'")
PATIENCE = 120  # seconds that a program has to end after a signal that asks it to
LIMIT = 6 * 3600  # seconds for one command; what takes longer hangs


@dataclass
class Ended:
    """A command that came to its end."""

    status: int
    said: str  # output and errors together
    stages: list[str]  # that it began, in order
    seconds: float


@dataclass
class Harm:
    """What is wrong after a fault; nothing should be."""

    differing: list[str] = field(default_factory=list)  # outs with other bytes than in an undisturbed run
    lost: list[str] = field(default_factory=list)  # files and objects that are gone or damaged

    def __bool__(self) -> bool:
        return bool(self.differing or self.lost)


class Subject:
    """root: of the clone. reference: what an undisturbed run wrote. seconds: of each stage in it."""

    def __init__(self, root: Path):
        self.root = root
        self.reference: dict[str, dict[str, Out]] = {}
        self.seconds: dict[str, float] = {}
        self.environment = surroundings.variables(surroundings.ALL["plain"], root)

    # --- running ---

    def start(self, *program: str, chosen: Surroundings | None = None) -> subprocess.Popen:
        """A program in the clone and in a process group of its own, output and errors in one pipe."""
        words = surroundings.command(chosen, list(program)) if chosen else list(program)
        return subprocess.Popen(
            words, cwd=self.root, env=self.environment, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True, errors="replace",
        )  # fmt: skip

    def run(self, *program: str, chosen: Surroundings | None = None) -> Ended:
        """The same, to its end."""
        begin = time.monotonic()
        process = self.start(*program, chosen=chosen)
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise CacheError(f"{' '.join(program)}: does not end") from None
        return Ended(process.returncode, said, STARTED.findall(said), time.monotonic() - begin)

    def repro(self, *options: str, chosen: Surroundings | None = None) -> Ended:
        return self.run("dvc", "repro", *options, chosen=chosen)

    def whole(self) -> Ended:
        """`dvc repro` to the end, which it has to reach.

        Raises CacheError: it stopped.
        """
        ended = self.repro()
        if ended.status:
            raise CacheError(f"dvc repro stopped with status {ended.status}:\n{ended.said[-2000:]}")
        return ended

    def alone(self, stage: str, chosen: Surroundings | None = None) -> Ended:
        """A stage by its own command, without dvc: over the outs that lie here."""
        cmd = next(one.cmd for one in lock.stages_of(Store(self.root)) if one.name == stage)
        return self.run("sh", "-c", cmd, chosen=chosen)

    # --- the reference ---

    def measure(self) -> None:
        """An undisturbed run from nothing: what it writes, and how long each stage takes."""
        self.reset()
        process, began = self.start("dvc", "repro"), {}
        said = []
        for line in process.stdout:
            said.append(line)
            if found := STARTED.search(line):
                began[found[1]] = time.monotonic()
        if process.wait():
            raise CacheError(f"the undisturbed run stopped:\n{''.join(said)[-2000:]}")
        ends = [*list(began.values())[1:], time.monotonic()]
        self.seconds = {stage: round(end - start, 2) for (stage, start), end in zip(began.items(), ends, strict=True)}
        self.reference = objects.recorded(Store(self.root))

    def reset(self) -> None:
        """Nothing has run yet: no outs, no cache, no lock, nothing to resume from. Raw files and what git holds stay."""
        for outs in objects.recorded(Store(self.root)).values():
            for path in outs:
                remove(self.root / path)
        for name in ("dvc.lock", ".work", ".dvc/cache", ".dvc/tmp"):
            remove(self.root / name)

    def repeating(self) -> dict[str, dict[str, Out]]:
        """The reference without timings."""
        return {stage: outs for stage, outs in self.reference.items() if alike.stage_of(stage) not in alike.TIMINGS}

    # --- what has to be true ---

    def halves(self) -> list[str]:
        """Outs that lie here with other bytes than an undisturbed run writes: half-written, or wrong."""
        return [
            path
            for outs in self.repeating().values()
            for path, out in outs.items()
            if (found := objects.md5_of(self.root / path)) and found != out.md5
        ]

    def damaged(self) -> list[str]:
        """Objects of the cache with other bytes than their names say."""
        return objects.broken(objects.cache(self.root))

    def harm(self) -> Harm:
        """Compare all of it with the reference, byte by byte."""
        found, now = Harm(), objects.recorded(Store(self.root))
        found.differing = [one.words for one in alike.differing(self.reference, now)]
        found.differing += [f"{path}: its bytes" for path in self.halves()]
        there = objects.cache(self.root)
        for outs in self.repeating().values():
            for path, out in outs.items():
                if not (self.root / path).exists():
                    found.lost.append(path)
                if out.cached:
                    found.lost += [f"{path}: {md5} of the cache" for md5 in needed(there, out.md5) if md5 not in there]
        found.lost += [f"{md5} of the cache is damaged" for md5 in objects.broken(there)]
        figures = f"{paths.metrics('any', 'any').parent.parent}/"
        made = [path for outs in self.reference.values() for path in outs]
        status = subprocess.run(
            ["git", "status", "--porcelain", "--no-renames"], cwd=self.root, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        found.lost += [
            f"{line[3:]} of git"
            for line in status
            if line[1] in "DM" and line[3:] != "dvc.lock" and not line[3:].startswith((figures, *made))
        ]
        return found


def needed(there: dict[str, Path], md5: str) -> list[str]:
    """An object, and if it is a folder those of its files."""
    if not md5.endswith(FOLDER) or md5 not in there:
        return [md5]
    return [md5, *re.findall(r'"md5": "(\w+)"', there[md5].read_text(encoding="utf-8"))]


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
