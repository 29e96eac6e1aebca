"""quantize: the ONNX model in int8, by the recipe whose probabilities stay closest to fp32 on valid.

Dynamic quantization: weights int8 ahead of time, activations at run time. Each recipe is measured as it will run, one
text at a time; the accuracies of recipes cannot rank them (one sigma on 400 rows is 2 points), their mean difference in
probability can. Out: models/<task>/onnx/model_quantized.onnx and metrics/<task>/quantize.json.
"""

import logging
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from decant import checked, decision, paths, stage, tables
from decant.errors import BudgetError, ParamsError, ParityError
from decant.files import write_metrics, writing
from decant.heads import likely, probabilities
from decant.runtime import Model
from decant.settings.base import Section
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.quantize import Quantize
from decant.settings.tokens import Tokens


class Sections(Section):
    decision: Decision
    heads: Heads
    quantize: Quantize
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    rule = rule_of(p.decision)
    source = paths.onnx(task)
    tokenizer = paths.student(task) / "tokenizer.json"
    texts = tables.load(task, "valid", heads)["text"].tolist()

    def answers(file: Path) -> tuple[np.ndarray, np.ndarray]:
        chances = probabilities(Model(file, tokenizer, p.tokens.max_length, p.threads).logits(texts), heads)
        # thresholds are tuned later, on the file chosen here
        halves = dict.fromkeys(decision.classes(rule, heads), 0.5)
        return chances, decision.decide(rule, heads, chances, halves)

    wanted, wanted_answers = answers(source)
    columns = likely(heads)
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        for recipe in p.quantize.recipes:
            file = Path(folder) / f"{recipe}.onnx"
            quantize(source, file, recipe)
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
                f"max_bytes allows {p.quantize.max_bytes:,}. Cut distil.layers or the vocabulary (distil.min_count)"
            )
        best = min(small, key=lambda recipe: measured[recipe]["mean_difference"])
        if measured[best]["agreement"] < p.quantize.min_agreement:
            raise ParityError(
                f"{task}: the best recipe, {best}, answers {measured[best]['agreement']:.1%} of valid as fp32 does, "
                f"{task}.quantize.min_agreement asks for {p.quantize.min_agreement:.1%}"
            )
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


def quantize(source: Path, file: Path, recipe: str) -> None:
    """Write one recipe's int8 model. QInt8 always: unsigned weights ran no faster than fp32 (6.3 against 2.3 ms)."""
    channels = recipe != "tensor"
    spared = last_feed_forward(source) if recipe == "channel_ffn_fp32" else []
    if recipe == "channel_ffn_fp32" and not spared:
        raise ParamsError(
            "quantize.recipes: channel_ffn_fp32: no matrix of this model narrows, so there is nothing to spare"
        )
    logging.getLogger().setLevel(logging.ERROR)  # its advice to pre-process does not hold for this graph
    quantize_dynamic(
        source,
        file,
        weight_type=QuantType.QInt8,
        per_channel=channels,
        reduce_range=recipe == "channel_reduced",  # 7 bits: no overflow on processors without VNNI
        nodes_to_exclude=spared,
        extra_options={"MatMulConstBOnly": True},
    )


def last_feed_forward(source: Path) -> list[str]:
    """The products of each layer's second feed-forward matrix, the only ones that narrow: outliers gather before them."""
    graph = onnx.load(str(source)).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    weights = {node.name: shapes.get(node.input[1], (0, 0)) for node in graph.node if node.op_type == "MatMul"}
    return [name for name, (rows, columns) in weights.items() if rows > columns]


if __name__ == "__main__":
    stage.run(main)
