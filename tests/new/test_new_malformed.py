"""new: tables that cannot be read or learnt from, each with a clear error whose last line is a command that comes next."""

import gzip
import io
import json
import os
import zipfile

import pytest
from commands import typed
from newtask import GOOD, ROWS, TASK, cycle, refused, texts, tree, write_csv

from decant.__main__ import main
from decant.settings.params import read
from stages import prepare

PAIRS = [{"text": text, "label": label} for text, label in zip(texts(), GOOD["label"], strict=True)]


def table(*lines: str) -> bytes:
    """CSV of good rows behind these lines."""
    rows = [f'"{row["text"]}",{row["label"]}' for row in PAIRS]
    return "\n".join([*lines, *rows, ""]).encode()


def lines(rows: list) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def spans(tool: str) -> bytes:
    place = {"start": 0, "end": 1, "labels": ["P"]}
    done = [{"completed_by": 1, "result": [{"from_name": "x", "type": "labels", "value": place}]}]
    return {
        "label studio": json.dumps([{"id": 1, "data": {"text": "a b"}, "annotations": done}]).encode(),
        "doccano": lines([{"id": 1, "text": "a b", "label": [[0, 1, "P"]], "Comments": []}]),
        "prodigy": lines([{"text": "a b", "spans": [], "answer": "accept", "_task_hash": 1}]),
    }[tool]


TEXTS = [f'"{text}"' for text in texts()]
PACKED = gzip.compress(table("text,label"))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n"
MARKUP = b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n"
# name -> (files, what is named, words of the error)
CASES = {
    "a column twice": ({"a.csv": table("label,label")}, "a.csv", "column 'label' twice; only one of them could be read: rename"),
    "no names at all": ({"a.csv": b",\n" + table()}, "a.csv", "columns 1, 2: no name in the header, and cells below"),
    "a cell too many": ({"a.csv": table("text,label", '"hi there",yes,late')}, "a.csv", "row 1 (line 2): 3 cells where"),
    "a cell too few": ({"a.csv": table("text,label", "hi there")}, "a.csv", "row 1 (line 2): 1 cells where the header has 2"),
    "a quote that never ends": ({"a.csv": b'text,label\n"a b,x\n' + b"c d,y\n" * 50}, "a.csv", "in some a quote stands inside"),
    "a web page": ({"a.csv": MARKUP}, "a.csv", "no column holds"),
    "a picture": ({"a.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 40}, "a.csv", "not UTF-8, and nothing says what it is"),
    "a pointer of Git LFS": ({"a.csv": POINTER}, "a.csv", "a pointer of Git LFS, and not the file"),
    "packed in name alone": ({"a.csv.gz": table("text,label")}, "a.csv.gz", "Not a gzipped file"),
    "packed without saying so": ({"a.csv": PACKED}, "a.csv", "a.csv"),
    "a packed file cut off": ({"a.csv.gz": PACKED[:-200]}, "a.csv.gz", "breaks off or is damaged"),
    "a broken archive": ({"a.zip": b"PK\x03\x04broken"}, "a.zip", "no ZIP archive"),
    "an empty archive": ({"a.zip": archive()}, "a.zip", "an empty archive"),
    "JSON of numbers": ({"a.json": b"[1, 2, 3]"}, "a.json", "row 1: found 1, expected an object or a list"),
    "JSON by keys": ({"a.json": b'{"x": {"text": "a b"}}'}, "a.json", "'x' holds an object, expected an array of rows"),
    "JSON cut off": ({"a.json": json.dumps(PAIRS)[:-5].encode()}, "a.json", "not JSON behind row 299"),
    "lists in lines": ({"a.jsonl": lines([[1, 2]])}, "a.jsonl", 'expected an object with named fields, as {"text": ..., "label"'),
    "a field twice": ({"a.jsonl": b'{"text": "a", "text": "b"}\n'}, "a.jsonl", "field 'text' twice"),
    "half a surrogate pair": ({"a.jsonl": b'{"text": "a \\ud800", "label": "x"}\n'}, "a.jsonl", "half a surrogate pair"),
    "too deep": ({"a.jsonl": b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}\n"}, "a.jsonl", "not JSON: maximum recursion"),
    "no text but objects": ({"a.jsonl": lines([row | {"text": {"t": row["text"]}} for row in PAIRS])}, "a.jsonl", "no column holds text"),
    "no label but NaN": ({"a.jsonl": lines([row | {"label": float("nan")} for row in PAIRS])}, "a.jsonl", "no column holds a label"),
    "spans of Label Studio": ({"a.json": spans("label studio")}, "a.json", "labels parts of texts; Decant classifies whole texts"),
    "spans of doccano": ({"a.jsonl": spans("doccano")}, "a.jsonl", "label holds places in the text"),
    "spans of Prodigy": ({"a.jsonl": spans("prodigy")}, "a.jsonl", "neither label nor accept"),
    "broken YAML": ({"a.yml": b"nlu:\n- intent: a\n  examples: [x\n"}, "a.yml", "not YAML behind row 0"),
    "an intent of nothing": ({"a.yml": b"nlu:\n- intent: a\n"}, "a.yml", "an intent without examples"),
    "a line without a label": ({"a.txt": b"__label__x hi there\n" * 30 + b"and so on\n"}, "a.txt", "row 31: no word begins with __label__"),
    "fewer labels than texts": ({"a/train_text.txt": b"a b\nc d\n", "a/train_labels.txt": b"x\n"}, "a", "ends with line 1"),
    "a file beside the classes": ({"a/x/1.txt": b"hi", "a/y/1.txt": b"ho", "a/z.txt": b"?"}, "a", "move it out of"),
    "a table that lacks the label": ({"a/1.csv": table("text,label"), "a/2.csv": table("text,other")}, "a", "2.csv: row 1 (line 2)"),
    "texts and nothing else": ({"a.csv": "\n".join(["text", *TEXTS]).encode()}, "a.csv", "no column holds a label"),
    "one text again and again": ({"a.csv": b"text,label\n" + b"the same,x\nthe same,y\n" * 99}, "a.csv", "no column holds text"),
    "three rows": ({"a.csv": b"text,label\na b,x\nc d,y\ne f,x\n"}, "a.csv", "no column holds a label"),
    "labels of blanks": ({"a.csv": ("text,label\n" + ", \n".join([*TEXTS, ""])).encode()}, "a.csv", "no column holds a label"),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_said_with_a_command_that_comes_next(workspace, inbox, capsys, name):
    files, named, words = CASES[name]
    for file, content in files.items():
        (inbox / file).parent.mkdir(parents=True, exist_ok=True)
        (inbox / file).write_bytes(content)
    found = refused(workspace, capsys, str(inbox / named), "--task", TASK)
    assert words in found
    assert "source." not in found  # a key of a block that is not there


def test_a_link_to_nothing_is_told(workspace, inbox, capsys):
    inbox.mkdir()
    os.symlink("nowhere.csv", inbox / "rows.csv")
    assert main(["new", str(inbox / "rows.csv"), "--task", TASK]) == 1
    found = capsys.readouterr().err
    assert (
        "rows.csv: a link to nowhere.csv, which is missing; name a file that is there: python -m decant new FILE"
        in found
    )


BAD = {
    "cells": ("rows.csv", table("text,label", "hi,there,yes"), "row 1 (line 2): 3 cells where the header has 2"),
    "JSON": ("rows.jsonl", b'{"text": \n' + lines(PAIRS), "row 1: not JSON"),
    "encodings": ("rows.csv", table("text,label", "é\xe9,yes") + b"caf\xe9,no\n", "is not UTF-8, but"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_cannot_be_read_is_left_out_by_the_printed_command(workspace, inbox, capsys, name):
    file, content, words = BAD[name]
    inbox.mkdir()
    (inbox / file).write_bytes(content)
    found = refused(workspace, capsys, str(inbox / file), "--task", TASK)
    assert words in found
    assert found.rstrip().endswith("--task mine --bad-rows drop")
    assert typed(workspace, found) == 0
    assert "warning: 1 row that cannot be read, left out and counted. The first: " in capsys.readouterr().out
    assert tree(workspace)[TASK]["source"]["bad_rows"] == "drop"
    prepare.main(TASK)


def test_more_bad_rows_than_the_default_allows_are_allowed_in_the_block(workspace, inbox):
    inbox.mkdir()
    (inbox / "rows.csv").write_bytes(table("text,label", *["hi,there,yes"] * 30))
    assert main(["new", str(inbox / "rows.csv"), "--task", TASK, "--bad-rows", "drop"]) == 0
    assert read(TASK).source.max_bad_rows == 0.091  # 30 of 330
    prepare.main(TASK)


@pytest.mark.bad_input
def test_rows_of_json_that_are_longer_lists_get_names_by_the_printed_command(workspace, inbox, capsys):
    inbox.mkdir()
    rows = [[*row.values(), n % 7] for n, row in enumerate(PAIRS)]
    (inbox / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    found = refused(workspace, capsys, str(inbox / "rows.json"), "--task", TASK)
    assert "row 1: a list of 3, name them with --columns" in found
    assert found.rstrip().endswith("--columns text,label,column_3")
    assert typed(workspace, f"{found.rstrip()} --ignore column_3") == 0
    assert tree(workspace)[TASK]["source"]["header"] == ["text", "label", "column_3"]
    prepare.main(TASK)


def test_a_column_that_is_called_as_a_device_or_very_long_names_a_head_all_the_same(workspace, inbox):
    for task, column in (("one", "con"), ("two", "x" * 100), ("three", "1 con")):
        assert (
            main(
                [
                    "new",
                    str(write_csv(inbox / "rows.csv", {"text": texts(), column: cycle("a", "b", rows=ROWS)})),
                    "--task",
                    task,
                ]
            )
            == 0
        )
        assert len(read(task).heads) == 1
