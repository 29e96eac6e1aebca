"""quantize: the ONNX model in int8, by the first recipe whose probabilities stay close to fp32 on valid.

The recipes of params stand in order of preference, and one is taken if hardly another comes closer. Each is measured as it
will run, one text at a time; the accuracies of recipes cannot rank them (one sigma on 400 rows is 2 points), their mean
difference in probability can. Out: models/<task>/onnx/model_quantized.onnx and metrics/<task>/quantize.json.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from decant import checked, decision, paths, stage, tables
from decant.errors import BudgetError, ParityError
from decant.files import write_metrics, writing
from decant.heads import likely, probabilities
from decant.models import reading
from decant.models.int8 import quantize
from decant.progress import bar
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.quantize import Quantize
from decant.settings.runtime import Runtime
from decant.settings.tokens import Tokens
from decant.shipped.model import Model


class Sections(Section):
    decision: Decision
    heads: Heads
    quantize: Quantize
    runtime: Runtime
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    rule = rule_of(p.decision)
    source = paths.onnx(task)
    tokenizer = paths.student(task) / "tokenizer.json"
    texts = tables.load(task, "valid", heads)["text"].tolist()
    trained = tables.load(task, "train", heads)["text"].sample(frac=1, random_state=0)[: p.quantize.calibration]

    def answers(file: Path) -> tuple[np.ndarray, np.ndarray]:
        chances = probabilities(
            Model(file, tokenizer, p.tokens.max_length, p.threads, p.runtime.shared).logits(texts), heads
        )
        # thresholds are tuned later, on the file chosen here
        halves = dict.fromkeys(decision.classes(rule, heads), 0.5)
        return chances, decision.decide(rule, heads, chances, halves)

    wanted, wanted_answers = answers(source)
    ids = reading.ids(tokenizer, trained.tolist(), p.tokens.max_length)
    columns = likely(heads)
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for recipe in bar(p.quantize.recipes, what="int8", unit="recipe"):
            file = Path(folder) / f"{recipe}.onnx"
            quantize(source, file, recipe, p.quantize.embedding_bits, ids)
            given, given_answers = answers(file)
            measured[recipe] = {
                "bytes": file.stat().st_size,
                "agreement": float((given_answers == wanted_answers).all(axis=1).mean()),
                "mean_difference": float(np.abs(given - wanted)[:, columns].mean()),
                "max_difference": float(np.abs(given - wanted)[:, columns].max()),
            }
            print(f"{recipe}: {measured[recipe]}")
        small = [recipe for recipe in measured if measured[recipe]["bytes"] <= p.quantize.max_bytes]
        if not small:
            raise BudgetError(
                f"{task}: the smallest int8 file has {min(entry['bytes'] for entry in measured.values()):,} bytes, {task}.quantize."
                f"max_bytes allows {p.quantize.max_bytes:,}. Cut distil.layers, distil.intermediate or the vocabulary (distil.min_count)"
            )
        alike = [recipe for recipe in small if measured[recipe]["agreement"] >= p.quantize.min_agreement]
        if not alike:
            most = max(small, key=lambda recipe: measured[recipe]["agreement"])
            raise ParityError(
                f"{task}: the best recipe, {most}, answers {measured[most]['agreement']:.1%} of valid as fp32 does, "
                f"{task}.quantize.min_agreement asks for {p.quantize.min_agreement:.1%}"
            )
        # feelings: channel_reduced is within the gap of channel, and answers 93.2 % as fp32 does where channel answers 95.9 %
        closest = min(measured[recipe]["mean_difference"] for recipe in alike)
        best = next(recipe for recipe in alike if measured[recipe]["mean_difference"] <= closest + p.quantize.max_gap)
        with writing(paths.quantized(task)) as partial:
            shutil.copyfile(Path(folder) / f"{best}.onnx", partial)
    write_metrics(
        paths.metrics(task, "quantize"),
        {
            "recipe": best,
            "n": len(texts),
            "bytes": measured[best]["bytes"],
            "bytes_fp32": source.stat().st_size,
            "recipes": measured,
        },
    )


if __name__ == "__main__":
    stage.run(main)
