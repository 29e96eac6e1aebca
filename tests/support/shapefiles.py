"""Small files of our own in every shape that prepare reads, with the rows that they hold, and ways to pack them."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
from rawtask import lines, parquet, sheets

Example = tuple[dict[str, str | bytes], list[str], str, list[dict]]  # files, source.files, source.format, rows

PLAIN = [
    {"text": "win a coin", "label": "spam"},
    {"text": "see you", "label": "ham"},
    {"text": "free", "label": "spam"},
]
SPLITS = {"train": [["how are you", "greet"], ["bye now", "part"]], "test": [["hello", "greet"]]}
RASA = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - hey there
    - good morning [Anna](name)
- synonym: Berlin
  examples: |
    - bln
- intent: travel/book
  examples:
  - text: |
      - to [bln]{"entity": "city", "value": "Berlin"} please
    metadata: {sentiment: neutral}
responses:
  utter_greet:
  - text: hello
"""


def studio(number: int, text: str, *labels: tuple[object, list[str]], skipped: bool = False, **data) -> dict:
    """A task of Label Studio. labels: who, and what he chose."""
    annotations = [
        {
            "id": 100 + number,
            "completed_by": who,
            "was_cancelled": skipped,
            "result": [{"from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": chosen}}],
        }
        for who, chosen in labels
    ]
    return {"id": number, "data": {"text": text} | data, "annotations": annotations, "predictions": []}


def asked(text: str, answer: str, **fields) -> dict:
    """A line of Prodigy."""
    return {"text": text, "_input_hash": 1, "_task_hash": 2, "answer": answer} | fields


TASKS = [
    studio(7, "a good day", (1, ["good"]), tone="from the csv"),
    studio(
        8, "a bad day", ({"id": 1, "email": "a@x.test"}, ["bad"]), ({"id": 2, "email": "b@x.test"}, ["good", "bad"])
    ),
    studio(9, "a day", (1, ["good"]), skipped=True),
]
LINES = {
    "sent/train_text.txt": "what a day\nI am sad\n",
    "sent/train_labels.txt": "1\n0\n",
    "sent/val_text.txt": "fine\n",
    "sent/val_labels.txt": "1\n",
    "sent/mapping.txt": "0\tnegative\t_sad_\n1\tpositive\t_glad_\n",
}

EXAMPLES: dict[str, Example] = {
    "folders": (
        {"news/business/001.txt": "shares rise", "news/sport/001.txt": "a goal\nin time\n", "news/sport/002": "a set"},
        ["news"],
        "folders",
        [
            {"label": "business", "text": "shares rise", "file": "business/001.txt", "split": ""},
            {"label": "sport", "text": "a goal\nin time\n", "file": "sport/001.txt", "split": ""},
            {"label": "sport", "text": "a set", "file": "sport/002", "split": ""},
        ],
    ),
    "folders in folders of splits": (
        {"films/test/neg/1.txt": "dull", "films/train/pos/1.txt": "fine", "films/train/neg/1.txt": "slow"},
        ["films"],
        "folders",
        [
            {"label": "neg", "text": "dull", "file": "test/neg/1.txt", "split": "test"},
            {"label": "neg", "text": "slow", "file": "train/neg/1.txt", "split": "train"},
            {"label": "pos", "text": "fine", "file": "train/pos/1.txt", "split": "train"},
        ],
    ),
    "texts beside labels": (
        LINES,
        ["sent"],
        "lines",
        [
            {"label": "positive", "text": "what a day", "split": "train"},
            {"label": "negative", "text": "I am sad", "split": "train"},
            {"label": "positive", "text": "fine", "split": "val"},
        ],
    ),
    "JSON, an array": ({"rows.json": json.dumps(PLAIN, indent=1)}, ["rows.json"], "json", PLAIN),
    "JSON, an object of splits": (
        {"intents.json": json.dumps(SPLITS)},
        ["intents.json"],
        "json",
        [{"split": split, "text": text, "label": label} for split, rows in SPLITS.items() for text, label in rows],
    ),
    "fastText": (
        {"cooking.txt": "__label__sauce __label__cheese How much cheese?\n\n__label__oven  How hot?\n"},
        ["cooking.txt"],
        "fasttext",
        [{"label": ["sauce", "cheese"], "text": "How much cheese?"}, {"label": ["oven"], "text": "How hot?"}],
    ),
    "TREC": (
        {"train_5500.label": "DESC:manner How does it work ?\nHUM:ind Who : he or she ?\n"},
        ["train_5500.label"],
        "trec",
        [
            {"label": "DESC", "fine": "DESC:manner", "text": "How does it work ?"},
            {"label": "HUM", "fine": "HUM:ind", "text": "Who : he or she ?"},
        ],
    ),
    "Label Studio": (
        {"export.json": json.dumps(TASKS)},
        ["export.json"],
        "label_studio",
        [
            {"task": 7, "text": "a good day", "data.tone": "from the csv", "tone": ["good"]},
            {
                "task": 8,
                "text": "a bad day",
                "data.tone": None,
                "tone": [{"user": "a@x.test", "label": ["bad"]}, {"user": "b@x.test", "label": ["good", "bad"]}],
            },
            {"task": 9, "text": "a day", "data.tone": None, "tone": None},
        ],
    ),
    "doccano": (
        {"admin.jsonl": lines({"id": 3, "text": "hi", "label": ["spam"], "Comments": []})},
        ["admin.jsonl"],
        "doccano",
        [{"id": 3, "Comments": [], "text": "hi", "label": ["spam"]}],
    ),
    "Prodigy": (
        {
            "db.jsonl": lines(
                asked("you fool", "accept", label="INSULT"),
                asked("my dear", "reject", label="INSULT"),
                asked("hm", "ignore", label="INSULT"),
            )
        },
        ["db.jsonl"],
        "prodigy",
        [
            {"text": text, "_input_hash": 1, "_task_hash": 2, "answer": answer, "label": label}
            for text, answer, label in (
                ("you fool", "accept", "INSULT"),
                ("my dear", "reject", "not INSULT"),
                ("hm", "ignore", []),
            )
        ],
    ),
    "Rasa": (
        {"nlu.yml": RASA},
        ["nlu.yml"],
        "rasa",
        [
            {"label": "greet", "text": "hey there"},
            {"label": "greet", "text": "good morning Anna"},
            {"label": "travel/book", "text": "to bln please"},
        ],
    ),
}

_cells = [list(PLAIN[0]), *(list(row.values()) for row in PLAIN)]
TABLES: dict[str, Example] = {
    "csv": ({"rows.csv": "\n".join(map(",".join, _cells))}, ["rows.csv"], "csv", PLAIN),
    "tsv": ({"rows.tsv": "\n".join(map("\t".join, _cells))}, ["rows.tsv"], "tsv", PLAIN),
    "jsonl": ({"rows.jsonl": lines(*PLAIN)}, ["rows.jsonl"], "jsonl", PLAIN),
    "parquet": ({"rows.parquet": parquet(pd.DataFrame(PLAIN).to_dict("list"))}, ["rows.parquet"], "parquet", PLAIN),
    "xlsx": ({"rows.xlsx": sheets(only=_cells)}, ["rows.xlsx"], "xlsx", PLAIN),
}
# every format once
FORMS = TABLES | {form: example for example in EXAMPLES.values() for form in [example[2]]}


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def packed_as(packing: str, files: dict[str, str | bytes], names: list[str]) -> tuple[dict[str, bytes], list[str]]:
    """The files and their names in source.files, packed: one archive of all of them, or each file by itself."""
    content = {name: cell if isinstance(cell, bytes) else cell.encode() for name, cell in files.items()}
    if packing == "zip":
        return {"all.zip": zipped(content)}, [f"all.zip/{name}" for name in names] or ["all.zip"]
    pack = gzip.compress if packing == "gz" else zstd
    packed = {f"{name}.{packing}": pack(cell) for name, cell in content.items()}
    return packed, [name if name not in content else f"{name}.{packing}" for name in names]


def zstd(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


def zipped(content: dict[str, bytes], **options) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, cell in content.items():
            archive.writestr(name, cell, **options)
    return stream.getvalue()
