"""Bundles whose labels are any texts, made by hand from the tiny one: two letters of a text say which label is meant."""

import json
import shutil
from pathlib import Path

import bundles
from anylabels import ANY, OF_OBJECTS

from decant.files import digest
from decant.shipped.record import INT8, RECORD, TOKENIZER

LABELS = [*ANY, *OF_OBJECTS]
FIRST, SECOND = "abcdefghij", "klmnopqrst"
RULES = {
    "argmax": ("softmax", {"rule": "argmax", "head": "kind"}),
    "thresholds": ("sigmoid", {"rule": "thresholds", "head": "kind"}),
    "priority": ("sigmoid", {"rule": "priority", "order": LABELS[:-1], "otherwise": LABELS[-1]}),
}


def text_of(label: str) -> str:
    """A text that is answered by this label alone."""
    first, second = divmod(LABELS.index(label), len(SECOND))
    return f"{FIRST[first]} {SECOND[second]}"


def adds() -> dict[str, list[float]]:
    """What each token adds to the logits: -6 for all, 4 for each of the two letters of a label."""
    places = range(len(LABELS))
    found = {"[CLS]": [-6.0] * len(LABELS)}
    found |= {letter: [4.0 * (place // 10 == row) for place in places] for row, letter in enumerate(FIRST)}
    return found | {letter: [4.0 * (place % 10 == column) for place in places] for column, letter in enumerate(SECOND)}


def write(made: Path, target: Path, rule: str) -> Path:
    """A copy of the tiny bundle `made` with these labels, decided by `rule`; those of a threshold have .6."""
    shutil.copytree(made, target)
    vocabulary = json.loads((target / TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"]
    bundles.write_model(target / INT8, vocabulary, adds())
    (target / "golden.json").unlink()
    kind, decision = RULES[rule]
    record = json.loads((target / RECORD).read_text(encoding="utf-8"))
    record |= {"heads": {"kind": {"kind": kind, "labels": LABELS}}, "decision": decision}
    record["thresholds"] = {} if rule == "argmax" else dict.fromkeys(decision.get("order", LABELS), 0.6)
    record["files"] = {INT8: digest(target / INT8), TOKENIZER: digest(target / TOKENIZER)}
    (target / RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return target
