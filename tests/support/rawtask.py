"""A task with raw files for tests of the prepare stage: its block in params.yaml, the files, and what the stage wrote."""

import copy
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from graph import ROOT
from ruamel.yaml import YAML

from stages import prepare

YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False  # the order of classes and split files means something
COMMITTED = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
TASK = "mini"

KIND = {"column": "kind", "classes": {"spam": ["spam", "bot"], "ham": ["ham"]}}
TOPIC = {"column": "topics", "separator": "|", "classes": {"money": ["money", "crypto"], "sport": ["sport"]}}
BLOCK = {
    "source": {"files": ["rows.csv"], "id": "id", "text": "text", "labels": {"kind": KIND}},
    "heads": {"kind": {"kind": "softmax", "labels": ["ham", "spam"]}},
    "decision": {"rule": "argmax", "head": "kind"},
}
# sections for a head with any of two topics, and for a number beside the kind
ANY_OF = {
    "heads": {"topic": {"kind": "sigmoid", "labels": ["money", "sport"]}},
    "decision": {"rule": "thresholds", "head": "topic"},
}
NUMBER = {"heads": BLOCK["heads"] | {"urgency": {"kind": "regression"}}}
JSONL = {"files": ["rows.jsonl"]}


def table(rows: str) -> str:
    """CSV with the columns id, text and kind."""
    return f"id,text,kind\n{rows}"


def lines(*rows: dict | str) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def row(**changes) -> dict:
    """A good row; a value of ... leaves the field out."""
    fields = {"id": "1", "text": "hi", "kind": "ham"} | changes
    return {name: value for name, value in fields.items() if value is not ...}


def sheets(**rows: list[list]) -> bytes:
    """A workbook, one sheet per name; a cell of None is left empty."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for name, cells in rows.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(cells):
                sheet.write_row(number, 0, line)
    return stream.getvalue()


def parquet(columns: dict | pa.Table, **options) -> bytes:
    stream = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), stream, **options)
    return stream.getvalue()


def arrange(workspace: Path, files: dict[str, str | bytes], source: dict | None = None, **sections) -> None:
    """Raw files and a params.yaml with one task: BLOCK, with some keys of source and other sections replaced."""
    folder = workspace / "data" / "raw" / TASK
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    block = copy.deepcopy(BLOCK) | sections
    block["source"] |= source or {}
    tree = {key: COMMITTED[key] for key in ("encoders", "seeds", "threads", "catalogue", "transfers", "defaults")}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree | {"tasks": [TASK], TASK: block}, stream)


def prepared(workspace: Path, files: dict[str, str | bytes], source: dict | None = None, **sections) -> pd.DataFrame:
    """The table that the stage makes of these files and settings."""
    arrange(workspace, files, source, **sections)
    return rerun(workspace)


def rerun(workspace: Path) -> pd.DataFrame:
    prepare.main(TASK)
    return pd.read_parquet(workspace / "data" / TASK / "prepared.parquet")


def outputs(workspace: Path) -> dict[str, bytes]:
    """Every file that the stage wrote, half-written ones too, by name."""
    folders = (workspace / "data" / TASK, workspace / "metrics")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(workspace)): file.read_bytes() for file in files}


def metrics(workspace: Path) -> dict:
    return json.loads((workspace / "metrics" / TASK / "prepare.json").read_text(encoding="utf-8"))
