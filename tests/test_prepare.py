"""prepare: what a good table becomes, and that a bad one stops with its place named and nothing written."""

import copy
import csv
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.errors import DataError
from stages import prepare

YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False  # the order of classes and split files means something
COMMITTED = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
TASK = "mini"

KIND = {"column": "kind", "classes": {"spam": ["spam", "bot"], "ham": ["ham"]}}
TOPIC = {"column": "topics", "separator": "|", "classes": {"money": ["money", "crypto"], "sport": ["sport"]}}
BLOCK = {
    "source": {"files": ["rows.csv"], "format": "csv", "id": "id", "text": "text", "labels": {"kind": KIND}},
    "heads": {"kind": {"kind": "softmax", "labels": ["ham", "spam"]}},
    "decision": {"rule": "argmax", "head": "kind"},
}
ANY_OF = {"labels": {"topic": TOPIC}}, {"topic": {"kind": "sigmoid", "labels": ["money", "sport"]}}
NUMBER = (
    {"labels": {"kind": KIND, "urgency": {"column": "urgency"}}},
    BLOCK["heads"] | {"urgency": {"kind": "regression"}},
)
JSONL = {"files": ["rows.jsonl"], "format": "jsonl"}


def table(rows: str) -> str:
    """CSV with the columns id, text and kind."""
    return f"id,text,kind\n{rows}"


def lines(*rows: dict | str) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def row(**changes) -> dict:
    """A good row; a value of ... leaves the field out."""
    fields = {"id": "1", "text": "hi", "kind": "ham"} | changes
    return {name: value for name, value in fields.items() if value is not ...}


def arrange(workspace: Path, files: dict[str, str | bytes], source=None, heads=None, **sections) -> None:
    """Raw files and a params.yaml with one task: BLOCK, with some keys of source and other sections replaced."""
    folder = workspace / "data" / "raw" / TASK
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    block = {key: {} for key in COMMITTED["defaults"]} | copy.deepcopy(BLOCK) | sections
    block["source"] |= source or {}
    block["heads"] = heads or block["heads"]
    tree = {key: COMMITTED[key] for key in ("encoders", "seeds", "threads", "catalogue", "defaults")}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree | {"tasks": [TASK], TASK: block}, stream)


def prepared(workspace: Path, *arguments, **sections) -> pd.DataFrame:
    arrange(workspace, *arguments, **sections)
    prepare.main(TASK)
    return pd.read_parquet(workspace / "data" / TASK / "prepared.parquet")


def metrics(workspace: Path) -> dict:
    return json.loads((workspace / "metrics" / TASK / "prepare.json").read_text(encoding="utf-8"))


# -- good tables -------------------------------------------------------------------------------------------------------


def test_a_csv_becomes_a_table_sorted_by_id(workspace):
    frame = prepared(workspace, {"rows.csv": table("b,  Win &amp; go https://x.org ,spam\na,hello,ham\nc,bye,bot\n")})
    assert list(frame.columns) == ["id", "text", "answer", "kind", "has_url", "split", "raw", "length"]
    assert frame["id"].tolist() == ["a", "b", "c"]
    assert frame["text"].tolist() == ["hello", "Win & go https://x.org", "bye"]
    assert frame["raw"].tolist() == ["hello", "  Win &amp; go https://x.org ", "bye"]
    assert frame["kind"].tolist() == ["ham", "spam", "spam"]
    assert frame["answer"].tolist() == ["ham", "spam", "spam"]
    assert frame["has_url"].tolist() == [False, True, False]
    assert frame["split"].tolist() == ["", "", ""]
    assert frame["length"].tolist() == [5, 22, 3]


def test_jsonl_becomes_the_same_table_as_csv(workspace, tmp_path_factory):
    rows = [{"id": f"{n}", "text": f'a "quoted", text\n{n}', "kind": "ham"} for n in range(5)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, ["id", "text", "kind"])
    writer.writeheader()
    writer.writerows(rows)
    from_csv = prepared(workspace, {"rows.csv": stream.getvalue()})
    other = tmp_path_factory.mktemp("jsonl")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(other)
        from_jsonl = prepared(other, {"rows.jsonl": lines(*rows)}, JSONL)
    pd.testing.assert_frame_equal(from_csv, from_jsonl)
    assert metrics(workspace) == metrics(other)


def test_several_files_are_read_in_their_order(workspace):
    files = {"one.csv": table("1,hi,ham\n"), "two.csv": "kind,id,text\nspam,2,win\n"}
    frame = prepared(workspace, files, {"files": ["two.csv", "one.csv"]})
    assert frame[["id", "text", "kind"]].to_numpy().tolist() == [["1", "hi", "ham"], ["2", "win", "spam"]]


IDS = ["NA", "null", "None", "nan", "007", "1e5", "1.0", "True", "12345678901234567890", "=1+1", "ид", "a b"]


@pytest.mark.parametrize("identity", IDS)
def test_an_id_stays_the_text_it_is(workspace, identity):
    frame = prepared(workspace, {"rows.csv": table(f"{identity},hi,ham\nx,hi,ham\n")})
    assert identity in frame["id"].tolist()


@pytest.mark.parametrize("identity", [7, 0, 12345678901234567890])
def test_a_number_as_id_in_jsonl_becomes_text(workspace, identity):
    assert prepared(workspace, {"rows.jsonl": lines(row(id=identity))}, JSONL)["id"].tolist() == [f"{identity}"]


@pytest.mark.parametrize("word", ["NA", "null", "nan", "None", "True", "1.50"])
def test_a_text_that_looks_like_a_value_stays_text(workspace, word):
    assert prepared(workspace, {"rows.csv": table(f"1,{word},ham\n")})["text"].tolist() == [word]


CSV_FORMS = {
    "byte order mark": b"\xef\xbb\xbfid,text,kind\n1,hi there,ham\n",
    "Windows line ends": b"id,text,kind\r\n1,hi there,ham\r\n",
    "old Mac line ends": b"id,text,kind\r1,hi there,ham\r",
    "no line end at the end": b"id,text,kind\n1,hi there,ham",
    "empty lines": b"id,text,kind\n\n1,hi there,ham\n\n\n",
    "line break in a cell": b'id,text,kind\n1,"hi\nthere",ham\n',
    "Windows line break in a cell": b'id,text,kind\n1,"hi\r\nthere",ham\r\n',
    "other columns": b"x,kind,id,y,text\n?,ham,1,?,hi there\n",
}


@pytest.mark.parametrize("content", CSV_FORMS.values(), ids=CSV_FORMS)
def test_csv_in_every_form(workspace, content):
    frame = prepared(workspace, {"rows.csv": content})
    assert frame[["id", "text", "kind"]].to_numpy().tolist() == [["1", "hi there", "ham"]]


def test_a_quoted_cell_may_hold_line_breaks_commas_and_quotes(workspace):
    content = table('1,"a, ""b""\n\nc\n",ham\n2,"d",spam\n')
    frame = prepared(workspace, {"rows.csv": content})
    assert frame["raw"].tolist() == ['a, "b"\n\nc\n', "d"]
    assert frame["text"].tolist() == ['a, "b" c', "d"]


def test_a_cell_may_be_longer_than_the_csv_modules_default_limit(workspace):
    assert prepared(workspace, {"rows.csv": table(f"1,{'a' * 200_000},ham\n")})["length"].tolist() == [200_000]


JSONL_FORMS = {
    "byte order mark": "\ufeff" + lines(row(text="hi there")),
    "Windows line ends": lines(row(text="hi there")) + "\r\n",
    "empty lines": "\n\n" + lines(row(text="hi there")) + "\n \n",
    "line separator in a string": '{"id": "1", "text": "hi\u2028there", "kind": "ham"}',
    "paragraph separator in a string": '{"id": "1", "text": "hi\u2029there", "kind": "ham"}',
    "next line in a string": '{"id": "1", "text": "hi \x85there", "kind": "ham"}',
    "escaped": '{"id": "1", "text": "hi\\nthere", "kind": "ham"}',
    "escaped surrogate pair": '{"id": "1", "text": "hi there\\ud83d\\ude00", "kind": "ham"}',
}


@pytest.mark.parametrize("content", JSONL_FORMS.values(), ids=JSONL_FORMS)
def test_jsonl_in_every_form(workspace, content):
    frame = prepared(workspace, {"rows.jsonl": content}, JSONL)
    assert len(frame) == 1
    assert frame["text"][0].removesuffix("😀") == "hi there"


COLLAPSES = {
    "one label": ("ham", "ham"),
    "another name of the class": ("bot", "spam"),
    "list": (["ham"], "ham"),
    "first class in params wins": (["ham", "bot"], "spam"),
    "ignored beside known": (["ham", "lang_en"], "ham"),
    "only ignored": (["lang_en"], "ham"),
    "empty list": ([], "ham"),
    "empty text": ("", "ham"),
    "number": (7, "spam"),
}


@pytest.mark.parametrize(("label", "answer"), COLLAPSES.values(), ids=COLLAPSES)
def test_raw_labels_collapse_to_one_class(workspace, label, answer):
    labels = {"column": "kind", "classes": {"spam": ["spam", "bot", "7"]}, "otherwise": "ham"}
    source = JSONL | {"labels": {"kind": labels}, "ignore": ["ham", "lang_*"]}
    frame = prepared(workspace, {"rows.jsonl": lines(row(kind=label))}, source)
    assert frame[["kind", "answer"]].to_numpy().tolist() == [[answer, answer]]


def test_the_order_of_the_classes_is_the_priority_not_the_order_of_the_heads_labels(workspace):
    classes = {"ham": ["ham"], "spam": ["spam", "bot"]}
    source = JSONL | {"labels": {"kind": KIND | {"classes": classes}}}
    assert prepared(workspace, {"rows.jsonl": lines(row(kind=["bot", "ham"]))}, source)["kind"].tolist() == ["ham"]


SEPARATED = {
    "one": ("sport", [False, True]),
    "two": ("sport|crypto", [True, True]),
    "two of one class": ("money|crypto", [True, False]),
    "none": ("", [False, False]),
    "blanks around": (" sport | money ", [True, True]),
    "empty parts": ("|sport||", [False, True]),
}


@pytest.mark.parametrize(("cell", "expected"), SEPARATED.values(), ids=SEPARATED)
def test_a_cell_of_several_labels_is_split(workspace, cell, expected):
    source, heads = ANY_OF
    decision = {"rule": "thresholds", "head": "topic"}
    frame = prepared(workspace, {"rows.csv": f"id,text,topics\n1,hi,{cell}\n"}, source, heads, decision=decision)
    assert frame[["topic.money", "topic.sport"]].to_numpy().tolist() == [expected]
    assert frame["answer"][0] == "|".join(name for name, on in zip(["money", "sport"], expected, strict=True) if on)


def test_every_head_gets_its_columns_and_the_decision_its_answer(workspace):
    source = {"labels": {"kind": KIND, "topic": TOPIC, "urgency": {"column": "urgency"}}}
    heads = BLOCK["heads"] | ANY_OF[1] | {"urgency": {"kind": "regression"}}
    decision = {"rule": "priority", "order": ["spam", "sport"], "otherwise": "rest"}
    content = "id,text,kind,topics,urgency\n1,a,bot,sport,0.5\n2,b,ham,money|sport,-1\n3,c,ham,money,1e3\n"
    frame = prepared(workspace, {"rows.csv": content}, source, heads, decision=decision)
    assert frame["kind"].tolist() == ["spam", "ham", "ham"]
    assert frame["topic.money"].tolist() == [False, True, True]
    assert frame["topic.sport"].tolist() == [True, True, False]
    assert frame["urgency"].tolist() == [0.5, -1.0, 1000.0]
    assert frame["answer"].tolist() == ["spam", "sport", "rest"]
    assert metrics(workspace)["answers"] == {"spam": 1, "sport": 1, "rest": 1}


def test_slices_take_the_first_column_with_a_match(workspace):
    slices = {
        "author": {"columns": ["url", "link"], "pattern": r"x\.org/([^/]+)/"},
        "time": {"columns": ["posted", "seen"]},
    }
    rows = [
        row(id="1", url="https://x.org/ann/1", link="https://x.org/bob/1", posted="2024"),
        row(id="2", url="https://y.org/ann/1", link="https://x.org/bob/1", posted="", seen="2025"),
        row(id="3", url=None, link="none", seen=2026),
        row(id="4"),
    ]
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"slices": slices})
    assert frame["author"].tolist() == ["ann", "bob", "", ""]
    assert frame["time"].tolist() == ["2024", "2025", "2026", ""]


def test_given_splits_mark_their_rows_and_rest_the_others(workspace):
    files = {
        "rows.csv": table("1,a,ham\n2,b,ham\n3,c,ham\n04,d,ham\n"),
        "train.csv": "id\n1\n04\n",
        "test.jsonl": '{"id": 3}\n',
    }
    splits = {"files": {"train": "train.csv", "test": "test.jsonl"}, "rest": "calib"}
    frame = prepared(workspace, files, {"splits": splits})
    assert frame["id"].tolist() == ["04", "1", "2", "3"]
    assert frame["split"].tolist() == ["train", "train", "calib", "test"]


def test_given_splits_that_name_every_row_need_no_rest(workspace):
    files = {"rows.csv": table("1,a,ham\n2,b,ham\n"), "a.csv": "id\n1\n", "b.csv": "id\n2\n2\n"}
    frame = prepared(workspace, files, {"splits": {"files": {"train": "a.csv", "test": "b.csv"}}})
    assert frame["split"].tolist() == ["train", "test"]


def test_the_metrics_count_every_row_and_word(workspace):
    texts = ["Free   crypto", "<b>Free</b> crypto!!", "free\u200bcrypto", "𝗙ree crypto", "&nbsp;", "other words here"]
    kinds = ["spam", "bot", "spam", "ham", "ham", "ham"]
    rows = [row(id=f"{n}", text=one, kind=kind) for n, (one, kind) in enumerate(zip(texts, kinds, strict=True))]
    cleaning = {"html": True, "unicode": "NFKC", "invisible": True, "urls": "keep", "mentions": "keep", "repeats": 0}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL, cleaning=cleaning | {"whitespace": True})
    assert frame["text"].tolist() == ["Free crypto", "Free crypto!!", "freecrypto", "Free crypto", "other words here"]
    assert metrics(workspace) == {
        "rows_raw": 6,
        "words_raw": 14,
        "clean_html": {"rows_changed": 2, "words_after": 11},
        "clean_unicode": {"rows_changed": 2, "words_after": 11},
        "clean_invisible": {"rows_changed": 1, "words_after": 10},
        "clean_again": {"rows_changed": 0, "words_after": 10},
        "clean_whitespace": {"rows_changed": 3, "words_after": 10},
        "rows_empty": 1,
        "rows": 5,
        "words": 10,
        "duplicates": 2,  # rows 1 and 3 repeat row 0
        "conflicting_texts": 1,  # and row 3 calls it ham
        "answers": {"ham": 2, "spam": 3},
    }


def test_only_the_steps_that_are_on_are_run_and_counted(workspace):
    off = {
        "html": False,
        "unicode": "keep",
        "invisible": False,
        "urls": "keep",
        "mentions": "mask",
        "whitespace": False,
    }
    frame = prepared(workspace, {"rows.csv": table("1, <b>  @ann,ham\n")}, cleaning=off | {"repeats": 0})
    assert frame["text"].tolist() == [" <b>  @user"]
    assert [key for key in metrics(workspace) if key.startswith("clean_")] == ["clean_mentions"]


def test_preparing_again_gives_the_same_bytes(workspace):
    arrange(workspace, {"rows.csv": table("2,b,ham\n1,a,spam\n")})
    outputs = [workspace / "data" / TASK / "prepared.parquet", workspace / "metrics" / TASK / "prepare.json"]
    prepare.main(TASK)
    first = [file.read_bytes() for file in outputs]
    prepare.main(TASK)
    assert [file.read_bytes() for file in outputs] == first


# -- bad tables --------------------------------------------------------------------------------------------------------

GOOD = table("1,hi,ham\n2,win,spam\n")
SPLITS = {"train": "train.csv", "test": "test.csv"}

BAD_CSV = {
    "file missing": ({}, {}, "data/raw/mini/rows.csv: missing. Get it with dvc pull"),
    "second file missing": ({"rows.csv": GOOD}, {"files": ["rows.csv", "more.csv"]}, "data/raw/mini/more.csv: missing"),
    "empty file": ({"rows.csv": ""}, {}, "rows.csv: no rows"),
    "byte order mark alone": ({"rows.csv": b"\xef\xbb\xbf"}, {}, "rows.csv: no rows"),
    "header only": ({"rows.csv": "id,text,kind\n"}, {}, "rows.csv: no rows; it must hold at least one"),
    "second file empty": ({"rows.csv": GOOD, "b.csv": ""}, {"files": ["rows.csv", "b.csv"]}, "b.csv: no rows"),
    "no header": (
        {"rows.csv": "1,hi,ham\n2,win,spam\n"},
        {},
        "rows.csv: row 1: no column 'id'; columns are 1, hi, ham",
    ),
    "semicolons": ({"rows.csv": "id;text;kind\n1;hi;ham\n"}, {}, "row 1: no column 'id'; columns are id;text;kind"),
    "no id column": ({"rows.csv": "key,text,kind\n1,hi,ham\n"}, {}, "no column 'id'; columns are key, text, kind"),
    "no text column": ({"rows.csv": "id,post,kind\n1,hi,ham\n"}, {}, "no column 'text'; columns are id, post, kind"),
    "no label column": ({"rows.csv": "id,text,class\n1,hi,ham\n"}, {}, "no column 'kind'; columns are id, text, class"),
    "column twice": ({"rows.csv": "id,text,text,kind\n1,a,b,ham\n"}, {}, "rows.csv: column 'text' twice"),
    "unknown label": ({"rows.csv": table("1,hi,ham\n2,win,spma\n")}, {}, "rows.csv: row 2: unknown label 'spma'"),
    "label in other case": ({"rows.csv": table("1,hi,Ham\n")}, {}, "rows.csv: row 1: unknown label 'Ham'"),
    "two labels without separator": ({"rows.csv": table("1,hi,ham|bot\n")}, {}, "row 1: unknown label 'ham|bot'"),
    "unknown beside known": (
        {"rows.csv": table("1,hi,ham;spma\n")},
        {"labels": {"kind": KIND | {"separator": ";"}}},
        "rows.csv: row 1: unknown label 'spma'",
    ),
    "label without class": (
        {"rows.csv": table("1,hi,ham\n2,x,lang_en\n")},
        {"ignore": ["lang_*"]},
        "rows.csv: row 2: ['lang_en'] belongs to no class, and source.labels has no otherwise",
    ),
    "empty label": ({"rows.csv": table("1,hi,ham\n2,x,\n")}, {}, "rows.csv: row 2: [] belongs to no class"),
    "id twice": (
        {"rows.csv": table("1,hi,ham\n2,x,ham\n1,y,ham\n")},
        {},
        "rows.csv: row 3: id '1' again, first at data/raw/mini/rows.csv: row 1",
    ),
    "id twice in two files": (
        {"rows.csv": GOOD, "b.csv": table("3,x,ham\n2,y,ham\n")},
        {"files": ["rows.csv", "b.csv"]},
        "b.csv: row 2: id '2' again, first at data/raw/mini/rows.csv: row 2",
    ),
    "empty id": ({"rows.csv": table("1,hi,ham\n,x,ham\n")}, {}, "rows.csv: row 2: empty id in column 'id'"),
    "blank id": ({"rows.csv": table("1,hi,ham\n  ,x,ham\n")}, {}, "rows.csv: row 2: empty id in column 'id'"),
    "too many cells": ({"rows.csv": table("1,hi,ham\n2,a,b,ham\n")}, {}, "row 2: 4 cells where the header has 3"),
    "too few cells": ({"rows.csv": table("1,hi,ham\n2,ham\n")}, {}, "row 2: 2 cells where the header has 3"),
    "quote never closed": (
        {"rows.csv": table('1,hi,ham\n2,"win,spam\n3,x,ham\n')},
        {},
        "line 4: unexpected end of data",
    ),
    "text behind a quote": (
        {"rows.csv": table('1,hi,ham\n2,"win"!,spam\n3,x,ham\n')},
        {},
        "line 3: ',' expected after",
    ),
    "Latin-1": ({"rows.csv": table("1,hi,ham\n2,café,ham\n").encode("latin-1")}, {}, "rows.csv: line 3: not UTF-8"),
    "Latin-1 behind a byte order mark": (
        {"rows.csv": b"\xef\xbb\xbfid,text,kind\n\xe9,hi,ham\n"},
        {},
        "rows.csv: line 2: not UTF-8 (byte 16)",
    ),
    "UTF-16": ({"rows.csv": GOOD.encode("utf-16")}, {}, "rows.csv: line 1: not UTF-8 (byte 0)"),
    "all rows empty": ({"rows.csv": table("1,<b>,ham\n2,&nbsp;,ham\n")}, {}, "all 2 rows are empty", "mini.cleaning"),
    "slice of a column that no row has": (
        {"rows.csv": GOOD},
        {"slices": {"author": {"columns": ["authr"]}}},
        "data/raw/mini: no row has",
        "'authr'",
        "author",
    ),
    "split file missing": (
        {"rows.csv": GOOD, "train.csv": "id\n1\n"},
        {"splits": {"files": SPLITS, "rest": "calib"}},
        "data/raw/mini/test.csv: missing",
    ),
    "split file without ids": (
        {"rows.csv": GOOD, "train.csv": "key\n1\n", "test.csv": "id\n2\n"},
        {"splits": {"files": SPLITS}},
        "train.csv: row 1: no column 'id'; columns are key",
    ),
    "split file empty": (
        {"rows.csv": GOOD, "train.csv": "id\n1\n2\n", "test.csv": "id\n"},
        {"splits": {"files": SPLITS}},
        "test.csv: no rows",
    ),
    "split of an unknown id": (
        {"rows.csv": GOOD, "train.csv": "id\n1\n3\n", "test.csv": "id\n2\n"},
        {"splits": {"files": SPLITS}},
        "train.csv: row 2: id '3' is not in rows.csv",
    ),
    "id in two splits": (
        {"rows.csv": GOOD, "train.csv": "id\n1\n2\n", "test.csv": "id\n2\n"},
        {"splits": {"files": SPLITS}},
        "test.csv: row 1: id '2' is in train already",
    ),
    "rows in no split": (
        {"rows.csv": table("1,hi,ham\n2,x,ham\n3,y,ham\n"), "train.csv": "id\n1\n", "test.csv": "id\n2\n"},
        {"splits": {"files": SPLITS}},
        "data/raw/mini: 1 rows are in no split file and source.splits.rest names no split",
    ),
}
BAD_JSONL = {
    "broken line": (lines(row(), '{"id": "2", "text'), "rows.jsonl: row 2: not JSON"),
    "two objects in a line": (lines(row()) + lines(row(id="2")), "rows.jsonl: row 1: not JSON: Extra data"),
    "a pretty-printed list": ('[\n{"id": "1"}\n]', "rows.jsonl: row 1: not JSON"),
    "a list as a line": ("[1, 2]", "rows.jsonl: row 1: found list, expected an object with named fields"),
    "a number as a line": (lines(row(), "7"), "rows.jsonl: row 2: found int, expected an object"),
    "null as a line": (lines(row(), "null"), "rows.jsonl: row 2: found NoneType, expected an object"),
    "a huge number": ('{"id": ' + "1" * 5000 + "}", "rows.jsonl: row 1: not JSON"),
    "no end of brackets": ("[" * 100_000, "rows.jsonl: row 1: not JSON"),
    "blank lines only": ("\n \n", "rows.jsonl: no rows"),
    "not UTF-8": (lines(row(), row(id="2")).encode() + b'\n{"id": "\xff"}', "rows.jsonl: line 3: not UTF-8"),
    "half a surrogate pair as text": (lines(row(text="a \ud83d b")), "rows.jsonl: row 1: ", r"'a \ud83d b'"),
    "half a surrogate pair as id": (lines(row(id="a\ud83d")), "rows.jsonl: row 1: ", r"'a\ud83d'"),
    "field twice": ('{"id": "1", "text": "a", "text": "b", "kind": "ham"}', "rows.jsonl: row 1: ", "'text' twice"),
    "no text": (lines(row(), row(id="2", text=...)), "rows.jsonl: row 2: no column 'text'; columns are id, kind"),
    "no id": (lines(row(id=...)), "rows.jsonl: row 1: no column 'id'; columns are text, kind"),
    "no label": (lines(row(kind=...)), "rows.jsonl: row 1: no column 'kind'; columns are id, text"),
    "null as text": (lines(row(), row(id="2", text=None)), "row 2: text in column 'text' is None, expected a string"),
    "NaN as text": (lines(row(text=float("nan"))), "row 1: text in column 'text' is nan, expected a string"),
    "number as text": (lines(row(text=7)), "row 1: text in column 'text' is 7, expected a string"),
    "list as text": (lines(row(text=["hi"])), "row 1: text in column 'text' is ['hi'], expected a string"),
    "null as id": (lines(row(id=None)), "rows.jsonl: row 1: ", "id in column 'id'", "None"),
    "NaN as id": (lines(row(id=float("nan"))), "rows.jsonl: row 1: ", "id in column 'id'", "nan"),
    "list as id": (lines(row(id=["1"])), "rows.jsonl: row 1: ", "id in column 'id'", "['1']"),
    "empty id": (lines(row(id="")), "rows.jsonl: row 1: empty id in column 'id'"),
    "number and text as one id": (lines(row(id=1), row(id="1")), "rows.jsonl: row 2: id '1' again"),
    "null as label": (lines(row(), row(id="2", kind=None)), "rows.jsonl: row 2: no label in column 'kind'"),
    "unknown label in a list": (lines(row(kind=["ham", "x"])), "rows.jsonl: row 1: unknown label 'x'"),
    "null in a list of labels": (lines(row(kind=["ham", None])), "rows.jsonl: row 1: unknown label 'None'"),
    "object as label": (lines(row(kind={"ham": 1})), "rows.jsonl: row 1: unknown label", "{'ham': 1}"),
    "no label in a list": (lines(row(kind=[])), "rows.jsonl: row 1: [] belongs to no class"),
}
BAD_NUMBERS = {
    "missing": (None, "found None"),
    "empty": ("", "found ''"),
    "word": ("high", "found 'high'"),
    "NaN": (float("nan"), "found nan"),
    "infinite": (float("inf"), "found inf"),
    "the word nan": ("nan", "found 'nan'"),
    "the word inf": ("-inf", "found '-inf'"),
    "decimal comma": ("0,5", "found '0,5'"),
    "digits with underscore": ("1_000", "found '1_000'"),
    "list": ([0.5], "found [0.5]"),
    "true": (True, "found True"),
    "beyond float": (10**400, "where a regression head needs a finite number"),
    "beyond float32": (1e300, "found 1e+300"),  # the targets are float32
}


def refuses(workspace: Path, words: list[str], *arguments) -> None:
    """prepare stops with the words in its message, and writes neither the table nor the metrics."""
    arrange(workspace, *arguments)
    before = sorted(workspace.rglob("*"))
    with pytest.raises(DataError, match="(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words)):
        prepare.main(TASK)
    assert sorted(workspace.rglob("*")) == before


@pytest.mark.parametrize("case", BAD_CSV.values(), ids=BAD_CSV)
def test_a_bad_csv_stops_the_stage(workspace, case):
    files, source, *words = case
    refuses(workspace, words, files, source)


@pytest.mark.parametrize("case", BAD_JSONL.values(), ids=BAD_JSONL)
def test_bad_jsonl_stops_the_stage(workspace, case):
    content, *words = case
    refuses(workspace, words, {"rows.jsonl": content}, JSONL)


@pytest.mark.parametrize(("value", "words"), BAD_NUMBERS.values(), ids=BAD_NUMBERS)
def test_a_bad_regression_target_stops_the_stage(workspace, value, words):
    content = lines(row(urgency=0.5), row(id="2", urgency=value))
    place = "data/raw/mini/rows.jsonl: row 2: "
    refuses(workspace, [place, words], {"rows.jsonl": content}, JSONL | NUMBER[0], NUMBER[1])


def test_a_regression_target_without_column_stops_the_stage(workspace):
    words = ["rows.jsonl: row 2: no column 'urgency'; columns are id, text, kind"]
    content = lines(row(urgency=0.5), row(id="2"))
    refuses(workspace, words, {"rows.jsonl": content}, JSONL | NUMBER[0], NUMBER[1])


def test_a_bad_table_leaves_the_last_good_one(workspace):
    arrange(workspace, {"rows.csv": GOOD})
    prepare.main(TASK)
    outputs = [workspace / "data" / TASK / "prepared.parquet", workspace / "metrics" / TASK / "prepare.json"]
    before = [file.read_bytes() for file in outputs]
    (workspace / "data" / "raw" / TASK / "rows.csv").write_text(table("1,hi,spma\n"))
    with pytest.raises(DataError, match="unknown label 'spma'"):
        prepare.main(TASK)
    assert [file.read_bytes() for file in outputs] == before
