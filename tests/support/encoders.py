"""A task with one encoder in small: its params, its train table, and what the encoder stage keeps."""

from pathlib import Path

import pandas as pd
import tiny
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from decant.files import digest, read_json, write_json
from decant.models.encoder import WEIGHTS
from stages.demo import generate


def described(folder: Path) -> dict:
    """The catalogue's entry of the encoder in a folder."""
    size = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    rows = read_json(folder / "config.json")["vocab_size"]
    spare = {"embedding_rows": rows} if rows > size else {}
    return {
        "sources": [f"folder:{folder}"], "sha256": digest(folder / WEIGHTS), "vocab_size": size, "pooling": "mean"
    } | spare  # fmt: skip


def arrange(workspace: Path, entry: dict, texts: list[str] | None = None) -> dict:
    """params.yaml with `entry` as the only encoder, tiny, and the train table of demo; returns the entry."""
    texts = texts or [row["text"] for row in generate(60, 2, 0.0)]
    tiny.shrink(workspace / "params.yaml", entry)
    frame = pd.DataFrame(
        {
            "id": [str(row) for row in range(len(texts))],
            "text": texts,
            "linear": texts,
            "scam": "honest",
            "urgency": 0.5,
        }
    ).assign(**{"topic.crypto": False, "topic.money": False})
    (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
    frame.to_parquet(workspace / "data" / "demo" / "train.parquet")
    return entry


def kept(workspace: Path) -> Path:
    return workspace / "models" / "demo" / "encoders" / "tiny"


def nothing_kept(workspace: Path) -> bool:
    return not (workspace / "models").exists() or not list((workspace / "models").rglob("*.*"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def change_weights(folder: Path, change) -> None:
    """Rewrite the weights file with what `change` makes of its tensors."""
    tensors = load_file(folder / WEIGHTS)
    save_file(change(tensors), folder / WEIGHTS, metadata={"format": "pt"})


def change_config(folder: Path, without: str = "", **keys) -> None:
    """Rewrite config.json with other keys, or without one."""
    config = read_json(folder / "config.json") | keys
    config.pop(without, None)
    write_json(folder / "config.json", config)
