"""Taking times so that they can be trusted on a machine that is busy with other things.

The clock is the processor time of the calling thread where everything computes on one thread, as by default: the time in
which another process has the core is not in it, and on an idle machine it is the wall clock's. On two cores that 6 to 11
processes wanted, the wall clock's median of one call was 6.4 to 33 ms and its 95th percentile 16 to 64; the thread's were
2.4 to 2.8 and 3.0 to 3.2. Threads that a call starts would not be seen by that clock: with more than one it is the wall's.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from decant.progress import bar

ROUNDS = 5  # parts of a pass, in which everyone has a turn

Call = tuple[Callable, Sequence]  # what is called, and with what, one after the other


class Clock:
    """Reads the right clock, and adds up how much longer the wall clock took."""

    def __init__(self, threads: int):
        self.name = "thread" if threads == 1 else "wall"
        self._read = time.thread_time if threads == 1 else time.perf_counter
        self._timed = self._wall = 0.0

    def seconds(self, call: Callable[[object], object], given: object) -> float:
        wall, start = time.perf_counter(), self._read()
        call(given)
        took = self._read() - start
        self._timed += took
        self._wall += time.perf_counter() - wall
        return took

    @property
    def wall_ratio(self) -> float:
        """Wall time of all that was timed over its time by this clock: 1.0 on an idle machine."""
        return self._wall / self._timed


def in_turn(calls: dict[object, Call], passes: int, clock: Clock, what: str) -> dict[object, np.ndarray]:
    """Name -> (passes, n) seconds of its n inputs.

    Everyone has its turns all through a pass, so that a slow moment of the machine falls on all. A turn begins with an
    answer that is not timed: what another one has left in the caches is not its own doing.

    what: shown while it runs.
    """
    found = {name: np.zeros((passes, len(given))) for name, (_, given) in calls.items()}
    turns = {name: np.array_split(np.arange(len(given)), ROUNDS) for name, (_, given) in calls.items()}
    with bar(total=passes * sum(map(len, (given for _, given in calls.values()))), what=what, unit="call") as shown:
        for step in range(passes):
            for turn in range(ROUNDS):
                for name, (call, given) in calls.items():
                    rows = turns[name][turn]
                    if len(rows):
                        call(given[rows[0]])
                    for row in rows:
                        found[name][step, row] = clock.seconds(call, given[row])
                    shown.update(len(rows))
    return found
