"""The shipped classifier: open a bundle, clean, tokenize, run, decide. numpy, onnxruntime, tokenizers and ftfy only.

bundle = Bundle("models/demo/bundle")
bundle.predict(["Claim your airdrop now"])[0]["answer"]
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from decant import decision
from decant.decision import Rule
from decant.errors import BundleError
from decant.heads import Head, layout, probabilities
from decant.text import clean

RECORD = "decant.json"
FORMAT = 1
KEYS = {"task", "model_md5", "max_length", "cleaning", "heads", "decision", "thresholds", "files"}


class Model:
    """An ONNX file with its tokenizer: texts in, logits out, one text at a time.

    Batch 1 without padding on purpose: dynamic int8 takes one activation scale per tensor, so that the neighbours and
    the padding of a batch would change the numbers (4 to 6 of 200 answers in a test).
    """

    def __init__(self, onnx_file: str | Path, tokenizer_file: str | Path, max_length: int, threads: int = 1):
        options = onnxruntime.SessionOptions()
        # both, explicitly: the defaults pin threads to cores, which fails in containers and collapses on busy machines
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(onnx_file), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_length)

    def logits(self, texts: list[str]) -> np.ndarray:
        """(n, w) float32 for texts that are cleaned already."""
        rows = []
        for text in texts:
            ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
            rows.append(self.session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
        return np.stack(rows)


class Bundle:
    """A released classifier, opened from its folder alone.

    Raises BundleError: the folder or a file is missing, a file is not the one that was bundled, or the format is newer.
    """

    def __init__(self, folder: str | Path, threads: int = 1):
        folder = Path(folder)
        self.record = read_record(folder)
        self.heads = layout(self.record["heads"])
        self.rule = Rule.read(self.record["decision"])
        self.thresholds = self.record["thresholds"]
        self.classes = decision.classes(self.rule, self.heads)
        self.model = Model(
            folder / "onnx" / "model_quantized.onnx", folder / "tokenizer.json", self.record["max_length"], threads
        )

    def logits(self, texts: list[str]) -> np.ndarray:
        """(n, w) calibrated logits of raw texts."""
        return self.model.logits([clean(text, self.record["cleaning"]) for text in texts])

    def predict(self, texts: list[str]) -> list[dict]:
        """Per text: answer (a class, or a list of them), and heads: each one's probabilities or number."""
        if not texts:
            return []
        chances = probabilities(self.logits(texts), self.heads)
        answers = decision.decide(self.rule, self.heads, chances, self.thresholds)
        return [
            {"answer": self._named(answer), "heads": {head.name: self._described(head, row) for head in self.heads}}
            for answer, row in zip(answers, chances, strict=True)
        ]

    def _named(self, answer: np.ndarray) -> str | list[str]:
        names = [name for name, holds in zip(self.classes, answer, strict=True) if holds]
        return names if self.rule.name == "thresholds" else names[0]

    @staticmethod
    def _described(head: Head, row: np.ndarray) -> dict[str, float] | float:
        if not head.labels:
            return round(float(row[head.start]), 4)
        chances = head.of_labels(row[None, head.slice])[0]
        return {label: round(float(chance), 4) for label, chance in zip(head.labels, chances, strict=True)}


def read_record(folder: Path) -> dict:
    """The bundle's decant.json, after a check that every file it lists is there with the bytes it lists."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{folder}: no {RECORD}, so this is not a bundle. Build one with dvc repro") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{folder / RECORD}: not JSON ({error}). Build the bundle again") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        record_format = record.get("format") if isinstance(record, dict) else record
        raise BundleError(f"{folder / RECORD}: format {record_format!r}, this version of decant reads {FORMAT}")
    if missing := KEYS - set(record):
        raise BundleError(f"{folder / RECORD}: no {', '.join(sorted(missing))}. Build the bundle again")
    for name, expected in record["files"].items():
        file = folder / name
        if not file.exists():
            raise BundleError(f"{file}: missing. Copy the whole folder, or build the bundle again")
        actual = hashlib.sha256(file.read_bytes()).hexdigest()
        if actual != expected:
            raise BundleError(
                f"{file}: sha256 {actual[:12]}…, {RECORD} lists {expected[:12]}…; the file was changed after bundling"
            )
    return record
