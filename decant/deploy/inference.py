"""The one thread of a service that runs its bundle, and the short line of requests before it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from decant.runtime import Bundle

SLICE = 16  # texts between two looks at whether anybody still waits: about 40 ms


class Busy(Exception):
    """As many requests wait as the line holds."""


class Inference:
    """Answers requests one after the other, off the event loop.

    One thread, since the bundle's session uses one core and a second one would only share it. places: requests that may
    be in it or wait for it. A request that nobody waits for any longer leaves the line, or ends after its slice of texts,
    and only then gives its place back: a service that is late does not also work for those who have left.
    """

    def __init__(self, bundle: Bundle, places: int):
        self.bundle = bundle
        self.places = threading.BoundedSemaphore(places)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="inference")

    async def answer(self, texts: list[str], explain: bool) -> list[dict]:
        """What Bundle.predict says per text; with explain, the words that moved it too.

        Raises Busy at once if the line is full, InputError for what the bundle does not take.
        """
        if not self.places.acquire(blocking=False):
            raise Busy
        unwanted = threading.Event()
        job = self.thread.submit(self._answer, texts, explain, unwanted)
        job.add_done_callback(lambda _: self.places.release())
        try:
            return await asyncio.wrap_future(job)
        finally:
            unwanted.set()

    def close(self) -> None:
        """After the last request."""
        self.thread.shutdown(cancel_futures=True)

    def _answer(self, texts: list[str], explain: bool, unwanted: threading.Event) -> list[dict]:
        answers = []
        for start in range(0, len(texts), SLICE):
            if unwanted.is_set():
                break
            answers += self.bundle.predict(texts[start : start + SLICE])
        if explain:
            for text, answer in zip(texts, answers, strict=False):  # fewer answers where nobody waits
                if unwanted.is_set():
                    break
                answer["words"] = [_word(*found) for found in self.bundle.explain(text)]
        return answers


def _word(word: str, start: int, end: int, effect: float) -> dict:
    return {"word": word, "start": int(start), "end": int(end), "effect": round(float(effect), 4)}
