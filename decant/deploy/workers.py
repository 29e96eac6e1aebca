"""Texts scored by all free cores: a process per core, each with a bundle of its own and one thread."""

import os
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import numpy as np

from decant import decision
from decant.errors import ResourceError
from decant.heads import probabilities
from decant.runtime import Bundle

DIGITS = 6  # of a score: what thresholds are rounded to

_bundle: Bundle | None = None  # of a worker


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def numbers(bundle: Bundle) -> list[str]:
    """Heads that say a number, which is no class."""
    return [head.name for head in bundle.heads if not head.labels]


def answers(bundle: Bundle, texts: list[str | None]) -> np.ndarray:
    """(n, k + k + r) float64: 1 where a class is the answer, the k scores, and what the r heads of numbers say.

    texts: null where there is none to score; its row is NaN.
    """
    scored = [row for row, text in enumerate(texts) if text is not None]
    result = np.full((len(texts), 2 * len(bundle.classes_) + len(numbers(bundle))), np.nan)
    chances = probabilities(bundle.logits([texts[row] for row in scored]), bundle.heads)
    result[scored] = np.column_stack(
        [
            bundle.decide(chances),
            decision.scores(bundle.rule, bundle.heads, chances),
            chances[:, [head.start for head in bundle.heads if not head.labels]],
        ]
    )
    return result.round(DIGITS)


def in_order(bundle: Path, pieces: Iterator[tuple], workers: int) -> Iterator[tuple]:
    """(what, answers) of each (what, texts), in their order; few of them are in memory at a time.

    The answers are the same from any number of workers. Raises ResourceError: a worker died.
    """
    if workers == 1:
        own = Bundle(bundle)
        yield from ((what, answers(own, texts)) for what, texts in pieces)
        return
    waiting: deque[tuple[object, Future]] = deque()
    with ExitStack() as stack:
        # spawned, not forked: the threads of onnxruntime and Arrow do not survive a fork
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_start, initargs=(bundle,))
        stack.callback(pool.shutdown, cancel_futures=True)
        try:
            for what, texts in pieces:
                waiting.append((what, pool.submit(_run, texts)))
                if len(waiting) > 2 * workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()
        except BrokenProcessPool:
            raise ResourceError(
                "a worker died, as one does that finds no memory. The same command goes on from the rows that are done; "
                "say --workers with a smaller number"
            ) from None


def _start(bundle: Path) -> None:
    """Make this process ready for `_run`; it ends with its parent, also with one that was killed."""
    global _bundle
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-c is for the parent
    Thread(target=_follow, daemon=True).start()
    _bundle = Bundle(bundle)


def _follow() -> None:
    parent_process().join()
    os._exit(1)


def _run(texts: list[str | None]) -> np.ndarray:
    return answers(_bundle, texts)
