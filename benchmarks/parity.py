"""Do all ways to run a classifier give the same answers? python -m benchmarks.parity demo [--rows 1000]

Takes raw rows of train, valid and calib (never test) through torch, ONNX fp32, int8, `Bundle`, Optimum, transformers.js
in Node and @huggingface/tokenizers with WebAssembly, those three in fp32 and in int8, and the page in Chromium. The first three
read text that our code has cleaned, the others the raw text, by the bundle's tokenizer.json alone. Prints a table in Markdown,
and below it the id of each row that is answered otherwise, never its text. fp32 paths are compared with torch, int8 paths with
`Bundle`, and `Bundle` with torch.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from benchmarks import browser, consumers
from decant import decision, paths, tables
from decant.heads import probabilities
from decant.models.encoder import load_tokenizer
from decant.models.model import load, predict
from decant.runtime import Bundle
from decant.scoring import calibration
from decant.shipped.model import Model
from decant.text import clean
from stages import export

SPLITS = ("train", "valid", "calib")
SEED = 13
LEAST = {"fp32": 1.0, "int8": 0.995}  # share of equal answers that is asked for
AGAINST = {"fp32": "torch", "int8": "Bundle"}


class Way(NamedTuple):
    """One way to run the classifier: logits (n, w); ids of each row, where it tells them; whether it sees raw text."""

    precision: str
    logits: np.ndarray
    ids: list[list[int]] | None = None
    raw: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", help="whose bundle and rows")
    parser.add_argument("--rows", type=int, default=1000, help="how many, drawn with a fixed seed")
    parser.add_argument("--chromium", help="where the browser lies (default: chromium on the path)")
    options = parser.parse_args()
    bundle = Bundle(paths.bundle(options.task))
    rows = draw(options.task, bundle, options.rows)
    texts = rows["raw"].tolist()
    ways = of_python(options.task, bundle, rows) | of_others(options.task, texts)
    ways["page in Chromium"] = way("int8", browser.answers(paths.bundle(options.task), texts, options.chromium))
    print(table(options.task, bundle, rows, ways))


def draw(task: str, bundle: Bundle, n: int) -> pd.DataFrame:
    """n rows of the splits that training sees, drawn with a fixed seed, sorted by id."""
    every = pd.concat([tables.load(task, split, bundle.heads) for split in SPLITS])
    return every.sort_values("id").sample(n=min(n, len(every)), random_state=SEED).sort_values("id")


def of_python(task: str, bundle: Bundle, rows: pd.DataFrame) -> dict[str, Way]:
    """The ways of the pipeline's own stages, over cleaned text, and `Bundle`, over raw text."""
    folder, longest = paths.student(task), bundle.record["max_length"]
    texts = [clean(text, bundle.record["cleaning"]) for text in rows["raw"]]
    torch.set_num_threads(1)  # as many as the runtimes have
    model, tokenizer = load(folder), load_tokenizer(folder)
    calib = tables.load(task, "calib", bundle.heads)
    raw, _ = predict(model, tokenizer, calib["text"].tolist(), longest, "calib")
    export.fold(model, bundle.heads, calibration.temperatures(raw, tables.targets(calib, bundle.heads), bundle.heads))
    files = {"ONNX": ("fp32", paths.onnx(task)), "int8 file": ("int8", paths.quantized(task))}
    return {
        "torch": Way("fp32", predict(model, tokenizer, texts, longest, "torch")[0], raw=False),
        **{
            name: Way(precision, Model(file, folder / "tokenizer.json", longest).logits(texts), raw=False)
            for name, (precision, file) in files.items()
        },
        "Bundle": Way(
            "int8", bundle.logits(rows["raw"].tolist()), [bundle.model.tokenizer.encode(t).ids for t in texts]
        ),
    }


def of_others(task: str, texts: list[str]) -> dict[str, Way]:
    """The ways that have only the bundle; for fp32, a copy of it with the fp32 file beside the int8 one."""
    asked = {
        "Optimum": (consumers.with_optimum, {"fp32": "model.onnx", "int8": "model_quantized.onnx"}),
        "transformers.js": (consumers.with_transformers_js, {"fp32": "fp32", "int8": "q8"}),
        "onnxruntime-web": (
            lambda folder, texts, file: consumers.with_tokenizers_js(folder, texts, "web", file),
            {"fp32": "model.onnx", "int8": "model_quantized.onnx"},
        ),
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bundle"
        shutil.copytree(paths.bundle(task), folder)
        shutil.copyfile(paths.onnx(task), folder / "onnx" / "model.onnx")
        return {
            f"{name}, {precision}": way(precision, run(folder, texts, file))
            for name, (run, files) in asked.items()
            for precision, file in files.items()
        }


def way(precision: str, given: list[dict]) -> Way:
    """What another runtime gave of raw texts: ids and logits of each."""
    return Way(precision, np.array([row["logits"] for row in given]), [row["ids"] for row in given])


def table(task: str, bundle: Bundle, rows: pd.DataFrame, ways: dict[str, Way]) -> str:
    """Markdown: a line per way, then the rows that it answers otherwise than what it is compared with, by id."""
    answers = {name: answered(bundle, way.logits) for name, way in ways.items()}
    lines = [
        f"`{task}`: {len(rows):,} raw rows of {', '.join(SPLITS)}.",
        "",
        "| way | precision | text | other ids | answers as torch | answers as `Bundle` | largest logit difference | asked |",
        "|---|---|---|---:|---:|---:|---:|---|",
    ]
    listed = []
    for name, way in ways.items():
        shares = {
            base: np.mean([a == b for a, b in zip(answers[name], answers[base], strict=True)])
            for base in AGAINST.values()
        }
        base = AGAINST[way.precision]
        held = "holds" if shares[base] >= LEAST[way.precision] else "broken"
        others = "" if way.ids is None else sum(a != b for a, b in zip(way.ids, ways["Bundle"].ids, strict=True))
        lines.append(
            f"| {name} | {way.precision} | {'raw' if way.raw else 'cleaned'} | {others} | {shares['torch']:.1%} | "
            f"{shares['Bundle']:.1%} | {apart(way, ways[base]).max():.1e} | {LEAST[way.precision]:.1%} as {base}: {held} |"
        )
        for against in (base, "torch") if name == "Bundle" else (base,):  # what int8 itself costs, once
            far = apart(way, ways[against])
            listed += [
                f"- {name}: `{one}`, {answers[name][at]} where {against} says {answers[against][at]}, logits {far[at]:.1e} apart"
                for at, one in enumerate(rows["id"])
                if answers[name][at] != answers[against][at]
            ]
    return "\n".join([*lines, "", *(listed or ["No row is answered otherwise."])])


def apart(one: Way, other: Way) -> np.ndarray:
    """(n) the largest difference of a logit in each row."""
    return np.abs(one.logits - other.logits).max(axis=1)


def answered(bundle: Bundle, logits: np.ndarray) -> list[str]:
    """What the bundle's rule makes of logits; several classes with a plus between them."""
    chances = probabilities(logits, bundle.heads)
    held = decision.decide(bundle.rule, bundle.heads, chances, bundle.thresholds)
    return ["+".join(name for name, holds in zip(bundle.classes_, row, strict=True) if holds) for row in held]


if __name__ == "__main__":
    main()
