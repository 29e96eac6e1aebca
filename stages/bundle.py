"""bundle: everything a user of the classifier needs, in one folder (models/<task>/bundle), proven to open.

onnx/model_quantized.onnx, tokenizer.json, tokenizer_config.json and config.json are what transformers.js and Optimum
read; decant.json holds the rest: cleaning, heads, decision rule, thresholds, what it was made of, and the digest of every
file. The cleaning is in tokenizer.json too, as far as a normalizer can express it, and golden.json has texts with their
answers. docs/bundle.md says how each consumer opens it.

Where params say `ship: linear`, the folder holds the linear model instead, for Bundle alone: its terms and weights, and the
same record, golden texts and proofs.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from decant import checked, paths, stage, tables
from decant.errors import ParityError
from decant.files import digest, read_json, write_json, writing
from decant.heads import Head, Softmax, tempered
from decant.members import ensemble, portable
from decant.models import nasties, normalizer, reading
from decant.models.int8 import answers_alone
from decant.problem import Problem
from decant.runtime import Bundle
from decant.settings.base import Section
from decant.settings.bundle import Reading
from decant.settings.cleaning import Cleaning
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import Heads, heads_of
from decant.settings.runtime import Runtime
from decant.settings.ship import Ship
from decant.settings.tokens import Tokens
from decant.shipped import golden
from decant.shipped.model import Model
from decant.shipped.record import FORMAT, INT8, LINEAR, READ, RECORD, TOKENIZER
from decant.shipping import CONTESTANT

RELOADED = 50  # valid texts that the bundle must answer as the int8 file does
GOLDEN = Path(__file__).with_name("golden.json")  # the texts
ROUNDED = 1e-4  # of a logit: the linear model ships in float32, which moved none of scam's by more than 2e-6


class Sections(Section):
    bundle: Reading
    cleaning: Cleaning
    decision: Decision
    heads: Heads
    runtime: Runtime
    ship: Ship
    threads: int
    tokens: Tokens


def main(task: str) -> None:
    p = checked.read(Sections, task)
    problem = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    valid = tables.load(task, "valid", problem.heads)
    said = {
        "thresholds": read_json(paths.thresholds(task))[CONTESTANT[p.ship]],
        "heads": {head.name: {"kind": head.kind, "labels": list(head.labels)} for head in problem.heads},
    }

    with writing(paths.bundle(task)) as partial:
        partial.mkdir(parents=True)
        put = {"student": put_student, "linear": put_linear}[p.ship]
        about = {
            "format": FORMAT,
            "task": task,
            **put(task, partial, problem, valid["raw"].tolist(), said, p),
            "cleaning": p.cleaning.model_dump(),
            "runtime": p.runtime.model_dump(),
            "decision": problem.rule.record(),
            **said,
            # of what it was made: the sections that this stage reads, and the rows that it looked at
            "params": Sections.model_dump(p, mode="json"),
            "rows": {"valid": tables.rows_sha256(paths.split_file(task, "valid"))},
        }
        seal(partial, about)
        texts = json.loads(GOLDEN.read_text(encoding="utf-8"))
        write_json(partial / golden.FILE, {"texts": golden.vectors(Bundle(partial, p.threads), texts)})
        seal(partial, about)
        prove(task, partial, problem, valid[:RELOADED], p)


def put_student(task: str, folder: Path, problem: Problem, raw: list[str], said: dict, p: Sections) -> dict:
    """The int8 file, its tokenizer and config.json; returns what the record says of them.

    raw: valid texts as they came. said: thresholds and heads, for readers of config.json.
    """
    quantized = paths.quantized(task)
    (folder / INT8).parent.mkdir()
    shutil.copyfile(quantized, folder / INT8)
    compiled = write_tokenizer(paths.student(task), folder, p.cleaning, problem.max_length)
    config = transformers_config(read_json(paths.student(task) / "config.json"), problem.heads)
    write_json(folder / "config.json", config | said)
    return {
        "model_md5": digest(quantized, "md5"),
        "max_length": problem.max_length,
        "normalizer": read_alone(task, folder, compiled, raw, p),
        "batches": answers_alone(quantized),
    }


def put_linear(task: str, folder: Path, problem: Problem, raw: list[str], said: dict, p: Sections) -> dict:
    """The linear model's terms and weights, calibrated; returns what the record says of them."""
    temperatures = read_json(paths.soft(task) / "ensemble.json")["temperatures"]["linear"]
    portable.write(paths.baseline(task), problem.heads, temperatures, folder)
    return {"model": LINEAR, "model_md5": digest(folder / READ[LINEAR][0], "md5")}


def write_tokenizer(student: Path, folder: Path, cleaning: Cleaning, max_length: int) -> normalizer.Compiled:
    """tokenizer.json with the cleaning in it, and tokenizer_config.json; returns the steps of the cleaning."""
    compiled = normalizer.install(student / "tokenizer.json", folder / "tokenizer.json", cleaning.model_dump())
    kept = {key: value for key, value in read_json(student / "tokenizer_config.json").items() if key != "backend"}
    told = {
        # the one class name that transformers 4, transformers 5 and transformers.js all know
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": max_length,
    }
    write_json(folder / "tokenizer_config.json", kept | told)
    return compiled


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


def read_alone(task: str, folder: Path, compiled: normalizer.Compiled, raw: list[str], p: Sections) -> dict:
    """For decant.json: what tokenizer.json does to raw text without our code, and how often that is not what clean() does.

    Raises ParityError: a text that is clean already is read in another way than in training, or more raw valid texts
    differ than params allow.
    """
    files = (folder / "tokenizer.json", paths.student(task) / "tokenizer.json")
    counted = {}
    for name, texts in (("fuzz", nasties.nasties(raw, p.bundle.fuzz, p.bundle.seed)), ("valid", raw)):
        found = reading.compare(*files, texts, p.cleaning.model_dump(), p.tokens.max_length)
        if found.spoilt:
            raise ParityError(
                f"{task}: {found.spoilt} of {found.n} texts of {name} that are clean already are read in another way by the "
                "bundle's tokenizer.json than in training; its normalizer must leave them as they are"
            )
        counted[name] = {"n": found.n, "differ": found.differ}
    share = counted["valid"]["differ"] / counted["valid"]["n"]
    if share > p.bundle.max_differ:
        raise ParityError(
            f"{task}: {counted['valid']['differ']} of {counted['valid']['n']} raw valid texts ({share:.2%}) are read in "
            f"another way by tokenizer.json alone than after cleaning; bundle.max_differ allows {p.bundle.max_differ:.2%}. "
            f"What it leaves out: {'; '.join(compiled.unexpressed) or 'nothing that is known'}. Allow more, or leave a step "
            "of cleaning out and train again"
        )
    return {"steps": len(compiled.steps), "unexpressed": compiled.unexpressed, **counted}


def seal(folder: Path, about: dict) -> None:
    """decant.json: what is known of the bundle, and the digest of every other file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    write_json(
        folder / RECORD, about | {"files": {path.relative_to(folder).as_posix(): digest(path) for path in files}}
    )


def prove(task: str, folder: Path, problem: Problem, valid: pd.DataFrame, p: Sections) -> None:
    """Raises ParityError unless the bundle answers as what it holds does, and BundleError unless as golden.json says."""
    reopened, texts = Bundle(folder, p.threads).logits(valid["text"].tolist()), valid["text"].tolist()
    if p.ship == "linear":
        temperatures = read_json(paths.soft(task) / "ensemble.json")["temperatures"]["linear"]
        direct, allowed = ensemble.linear_logits(task, valid["linear"].tolist()), ROUNDED
        direct, why = tempered(direct, problem.heads, temperatures), "it must read the words that were learnt"
    else:
        quantized, plain = paths.quantized(task), paths.student(task) / TOKENIZER
        model = Model(quantized, plain, problem.max_length, p.threads, p.runtime.shared, answers_alone(quantized))
        direct, allowed = model.logits(texts), 0.0
        why = "cleaning must leave cleaned text as it is, and the tokenizer be the same file"
    apart = float(np.abs(reopened - direct).max())
    if not apart <= allowed:
        raise ParityError(f"{task}: the bundle and the {p.ship} model differ by {apart:.2e} on valid texts; {why}")
    golden.check(folder)


if __name__ == "__main__":
    stage.run(main)
