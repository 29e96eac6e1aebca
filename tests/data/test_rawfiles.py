"""Reading raw tables: every format and encoding in batches, the place of every row, and which files count."""

import json
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rawtask import parquet, sheets

from decant.data import rawfiles
from decant.errors import DataError

PLAIN = "id,text\n1,hi there\n"
HI = {"id": ["1"], "text": ["hi there"]}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def columns(file: Path, **options) -> dict[str, list]:
    """All rows of a file, column by column."""
    found: dict[str, list] = {}
    for batch in rawfiles.batches(file, rawfiles.FORMATS[file.suffix], **options):
        for name, values in batch.columns.items():
            found.setdefault(name, []).extend(values)
    return found


def refusal(file: Path, **options) -> str:
    with pytest.raises(DataError) as error:
        columns(file, **options)
    return str(error.value)


# -- CSV and TSV -------------------------------------------------------------------------------------------------------

CSV_FORMS = {
    "plain": (PLAIN.encode(), {}),
    "byte order mark": (b"\xef\xbb\xbf" + PLAIN.encode(), {}),
    "Windows line ends": (b"id,text\r\n1,hi there\r\n", {}),
    "old Mac line ends": (b"id,text\r1,hi there\r", {}),
    "no line end at the end": (b"id,text\n1,hi there", {}),
    "empty lines": (b"\nid,text\n\n1,hi there\n\n\n", {}),
    "all cells quoted": (b'"id","text"\n"1","hi there"\n', {}),
    "semicolons": (b"id;text\n1;hi there\n", {"delimiter": ";"}),
    "tabs": (b"id\ttext\n1\thi there\n", {"delimiter": "\t"}),
    "pipes": (b"id|text\n1|hi there\n", {"delimiter": "|"}),
    "no header": (b"1,hi there\n", {"header": ["id", "text"]}),
    "UTF-16, little": (PLAIN.encode("utf-16"), {}),
    "UTF-16, big": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), {}),
    "UTF-32": (PLAIN.encode("utf-32"), {}),
    "UTF-16 without a mark, named": (PLAIN.encode("utf-16-le"), {"encoding": "utf-16-le"}),
    "a mark overrules the name": (b"\xef\xbb\xbf" + PLAIN.encode(), {"encoding": "utf-16-le"}),
}


@pytest.mark.parametrize(("content", "options"), CSV_FORMS.values(), ids=CSV_FORMS)
def test_csv_in_every_form(tmp_path, content, options):
    assert columns(written(tmp_path, "rows.csv", content), **options) == HI


CELLS = {
    "line break": ('1,"hi\nthere"\n', "hi\nthere"),
    "Windows line break": ('1,"hi\r\nthere"\n', "hi\r\nthere"),
    "empty lines inside": ('1,"a\n\n\nb"\n', "a\n\n\nb"),
    "delimiter": ('1,"a, b"\n', "a, b"),
    "quotes": ('1,"a ""b"""\n', 'a "b"'),
    "quote inside a word": ('1,5" screen\n', '5" screen'),
    "blanks around": ("1,  a \n", "  a "),
    "empty": ("1,\n", ""),
    "NUL": ("1,a\x00b\n", "a\x00b"),
    "longer than the csv module's default limit": (f"1,{'a' * 200_000}\n", "a" * 200_000),
    "line separator": ("1,a\u2028b\n", "a\u2028b"),
}


@pytest.mark.parametrize(("row", "cell"), CELLS.values(), ids=CELLS)
def test_a_csv_cell_holds_anything(tmp_path, row, cell):
    assert columns(written(tmp_path, "rows.csv", f"id,text\n{row}")) == {"id": ["1"], "text": [cell]}


def test_tsv_is_separated_by_tabs_and_may_hold_commas(tmp_path):
    file = written(tmp_path, "rows.tsv", 'id\ttext\n1\ta, "b"\n2\t"c\td"\n')
    assert columns(file) == {"id": ["1", "2"], "text": ['a, "b"', "c\td"]}


def test_without_quotes_a_quote_is_a_character_like_any_other(tmp_path):
    file = written(tmp_path, "rows.tsv", 'id\ttext\n1\t"never closed\n2\t"closed" and more\n')
    assert columns(file, quotes=False) == {"id": ["1", "2"], "text": ['"never closed', '"closed" and more']}
    assert "rows.tsv: line 2: a quote opens a cell that never ends" in refusal(
        written(tmp_path, "rows.tsv", 'id\ttext\n1\t"open\n')
    )


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=6))
def test_jsonl_gives_back_any_text(tmp_path_factory, texts):
    content = "\n".join(json.dumps({"text": one}, ensure_ascii=False) for one in texts)
    assert columns(written(tmp_path_factory.getbasetemp(), "any.jsonl", content)) == {"text": texts}


NAMED = {
    "cp1252": ("cp1252", "Größe – 5 €, “ça va”"),
    "latin-1": ("latin-1", "café"),
    "cp1251": ("cp1251", "Привет, как дела"),
    "shift_jis": ("shift_jis", "これは日本語です"),
    "gb18030": ("gb18030", "你好, 世界"),
}


@pytest.mark.parametrize(("encoding", "text"), NAMED.values(), ids=NAMED)
def test_another_encoding_is_read_where_it_is_named(tmp_path, encoding, text):
    file = written(tmp_path, "rows.csv", f'id,text\n1,"{text}"\n'.encode(encoding))
    assert columns(file, encoding=encoding) == {"id": ["1"], "text": [text]}
    rows = written(tmp_path, "rows.jsonl", json.dumps({"text": text}, ensure_ascii=False).encode(encoding))
    assert columns(rows, encoding=encoding) == {"text": [text]}


RUSSIAN = "Привет, как дела? Сегодня хорошая погода, и мы идём гулять в парк."
WRONG = {
    "Russian": (f"id,text\n1,ok\n2,{RUSSIAN}\n".encode("cp1251"), {}, "line 3: not utf-8 (", "looks like cp1251"),
    "the way out": (
        f"id,text\n1,{RUSSIAN}\n".encode("cp1251"),
        {},
        "line 2",
        "set source.encoding: cp1251; or convert",
    ),
    "cut in the last letter": (b"id,text\n1,caf\xc3", {}, "line 2: not utf-8 (unexpected end of data)"),
    "behind a mark": (b"\xef\xbb\xbfid,text\n1,caf\xe9\n", {}, "line 2: not utf-8-sig (invalid continuation byte)"),
    "UTF-8 named ASCII": ("id,text\n1,café\n".encode(), {"encoding": "ascii"}, "line 2: not ascii (ordinal not in"),
    "UTF-16 without its mark": (PLAIN.encode("utf-16-le"), {"encoding": "utf-16"}, "line 1: not utf-16 (UTF-16 stream"),
    "undefined byte": (b"id,text\n1,\x81\n", {"encoding": "cp1252"}, "line 2: not cp1252 (character maps to"),
    "no encoding of text": (PLAIN.encode(), {"encoding": "rot13"}, "'rot13' is not a text encoding", "source.encoding"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_a_wrong_encoding_names_the_line_and_what_it_looks_like(tmp_path, case):
    content, options, *words = case
    said = refusal(written(tmp_path, "rows.csv", content), **options)
    assert [word for word in ["rows.csv: ", *words] if word not in said] == [], said


@pytest.mark.bad_input
def test_cells_that_look_separated_by_something_else_are_called_so(tmp_path):
    (batch,) = rawfiles.batches(written(tmp_path, "rows.csv", "id;text\n1;hi\n"), "csv")
    with pytest.raises(
        DataError, match=r"row 1 \(line 2\): no column 'id'; columns are id;text\. .*separated by ';'.*delimiter"
    ):
        batch.column("id")


BLANK = [["id", "text", None, None], [1, "hi there", None, None]]
UNNAMED = {
    ".csv": b"id,text,, \n1,hi there,,\n",
    ".tsv": b"id\ttext\t\t\n1\thi there\t \t\n",
    ".xlsx": sheets(a=[[*row, None, end] for row, end in zip(BLANK, (" ", " "), strict=True)]),
}


@pytest.mark.parametrize("suffix", UNNAMED)
def test_columns_without_a_name_that_hold_nothing_are_passed_over(tmp_path, suffix):
    found = columns(written(tmp_path, f"rows{suffix}", UNNAMED[suffix]))
    assert {name: [str(cell) for cell in cells] for name, cells in found.items()} == HI


@pytest.mark.bad_input
def test_a_cell_in_one_of_several_columns_without_a_name_is_named_wherever_it_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    file = written(tmp_path, "rows.csv", "id,text,,\n1,a,,\n2,b,,\n3,c,,late\n")
    assert "rows.csv: row 3 (line 4): 'late' stands in column 4, which has no name" in refusal(file)


def test_one_column_without_a_name_is_a_column_and_a_table_without_any_name_is_none(tmp_path):
    assert columns(written(tmp_path, "rows.csv", ",text\n0,hi\n")) == {"": ["0"], "text": ["hi"]}
    assert "no cell of its first row holds the name of a column" in refusal(written(tmp_path, "a.csv", ",,\n,,\n"))


# -- JSON Lines --------------------------------------------------------------------------------------------------------

JSONL_FORMS = {
    "byte order mark": b'\xef\xbb\xbf{"text": "hi there"}\n',
    "Windows line ends": b'{"text": "hi there"}\r\n',
    "empty lines": b'\n\n{"text": "hi there"}\n \n',
    "escapes": b'{"text": "hi\\u0020there"}',
    "UTF-16": '{"text": "hi there"}'.encode("utf-16"),
}


@pytest.mark.parametrize("content", JSONL_FORMS.values(), ids=JSONL_FORMS)
def test_jsonl_in_every_form(tmp_path, content):
    assert columns(written(tmp_path, "rows.jsonl", content)) == {"text": ["hi there"]}


def test_jsonl_lines_end_at_line_feeds_alone(tmp_path):
    content = '{"text": "a\u2028b\u2029c\x85d"}\n{"text": "\\ud83d\\ude00"}'
    assert columns(written(tmp_path, "rows.jsonl", content)) == {"text": ["a\u2028b\u2029c\x85d", "😀"]}


def test_jsonl_keeps_types_and_fills_fields_that_a_row_lacks(tmp_path):
    content = '{"a": 1, "b": ["x", 2]}\n{"b": null, "c": 0.5}\n{"a": true}'
    assert columns(written(tmp_path, "rows.jsonl", content)) == {
        "a": [1, None, True],
        "b": [["x", 2], None, None],
        "c": [None, 0.5, None],
    }


def test_the_place_of_a_jsonl_row_is_its_line(tmp_path, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    file = written(tmp_path, "rows.jsonl", '\n{"a": 1}\n\n{"a": 2}\n{"a": 3}\n\n\n{"a": 4}\n')
    found = list(rawfiles.batches(file, "jsonl"))
    assert [len(batch) for batch in found] == [2, 2]
    assert [batch.place(row) for batch in found for row in range(2)] == [f"{file}: row {n}" for n in (2, 4, 5, 8)]


# -- Parquet -----------------------------------------------------------------------------------------------------------


def test_parquet_values_keep_their_types(tmp_path):
    stored = pa.table(
        {
            "id": pa.array([1, 2, 3]),
            "text": ["a", None, "c"],
            "labels": pa.array([["x", "y"], None, []]),
            "kind": pa.array(["ham", "spam", None]).dictionary_encode(),
            "flag": [True, False, None],
            "when": pa.array([datetime(2025, 1, 2), None, None], pa.timestamp("us")),
        }
    )
    assert columns(written(tmp_path, "rows.parquet", parquet(stored))) == {
        "id": [1, 2, 3],
        "text": ["a", None, "c"],
        "labels": [["x", "y"], None, []],
        "kind": ["ham", "spam", None],
        "flag": [True, False, None],
        "when": [datetime(2025, 1, 2), None, None],
    }


def test_parquet_rows_are_numbered_through_all_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 4)
    file = written(tmp_path, "rows.parquet", parquet({"a": list(range(10))}, row_group_size=3))
    found = list(rawfiles.batches(file, "parquet"))
    assert [one for batch in found for one in batch.columns["a"]] == list(range(10))
    assert max(map(len, found)) <= 4
    places = [batch.place(row) for batch in found for row in range(len(batch))]
    assert places == [f"{file}: row {n}" for n in range(1, 11)]


# -- XLSX --------------------------------------------------------------------------------------------------------------


def test_xlsx_cells_become_whole_numbers_booleans_and_texts(tmp_path):
    rows = [
        ["id", "text", "flag", "score"],
        [7, "hi", True, 0.5],
        ["007", "x", False, -2],
        [12345678901, None, "no", 1e3],
    ]
    found = columns(written(tmp_path, "rows.xlsx", sheets(only=rows)))
    assert found == {
        "id": [7, "007", 12345678901],
        "text": ["hi", "x", ""],
        "flag": [True, False, "no"],
        "score": [0.5, -2, 1000],
    }
    assert [type(one) for one in found["id"] + found["flag"]] == [int, str, int, bool, bool, str]


def test_an_xlsx_sheet_without_a_header_row_takes_the_names_from_params(tmp_path):
    file = written(tmp_path, "rows.xlsx", sheets(only=[[1, "hi there"]]))
    assert columns(file, header=["id", "text"]) == {"id": [1], "text": ["hi there"]}


def test_empty_sheets_beside_the_table_do_not_count(tmp_path):
    file = written(tmp_path, "rows.xlsx", sheets(empty=[], table=[["id", "text"], [1, "hi there"]], more=[]))
    assert columns(file) == {"id": [1], "text": ["hi there"]}


@pytest.mark.bad_input
@pytest.mark.parametrize("second", [[["id"], [1]], [["a note of one row"]]])
def test_two_sheets_with_rows_are_refused(tmp_path, second):
    file = written(tmp_path, "rows.xlsx", sheets(first=[["id"], [1]], second=second))
    assert "rows.xlsx: 2 sheets with rows (first, second); keep one per file" in refusal(file)


# -- batches and files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", rawfiles.FORMATS)
def test_batches_hold_every_row_once_in_order_and_know_its_place(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(rawfiles, "BATCH", 3)
    numbers = [str(number) for number in range(8)]
    mark = "\t" if suffix == ".tsv" else ","
    content = {
        ".jsonl": "\n".join(f'{{"id": "{one}", "x": 0}}' for one in numbers),
        ".parquet": parquet({"id": numbers, "x": [0] * 8}),
        ".xlsx": sheets(only=[["id", "x"], *([one, 0] for one in numbers)]),
    }.get(suffix, "".join(f"{one}{mark}0\n" for one in ["id", *numbers]))
    file = written(tmp_path, f"rows{suffix}", content)
    found = list(rawfiles.batches(file, rawfiles.FORMATS[suffix]))
    assert [len(batch) for batch in found] == [3, 3, 2]
    assert [batch.first for batch in found] == [1, 4, 7]
    assert [one for batch in found for one in batch.columns["id"]] == numbers
    line = " (line 9)" if suffix in (".csv", ".tsv") else ""
    assert found[2].place(1) == f"{file}: row 8{line}"


def test_a_batch_of_some_columns_keeps_its_rows_and_places(tmp_path):
    file = written(tmp_path, "rows.csv", "a,b,c\n1,2,3\n4,5,6\n")
    (batch,) = rawfiles.batches(file, "csv")
    assert batch.only({"c"}).columns == {"a": ["1", "4"], "c": ["3", "6"]}
    assert batch.only(set()).columns == {"a": ["1", "4"]}
    assert len(batch.only({"c"})) == 2
    assert batch.only({"c"}).place(1) == batch.place(1) == f"{file}: row 2 (line 3)"


def test_the_error_for_a_missing_column_lists_all_that_are_there(tmp_path):
    (batch,) = rawfiles.batches(written(tmp_path, "rows.csv", "id,label,text\n1,ham,hi\n"), "csv")
    with pytest.raises(DataError, match="no column 'kind'; columns are id, label, text"):
        batch.only({"id", "kind"}).column("kind")


def test_a_folder_is_read_by_name_whole_and_without_hidden_files(tmp_path):
    for name in ("all/b.csv", "all/a.TSV", "all/deep/c.jsonl", "all/.notes.txt", "all/.cache/copy.csv", "z.xlsx"):
        written(tmp_path, name, "x")
    found = rawfiles.files(tmp_path, ["z.xlsx", "all"], None)
    assert [(str(file.relative_to(tmp_path)), form) for file, form in found.items()] == [
        ("z.xlsx", "xlsx"),
        ("all/a.TSV", "tsv"),
        ("all/b.csv", "csv"),
        ("all/deep/c.jsonl", "jsonl"),
    ]


def test_a_named_format_counts_more_than_the_suffix(tmp_path):
    file = written(tmp_path, "rows.txt", "x")
    assert rawfiles.files(tmp_path, ["rows.txt"], "tsv") == {file: "tsv"}


MISSING = {
    "file": ([], ["rows.csv"], None, "rows.csv: missing. Get it with dvc update"),
    "unknown suffix": (["all/a.csv", "all/readme.md"], ["all"], None, "readme.md: its suffix does not say how it is"),
    "no suffix": (["rows"], ["rows"], None, "rows: its suffix does not say how it is written; name source.format"),
    "empty folder": (["all/.hidden"], ["all"], None, "all: an empty folder; put the tables there"),
    "file twice": (["a.csv"], ["a.csv", "a.csv"], None, "a.csv: listed twice"),
    "file and its folder": (["all/a.csv"], ["all", "all/a.csv"], "csv", "all/a.csv: listed twice"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("there", "names", "form", "word"), MISSING.values(), ids=MISSING)
def test_files_that_cannot_be_read_plainly_are_refused(tmp_path, there, names, form, word):
    for name in there:
        written(tmp_path, name, "x")
    with pytest.raises(DataError) as error:
        rawfiles.files(tmp_path, names, form)
    assert word in str(error.value)
