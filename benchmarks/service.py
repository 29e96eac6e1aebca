"""The service under load, on loopback: python -m benchmarks.service [--bundle FOLDER] [--requests 2000] [--clients 32]

Starts `decant serve` with one worker and with each other number of --workers, lets the clients ask one text a request over
connections that stay open, each as fast as it is answered, and prints how many requests were lost (no answer, or another
status than 200), requests per second, latency as the clients see it, and the processor time that the service took for a
request. The clients take time of the same processors: the latter alone is the same on a busy machine.
"""

import argparse
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from decant import paths
from stages.demo import generate

ROOT = Path(__file__).parent.parent
START = 60  # seconds that a service may take to answer /health


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=paths.bundle("demo"))
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    texts = [row["text"] for row in generate(500, 1, 0.0)]
    print(f"{options.requests:,} requests from {options.clients} clients")
    print(f"{'workers':>7} {'lost':>5} {'a second':>9} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'cpu ms':>7}")
    for workers in options.workers:
        with serving(options.bundle, "--workers", str(workers)) as (port, process):
            ask(port, texts[:100], options.clients)  # warm
            before = spent(process.pid)
            begun = time.perf_counter()
            found = ask(port, list(itertools.islice(itertools.cycle(texts), options.requests)), options.clients)
            rate = len(found) / (time.perf_counter() - begun)
            cpu = (spent(process.pid) - before) / len(found)
        seconds = [taken for status, taken in found if status == 200]
        shown = " ".join(f"{1000 * value:7.1f}" for value in np.quantile(seconds or np.nan, [0.5, 0.95, 0.99]))
        print(f"{workers:7} {len(found) - len(seconds):5} {rate:9,.0f} {shown} {1000 * cpu:7.2f}")


@contextmanager
def serving(bundle: Path, *options: str, program: tuple[str, ...] = ("-m", "decant"), **environment: str):
    """A service on a free port, as (port, process); it is told to stop, and waited for, where the block ends."""
    process = subprocess.Popen(
        [sys.executable, *program, "serve", "--bundle", str(bundle.absolute()), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )
    try:
        said = process.stdout.readline()
        if "http://" not in said:
            raise ChildProcessError(process.stderr.read())
        port = int(said.split("http://")[1].split(",")[0].rsplit(":", 1)[1])
        status, _ = one(http.client.HTTPConnection("127.0.0.1", port, timeout=START), "GET", "/health")
        if status != 200:
            raise ChildProcessError(f"/health: status {status}")
        yield port, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=START)


def spent(pid: int) -> float:
    """Seconds of processor time that a process and its workers have taken."""
    parent = psutil.Process(pid)
    times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def ask(port: int, texts: list[str], clients: int) -> list[tuple[int, float]]:
    """A status (0: none came) and seconds for each text; client c asks texts c, c + clients, ..."""

    def client(own: list[str]) -> list[tuple[int, float]]:
        connection, found = http.client.HTTPConnection("127.0.0.1", port, timeout=START), []
        for text in own:
            begun = time.perf_counter()
            status, _ = one(connection, "POST", "/predict", json.dumps({"texts": text}))
            found.append((status, time.perf_counter() - begun))
        connection.close()
        return found

    with ThreadPoolExecutor(clients) as pool:
        return [pair for own in pool.map(client, [texts[start::clients] for start in range(clients)]) for pair in own]


def one(connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """Status and body of the answer; 0 and nothing where none came."""
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0, b""


if __name__ == "__main__":
    main()
