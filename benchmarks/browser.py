"""How fast the page classifies in Chromium: python -m benchmarks.browser [--task demo] [--rows 1000]

Builds the page of a bundle, serves it on this machine and opens it in a headless Chromium, once empty-handed and once from
what the browser has kept. Then types raw train rows, each until its answer is shown: cleaning, tokens, model, decision and
drawing. Prints JSON: milliseconds to be ready and a text, and the memory of the script and of the model after a tenth of
the rows and after all of them, garbage collected. On a busy machine the percentiles grow; the mean processor time of the
page's thread does not.
"""

import argparse
import functools
import http.server
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import CDPSession, Page, sync_playwright

from decant import paths
from decant.deploy import browser
from decant.errors import InstallError

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]

# the memory of the model is one WebAssembly.Memory, which no page can ask for later
KEPT = """const Memory = WebAssembly.Memory; self.memories = [];
WebAssembly.Memory = class extends Memory { constructor(...from) { super(...from); self.memories.push(this); } };"""
TYPED = """async (texts) => {
  const { refresh } = await import("./main.js");
  const box = document.getElementById("text"), taken = [];
  document.querySelector("input[value=one]").checked = true;
  for (const text of texts) {
    box.value = text;
    const started = performance.now();
    await refresh();
    taken.push(performance.now() - started);
    await new Promise((drawn) => setTimeout(drawn));
  }
  return taken;
}"""


READ = """async (texts) => {
  const { read } = await import("./main.js");
  const all = [];
  for (const text of texts) all.push((await read(text)).reading);
  return all.map((reading) => ({ ids: reading.windows[0], logits: Array.from(reading.logits) }));
}"""


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        """Nothing: standard error is for errors."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default="demo", help="whose bundle and train rows")
    parser.add_argument("--bundle", type=Path, help="bundle folder (default: models/<task>/bundle)")
    parser.add_argument("--rows", type=int, default=1000, help="texts, from the first; again from there if too few")
    parser.add_argument("--texts", type=Path, help="Parquet with a column raw (default: data/<task>/train.parquet)")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="where the browser lies")
    options = parser.parse_args()
    if options.chromium is None:
        parser.error("there is no chromium on the path; say with --chromium where it lies")
    rows = pd.read_parquet(options.texts or paths.split_file(options.task, "train"), columns=["raw"])["raw"].tolist()
    rows = (rows * (options.rows // len(rows) + 1))[: options.rows]
    with served(options.bundle or paths.bundle(options.task)) as (address, size):
        measured = measure(address, rows, options.chromium)
    print(json.dumps({"task": options.task, "bytes": size, "load": os.getloadavg()[0]} | measured, indent=2))


@contextmanager
def served(bundle: Path) -> Iterator[tuple[str, int]]:
    """The page of a bundle on this machine: its address and its bytes, as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        size = browser.build(bundle, Path(folder) / "page")
        handler = functools.partial(Silent, directory=f"{folder}/page")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://localhost:{server.server_port}/", size
            server.shutdown()


def answers(bundle: Path, texts: list[str], chromium: str | None = None) -> list[dict]:
    """ids (of the first window) and logits of each text by the page in Chromium. chromium: where it lies, if not on the path.

    Raises InstallError: there is none.
    """
    chromium = chromium or shutil.which("chromium")
    if chromium is None:
        raise InstallError("there is no chromium on the path, which opens the page. Install one: apt install chromium")
    with served(bundle) as (address, _), sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = started.new_page()
        opened(page, address)
        found = page.evaluate(READ, texts)
        started.close()
    return found


def measure(address: str, rows: list[str], chromium: str) -> dict:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = started.new_page()
        page.add_init_script(KEPT)
        ready = {"first_ms": opened(page, address)}
        page.wait_for_selector("html[data-offline]")
        ready["again_ms"] = opened(page, address)
        tools, tenth = page.context.new_cdp_session(page), len(rows) // 10
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        taken = page.evaluate(TYPED, rows[:tenth])
        before, worked = memory(page, tools), busy(tools)
        taken += page.evaluate(TYPED, rows[tenth:])
        worked = (busy(tools) - worked) / (len(rows) - tenth)
        after = memory(page, tools)
        name = started.version
        started.close()
    spread = {f"p{part}": round(float(np.percentile(taken, part)), 2) for part in (50, 95, 99)}
    spread["processor_mean"] = round(1000 * worked, 2)
    return {
        "chromium": name,
        "ready": ready,
        "rows": len(rows),
        "ms": spread,
        "memory": {"tenth": before, "all": after},
    }


def opened(page: Page, address: str) -> int:
    """Milliseconds until the page can answer."""
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    return round(1000 * (time.perf_counter() - begun))


def busy(tools: CDPSession) -> float:
    """Seconds of processor time that the page's thread has taken: what other programs take is not in it."""
    return next(
        one["value"] for one in tools.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration"
    )


def memory(page: Page, tools: CDPSession) -> dict:
    """Bytes of the script's heap, garbage collected, and of the model."""
    tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"]
    return {
        "script": int(heap),
        "model": page.evaluate("memories.reduce((sum, one) => sum + one.buffer.byteLength, 0)"),
    }


if __name__ == "__main__":
    main()
