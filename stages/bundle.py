"""bundle: everything a user of the classifier needs, in one folder (models/<task>/bundle), proven to open.

onnx/model_quantized.onnx, tokenizer.json, tokenizer_config.json and config.json are what transformers.js and Optimum
read; decant.json holds the rest: cleaning, heads, decision rule, thresholds, and the digest of every file.
"""

import shutil

import numpy as np
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from decant import checked, paths, runtime, stage, tables
from decant.errors import ParityError
from decant.files import digest, read_json, write_json, writing
from decant.heads import Head, Softmax
from decant.keys import SHIPPED
from decant.problem import Problem
from decant.settings.base import Section
from decant.settings.cleaning import Cleaning
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens

RELOADED = 50  # valid texts that the bundle must answer as the int8 file does


class Sections(Section):
    cleaning: Cleaning
    decision: Decision
    heads: Heads
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    heads = problem.heads
    student = paths.student(task)
    quantized = paths.quantized(task)

    with writing(paths.bundle(task)) as partial:
        (partial / "onnx").mkdir(parents=True)
        shutil.copyfile(quantized, partial / "onnx" / "model_quantized.onnx")
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copyfile(student / name, partial / name)
        write_json(partial / "config.json", transformers_config(read_json(student / "config.json"), heads))
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        record = {
            "format": runtime.FORMAT,
            "task": task,
            "model_md5": digest(quantized, "md5"),
            "max_length": problem.max_length,
            "cleaning": p.cleaning.model_dump(),
            "heads": {head.name: {"kind": head.kind, "labels": list(head.labels)} for head in heads},
            "decision": problem.rule.record(),
            "thresholds": read_json(paths.thresholds(task))[SHIPPED],
            "files": {str(path.relative_to(partial)): digest(path) for path in files},
        }
        write_json(partial / runtime.RECORD, record)
        texts = tables.load(task, "valid", heads)["text"].tolist()[:RELOADED]
        reopened = runtime.Bundle(partial, p.threads).logits(texts)
        direct = runtime.Model(quantized, student / "tokenizer.json", p.tokens.max_length, p.threads).logits(texts)
        if not np.array_equal(reopened, direct):
            raise ParityError(
                f"{task}: the bundle and the int8 file differ by {np.abs(reopened - direct).max():.2e} on valid texts; "
                "cleaning must leave cleaned text as it is, and the tokenizer be the same file"
            )


def transformers_config(student: dict, heads: tuple[Head, ...]) -> dict:
    """config.json for other runtimes: the encoder's own, with a name for each logit.

    One softmax head is a plain single-label classifier; anything else is read label by label, through a sigmoid.
    """
    names = [output for head in heads for output in head.outputs]
    single = len(heads) == 1 and isinstance(heads[0], Softmax)
    return {
        **{key: value for key, value in student["encoder"].items() if value is not None and key != "architectures"},
        "architectures": [MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES[student["encoder"]["model_type"]]],
        "problem_type": "single_label_classification" if single else "multi_label_classification",
        "id2label": {str(index): name for index, name in enumerate(names)},
        "label2id": {name: index for index, name in enumerate(names)},
    }


if __name__ == "__main__":
    stage.run(main)
