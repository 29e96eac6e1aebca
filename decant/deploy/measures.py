"""What a service counts, for Prometheus: of one process, or of all workers together.

Several workers share a folder, which PROMETHEUS_MULTIPROC_DIR names before prometheus_client is imported: each writes what
it counts to files of its own, and whichever of them is asked adds them up.
"""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PATHS = (
    "/predict",
    "/labels",
    "/health",
    "/metrics",
    "/openapi.json",
)  # any other counts as "other": names are no memory leak
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Measures:
    """Counters of one process."""

    def __init__(self, record: dict):
        disable_created_metrics()  # a second series for each, which several workers would not have
        self.registry = registry = CollectorRegistry()
        self.folder = os.environ.get(FOLDER)
        if self.folder:
            _forget_the_dead(Path(self.folder))
        self.requests = Counter(
            "decant_requests", "Requests by path and status.", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "decant_predict_seconds",
            "From the head of a question to its answer, of those answered.",
            buckets=SECONDS,
            registry=registry,
        )
        self.texts = Counter("decant_texts", "Texts that were classified.", registry=registry)
        self.answers = Counter(
            "decant_answers", "Texts by answer; one may have several.", ["answer"], registry=registry
        )
        self.unanswered = Counter("decant_texts_without_answer", "Texts below every threshold.", registry=registry)
        self.line = Gauge(
            "decant_requests_in_line",
            "POST /predict that run or wait now.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        bundle = Gauge(
            "decant_bundle", "1 for each process and the bundle it holds.", ["task", "model_md5"],
            multiprocess_mode="liveall", registry=registry,
        )  # fmt: skip
        bundle.labels(record["task"], record["model_md5"]).set(1)

    def request(self, path: str, status: int) -> None:
        self.requests.labels(path if path in PATHS else "other", status).inc()

    def predictions(self, predictions: list[dict]) -> None:
        """What was answered: classes, never texts."""
        self.texts.inc(len(predictions))
        for prediction in predictions:
            answer = prediction["answer"]
            names = [answer] if isinstance(answer, str) else answer
            for name in names:
                self.answers.labels(name).inc()
            if not names:
                self.unanswered.inc()

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        if not self.folder:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, self.folder)
        return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """Take out what a worker held that is no more: the one that this one replaces. What it counted stays."""
    for pid in {int(file.stem.split("_")[-1]) for file in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))
