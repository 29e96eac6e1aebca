"""benchmark: size, speed and memory of every contestant on this machine (metrics/<task>/benchmark.json).

In: every model, opened once in this process, and texts of valid. Each answers one text at a time at the task's own lengths,
then in batches; the shipped model and its fp32 twin also at fixed lengths, beside the floor that the processor sets; the
students of the capacity sweep at one. All take turns. Then a fresh process opens each one, which gives its cold start and its memory.

The one out that never repeats. A gate on a time would be about the machine; on a ratio (int8_to_fp32, to_int8,
int8_to_floor) it is about the model.
"""

import os

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from decant import checked, paths, stage, tables
from decant.files import read_json, write_metrics
from decant.keys import STUDENT_INT8
from decant.members import alone, sizes, speed
from decant.members.clock import Clock
from decant.progress import bar
from decant.settings.adapt import Adapt
from decant.settings.base import Section
from decant.settings.baseline import Baseline
from decant.settings.benchmark import Benchmark
from decant.settings.heads import Heads, heads_of
from decant.settings.runtime import Runtime
from decant.settings.ship import Ship
from decant.settings.tokens import Tokens
from decant.shipping import CONTESTANT
from decant.verdict import provenance

COMPARED = 32  # tokens at which students of other sizes are timed
TWINS = {"int8": STUDENT_INT8, "fp32": "student"}  # prefix of a key -> contestant


class Sections(Section):
    adapt: Adapt
    baseline: Baseline
    benchmark: Benchmark
    heads: Heads
    runtime: Runtime
    seeds: list[int]
    ship: Ship
    teachers: list[str]
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # else tokens come from a thread that the clock does not see
    frame = tables.load(task, "valid", heads_of(p.heads))[: p.benchmark.texts]
    tokenizer = Tokenizer.from_file(str(paths.student(task) / "tokenizer.json"))
    tokenizer.no_truncation()
    counts = np.array([len(tokenizer.encode(text).ids) for text in frame["text"]])
    votes = read_json(paths.soft(task) / "ensemble.json")["weights"]
    everyone, ships = (task, p.teachers, p.seeds, p.adapt.on, p.baseline.probe_encoder), CONTESTANT[p.ship]
    recipes = alone.recipes(*everyone, ships, p.tokens.max_length, p.runtime.shared, p.threads)
    people = speed.crew(recipes, frame, counts, p.benchmark.slow_texts)

    clock = Clock(p.threads)
    times = speed.one_by_one(people, p.benchmark.repeats, clock)
    times["ensemble"] = speed.summed(times, votes)
    rates = speed.in_batches(people, counts, p.benchmark.batch, clock)
    rates["ensemble"] = 1 / sum(1 / rates[name] for name, weight in votes.items() if weight)
    texts = {tokens: speed.of_length(tokenizer, frame["text"].tolist(), tokens)
             for tokens in p.benchmark.lengths if tokens <= p.tokens.max_length}  # fmt: skip
    twins = {kind: people[name].answer for kind, name in TWINS.items()}
    lengths, floor = speed.at_lengths(twins, texts, paths.onnx(task), p.benchmark.repeats, clock, p.threads)
    small = {"shipped": paths.quantized(task)} | {
        file.stem: file for file in sorted(paths.capacity(task).glob("*.onnx"))
    }
    students = speed.students(small, min(COMPARED, p.tokens.max_length), p.benchmark.repeats, clock, p.threads)
    starts = {
        name: speed.fresh(one, 3 if name == ships else 1)
        for name, one in bar(people.items(), what="cold starts", unit="contestant")
    }
    bytes_of = dict(sizes.sizes(*everyone, votes, ships).itertuples(index=False)) | {alone.IN_TORCH: in_torch(task)}
    contestants = {
        name: speed.figures(seconds, times[STUDENT_INT8])
        | {"rows_per_second": rates[name]} | starts.get(name, {}) | {"bytes": bytes_of[name]}
        for name, seconds in times.items()
    }  # fmt: skip
    write_metrics(
        paths.metrics(task, "benchmark"),
        {
            "texts": len(frame),
            "tokens_median": float(np.median(np.minimum(counts, p.tokens.max_length))),
            "threads": p.threads,
            "clock": clock.name,
            "wall_ratio": clock.wall_ratio,
            **{f"{kind}_{key}": contestants[name][key] for kind, name in TWINS.items() for key in ("ms_p50", "ms_p95")},
            "int8_to_fp32": float(times[STUDENT_INT8].sum() / times["student"].sum()),
            "texts_per_second": float(len(frame) / times[ships].sum()),
            "cold_start_s": contestants[ships]["cold_start_s"],
            "bundle_bytes": contestants[ships]["bytes"],
            "peak_memory_mb": contestants[ships]["peak_memory_mb"],
            "contestants": contestants,
            "lengths": lengths,
            "students": students,
            "floor": floor,
            "processor": provenance.processor(),
            "instructions": provenance.instructions(),
            "onnxruntime": onnxruntime.__version__,
            "commit": provenance.commit(),
        },
    )


def in_torch(task: str) -> int:
    """Bytes of the student as it was trained."""
    return sum(file.stat().st_size for file in sizes.files(paths.student(task)))


if __name__ == "__main__":
    stage.run(main)
