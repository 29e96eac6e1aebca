"""How fast and how large scoring a table is: python -m benchmarks.tables models/demo/bundle [--rows 100000] [--workers N] [--kill]

Writes generated posts as CSV to a temporary folder, each with its number so that no two are alike, and runs `decant predict`
over them. Prints rows per second, rows per second of processor time (which a busy machine changes less), and the highest
memory of all its processes together. --kill kills another run in the middle, resumes it, and says whether the bytes are
the same.
"""

import argparse
import csv
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.data import memory
from decant.deploy.table import PIECE
from stages.demo import generate

POSTS, SEED = 20_000, 13


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, help="bundle folder")
    parser.add_argument("--rows", type=int, default=100_000, help="of the table")
    parser.add_argument("--workers", type=int, help="processes (default: one per free core)")
    parser.add_argument("--kill", action="store_true", help="and once more, killed in the middle and resumed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table, whole, resumed = (Path(folder) / name for name in ("rows.csv", "whole.parquet", "resumed.parquet"))
        write(table, options.rows)
        command = [
            sys.executable,
            "-m",
            "decant",
            "predict",
            str(table),
            "--text",
            "text",
            "--bundle",
            str(options.bundle),
        ]
        command += ["--workers", str(options.workers)] if options.workers else []
        seconds, processor, peak = run([*command, "--out", str(whole)])
        print(
            f"{options.rows:,} rows, {table.stat().st_size / 1e6:.1f} MB of CSV, {whole.stat().st_size / 1e6:.1f} MB of Parquet"
        )
        print(
            f"{options.rows / seconds:,.0f} rows/s, {options.rows / processor:,.0f} rows per second of processor time"
        )
        print(f"{peak:,.0f} MB at most, all processes together")
        if options.kill:
            before = killed([*command, "--out", str(resumed)], resumed, options.rows // PIECE // 2)
            run([*command, "--out", str(resumed)])
            same = whole.read_bytes() == resumed.read_bytes()
            print(f"killed after {before * PIECE:,} rows and resumed: {'the same bytes' if same else 'OTHER BYTES'}")


def write(file: Path, rows: int) -> None:
    posts = [row["text"] for row in generate(POSTS, SEED, 0.0)]
    with file.open("w", encoding="utf-8", newline="") as stream:
        cells = csv.writer(stream)
        cells.writerow(["id", "text"])
        cells.writerows([f"row-{row}", f"{posts[row % POSTS]} {row}"] for row in range(rows))


def run(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and the highest memory in MB of the command and its workers."""
    used, started, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    running = subprocess.Popen(command)
    while running.poll() is None:
        peak = max(peak, memory(running.pid))
        time.sleep(0.2)
    if running.returncode:
        sys.exit(running.returncode)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, peak


def killed(command: list[str], out: Path, parts: int) -> int:
    """Kill the command once it has so many parts; returns how many it had."""
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while running.poll() is None and len(list(out.parent.glob(f".{out.name}.*.parts/0*.npy"))) < parts:
        time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return len(list(out.parent.glob(f".{out.name}.*.parts/0*.npy")))


if __name__ == "__main__":
    main()
