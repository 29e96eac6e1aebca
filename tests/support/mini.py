"""A prepared table in small, and runs of the split stage on it."""

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.errors import DataError
from decant.paths import SPLITS
from stages import split

YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False  # the order of splits in carve means something
COMMITTED = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
SHARES = {name: COMMITTED["defaults"]["split"][name] for name in SPLITS}
TASK = "mini"
BLOCK = {
    "source": {
        "files": ["rows.csv"], "format": "csv", "id": "id", "text": "text",
        "labels": {"kind": {"column": "kind", "classes": {"spam": ["spam"], "ham": ["ham"]}}},
    },
    "heads": {"kind": {"kind": "softmax", "labels": ["ham", "spam"]}},
    "decision": {"rule": "argmax", "head": "kind"},
}  # fmt: skip


def words(rng: np.random.Generator, count: int) -> list[str]:
    """Invented words of 3 to 8 letters."""
    return ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), size)) for size in rng.integers(3, 9, count)]


def phrases(rows: int, seed: int) -> list[str]:
    """Texts of 10 to 15 invented words, 30 to 120 characters; no two have more in common than chance has it."""
    rng = np.random.default_rng(seed)
    known = words(rng, 2000)
    return [" ".join(rng.choice(known, size)) for size in rng.integers(10, 16, rows)]


def posts(rows: int = 200, spam: float = 0.3, repeats: bool = True) -> pd.DataFrame:
    """A prepared table in an order of its own; with repeats, every tenth text repeats another in capitals."""
    rng = np.random.default_rng(rows)
    texts = phrases(rows, rows)
    if repeats:
        texts[::10] = [texts[row].upper() + "!" for row in rng.integers(rows, size=len(texts[::10])) // 10 * 10 + 1]
    kinds = np.where(rng.random(rows) < spam, "spam", "ham")
    frame = pd.DataFrame({"id": [f"r{row}" for row in rng.permutation(rows)], "text": texts})
    frame["linear"] = frame["text"].str.lower()
    frame["answer"] = frame["kind"] = kinds
    return frame.assign(has_url=False, split="", raw=frame["text"], length=frame["text"].str.len())


def given(frame: pd.DataFrame, turn: str = "train train valid calib test") -> pd.DataFrame:
    """The same rows, in turn in the splits named."""
    names = turn.split()
    return frame.assign(split=[names[row % len(names)] for row in range(len(frame))])


def block(heads: dict | None = None, decision: dict | None = None, **source) -> dict:
    """The task's block with other heads and decision, and more keys of source."""
    changed = copy.deepcopy(BLOCK)
    changed["source"] |= source
    return changed | ({"heads": heads} if heads else {}) | ({"decision": decision} if decision else {})


TIMES = block(time={"columns": ["time"]})
BRINGS = block(splits={"column": "split", "values": {name: [name] for name in SPLITS}})


def arrange(workspace: Path, frame: pd.DataFrame | None, block: dict = BLOCK, **settings) -> None:
    """The prepared table (none, if None) and a params.yaml with one task and its own split settings."""
    tree = {key: COMMITTED[key] for key in ("encoders", "seeds", "threads", "catalogue", "transfers", "defaults")}
    sections = block | {"split": settings}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree | {"tasks": [TASK], TASK: sections}, stream)
    if frame is not None:
        (workspace / "data" / TASK).mkdir(parents=True, exist_ok=True)
        frame.to_parquet(workspace / "data" / TASK / "prepared.parquet", index=False)


def run(workspace: Path, frame: pd.DataFrame, block: dict = BLOCK, **settings) -> tuple[dict[str, pd.DataFrame], dict]:
    """The four tables and the metrics of one run."""
    arrange(workspace, frame, block, **settings)
    split.main(TASK)
    parts = {name: pd.read_parquet(workspace / "data" / TASK / f"{name}.parquet") for name in SPLITS}
    return parts, json.loads((workspace / "metrics" / TASK / "split.json").read_text(encoding="utf-8"))


def refuses(workspace: Path, frame: pd.DataFrame | None, words: str, block: dict = BLOCK, **settings) -> None:
    """split stops with the words in its message, and writes nothing."""
    arrange(workspace, frame, block, **settings)
    before = sorted(workspace.rglob("*"))
    with pytest.raises(DataError, match=words):
        split.main(TASK)
    assert sorted(workspace.rglob("*")) == before


def place_of(parts: dict[str, pd.DataFrame]) -> dict[str, str]:
    """id -> split."""
    return {identifier: name for name, part in parts.items() for identifier in part["id"]}


def outputs(workspace: Path) -> dict[str, bytes]:
    """Every file that split writes."""
    files = [workspace / "data" / TASK / f"{name}.parquet" for name in SPLITS]
    files += [workspace / "data" / TASK / "duplicates.csv"]
    files += [workspace / "metrics" / TASK / f"{name}.json" for name in ("manifest", "split")]
    return {file.name: file.read_bytes() for file in files}
