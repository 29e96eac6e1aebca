"""Killing `dvc repro` at a random moment of each stage, and going on.

One pass builds everything from nothing. Each stage is stopped once in it: at a moment between its start and nine tenths of
the time that it took undisturbed. Then the next `dvc repro` goes on, until the next stage is stopped, and so to the end.
"""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from decant.proofs.subject import PATIENCE, STARTED, Subject
from decant.review import orphans

# kind -> signal, and whether the whole process group gets it
KINDS = {
    "group": (signal.SIGKILL, True),
    "dvc alone": (signal.SIGKILL, False),
    "SIGINT": (signal.SIGINT, True),
    "SIGTERM": (signal.SIGTERM, True),
}
LATEST = 0.9  # of a stage's time
TRIES = 4  # for a stage that is over before its moment comes; later ones are earlier


@dataclass
class Kill:
    stage: str  # that ran when the signal came
    kind: str
    after: float  # seconds after it began
    halves: list[str] = field(default_factory=list)  # outs with wrong bytes at that moment
    damaged: list[str] = field(default_factory=list)  # objects of the cache
    deaf: bool = False  # it did not end, and was killed
    waited: float = 0.0  # seconds for a stage that went on without its dvc, as the error of `decant check` says


class Watch:
    """A `dvc repro` that is read line by line, so that its present stage is known."""

    def __init__(self, subject: Subject, *options: str):
        self.process = subject.start("dvc", "repro", *options)
        self.stage, self.began, self.lines, self.stages = "", 0.0, [], []
        self.news = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
            if found := STARTED.search(line):
                self.stage, self.began = found[1], time.monotonic()
                self.stages.append(self.stage)
                self.news.set()
        self.news.set()

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def due(self, wanted: Callable[[str], float | None]) -> str | None:
        """Wait until the moment of a stage has come. wanted: stage -> seconds after its start, or None. Returns the stage that
        runs then; None: it came to its end before."""
        moment = None
        while self.process.poll() is None:
            if self.news.is_set():
                self.news.clear()
                delay = wanted(self.stage) if self.stage else None
                moment = None if delay is None else self.began + delay
            left = 0.5 if moment is None else moment - time.monotonic()
            if left <= 0:
                return self.stage
            self.news.wait(min(left, 0.5))
        return None

    def stop(self, kind: str) -> bool:
        """Send the signal; True: it did not listen, and was killed."""
        number, everyone = KINDS[kind]
        send = os.killpg if everyone else os.kill
        try:
            send(self.process.pid, number)
        except ProcessLookupError:
            return False
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return True
        return False


def one(subject: Subject, chance: random.Random, stages: dict[str, str], *options: str) -> Kill | None:
    """Run `dvc repro` and stop it in the first of these stages that it comes to. stages: name -> kind.

    Returns None if it came to its end before. A stage that goes on without its dvc is waited for: see `waited`.
    """
    watch = Watch(subject, *options)
    hit = watch.due(
        lambda stage: chance.uniform(0, LATEST) * subject.seconds.get(stage, 1.0) if stage in stages else None
    )
    if hit is None:
        watch.process.wait()
        return None
    kill = Kill(hit, stages.get(hit, "group"), round(time.monotonic() - watch.began, 2))
    kill.deaf = watch.stop(kill.kind)
    kill.halves, kill.damaged = subject.halves(), subject.damaged()
    kill.waited = waited(subject)
    return kill


def waited(subject: Subject) -> float:
    """Seconds until no stage runs there without its dvc. Another of it would wait for it, and a kill would then hit one
    that does nothing."""
    begin = time.monotonic()
    while orphans.orphans(subject.root):
        time.sleep(0.2)
    return round(time.monotonic() - begin, 1)


def a_pass(
    subject: Subject,
    chance: random.Random,
    stages: dict[str, str],
    noted: Callable[[Kill], None],
    late: Callable[[], bool],
) -> None:
    """From nothing to the end, with each of these stages stopped once. noted: is told each kill. late: whether time is up, so
    that no more is killed.

    Raises CacheError: a `dvc repro` that nobody killed stopped.
    """
    subject.reset()
    left = dict(stages)
    while left and not late():
        kill = one(subject, chance, left)
        if kill is None:
            break
        left.pop(kill.stage, None)
        noted(kill)
    subject.whole()
    for stage, kind in left.items():  # over before their moment came, each time
        for _ in range(TRIES):
            if late():
                return
            kill = one(subject, chance, {stage: kind}, "--force", "--single-item", stage)
            if kill is not None:
                noted(kill)
                break
    subject.whole()
