"""export: the student as ONNX fp32, its temperatures folded into the last layer, proven equal to torch.

In: the student, calib for the temperatures, train and valid texts for the proof. Out: models/<task>/onnx/model.onnx and
metrics/<task>/export.json. After this, whoever reads the logits gets calibrated probabilities without knowing how.
"""

from pathlib import Path

import numpy as np
import torch

from decant import checked, paths, stage, tables
from decant.errors import ParityError
from decant.files import read_json, write_metrics, writing
from decant.heads import Head
from decant.models.encoder import encode, load_tokenizer
from decant.models.model import Classifier, load, padded, predict
from decant.models.onnx_graph import to_onnx
from decant.progress import bar
from decant.scoring import calibration
from decant.settings.base import Section
from decant.settings.export import Export
from decant.settings.heads import Heads, heads_of
from decant.settings.soften import Soften
from decant.settings.tokens import Tokens
from decant.shipped.model import Model, session

BATCHES = (1, 2, 7, 32)  # shapes to compare: alone, the example's size, odd, and a whole batch


class Sections(Section):
    export: Export
    heads: Heads
    soften: Soften
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    heads = heads_of(p.heads)
    torch.set_num_threads(p.threads)
    folder = paths.student(task)
    model, tokenizer = load(folder), load_tokenizer(folder)

    calib = tables.load(task, "calib", heads)
    raw, _ = predict(model, tokenizer, calib["text"].tolist(), p.tokens.max_length, "calib")
    targets = tables.targets(calib, heads)
    temperatures = calibration.temperatures(raw, targets, heads)
    fold(model, heads, temperatures)

    texts = [text for split in ("valid", "train") for text in tables.load(task, split, heads)["text"]][: p.export.rows]
    ids = encode(tokenizer, texts, p.tokens.max_length)
    with writing(paths.onnx(task)) as partial:
        to_onnx(model, partial, p.export.opset, p.tokens.max_length, tokenizer.pad_token_id)
        worst = parity(model, partial, ids, tokenizer.pad_token_id, p.threads)
        # the runtime that ships tokenizes by itself: its logits must be the same too
        shipped = Model(partial, folder / "tokenizer.json", p.tokens.max_length, p.threads).logits(texts)
        with torch.inference_mode():
            one_by_one = bar(ids, what="parity one by one", unit="text")
            alone = [model(**padded([row], tokenizer.pad_token_id))["logits"][0].numpy() for row in one_by_one]
        worst = float(np.maximum(worst, np.abs(shipped - np.stack(alone)).max()))
        if not worst <= p.export.tolerance:  # so that NaN fails too
            raise ParityError(
                f"{task}: ONNX and torch differ by {worst:.2e} in a logit, {task}.export.tolerance allows {p.export.tolerance:.0e}. "
                "The export changed the model; nothing was written"
            )
        size = partial.stat().st_size
    student = read_json(folder / "student.json")
    write_metrics(
        paths.metrics(task, "export"),
        {
            "rows": len(texts),
            "max_difference": f"{worst:.1e}",  # as text: four decimals would show 0.0
            "bytes": size,
            "parameters": student["parameters"],
            "vocabulary": student["vocabulary"],
            "calibration": calibration.before_and_after(raw, targets, heads, temperatures, p.soften.bins),
        },
    )


def fold(model: Classifier, heads: tuple[Head, ...], temperatures: dict[str, float]) -> None:
    """Divide each head's rows of the last layer by its temperature, in place."""
    with torch.no_grad():
        for head in heads:
            if head.name in temperatures:
                model.classifier.weight[head.slice] /= temperatures[head.name]
                model.classifier.bias[head.slice] /= temperatures[head.name]


def parity(model: Classifier, file: Path, ids: list[list[int]], pad: int, threads: int) -> float:
    """Largest difference of a logit between torch and ONNX over batches of several sizes with real padding."""
    opened = session(file, threads)
    worst, start, turn = 0.0, 0, 0
    with torch.inference_mode(), bar(total=len(ids), what="parity in batches", unit="text") as shown:
        while start < len(ids):
            rows = ids[start : start + BATCHES[turn % len(BATCHES)]]
            batch = padded(rows, pad)
            wanted = model(**batch)["logits"].numpy()
            given = opened.run(["logits"], {name: tensor.numpy() for name, tensor in batch.items()})[0]
            worst = float(np.maximum(worst, np.abs(wanted - given).max()))  # max() would pass over NaN
            start, turn = start + len(rows), turn + 1
            shown.update(len(rows))
    return worst


if __name__ == "__main__":
    stage.run(main)
