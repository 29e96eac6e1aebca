"""benchmark: size, latency, throughput and memory of the bundle on this machine (metrics/<task>/benchmark.json).

A file of its own that dvc.lock does not hold: timings never repeat, and nothing reproducible may depend on them. The
threads and the processor stand beside every figure; int8 is timed against fp32 in the same process.
"""

import subprocess
import sys
import time

import numpy as np
import onnxruntime
from tqdm import tqdm

from decant import checked, paths, stage, tables
from decant.files import write_metrics
from decant.runtime import Bundle, Model
from decant.settings.base import Section
from decant.settings.benchmark import Benchmark
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens
from decant.verdict import provenance

WARM_UP = 50  # texts before the clock starts
MEMORY = "import sys; from decant.runtime import Bundle; Bundle(sys.argv[1]).predict(['warm up']); "
MEMORY += "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


class Sections(Section):
    benchmark: Benchmark
    heads: Heads
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    texts = tables.load(task, "valid", heads)["text"].tolist()[: p.benchmark.texts]
    bundle = Bundle(paths.bundle(task), p.threads)
    fp32 = Model(paths.onnx(task), paths.student(task) / "tokenizer.json", p.tokens.max_length, p.threads)

    bundle.logits(texts[:WARM_UP])
    fp32.logits(texts[:WARM_UP])
    int8_times, fp32_times = np.full(len(texts), np.inf), np.full(len(texts), np.inf)
    # in turn, so that a slow moment of the machine falls on both
    for _ in tqdm(range(p.benchmark.repeats), desc="benchmark", unit="pass"):
        for row, text in enumerate(texts):
            int8_times[row] = min(int8_times[row], seconds(bundle.logits, text))
            fp32_times[row] = min(fp32_times[row], seconds(fp32.logits, text))
    lengths = [len(bundle.model.tokenizer.encode(text).ids) for text in texts]
    memory = subprocess.run(
        [sys.executable, "-c", MEMORY, paths.bundle(task)], capture_output=True, text=True, check=True
    )
    write_metrics(
        paths.metrics(task, "benchmark"),
        {
            "texts": len(texts),
            "tokens_median": float(np.median(lengths)),
            "threads": p.threads,
            "int8_ms_p50": float(np.median(int8_times) * 1e3),
            "int8_ms_p95": float(np.percentile(int8_times, 95) * 1e3),
            "fp32_ms_p50": float(np.median(fp32_times) * 1e3),
            "int8_to_fp32": float(int8_times.sum() / fp32_times.sum()),
            "texts_per_second": float(len(texts) / int8_times.sum()),
            "bundle_bytes": sum(file.stat().st_size for file in paths.bundle(task).rglob("*") if file.is_file()),
            "peak_memory_mb": int(memory.stdout) / 1024,
            "processor": provenance.processor(),
            "instructions": provenance.instructions(),
            "onnxruntime": onnxruntime.__version__,
            "commit": provenance.commit(),
        },
    )


def seconds(call, text: str) -> float:
    start = time.perf_counter()
    call([text])
    return time.perf_counter() - start


if __name__ == "__main__":
    stage.run(main)
