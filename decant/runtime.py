"""The shipped classifier: open a bundle, clean, read, run, decide. numpy, onnxruntime, tokenizers and ftfy only; a linear
bundle takes numpy alone, and ftfy where its cleaning mends wrong decoding.

bundle = Bundle("models/demo/bundle")
bundle.predict(["Claim your airdrop now"])[0]["answer"]
"""

from pathlib import Path

import numpy as np

from decant import decision
from decant.decision import Rule
from decant.errors import BundleError
from decant.heads import Head, layout, probabilities, width
from decant.shipped.explain import Effect, effects
from decant.shipped.linear import Linear
from decant.shipped.record import AGAIN, INT8, LINEAR, TOKENIZER, kind, read_record
from decant.shipped.texts import RUNTIME, listed
from decant.shipped.tokenfile import PROBE, reading
from decant.text import clean


class Bundle:
    """A released classifier, opened from its folder alone. Threads may share one.

    Raises BundleError: the folder or a file is missing, a file is not the one that was bundled, or the format is newer.
    Every method that takes texts raises InputError, with the position and what mends it, where something is no text or
    longer than the bundle takes.
    """

    def __init__(self, folder: str | Path, threads: int = 1):
        folder = Path(folder)
        self.record = read_record(folder)
        self._reading = reading(folder / TOKENIZER, BundleError, AGAIN)
        self.heads = layout(self.record["heads"])
        self.rule = Rule.read(self.record["decision"])
        self.thresholds = self.record["thresholds"]
        self.classes_ = decision.classes(self.rule, self.heads)
        """The final answers, in the order of the columns of `predict_proba`."""
        self.model = Linear(folder) if kind(self.record) == LINEAR else self._onnx(folder, threads)

    def _onnx(self, folder: Path, threads: int):
        from decant.shipped.model import REFUSED, Model  # and with it onnxruntime and tokenizers

        overlap = self.runtime["overlap"] if self.runtime["long_texts"] == "chunk" else None
        batches = self.record.get("batches", False)
        try:
            with self._reading:
                model = Model(folder / INT8, folder / TOKENIZER, self.record["max_length"], threads, overlap, batches)
                model.windows(PROBE)
            return model
        except REFUSED as error:
            said = str(error).splitlines()[0].rpartition("failed:")[2]
            raise BundleError(
                f"{folder / INT8}: onnxruntime does not open it ({said:.200}). Build the bundle again"
            ) from None

    @property
    def runtime(self) -> dict:
        """The section runtime of params.yaml, as the bundle records it."""
        return RUNTIME | self.record.get("runtime", {})

    def logits(self, texts: list[str]) -> np.ndarray:
        """(n, w) float32 calibrated logits of raw texts."""
        texts = listed(texts, self.runtime["max_characters"])
        if not texts:
            return np.zeros((0, width(self.heads)), dtype=np.float32)
        with self._reading:
            return self.model.logits([clean(text, self.record["cleaning"]) for text in texts])

    def predict(self, texts: list[str]) -> list[dict]:
        """Per text: answer (a class, or a list of them), and heads: each one's probabilities or number."""
        chances = probabilities(self.logits(texts), self.heads)
        return [
            {"answer": self.named(answer), "heads": {head.name: self._described(head, row) for head in self.heads}}
            for answer, row in zip(self.decide(chances), chances, strict=True)
        ]

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        """(n, k) float64: how likely each of the k `classes_` is. Rows add up to 1 where the rule gives one answer
        over one softmax head, or by priority; thresholds are no part of them.
        """
        return decision.scores(self.rule, self.heads, probabilities(self.logits(texts), self.heads))

    def explain(self, text: str) -> list[Effect]:
        """(word, start, end, effect) of every word: by how much the answer's score falls without it.

        start and end count characters of the text as it is given. Of several answers it is the score of the likeliest; of
        none, of the likeliest class. Takes a run for each word that is read.
        """
        chances = probabilities(self.logits([text]), self.heads)
        given, scores = self.decide(chances)[0], decision.scores(self.rule, self.heads, chances)[0]
        column = int(np.where(given, scores, scores - 1 if given.any() else scores).argmax())
        return effects(text, lambda texts: self.predict_proba(texts)[:, column])

    def decide(self, chances: np.ndarray) -> np.ndarray:
        """(n, w) probabilities of the heads -> (n, k) booleans: the answers, by rule and thresholds."""
        return decision.decide(self.rule, self.heads, chances, self.thresholds)

    def named(self, answer: np.ndarray) -> str | list[str]:
        """(k,) booleans of one text -> its class, or its classes under a rule that may give several."""
        names = [name for name, holds in zip(self.classes_, answer, strict=True) if holds]
        return names[0] if self.rule.single else names

    @staticmethod
    def _described(head: Head, row: np.ndarray) -> dict[str, float] | float:
        if not head.labels:
            return round(float(row[head.start]), 4)
        chances = head.of_labels(row[None, head.slice])[0]
        return {label: round(float(chance), 4) for label, chance in zip(head.labels, chances, strict=True)}
