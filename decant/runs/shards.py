"""Scoring many texts in shards that outlive a kill, and that several processes share out between them."""

import hashlib
import shutil
from collections.abc import Callable

import numpy as np
from accelerate import PartialState
from safetensors.numpy import load_file, save_file

from decant.files import writing
from decant.runs import processes
from decant.runs.checkpoints import WORK

SIZE = 10_000  # texts: a minute or two of one core


def score(
    run: Callable[[list[str]], tuple[np.ndarray, ...]], texts: list[str], name: str, key: str
) -> tuple[np.ndarray, ...]:
    """`run` over all texts, in shards of SIZE: arrays of len(texts) rows, the same for any number of processes.

    name: below .work, where finished shards are kept until `forget`. key: stands for all that `run` computes with; texts
    are added to it, so that no shard of another model or table is taken for this one's.
    """
    if processes.count() > 1:
        PartialState()  # joins the others
    content = hashlib.sha256("\0".join([key, *texts]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    starts = range(0, len(texts), SIZE)
    files = [WORK / name / f"{content}-{start}.safetensors" for start in starts]
    rank = 0 if processes.count() == 1 else PartialState().process_index
    for index, (start, file) in enumerate(zip(starts, files, strict=True)):
        if index % processes.count() == rank and not file.exists():
            arrays = run(texts[start : start + SIZE])
            with writing(file) as partial:
                save_file({f"{place:03d}": np.ascontiguousarray(array) for place, array in enumerate(arrays)}, partial)
    processes.together()
    parts = [load_file(file) for file in files]
    return tuple(np.concatenate([part[place] for part in parts]) for place in sorted(parts[0]))


def forget(name: str) -> None:
    """Remove the shards, once what they were for is written."""
    if processes.is_first():
        shutil.rmtree(WORK / name, ignore_errors=True)
