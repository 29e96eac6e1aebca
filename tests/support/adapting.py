"""A task with a tiny encoder, splits and held-out rows, for tests of what adapts an encoder; and runs of the adapt stage."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import tiny
from ruamel.yaml import YAML

from decant import paths
from decant.data import held_out
from decant.files import write_json
from decant.heads import layout
from stages import adapt
from stages.demo import generate

TASK = "demo"
DESCRIBED = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    "urgency": {"kind": "regression", "labels": []},
}
HEADS = layout(DESCRIBED)
ENCODERS = Path("models") / TASK / "encoders"
ADAPTED = Path("models") / TASK / "adapted" / "tiny"
STEPS = 4
CONTRASTIVE = {"on": True, "steps": STEPS, "batch_size": 8, "learning_rate": 1e-3, "warmup": 0.0}
DAPT = {"on": True, "epochs": 1, "mask": 0.15, "learning_rate": 1e-3, "batch_size": 8, "warmup": 0.0}


def posts(rows: int, seed: int, name: str) -> pd.DataFrame:
    """A split of demo posts, as the split stage writes it; ids begin with its name."""
    made = generate(rows, seed, 0.0)
    frame = pd.DataFrame({"id": [f"{name}-{row}" for row in range(rows)], "text": [post["text"] for post in made]})
    frame["linear"] = frame["text"].str.lower()
    frame["raw"] = frame["text"]
    frame["answer"] = frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in made]
    for label in ("crypto", "money"):
        frame[f"topic.{label}"] = [label in post["topics"] for post in made]
    return frame.assign(urgency=[float(post["urgency"]) for post in made])


SPLITS = {"train": posts(64, 4, "train"), "valid": posts(24, 5, "valid"), "calib": posts(24, 6, "calib")}


def arrange(workspace: Path, encoder: Path, **sections) -> None:
    """Encoder, splits, held_out and an empty unlabelled table of the demo task, and params.yaml with its own sections."""
    written(encoder, workspace / ENCODERS / "tiny")
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    change(workspace, lambda tree: tree["demo"].update(sections))
    splits(workspace, TASK, **SPLITS)


def written(encoder: Path, folder: Path, pooling: str = "mean") -> Path:
    """A copy of an encoder, as the encoder stage writes it."""
    shutil.copytree(encoder, folder)
    write_json(folder / "encoder.json", {"sha256": "0" * 64, "vocab_size": 1, "pooling": pooling})
    return folder


def splits(workspace: Path, task: str, **frames: pd.DataFrame) -> None:
    """The splits, held_out of all but train, and an empty table of unlabelled text."""
    (workspace / "data" / task).mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(paths.split_file(task, name))
    judged = pd.concat(frame for name, frame in frames.items() if name != "train")
    held_out.write(task, pa.Table.from_pandas(judged[["id", "text", "raw"]]), [])
    more(task, [])


def more(task: str, texts: list[str]) -> None:
    """The table of unlabelled text."""
    frame = pd.DataFrame({"id": [f"unlabelled:{row}" for row in range(len(texts))], "text": texts}, dtype=str)
    frame.assign(linear=frame["text"]).to_parquet(paths.unlabelled(task))


def change(workspace: Path, edit) -> None:
    """params.yaml with an edit of its tree."""
    yaml = YAML()
    tree = yaml.load((workspace / "params.yaml").read_text(encoding="utf-8"))
    edit(tree)
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def adapted() -> tuple[dict[str, bytes], dict]:
    """The files that the adapt stage writes, and its record."""
    adapt.main(TASK, "tiny")
    return contents(ADAPTED), json.loads((ADAPTED / "adapt.json").read_text(encoding="utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
