"""golden.json: sixty raw texts with their ids, logits and answers, by which any reader of the bundle can be told right.

The texts are written for it: nasty ones and over-long ones, no row of any table.
"""

import json
from pathlib import Path

import numpy as np

from decant.errors import BundleError
from decant.runtime import Bundle
from decant.shipped.record import ONNX, kind
from decant.text import clean

FILE = "golden.json"


def vectors(bundle: Bundle, texts: list[str]) -> list[dict]:
    """What golden.json holds of each text: ids, logits and answer, and of an ONNX model `alone`.

    ids: tokens of the first window, cut at max_length, or the places of a linear model's terms. alone: whether tokenizer.json
    gives these ids for the raw text, without our cleaning; where it does not, a reader without our code answers as if to
    another text.
    """
    model, cleaning, portable = bundle.model, bundle.record["cleaning"], kind(bundle.record) == ONNX
    rows, answers = bundle.logits(texts), [found["answer"] for found in bundle.predict(texts)]
    found = []
    for text, row, answer in zip(texts, rows, answers, strict=True):
        ids = model.ids(clean(text, cleaning))
        alone = {"alone": model.ids(text) == ids} if portable else {}
        found.append({"text": text} | alone | {"ids": ids, "logits": row.tolist(), "answer": answer})
    return found


def check(folder: str | Path, tolerance: float = 0.0) -> int:
    """Open a bundle and answer its golden texts again; returns how many there are.

    tolerance: how far a logit may be off; 0 where the bundle was built, more on another processor, which rounds otherwise.

    Raises BundleError: it cannot be opened, has no golden texts, or answers one of them in another way.
    """
    bundle, file = Bundle(folder), Path(folder) / FILE
    if FILE not in bundle.record["files"]:
        raise BundleError(f"{file}: not one of the bundle's files. Build the bundle again, with dvc repro")
    wanted = kept(file)
    given = vectors(bundle, [one["text"] for one in wanted])
    for number, (one, other) in enumerate(zip(given, wanted, strict=True)):
        for key in ("ids", "alone", "answer"):
            if one.get(key) != other.get(key):
                raise BundleError(
                    f"{file}: text {number} has {key} {other.get(key)}, this machine gives {one.get(key)}. "
                    "Install the versions of constraints.txt, or build the bundle again"
                )
        apart = float(np.abs(np.subtract(one["logits"], other["logits"])).max())
        if not apart <= tolerance:
            raise BundleError(
                f"{file}: the logits of text {number} are {apart:.2e} off, {tolerance:.2e} is allowed. "
                "Another processor may need more (tolerance); on the one that built it, build the bundle again"
            )
    return len(wanted)


def kept(file: Path) -> list[dict]:
    """What `vectors` wrote there."""
    try:
        texts = json.loads(file.read_text(encoding="utf-8"))["texts"]
        if all(
            isinstance(one["text"], str) and np.isfinite(np.array(one["logits"], dtype=float)).all() for one in texts
        ):
            return texts
        fault = "a text or logits of another type"
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        fault = repr(error)
    raise BundleError(f"{file}: no golden texts ({fault:.200}). Build the bundle again, with dvc repro")
