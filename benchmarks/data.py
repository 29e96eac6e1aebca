"""How fast and how large prepare and split are: python -m benchmarks.data [--rows 10000 100000 1000000] [--split 1000000]

Writes generated posts (about 100 bytes a row, one in twenty a near-duplicate) to a temporary folder and runs the stages
there as dvc would, every cleaning step on. Prints how many rows one core cleans in a second, then one line per stage and
size: rows per second (all cores, and per core), the highest memory of all processes together, and the time per row
relative to the smallest size; between large sizes, where starting up no longer counts, equal ratios are linear growth.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from ruamel.yaml import YAML

from decant import paths, text

ROOT = Path(__file__).resolve().parent.parent
TASK = "bench"
CHUNK = 100_000
CLEANED = 50_000
STEPS = {"html": True, "mojibake": True, "unicode": "NFKC", "invisible": True, "urls": "mask", "mentions": "mask",
         "hashtags": "word", "cashtags": "word", "numbers": "keep", "repeats": 3, "whitespace": True}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000], help="sizes for prepare")
    parser.add_argument("--split", type=int, nargs="*", default=[1_000_000], help="sizes for split")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    texts = [line.split(",", 1)[1] for line in posts(0, CLEANED)]
    started = time.perf_counter()
    for post in texts:
        text.clean(post, STEPS)
    print(f"cleaning alone, on one core: {CLEANED / (time.perf_counter() - started):,.0f} rows/s")
    print(
        f"{cores} cores\n{'stage':8} {'rows':>11} {'seconds':>8} {'rows/s':>9} {'per core':>9} {'MB peak':>8} {'ratio':>6}"
    )
    smallest = {}
    for rows in sorted({*options.rows, *options.split}):
        with tempfile.TemporaryDirectory() as folder:
            arrange(Path(folder), rows)
            for stage, wanted in (("prepare", True), ("split", rows in options.split)):
                if wanted:
                    seconds, peak = run(Path(folder), stage)
                    ratio = seconds / rows / smallest.setdefault(stage, seconds / rows)
                    speed = rows / seconds
                    print(
                        f"{stage:8} {rows:11,} {seconds:8.1f} {speed:9,.0f} {speed / cores:9,.0f} {peak:8,.0f} {ratio:6.2f}"
                    )


def arrange(folder: Path, rows: int) -> None:
    """Raw rows, a params.yaml whose only task reads them, every cleaning step on, and checked/."""
    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    block = {
        "source": {"files": ["rows.csv"], "id": "id", "text": "text", "group": {"columns": ["author"]},
                   "labels": {"kind": {"column": "kind"}}},
        "heads": {"kind": {"kind": "softmax", "labels": ["news", "talk", "offer", "question"]}},
        "decision": {"rule": "argmax", "head": "kind"},
        "cleaning": STEPS,
    }  # fmt: skip
    shared = {key: params[key] for key in ("encoders", "seeds", "threads", "catalogue", "defaults")}
    with (folder / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump({"tasks": [TASK]} | shared | {TASK: block}, stream)
    check = [sys.executable, "-m", "stages.check"]
    subprocess.run(check, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, check=True)
    raw = folder / paths.raw(TASK) / "rows.csv"
    raw.parent.mkdir(parents=True)
    with raw.open("w", encoding="utf-8") as stream:
        stream.write("id,text,kind,author\n")
        for start in range(0, rows, CHUNK):
            stream.writelines(posts(start, min(CHUNK, rows - start)))


def posts(start: int, count: int) -> list[str]:
    rng = np.random.default_rng(start)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = ["".join(letters[rng.integers(0, 26, size)]) for size in rng.integers(2, 10, 5000)]
    picks = np.minimum(rng.zipf(1.3, (count, 15)) - 1, 4999)  # words as skewed as those of a language
    kinds = rng.choice(["news", "talk", "offer", "question"], count, p=[0.4, 0.4, 0.15, 0.05])
    authors = rng.integers(0, 10_000_000, count)
    copies, decorations = rng.random(count) < 0.05, rng.integers(0, 12, count)
    lines, before = [], ""
    for row in range(count):
        post = " ".join(map(vocabulary.__getitem__, picks[row]))
        if copies[row] and before:
            post = f"{before} {vocabulary[picks[row, 0]]}"
        before = post
        post += (
            "",
            " https://example.test/a?b=1",
            " &amp; <b>more</b>",
            " @friend",
            " #tag",
            " sooooo good",
            " cafÃ©",
        )[decorations[row] if decorations[row] < 7 else 0]
        lines.append(f'{start + row},"{post}",{kinds[row]},{authors[row]}\n')
    return lines


def run(folder: Path, stage: str) -> tuple[float, float]:
    """Seconds, and the highest memory (MB, proportional set size) of the stage's processes together."""
    started, peak = time.perf_counter(), 0.0
    command = [sys.executable, "-m", f"stages.{stage}", TASK]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    os.set_blocking(process.stderr.fileno(), False)
    said = b""
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        said = (said + (process.stderr.read() or b""))[-2000:]
        time.sleep(0.2)
    if process.returncode:
        sys.exit(f"stages.{stage} failed:\n{said.decode(errors='replace')}")
    return time.perf_counter() - started, peak


def memory(pid: int) -> float:
    total = 0.0
    try:
        main = psutil.Process(pid)
        family = [main, *main.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for member in family:
        try:
            total += member.memory_full_info().pss / 2**20
        except psutil.NoSuchProcess:
            continue
    return total


if __name__ == "__main__":
    main()
