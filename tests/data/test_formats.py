"""Shapes that are no table: each has its example here, read as params name it, and what it is taken for by its look."""

import json

import pytest
from rawtask import lines
from shapefiles import EXAMPLES, FORMS, packed_as, put

from decant.data import rawfiles
from decant.data.shapes import recognise
from decant.errors import DataError


def read(folder, files: dict, names: list[str], form: str | None, **options) -> list[dict]:
    """All rows, as objects."""
    put(folder, files)
    found = []
    for file, kind in rawfiles.files(folder, names, form).items():
        for batch in rawfiles.batches(file, kind, **options):
            found += [dict(zip(batch.columns, row, strict=True)) for row in zip(*batch.columns.values(), strict=True)]
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_shape_is_read_as_its_rows(tmp_path, name):
    files, names, form, rows = EXAMPLES[name]
    assert read(tmp_path, files, names, form) == rows


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_shape_is_known_by_its_look(tmp_path, name):
    files, names, form, _ = EXAMPLES[name]
    put(tmp_path, files)
    assert {recognise(tmp_path / one) for one in names} == {form}


@pytest.mark.parametrize("name", EXAMPLES)
def test_batches_of_two_rows_hold_the_same_rows_with_their_numbers(tmp_path, monkeypatch, name):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    files, names, form, rows = EXAMPLES[name]
    assert len(read(tmp_path, files, names, form)) == len(rows)
    for file, kind in rawfiles.files(tmp_path, names, form).items():
        sizes = [len(batch) for batch in rawfiles.batches(file, kind)]
        numbers = [batch.number(row) for batch in rawfiles.batches(file, kind) for row in range(len(batch))]
        assert max(sizes) <= 2
        assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("packing", ["gz", "zst", "zip"])
@pytest.mark.parametrize("form", FORMS)
def test_any_format_may_be_packed(tmp_path, form, packing):
    files, names, kind, rows = FORMS[form]
    packed, inside = packed_as(packing, files, names)
    assert read(tmp_path, packed, inside, kind) == rows


def test_a_row_of_a_packed_file_knows_its_place(tmp_path):
    packed, names = packed_as("zip", {"a/rows.csv": "text,label\nhi,ham\nho\n"}, ["a/rows.csv"])
    with pytest.raises(DataError, match=r"all\.zip/a/rows\.csv: row 2 \(line 3\): 1 cells where the header has 2"):
        read(tmp_path, packed, names, None)


def test_an_archive_in_a_folder_of_tables_is_opened_too(tmp_path):
    packed, _ = packed_as("zip", {"b.csv": "text\nho\n", ".DS_Store": "", "__MACOSX/b.csv": "?"}, [])
    rows = read(tmp_path, {"all/a.csv": "text\nhi\n", "all/more.zip": packed["all.zip"]}, ["all"], None)
    assert rows == [{"text": "hi"}, {"text": "ho"}]


NUMBERS = [{"text": "a", "n": 1, "x": 0.5, "big": 2**70, "yes": True, "none": None, "deep": {"a": [1, {"b": []}]}}]


def test_json_in_one_piece_has_the_values_of_json_lines(tmp_path):
    whole = read(tmp_path, {"rows.json": json.dumps(NUMBERS)}, ["rows.json"], None)
    assert whole == read(tmp_path, {"rows.jsonl": lines(*NUMBERS)}, ["rows.jsonl"], None) == NUMBERS
    assert [type(value) for value in whole[0].values()] == [str, int, float, int, bool, type(None), dict]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_json_in_one_piece_is_read_in_every_encoding(tmp_path, encoding):
    content = json.dumps([{"text": "déçu 😀", "label": "x"}], ensure_ascii=False).encode(encoding)
    assert read(tmp_path, {"rows.json": content}, ["rows.json"], None) == [{"text": "déçu 😀", "label": "x"}]


def test_lists_take_their_names_from_the_header_and_notes_beside_the_rows_are_passed_over(tmp_path):
    content = json.dumps({"version": 2, "train": [[1, "hi", "ham"]], "empty": [], "by": None})
    rows = read(tmp_path, {"rows.json": content}, ["rows.json"], None, header=["id", "text", "label"])
    assert rows == [{"split": "train", "id": 1, "text": "hi", "label": "ham"}]


def test_texts_beside_labels_may_hold_any_line_separator_and_empty_lines(tmp_path):
    files = {"text.txt": "a\u2028b\n\nc\r\n", "labels.txt": "x\ny\nz\n"}
    rows = read(tmp_path, files, ["text.txt"], "lines")
    assert [row["text"] for row in rows] == ["a\u2028b", "", "c"]
    assert [row["split"] for row in rows] == ["", "", ""]


LOOKS = {
    "a table": ({"rows.csv": "text,label\n"}, "rows.csv", "csv"),
    "a packed table": ({"rows.tsv.gz": b""}, "rows.tsv.gz", "tsv"),
    "JSON Lines called .json": ({"rows.json": '{"a": 1}\n{"a": 2}\n'}, "rows.json", "jsonl"),
    "JSON Lines of anybody": ({"rows.jsonl": lines({"text": "a", "label": "b"})}, "rows.jsonl", "jsonl"),
    "a settings file": ({"x.yml": "a: 1\n"}, "x.yml", None),
    "prose": ({"notes.txt": "Dear all: hello\n"}, "notes.txt", None),
    "an empty text": ({"notes.txt": ""}, "notes.txt", None),
    "two tables": ({"all/a.csv": "text\n", "all/b.csv": "text\n"}, "all", "csv"),
    "a mixed folder": ({"all/a.csv": "text\n", "all/b.jsonl": "{}\n"}, "all", None),
    "one folder of texts": ({"all/one/a.txt": "hi there", "all/one/b.txt": "ho"}, "all", None),
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_file_is_taken_for(tmp_path, name):
    files, path, form = LOOKS[name]
    files = {
        one: content or packed_as("gz", {"rows.tsv": "text\n"}, ["rows.tsv"])[0]["rows.tsv.gz"]
        if content == b""
        else content
        for one, content in files.items()
    }
    put(tmp_path, files)
    assert recognise(tmp_path / path) == form


def test_what_is_not_there_is_taken_for_nothing(tmp_path):
    with pytest.raises(DataError, match=r"gone: missing$"):
        recognise(tmp_path / "gone")
