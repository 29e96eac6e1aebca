"""Does the classifier grow while it runs: python -m benchmarks.memory models/demo/bundle [--calls 100000]

Calls predict with one text after another, each of another length and none like an earlier one, and prints the memory of the
process before, then after each tenth of the calls, with calls per second. A line ends with how much it grew since the first
tenth, which fills what onnxruntime and the tokenizer keep.
"""

import argparse
import random
import time
from pathlib import Path

import psutil

from decant.runtime import Bundle
from stages.demo import generate

SEED, POSTS, LONGEST = 13, 2000, 2  # posts that are joined into a text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, help="bundle folder")
    parser.add_argument("--calls", type=int, default=100_000, help="calls of predict, with one text each")
    options = parser.parse_args()
    posts, chosen = [row["text"] for row in generate(POSTS, SEED, 0.0)], random.Random(SEED)
    bundle, process, first = Bundle(options.bundle), psutil.Process(), 0.0
    print(f"{'calls':>9} {'calls/s':>8} {'MB':>7} {'grown':>7}\n{0:9,} {'':8} {process.memory_info().rss / 1e6:7.1f}")
    started = time.perf_counter()
    for call in range(1, options.calls + 1):
        bundle.predict([" ".join(chosen.choices(posts, k=chosen.randint(1, LONGEST))) + f" {call}"])
        if call % (options.calls // 10) == 0:
            memory = process.memory_info().rss / 1e6
            first = first or memory
            speed = call / (time.perf_counter() - started)
            print(f"{call:9,} {speed:8,.0f} {memory:7.1f} {memory - first:7.1f}", flush=True)


if __name__ == "__main__":
    main()
