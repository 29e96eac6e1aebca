"""Tables for tests of `python -m decant new`: what it proposes for them, and what it refuses."""

import csv
import io
import json
import random
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from decant.__main__ import main
from decant.settings.params import read
from stages import prepare, split

TASK = "mine"
SAFE = YAML(typ="safe", pure=True)
ROWS = 300


def texts(rows: int = ROWS) -> list[str]:
    """Different sentences."""
    words = (
        "train order friend north late price phone garden music winter letter doctor river window coffee market".split()
    )
    return [f"{' '.join(random.Random(n).choices(words, k=7))}, number {n}." for n in range(rows)]


def write_csv(path: Path, columns: dict[str, list], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([list(columns), *zip(*columns.values(), strict=True)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def cycle(*values, rows: int = ROWS) -> list:
    return [values[n % len(values)] for n in range(rows)]


def write_rows(path: Path, columns: dict[str, list]) -> Path:
    """JSON Lines; a value of ... leaves the field out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines = [json.dumps({name: value for name, value in row.items() if value is not ...}) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def tree(workspace: Path) -> dict:
    return SAFE.load((workspace / "params.yaml").read_text(encoding="utf-8"))


def everything(workspace: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in workspace.rglob("*") if path.is_file()}


def proposed(workspace: Path, file: Path, *options: str) -> tuple[dict, pd.DataFrame]:
    """The block that `new` writes, valid and after the old bytes, and the table of prepare, with which split runs too."""
    before = (workspace / "params.yaml").read_bytes()
    assert main(["new", str(file), "--task", TASK, *options]) == 0
    assert (workspace / "params.yaml").read_bytes().startswith(before)
    read(TASK)
    prepare.main(TASK)
    split.main(TASK)
    return tree(workspace)[TASK], pd.read_parquet(workspace / "data" / TASK / "prepared.parquet")


def refused(workspace: Path, capsys, *arguments: str) -> str:
    """The error of a call that has to fail, with no file touched; in its last line stands a command that comes next."""
    found = stopped(workspace, capsys, *arguments)
    assert "python -m decant new " in found.rstrip().splitlines()[-1]
    assert " in params.yaml" not in found  # there is no block yet to set a key in
    return found


def stopped(workspace: Path, capsys, *arguments: str) -> str:
    """The error of a call that has to fail, with no file touched."""
    before = everything(workspace)
    assert main(["new", *arguments]) == 1
    assert everything(workspace) == before
    return capsys.readouterr().err


GOOD = {"text": texts(), "label": cycle("yes", "no")}
