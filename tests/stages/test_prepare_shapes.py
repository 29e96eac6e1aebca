"""prepare on shapes that are no table: malformed ones stop with the file, the row and the way out; bad rows left out are
counted; several annotators become one label."""

import gzip
import json
import struct
import zipfile

import pytest
from rawtask import TASK, arrange, lines, metrics, outputs, parquet, prepared, row, table
from shapefiles import RASA, asked, packed_as, studio, zipped

from decant.data import packed
from decant.errors import DataError
from stages import prepare

GOOD = table("1,hi,ham\n2,win,spam\n")
ROWS = {"id": None, "text": "text", "labels": {"kind": {"column": "label"}}}
LABELS = {"text.txt": "hi\nho\n", "labels.txt": "ham\nspam\n"}
BAD = table("1,hi,ham\n2,a\0b,ham\n3,x\n4,ho,ham\n")


def shape(form: str | None, *words: str, names: list[str] | None = None, source: dict | None = None, **files):
    """Files by name (`_` for the dot), in a format, and what the error says."""
    files = {name.replace("__", "/").replace("_", "."): content for name, content in files.items()}
    return files, ROWS | {"files": names or list(files), "format": form} | (source or {}), words


def archive(name: str, content: bytes, *words: str):
    return {name: content}, {"files": [name]}, words


def encrypted() -> bytes:
    content = bytearray(zipped({"a.csv": GOOD.encode()}))
    place = content.index(b"PK\x01\x02") + 8
    content[place : place + 2] = struct.pack("<H", 1)
    return bytes(content)


def torn() -> bytes:
    content = bytearray(zipped({"a.csv": GOOD.encode() * 50}))
    content[60] ^= 255
    return bytes(content)


SPAN = {"start": 0, "end": 2, "labels": ["PER"]}
SPANS = studio(1, "Anna") | {"annotations": [{"result": [{"from_name": "x", "type": "labels", "value": SPAN}]}]}
CASES = {
    # packed files
    "gzip that breaks off": archive(
        "rows.csv.gz", gzip.compress(GOOD.encode())[:-12], "rows.csv.gz: breaks off or is damaged"
    ),
    "gzip that is none": archive(
        "rows.csv.gz", GOOD.encode(), "rows.csv.gz: breaks off or is damaged behind 0 unpacked bytes"
    ),
    "zstd that is none": archive(
        "rows.csv.zst", GOOD.encode(), "rows.csv.zst: breaks off or is damaged", "Fetch it again"
    ),
    "gzip without its suffix": archive(
        "rows.csv", gzip.compress(GOOD.encode()), "packed file: rename it to rows.csv.gz"
    ),
    "ZIP that is none": archive("all.zip", GOOD.encode(), "all.zip: no ZIP archive", "Fetch it again"),
    "ZIP that is damaged": archive("all.zip", torn(), "all.zip/a.csv: breaks off or is damaged"),
    "ZIP with a password": archive(
        "all.zip", encrypted(), "'a.csv' is encrypted; unpack the archive with its password"
    ),
    "a way out of the archive": archive("all.zip", zipped({"../a.csv": b"x"}), "'../a.csv' leads out of the archive"),
    "a path from the root": archive("all.zip", zipped({"/etc/a.csv": b"x"}), "leads out of the archive; pack it anew"),
    "a ZIP in a ZIP": archive("all.zip", zipped({"a.zip": b"x"}), "is an archive in an archive; unpack the outer one"),
    "an empty ZIP": archive("all.zip", zipped({}), "all.zip: an empty folder"),
    "tar": archive("all.tar", b"x", "all.tar: a tar archive, which is not read; unpack it there"),
    "packed tar": archive("all.tar.gz", gzip.compress(b"x"), "all.tar.gz: its suffix does not say how it is written"),
    "no such member": ({"all.zip": zipped({"a.csv": b"x"})}, {"files": ["all.zip/b.csv"]}, ["all.zip/b.csv: missing"]),
    # texts beside labels
    "fewer labels than texts": shape(
        "lines",
        "labels.txt: ends with line 1, text.txt goes on",
        names=["text.txt"],
        text_txt="a\nb\n",
        labels_txt="x\n",
    ),
    "fewer texts than labels": shape(
        "lines", "text.txt: ends with line 1, labels.txt", names=["text.txt"], text_txt="a\n", labels_txt="x\ny\n"
    ),
    "no labels": shape("lines", "text.txt: no labels.txt beside it", names=["text.txt"], text_txt="a\n"),
    "a name that says nothing": shape("lines", "a.txt: its name does not end in text.txt", a_txt="a\n"),
    "an odd file in the folder": shape(
        "lines", "notes.md: neither texts", names=["all"], all__text_txt="a\n", all__labels_txt="x\n", all__notes_md="?"
    ),
    "ragged mapping": shape(
        "lines",
        "mapping.txt: line 2: 'spam', expected a number, a tab and a name",
        names=["text.txt"],
        mapping_txt="0\tham\nspam\n",
        text_txt="a\n",
        labels_txt="0\n",
    ),
    "a number twice": shape(
        "lines",
        "mapping.txt: line 2: '0' again; it is 'ham'",
        names=["text.txt"],
        mapping_txt="0\tham\n0\tspam\n",
        text_txt="a\n",
        labels_txt="0\n",
    ),
    "a name twice": shape(
        "lines",
        "mapping.txt: line 2: 'ham' again; two numbers",
        names=["text.txt"],
        mapping_txt="0\tham\n1\tham\n",
        text_txt="a\n",
        labels_txt="0\n",
    ),
    "a number that has no name": shape(
        "lines",
        "labels.txt: line 1: '7' is not in mapping.txt: 0",
        names=["text.txt"],
        mapping_txt="0\tham\n",
        text_txt="a\n",
        labels_txt="7\n",
    ),
    # a folder per class
    "one file of a folder not UTF-8": shape(
        "folders",
        "spam/b.txt: line 1: not utf-8",
        "it looks like cp",
        names=["all"],
        all__ham__a_txt="hi",
        all__spam__b_txt="d\xe9\xe7u \xe0 peine".encode("latin-1"),
    ),
    "a file beside the classes": shape(
        "folders",
        "all/a.txt: lies beside the folders of the classes",
        names=["all"],
        all__a_txt="hi",
        all__ham__a_txt="hi",
    ),
    "a file as folders": shape("folders", "a.txt: a file; source.format: folders takes the folder around", a_txt="hi"),
    "a folder that is no class": shape(
        "folders", "old/a.txt: unknown label 'old'", names=["all"], all__old__a_txt="hi"
    ),
    # JSON in one piece
    "JSON that breaks off": shape(
        None, "rows.json: not JSON behind row 1", "as JSON Lines", rows_json='[{"text": "a", "label": "ham"}, {"te'
    ),
    "no JSON": shape(None, "rows.json: not JSON from its start", rows_json="text,label\n"),
    "JSON Lines as JSON": shape(
        None, "not JSON from its start", "set source.format: jsonl", rows_json=lines({"label": "ham"}, {"label": "ham"})
    ),
    "JSON by columns": shape(
        None,
        "'text' holds an object, expected an array of rows",
        'to_json(orient="records")',
        rows_json='{"text": {"0": "a"}, "label": {"0": "ham"}}',
    ),
    "JSON by lists": shape(
        None,
        "row 1: found 'a' below 'text', expected an object or a list",
        rows_json='{"text": ["a"], "label": ["ham"]}',
    ),
    "lists of three": shape(
        None, "row 1: a list of 3, name them with source.header in params.yaml", rows_json='[["a", "ham", 3]]'
    ),
    "a header of other length": shape(
        None,
        "row 1: a list of 2, source.header in params.yaml names 3",
        source={"header": ["a", "b", "c"]},
        rows_json='[["a", "ham"]]',
    ),
    "a field called split": shape(
        None, "row 1: a field 'split' beside the key 'train'", rows_json='{"train": [{"text": "a", "split": "x"}]}'
    ),
    "a field twice": shape(None, "row 1: field 'text' twice", rows_json='[{"text": "a", "text": "b"}]'),
    "a wide object": shape(
        None,
        "an object of more than 1000 fields: a table by columns",
        rows_json=json.dumps([dict.fromkeys(map(str, range(1001)))]),
    ),
    "a number as JSON": shape(None, "row 1: found number, expected an array of objects", rows_json="7"),
    # lines with labels on them
    "fastText without a label": shape(
        "fasttext", "a.txt: row 2: no word begins with __label__: 'plain words'", a_txt="__label__ham hi\nplain words\n"
    ),
    "TREC without a label": shape(
        "trec", "a.txt: row 1: 'How far is it ?' does not begin with LABEL:fine", a_txt="How far is it ?\n"
    ),
    # exports
    "Label Studio's short JSON": shape(
        "label_studio",
        "row 1: no data and annotations",
        "source.format: json",
        a_json='[{"id": 1, "text": "a", "tone": "good"}]',
    ),
    "spans of Label Studio": shape(
        "label_studio", "row 1: no choices, but labels: this project labels parts of texts", a_json=json.dumps([SPANS])
    ),
    "another tool's lines as doccano's": shape(
        "doccano",
        "row 1: no text and label, which doccano's JSONL has; fields are tekst",
        a_jsonl=lines({"tekst": "a"}),
    ),
    "spans of doccano": shape(
        "doccano", "row 1: label holds places in the text", a_jsonl=lines({"text": "a", "label": [[0, 1, "PER"]]})
    ),
    "another tool's lines as Prodigy's": shape(
        "prodigy", "row 1: no text and answer (accept, reject, ignore)", a_jsonl=lines({"text": "a", "label": "b"})
    ),
    "spans of Prodigy": shape(
        "prodigy", "row 1: neither label nor accept", a_jsonl=lines(asked("a", "accept", spans=[]))
    ),
    "a domain of Rasa": shape(None, "a.yml: no NLU data of Rasa, expected a list nlu", a_yml="intents:\n- greet\n"),
    "Rasa that is no YAML": shape(None, "a.yml: not YAML behind row 0", "Mend that line", a_yml="nlu: [\n- {"),
    "an example without a dash": shape(
        None, "example 'hey' does not begin with a dash", a_yml=RASA.replace("- hey there", "hey")
    ),
    "an intent without examples": shape(None, "an intent without examples", a_yml="nlu:\n- intent: greet\n"),
    "a list as Rasa": shape(None, "a.yml: behind row 0: no mapping, expected a list nlu", a_yml="- a\n"),
    # bad rows
    "a zero byte": (
        {"rows.csv": table("1,hi,ham\n2,a\0b,ham\n")},
        {},
        ["rows.csv: row 2 (line 3): a zero byte in column 'text': 'a\\x00b'", "source.bad_rows: drop"],
    ),
    "more bad rows than allowed": (
        {"rows.csv": BAD},
        {"bad_rows": "drop", "max_bad_rows": 0.4},
        ["2 of 4 rows are bad", "1 ragged", "1 zero byte", "allows 40.00%", "row 3 (line 4): 2 cells"],
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", CASES)
def test_a_malformed_shape_is_named_and_leaves_nothing_behind(workspace, name):
    files, source, words = CASES[name]
    arrange(workspace, files, source)
    with pytest.raises(DataError) as error:
        prepare.main(TASK)
    assert [word for word in words if word not in str(error.value)] == [], str(error.value)
    assert outputs(workspace) == {}


@pytest.mark.bad_input
@pytest.mark.parametrize("packing", ["gz", "zst", "zip"])
@pytest.mark.parametrize("end", ["\n", "a"], ids=["empty lines", "one cell"])
def test_a_bomb_stops_before_it_has_filled_anything(workspace, monkeypatch, packing, end):
    monkeypatch.setattr(packed, "FREE", 10_000)
    files, names = packed_as(packing, {"rows.csv": table("1,hi,ham\n2,") + end * 10_000_000}, ["rows.csv"])
    arrange(workspace, files, {"files": names})
    with pytest.raises(DataError, match=r"bytes unpack to more than [\d,]+, as those of a bomb do"):
        prepare.main(TASK)


@pytest.mark.bad_input
def test_a_link_in_an_archive_is_refused(workspace):
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(workspace / "made.zip", "w") as made:
        made.writestr(link, "b.csv")
    arrange(workspace, {"all.zip": (workspace / "made.zip").read_bytes()}, {"files": ["all.zip"]})
    with pytest.raises(DataError, match="is a link; pack the file itself"):
        prepare.main(TASK)


# -- bad rows ----------------------------------------------------------------------------------------------------------

DROP = {"bad_rows": "drop", "max_bad_rows": 0.9}
LEFT_OUT = {
    "CSV": ({"rows.csv": BAD}, {}, {"ragged": 1, "zero_byte": 1}),
    "bytes": ({"rows.csv": table("1,é,ham\n").encode() + b"2,d\xe9,ham\n4,ho,ham\n"}, {}, {"undecodable": 1}),
    "JSON Lines": (
        {
            "rows.jsonl": lines(
                row(), "{", "[]", row(id="3", text="\0"), row(id=None), row(id="5", text="\ud83d"), row(id="4")
            )
        },
        {"files": ["rows.jsonl"]},
        {"half_surrogate": 1, "no_id": 1, "no_object": 1, "not_json": 1, "zero_byte": 1},
    ),
    "Parquet": (
        {"rows.parquet": parquet({"id": ["1", "2", "4"], "text": ["a", "\0", "b"], "kind": ["ham"] * 3})},
        {"files": ["rows.parquet"]},
        {"zero_byte": 1},
    ),
    "TREC": (
        {"a.txt": "ham:x hi\nwho\nham:x hi\nham:x ho\n"},
        ROWS | {"files": ["a.txt"], "format": "trec"},
        {"no_label": 1},
    ),
    "an export": (
        {"a.jsonl": lines(asked("a", "accept", label="ham"), {"text": "b"}, asked("c", "accept", label="ham"))},
        ROWS | {"files": ["a.jsonl"], "format": "prodigy"},
        {"unfit": 1},
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_bad_rows_are_left_out_and_counted_where_params_say_so(workspace, capsys, name):
    files, source, kinds = LEFT_OUT[name]
    frame = prepared(workspace, files, source | DROP)
    assert metrics(workspace)["bad_rows"] == kinds
    assert metrics(workspace)["rows_bad"] == sum(kinds.values())
    assert f"{sum(kinds.values())} bad rows left out" in capsys.readouterr().out
    assert len(frame) == metrics(workspace)["rows_raw"] == (3 if name == "TREC" else 2)
    if source.get("id", "id"):
        assert frame["id"].tolist() == ["1", "4"]
    else:
        assert frame["id"].tolist() == (["0", "2", "3"] if name == "TREC" else ["0", "2"]), (
            "numbers are those of the file"
        )
    with pytest.raises(DataError, match=r"source\.bad_rows: drop"):
        prepared(workspace, files, source)


def test_nothing_is_counted_where_bad_rows_stop_the_stage(workspace):
    prepared(workspace, {"rows.csv": GOOD})
    assert {"bad_rows", "rows_bad", "agreement"}.isdisjoint(metrics(workspace))


def test_a_zero_byte_in_a_column_that_nobody_reads_is_no_bad_row(workspace):
    frame = prepared(workspace, {"rows.csv": "id,text,kind,note\n1,hi,ham,\0\n"})
    assert frame["id"].tolist() == ["1"]


def test_a_null_text_counts_as_empty_in_every_format(workspace):
    rows = [row(), row(id="2", text=None), row(id="3", text=...)]
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, {"files": ["rows.jsonl"]})
    assert (frame["id"].tolist(), metrics(workspace)["rows_empty"]) == (["1"], 2)
    content = parquet({"id": ["1", "2"], "text": ["hi", None], "kind": ["ham", "ham"]})
    frame = prepared(workspace, {"rows.parquet": content}, {"files": ["rows.parquet"]})
    assert (frame["id"].tolist(), metrics(workspace)["rows_empty"]) == (["1"], 1)


def test_splits_come_from_the_names_of_the_files(workspace):
    files = {f"all/{split}_{name}": text for split in ("train", "test") for name, text in LABELS.items()}
    splits = {"column": "split", "values": {"train": ["train"], "test": ["test"]}}
    source = ROWS | {"files": ["all"], "format": "lines", "splits": splits}
    frame = prepared(workspace, files, source)
    assert frame["split"].tolist() == ["test", "test", "train", "train"]
    assert frame["id"].tolist()[0] == "all/test_text.txt:0"
