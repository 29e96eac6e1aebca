"""An ONNX classifier with its tokenizer, run as it is deployed."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as says
from tokenizers import Tokenizer

Ids = tuple[int, ...]
REFUSED = (
    says.Fail, says.InvalidArgument, says.InvalidGraph, says.InvalidProtobuf, says.NotImplemented, says.NoSuchFile, says.RuntimeException,
)  # fmt: skip
"""What onnxruntime raises of a file that it does not open."""

PIECE = 1024  # texts whose tokens are held at a time
BATCH = 64  # windows of one length that run together, where they may


def session(model: str | Path | bytes, threads: int) -> onnxruntime.InferenceSession:
    """An ONNX file, or the bytes of one, opened on the processor."""
    options = onnxruntime.SessionOptions()
    # both, explicitly: the defaults pin threads to cores, which fails in containers and collapses on busy machines
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


class Model:
    """An ONNX file with its tokenizer: texts in, logits out. Threads may share one.

    One window of tokens at a time, without padding, unless `batches` says that the file gives a row the same logits beside
    any others: dynamic int8 takes one activation scale per tensor, so that the neighbours and the padding of a batch would
    change the numbers (4 to 6 of 200 answers in a test). Where it may, windows of one length run together: without padding
    too.

    overlap: tokens that the windows of a long text share; their logits are averaged, which is what averaging their pooled
    states is in training, for the last layer is linear. Null cuts long texts.
    """

    def __init__(
        self,
        onnx_file: str | Path,
        tokenizer_file: str | Path,
        max_length: int,
        threads: int = 1,
        overlap: int | None = None,
        batches: bool = False,
    ):
        self.session = session(onnx_file, threads)
        self.tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.tokenizer.no_padding()
        # once, here: threads that share the model must find it as it is
        self.tokenizer.enable_truncation(max_length, stride=overlap or 0)
        self.chunked = overlap is not None
        self.batches = batches

    def logits(self, texts: list[str]) -> np.ndarray:
        """(n, w) float32 for n >= 1 texts that are cleaned already."""
        return np.concatenate([self._piece(texts[first : first + PIECE]) for first in range(0, len(texts), PIECE)])

    def windows(self, text: str) -> list[Ids]:
        """The token ids that are read of a text: one window, or as many as a long text needs."""
        encoding = self.tokenizer.encode(text)
        return [tuple(part.ids) for part in (encoding, *(encoding.overflowing if self.chunked else ()))]

    def ids(self, text: str) -> list[int]:
        """The token ids of the first window."""
        return self.tokenizer.encode(text).ids

    def _piece(self, texts: list[str]) -> np.ndarray:
        owned = [self.windows(text) for text in texts]
        # equal windows run once: copies of a post, and in `explain` all words behind the cut
        rows = self._run(list(dict.fromkeys(ids for windows in owned for ids in windows)))
        # numpy takes 15 microseconds for the mean of one window, a hundredth of the whole
        return np.stack(
            [
                rows[windows[0]] if len(windows) == 1 else np.mean([rows[ids] for ids in windows], axis=0)
                for windows in owned
            ]
        )

    def _run(self, distinct: list[Ids]) -> dict[Ids, np.ndarray]:
        """(w,) logits of each window."""
        if not self.batches:
            return {ids: self._together([ids])[0] for ids in distinct}
        alike, rows = defaultdict(list), {}
        for ids in distinct:
            alike[len(ids)].append(ids)
        for group in alike.values():
            for first in range(0, len(group), BATCH):
                part = group[first : first + BATCH]
                rows.update(zip(part, self._together(part), strict=True))
        return rows

    def _together(self, windows: list[Ids]) -> np.ndarray:
        """(m, w) logits of windows of one length."""
        ids = np.array(windows, dtype=np.int64)
        return self.session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
