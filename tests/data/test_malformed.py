"""prepare: every malformed input stops the stage with the file and row named, and leaves nothing behind."""

from datetime import datetime

import nltk
import pyarrow as pa
import pytest
from rawtask import ANY_OF, JSONL, KIND, NUMBER, TASK, TOPIC, arrange, lines, outputs, parquet, row, sheets, table

from decant.errors import DecantError
from stages import prepare

GOOD = table("1,hi,ham\n2,win,spam\n")
THREE = table("1,hi,ham\n2,x,ham\n3,y,ham\n")
NAMES = ["id", "text", "kind"]
FLAGS = {"labels": {"topic": {"columns": {"money": "m", "sport": "s"}}}}
COUNT = {"labels": {"kind": KIND, "urgency": {"columns": {"a": "m", "b": "s"}}}}
SCORE = JSONL | {"labels": {"kind": KIND, "urgency": {"column": "urgency"}}}
IDS = {"splits": {"ids": {"train": "train.csv", "test": "test.csv"}}}
PARTS = {"splits": {"column": "part", "values": {"train": ["a"], "test": ["b"]}}}
WHEN = JSONL | {"time": {"columns": ["when"]}}
PARQUET, XLSX = {"files": ["rows.parquet"]}, {"files": ["rows.xlsx"]}
BAD_BYTES = pa.StringArray.from_buffers(1, pa.py_buffer(bytes([0, 0, 0, 0, 2, 0, 0, 0])), pa.py_buffer(b"\xff\xfe"))
NAMELESS = sheets(a=[["id", None, None, "x"], [1, 2, 3, 4]])
PAGES = parquet({"id": ["1"], "text": ["hi " * 2000], "kind": ["ham"]}, compression="snappy")


def csv(content: str | bytes, *words: str, source: dict | None = None, more: dict | None = None, **sections):
    return {"rows.csv": content} | (more or {}), source or {}, sections, words


def jsonl(content: str | bytes, *words: str, source: dict | None = None, **sections):
    return {"rows.jsonl": content}, JSONL | (source or {}), sections, words


def stored(*words: str, source: dict | None = None, content: bytes | None = None, **columns):
    """A Parquet file of one good row, with some columns replaced."""
    good = {"id": ["1"], "text": ["hi"], "kind": ["ham"]} | columns
    return {"rows.parquet": parquet(good) if content is None else content}, PARQUET | (source or {}), {}, words


def sheet(*words: str, rows: list[list] | None = None, content: bytes | None = None, **more: list[list]):
    """A workbook with a sheet of these rows below a header, and more sheets."""
    made = sheets(first=[NAMES, *(rows or [])], **more) if content is None else content
    return {"rows.xlsx": made}, XLSX, {}, words


def given(files: dict[str, str], *words: str, content: str = GOOD, source: dict = IDS):
    return {"rows.csv": content} | files, source, {}, words


def score(value: object, *words: str):
    content = lines(row(urgency=0.5), row(id="2", urgency=value))
    return {"rows.jsonl": content}, SCORE, NUMBER, ("rows.jsonl: row 2: ", *words, "a regression head needs a finite")


CASES = {
    # files and folders
    "no file": ({}, {}, {}, ["data/raw/mini/rows.csv: missing. Get it with dvc update"]),
    "no second file": csv(GOOD, "data/raw/mini/more.csv: missing", source={"files": ["rows.csv", "more.csv"]}),
    "empty folder": ({"all/.keep": ""}, {"files": ["all"]}, {}, ["raw/mini/all: an empty folder"]),
    "unknown suffix in a folder": ({"all/a.csv": GOOD, "all/notes.md": ""}, {"files": ["all"]}, {}, ["notes.md: its suffix"]),
    "unknown suffix": ({"rows.txt": GOOD}, {"files": ["rows.txt"]}, {}, ["rows.txt: its suffix", "name source.format"]),
    "file listed twice": csv(GOOD, "source.files: 'rows.csv' stands there twice", source={"files": ["rows.csv", "rows.csv"]}),
    "id in two files of a folder": (
        {"all/a.csv": GOOD, "all/b.jsonl": lines(row(id=2))}, {"files": ["all"]}, {},
        ["b.jsonl: row 1: id '2' again, first at data/raw/mini/all/a.csv: row 2 (line 3)"],
    ),
    # CSV and TSV
    "empty file": csv("", "rows.csv: no rows; it must hold at least one"),
    "byte order mark alone": csv(b"\xef\xbb\xbf", "rows.csv: no rows"),
    "header only": csv("id,text,kind\n", "rows.csv: no rows"),
    "empty lines only": csv("\n\n\n", "rows.csv: no rows"),
    "second file empty": csv(GOOD, "b.csv: no rows", source={"files": ["rows.csv", "b.csv"]}, more={"b.csv": ""}),
    "no header": csv("1,hi,ham\n2,win,spam\n", "rows.csv: row 1 (line 2): no column 'id'; columns are 1, hi, ham"),
    "semicolons": csv("id;text;kind\n1;hi;ham\n", "no column 'id'; columns are id;text;kind", "separated by ';'"),
    "tabs in a CSV": csv("id\ttext\tkind\n1\thi\tham\n", "rows.csv: row 1 (line 2): no column 'id'", r"separated by '\t'"),
    "another delimiter": csv(GOOD, "no column 'id'", "separated by ','", source={"delimiter": ";"}),
    "commas in a TSV": ({"rows.tsv": GOOD}, {"files": ["rows.tsv"]}, {}, ["rows.tsv: row 1 (line 2): no column 'id'", "','"]),
    "no id column": csv("key,text,kind\n1,hi,ham\n", "no column 'id'; columns are key, text, kind"),
    "no text column": csv("id,post,kind\n1,hi,ham\n", "no column 'text'; columns are id, post, kind"),
    "no second text column": csv(GOOD, "row 1 (line 2): no column 'title'", source={"text": ["text", "title"]}),
    "no label column": csv("id,text,class\n1,hi,ham\n", "no column 'kind'; columns are id, text, class"),
    "column in other case": csv("ID,text,kind\n1,hi,ham\n", "no column 'id'; columns are ID, text, kind"),
    "blank beside a name": csv("id, text,kind\n1,hi,ham\n", "no column 'text'; columns are id,  text, kind"),
    "column twice": csv("id,text,text,kind\n1,a,b,ham\n", "rows.csv: column 'text' twice"),
    "too many cells": csv(table("1,hi,ham\n2,a,b,ham\n"), "rows.csv: row 2 (line 3): 4 cells where the header has 3"),
    "too few cells": csv(table("1,hi,ham\n2,ham\n"), "rows.csv: row 2 (line 3): 2 cells where the header has 3"),
    "names fewer than cells": csv(GOOD, "rows.csv: row 1 (line 1): 3 cells where the header has 2", source={"header": ["id", "text"]}),
    "names twice": csv(GOOD, "source.header: 'id' stands there twice", source={"header": ["id", "id", "kind"]}),
    "quote never closed": csv(table('1,hi,ham\n2,"win,spam\n3,x,ham\n'), "line 3: a quote opens a cell that never ends"),
    "text behind a quote": csv(table('1,hi,ham\n2,"win"!,spam\n'), "rows.csv: line 3: ',' expected after"),
    "quotes that count as letters": csv(
        table('1,hi,ham\n2,"a, b",ham\n'), "row 2 (line 3): 4 cells where the header has 3", source={"quotes": False}
    ),
    "JSON Lines as CSV": csv(lines(row()), "rows.csv: no rows"),
    "not CSV": csv("id,text,kind\n" + "%PDF-1.7\n\x00\x01", "rows.csv: row 1 (line 2): 1 cells where the header has 3"),
    # encodings
    "Latin-1": csv(table("1,hi,ham\n2,café,ham\n").encode("latin-1"), "rows.csv: line 3: not utf-8 (invalid continuation"),
    "Latin-1 behind a byte order mark": csv(b"\xef\xbb\xbfid,text,kind\n\xe9,hi,ham\n", "rows.csv: line 2: not utf-8-sig"),
    "cp1251": csv(
        table("1,Привет как дела сегодня хорошая погода,ham\n").encode("cp1251"), "line 2: not utf-8", "set source.encoding: cp"
    ),
    "cut inside a letter": csv(table("1,hi,ham\n2,win,é").encode()[:-1], "rows.csv: line 3: not utf-8 (unexpected end"),
    "UTF-8 named ASCII": csv(table("1,é,ham\n"), "rows.csv: line 2: not ascii", source={"encoding": "ascii"}),
    "UTF-16 without its mark": csv(GOOD.encode("utf-16-le"), "line 1: not utf-16 (", source={"encoding": "utf-16"}),
    "UTF-16 read as UTF-8": csv("id,text\n1,é\n".encode("utf-16-le"), "rows.csv: line 2: not utf-8"),
    "undefined byte": csv(table("1,\x81,ham\n").encode("latin-1"), "line 2: not cp1252", source={"encoding": "cp1252"}),
    "no encoding of text": csv(GOOD, "rows.csv: 'rot13' is not a text encoding", source={"encoding": "rot13"}),
    "JSON Lines not UTF-8": jsonl(lines(row()).encode() + b'\n{"id": "\xff"}', "rows.jsonl: line 2: not utf-8"),
    "split file not UTF-8": given({"train.csv": "id\n1\n", "test.csv": b"id\n\xff\n"}, "test.csv: line 2: not utf-8"),
    # JSON Lines
    "broken line": jsonl(lines(row(), '{"id": "2", "text'), "rows.jsonl: row 2: not JSON"),
    "broken line after empty ones": jsonl("\n\n" + lines(row(), "", "{"), "rows.jsonl: row 5: not JSON"),
    "two objects in a line": jsonl(lines(row()) + lines(row(id="2")), "rows.jsonl: row 1: not JSON: Extra data"),
    "a pretty-printed list": jsonl('[\n{"id": "1"}\n]', "rows.jsonl: row 1: not JSON"),
    "CSV as JSON Lines": jsonl(GOOD, "rows.jsonl: row 1: not JSON"),
    "a list as a line": jsonl("[1, 2]", "rows.jsonl: row 1: found list, expected an object with named fields"),
    "a number as a line": jsonl(lines(row(), "7"), "rows.jsonl: row 2: found int, expected an object"),
    "null as a line": jsonl(lines(row(), "null"), "rows.jsonl: row 2: found NoneType, expected an object"),
    "objects without fields": jsonl("{}\n{}", "rows.jsonl: row 1: an object without fields"),
    "a huge number": jsonl('{"id": ' + "1" * 5000 + "}", "rows.jsonl: row 1: not JSON"),
    "no end of brackets": jsonl("[" * 100_000, "rows.jsonl: row 1: not JSON"),
    "blank lines only": jsonl("\n \n", "rows.jsonl: no rows"),
    "half a surrogate pair as text": jsonl(lines(row(text="a \ud83d b")), "rows.jsonl: row 1: ", r"'a \ud83d b' in 'text'"),
    "half a surrogate pair as id": jsonl(lines(row(id="a\ud83d")), "rows.jsonl: row 1: ", r"'a\ud83d' in 'id'"),
    "field twice": jsonl('{"id": "1", "text": "a", "text": "b"}', "rows.jsonl: row 1: not JSON: field 'text' twice"),
    "field twice inside": jsonl(lines(row(), '{"x": {"a": 1, "a": 2}}'), "rows.jsonl: row 2: not JSON: field 'a' twice"),
    "no field text": jsonl(lines(row(text=...)), "rows.jsonl: row 1: no column 'text'; columns are id, kind"),
    "no text in any row": jsonl(lines(row(text=None), row(id="2", text=float("nan"))), "all 2 rows are empty after cleaning"),
    "number as text": jsonl(lines(row(text=7)), "rows.jsonl: row 1: text in column 'text' is 7, expected a string"),
    "list as text": jsonl(lines(row(text=["hi"])), "row 1: text in column 'text' is ['hi'], expected a string"),
    "number among text columns": jsonl(lines(row(title=7)), "text in column 'title' is 7", source={"text": ["text", "title"]}),
    # XLSX
    "XLSX that is CSV": sheet("rows.xlsx: not XLSX", content=GOOD.encode()),
    "XLSX cut off": sheet("rows.xlsx: not XLSX", content=sheets(first=[NAMES, ["1", "hi", "ham"]])[:900]),
    "XLSX of no bytes": sheet("rows.xlsx: not XLSX", content=b""),
    "two sheets": sheet("rows.xlsx: 2 sheets with rows (first, more); keep one", rows=[["1", "hi", "ham"]], more=[["x"]]),
    "workbook without rows": sheet("rows.xlsx: no rows", content=sheets(first=[], more=[])),
    "sheet with a header only": sheet("rows.xlsx: no rows"),
    "number as a cell of text": sheet("rows.xlsx: row 2: text in column 'text' is 7", rows=[[1, "a", "ham"], [2, 7, "ham"]]),
    "boolean as a cell of text": sheet("rows.xlsx: row 1: text in column 'text' is True", rows=[[1, True, "ham"]]),
    "fraction as id": sheet("rows.xlsx: row 1: id in column 'id' is 1.5", rows=[[1.5, "hi", "ham"]]),
    "boolean as id": sheet("rows.xlsx: row 1: id in column 'id' is True", rows=[[True, "hi", "ham"]]),
    "empty row in a sheet": sheet("rows.xlsx: row 2: empty id", rows=[[1, "hi", "ham"], [None], [2, "x", "ham"]]),
    "7 and '7' as ids": sheet("rows.xlsx: row 2: id '7' again", rows=[[7, "a", "ham"], ["7", "b", "ham"]]),
    "two columns without name": sheet("row 1: 2 stands in column 2, which has no name", content=NAMELESS),
    # Parquet
    "Parquet that is CSV": stored("rows.parquet: not Parquet", content=GOOD.encode()),
    "Parquet cut off": stored("rows.parquet: not Parquet", content=PAGES[:-5]),
    "Parquet of no bytes": stored("rows.parquet: not Parquet", content=b""),
    "spoilt page": stored("rows.parquet: not Parquet", content=PAGES[:60] + b"\xff" * 40 + PAGES[100:]),
    "Parquet without rows": stored("rows.parquet: no rows", content=parquet({"id": pa.array([], pa.string())})),
    "Parquet column twice": stored(
        "column 'id' twice", content=parquet(pa.Table.from_arrays([pa.array([1])] * 2, names=["id", "id"]))
    ),
    "Parquet text not UTF-8": stored("rows.parquet: not Parquet: 'utf-8' codec", text=BAD_BYTES),
    "bytes as text": stored("rows.parquet: row 1: text in column 'text' is b'hi'", text=[b"hi"]),
    "null as text": stored("data/raw/mini: all 1 rows are empty", text=pa.array([None], pa.string())),
    "Parquet id with gaps": stored("rows.parquet: row 1: id in column 'id' is nan", id=[float("nan")]),
    "time as id": stored("rows.parquet: row 1: id in column 'id' is datetime", id=[datetime(2025, 1, 1)]),
    "Parquet label unknown": stored("rows.parquet: row 1: unknown label '7'", kind=[7.0]),
    "Parquet list with an unknown label": stored("rows.parquet: row 1: unknown label 'x'", kind=[["ham", "x"]]),
    "Parquet object as label": stored("row 1: label is an object, {'a': 1}, expected text, a number or a list", kind=[{"a": 1}]),
    # ids
    "id twice": csv(table("1,hi,ham\n2,x,ham\n1,y,ham\n"), "row 3 (line 4): id '1' again, first at data/raw/mini/rows.csv: row 1 (line 2)"),
    "id twice, one row empty": csv(table("1,<b>,ham\n1,y,ham\n"), "row 2 (line 3): id '1' again"),
    "empty id": csv(table("1,hi,ham\n,x,ham\n"), "rows.csv: row 2 (line 3): empty id in column 'id'"),
    "blank id": csv(table("1,hi,ham\n  ,x,ham\n"), "rows.csv: row 2 (line 3): empty id in column 'id'"),
    "null as id": jsonl(lines(row(id=None)), "rows.jsonl: row 1: empty id in column 'id'. To leave such rows out"),
    "boolean as JSON id": jsonl(lines(row(id=False)), "rows.jsonl: row 1: id in column 'id' is False"),
    "list as id": jsonl(lines(row(id=["1"])), "rows.jsonl: row 1: id in column 'id' is ['1']"),
    "number and text as one id": jsonl(lines(row(id=1), row(id="1")), "rows.jsonl: row 2: id '1' again"),
    # labels
    "unknown label": csv(table("1,hi,ham\n2,win,spma\n"), "rows.csv: row 2 (line 3): unknown label 'spma'"),
    "label in other case": csv(table("1,hi,Ham\n"), "rows.csv: row 1 (line 2): unknown label 'Ham'"),
    "unknown label in an empty row": csv(table("1,hi,ham\n2,,spma\n"), "rows.csv: row 2 (line 3): unknown label 'spma'"),
    "two labels without separator": csv(table("1,hi,ham|bot\n"), "rows.csv: row 1 (line 2): unknown label 'ham|bot'"),
    "unknown beside known": csv(
        table("1,hi,ham;spma\n"), "row 1 (line 2): unknown label 'spma'", source={"labels": {"kind": KIND | {"separator": ";"}}}
    ),
    "ignored label alone": csv(table("1,hi,ham\n2,x,odd\n"), "row 2 (line 3): ['odd'] belongs to no class", source={"ignore": ["o*"]}),
    "empty label": csv(table("1,hi,ham\n2,x,\n"), "rows.csv: row 2 (line 3): no label of head kind", "otherwise or unlabelled"),
    "null as label": jsonl(lines(row(), row(id="2", kind=None)), "rows.jsonl: row 2: no label of head kind"),
    "no label in a list": jsonl(lines(row(kind=[])), "rows.jsonl: row 1: no label of head kind"),
    "a vector": jsonl(lines(row(kind=[1, 0, 0])), "rows.jsonl: row 1: [1, 0, 0] is a vector, a number for each label"),
    "a vector of fractions": jsonl(lines(row(kind=[1.0, 0.0])), "rows.jsonl: row 1: [1.0, 0.0] is a vector"),
    "an object as label": jsonl(lines(row(kind={"ham": 1})), "rows.jsonl: row 1: label is an object, {'ham': 1}"),
    "null in a list": jsonl(lines(row(kind=["ham", None])), "rows.jsonl: row 1: None in a list of labels"),
    "unknown topic": csv(
        "id,text,topics\n1,hi,sport|golf\n", "row 1 (line 2): unknown label 'golf'", source={"labels": {"topic": TOPIC}}, **ANY_OF
    ),
    "no topic where one must be": csv(
        "id,text,topics\n1,hi,sport\n2,x,\n", "rows.csv: row 2 (line 3): no label of head topic",
        source={"labels": {"topic": TOPIC | {"unlabelled": "fail"}}}, **ANY_OF,
    ),
    "neither true nor false": csv(
        "id,text,m,s\n1,hi,TRUE,FALSE\n2,x,TRUE,maybe\n", "rows.csv: row 2 (line 3): 'maybe' in column 's', expected true or false",
        source=FLAGS, **ANY_OF,
    ),
    "empty boolean": csv("id,text,m,s\n1,hi,,0\n", "rows.csv: row 1 (line 2): '' in column 'm'", source=FLAGS, **ANY_OF),
    "no boolean column": csv("id,text,m\n1,hi,0\n", "no column 's'; columns are id, text, m", source=FLAGS, **ANY_OF),
    "count of no boolean": csv(
        "id,text,kind,m,s\n1,hi,ham,1,1\n2,x,ham,1,2\n", "rows.csv: row 2 (line 3): '2' in column 's'", source=COUNT, **NUMBER
    ),
    "no column to count": csv("id,text,kind,m\n1,hi,ham,1\n", "row 1 (line 2): no column 's'", source=COUNT, **NUMBER),
    # numbers
    "no number": score(None, "found None"),
    "empty number": score("", "found ''"),
    "word as number": score("high", "found 'high'"),
    "NaN as number": score(float("nan"), "found nan"),
    "infinite number": score(float("inf"), "found inf"),
    "the word nan": score("nan", "found 'nan'"),
    "the word -inf": score("-inf", "found '-inf'"),
    "decimal comma": score("0,5", "found '0,5'"),
    "digits with underscore": score("1_000", "found '1_000'"),
    "list as number": score([0.5], "found [0.5]"),
    "true as number": score(True, "found True"),
    "number beyond float": score(10**400),
    "number beyond float32": score(1e300, "found 1e+300"),  # the type of the targets
    "no column of numbers": jsonl(lines(row()), "row 1: no column 'urgency'; columns are id, text", source=SCORE, **NUMBER),
    # slices, group and time
    "slice of no column": csv(
        GOOD, "rows.csv: no column of ['authr']; columns are id, text, kind. Mend source.slices.author",
        source={"slices": {"author": {"columns": ["authr"]}}},
    ),
    "slice of a field that no row has": jsonl(
        lines(row()), "data/raw/mini: no row has a value in ['authr']; mend source.slices.author",
        source={"slices": {"author": {"columns": ["authr"]}}},
    ),
    "group of no column": csv(GOOD, "no column of ['who']", "Mend source.group", source={"group": {"columns": ["who"]}}),
    "group of a field that no row has": jsonl(
        lines(row()), "data/raw/mini: no row has a value in ['who']; mend source.group", source={"group": {"columns": ["who"]}}
    ),
    "time of no column": csv(GOOD, "no column of ['when']", "Mend source.time", source={"time": {"columns": ["when"]}}),
    "no time": jsonl(lines(row(when="2025-01-01"), row(id="2")), "rows.jsonl: row 2: '' in ['when'] is no time", source=WHEN),
    "words as time": jsonl(lines(row(when="yesterday")), "row 1: 'yesterday' in ['when'] is no time", source=WHEN),
    "a day that does not exist": jsonl(lines(row(when="2025-02-30")), "row 1: '2025-02-30' in ['when']", source=WHEN),
    "American date": jsonl(lines(row(when="01/31/2025")), "row 1: '01/31/2025'", "expected ISO 8601", source=WHEN),
    "infinite time": jsonl(lines(row(when="inf")), "row 1: 'inf' in ['when'] is no time", source=WHEN),
    "a year as time": jsonl(lines(row(when=2024)), "row 1: '2024' in ['when'] is no time", source=WHEN),
    "milliseconds as time": jsonl(lines(row(when=1763700000000)), "is no time; expected ISO 8601 or seconds", source=WHEN),
    "a value of two splits": csv(
        "id,text,kind,part\n1,hi,ham,a\n",
        "source.splits: values: 'a' stands for both train and test",
        source={"splits": {"column": "part", "values": {"train": ["a"], "test": ["a"]}}},
    ),
    "a pattern that fits no row": jsonl(
        lines(row(who="user-1")),
        "no row has a value in ['who'] that fits the pattern",
        source=JSONL | {"group": {"columns": ["who"], "pattern": "author=(.*)"}},
    ),
    # splits
    "no split file": given({"train.csv": "id\n1\n"}, "data/raw/mini/test.csv: missing"),
    "split file without ids": given({"train.csv": "key\n1\n", "test.csv": "id\n2\n"}, "train.csv: row 1 (line 2): no column 'id'"),
    "split file without rows": given({"train.csv": "id\n1\n2\n", "test.csv": "id\n"}, "test.csv: no rows"),
    "empty id in a split file": given({"train.csv": "id,x\n1,\n,\n", "test.csv": "id\n2\n"}, "train.csv: row 2 (line 3): empty id"),
    "split of an id that no row has": given(
        {"train.csv": "id\n1\n3\n", "test.csv": "id\n2\n"}, "train.csv: row 2 (line 3): id '3' is not in rows.csv", "is not there"
    ),
    "ids of a split with zeros": given(
        {"train.csv": "id\n01\n", "test.csv": "id\n2\n"}, "train.csv: row 1 (line 2): id '01' is not in rows.csv",
        source={"splits": IDS["splits"] | {"rest": "calib"}},
    ),
    "row numbers from 1": given(
        {"train.csv": "id\n1\n", "test.csv": "id\n2\n"}, "test.csv: row 1 (line 2): id '2' is not in rows.csv",
        source={"id": None, "splits": IDS["splits"] | {"rest": "calib"}},
    ),
    "id in two splits": given({"train.csv": "id\n1\n2\n", "test.csv": "id\n2\n"}, "test.csv: row 1 (line 2): id '2' is in train already"),
    "rows in no split": given(
        {"train.csv": "id\n1\n", "test.csv": "id\n2\n"}, "rows.csv: row 3 (line 4): id '3' is in no split", "splits.rest", content=THREE
    ),
    "no column of splits": csv(GOOD, "rows.csv: row 1 (line 2): no column 'part'", source=PARTS),
    "unknown name of a split": csv("id,text,kind,part\n1,a,ham,a\n2,b,ham,c\n", "row 2 (line 3): id '2' is in no split", source=PARTS),
    "no file of that split": (
        {"all/a.csv": GOOD}, {"files": ["all"], "splits": {"files": {"test": "all/b.csv"}, "rest": "train"}}, {},
        ["data/raw/mini/all/b.csv: missing"],
    ),
    "file in two splits": (
        {"all/a.csv": GOOD}, {"files": ["all"], "splits": {"files": {"train": "all", "test": "all/a.csv"}}}, {},
        ["source.splits.files: 'all/a.csv' of test lies in 'all' of train"],
    ),
    "file in no split": (
        {"a.csv": GOOD, "b.csv": table("3,x,ham\n")}, {"files": ["a.csv", "b.csv"], "splits": {"files": {"train": "a.csv"}}},
        {}, ["b.csv: row 1 (line 2): id '3' is in no split"],
    ),
    # nothing left
    "all rows empty": csv(table("1,<b>,ham\n2,&nbsp;,ham\n"), "data/raw/mini: all 2 rows are empty", "mini.cleaning"),
    "all rows unlabelled": csv(
        table("1,hi,\n"), "all 1 rows are empty", "have no label", source={"labels": {"kind": KIND | {"unlabelled": "drop"}}}
    ),
    "nothing but conflicts": csv(
        table("1,hi,ham\n2,Hi!,spam\n"), "data/raw/mini: mini.duplicates.conflicts: drop leaves no row",
        duplicates={"conflicts": "drop"},
    ),
    "nothing but ties": csv(
        table("1,hi,ham\n2,Hi!,spam\n"), "conflicts: majority leaves no row", duplicates={"conflicts": "majority"}
    ),
    # the linear model's text
    "no punkt": csv(GOOD, "NLTK resource tokenizers/punkt_tab", linear_text={"tokenizer": "punkt"}),
    "no stopwords": csv(GOOD, "NLTK resource corpora/stopwords", linear_text={"tokenizer": "tweet", "stopwords": "nltk"}),
    "no wordnet": csv(GOOD, "NLTK resource corpora/wordnet", linear_text={"tokenizer": "tweet", "lemma": "wordnet"}),
    "no such stemmer": csv(
        GOOD, "no snowball stemmer for 'klingon'",
        linear_text={"tokenizer": "tweet", "stem": "snowball", "language": "klingon"},
    ),
    "words lost at punctuation": csv(
        table('1,"coins, coins! coins",ham\n'), "mini: linear_text loses 66.7% of 3 content words", "alphabetic 66.7%",
        "lost tokens: 'coins,', 'coins!'", linear_text={"tokenizer": "blanks", "alphabetic": True},
    ),
    "hashtags lost": csv(
        table("1,#crypto #airdrop today,ham\n"), "loses 66.7% of 3 content words", "'#crypto', '#airdrop'",
        linear_text={"tokenizer": "tweet", "alphabetic": True},
    ),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize(("files", "source", "sections", "words"), CASES.values(), ids=CASES)
def test_malformed_input_is_named_and_leaves_nothing_behind(workspace, monkeypatch, files, source, sections, words):
    monkeypatch.setattr(nltk.data, "path", [str(workspace)])
    arrange(workspace, files, source, **sections)
    with pytest.raises(DecantError) as error:
        prepare.main(TASK)
    assert [word for word in words if word not in str(error.value)] == [], str(error.value)
    assert outputs(workspace) == {}
    assert list(workspace.rglob("*.partial")) == []
