"""new: how the files are written, where they go, and the refusal of those that cannot be read."""

import shutil

import pytest
import xlsxwriter
from commands import NEW, typed
from newtask import GOOD, TASK, cycle, proposed, refused, texts, write_csv

from decant.__main__ import main
from decant.data.rawfiles import batches
from decant.errors import DataError
from stages import prepare


@pytest.mark.parametrize("place", ["rows.csv", ""], ids=["the file", "the folder"])
def test_raw_files_that_are_there_already_are_not_copied(workspace, place):
    file = write_csv(workspace / "data/raw/mine/rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = file.stat().st_mtime_ns, file.stat().st_ino
    block, _ = proposed(workspace, workspace / "data/raw/mine" / place)
    assert block["source"]["files"] == ["rows.csv"]
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_utf_16_with_its_mark_and_a_link_need_nothing(workspace, inbox):
    file = write_csv(
        inbox / "rows.csv", {"text": [f"é {text}" for text in texts()], "label": cycle("yes", "no")}, encoding="utf-16"
    )
    (inbox / "link.csv").symlink_to(file)
    block, frame = proposed(workspace, inbox / "link.csv")
    assert block["source"] == {"files": ["link.csv"], "text": "text", "labels": {"label": {"column": "label"}}}
    assert frame["raw"][0] == f"é {texts()[0]}"
    assert not (workspace / "data/raw/mine/link.csv").is_symlink()


def test_a_named_encoding_is_not_guessed(workspace, inbox, capsys):
    columns = {"text": [f"Rødgrød med fløde, {text}" for text in texts()], "label": cycle("yes", "no")}
    file = write_csv(inbox / "rows.csv", columns, encoding="cp1252")
    block, frame = proposed(workspace, file, "--encoding", "latin-1")
    assert block["source"]["encoding"] == "latin-1"
    assert frame["raw"][0].startswith("Rødgrød med fløde")
    assert "guess" not in capsys.readouterr().out


FILES = {
    "empty": ("rows.csv", b"", "rows.csv: no rows"),
    "header alone": ("rows.csv", b"text,label\n", "rows.csv: no rows"),
    "no table": ("rows.docx", b"hello", "its suffix does not say how it is written"),
    "broken Parquet": ("rows.parquet", b"hello", "rows.parquet: not Parquet"),
    "broken XLSX": ("rows.xlsx", b"hello", "rows.xlsx: not XLSX"),
    "broken JSONL": ("rows.jsonl", b'{"text": \n', "rows.jsonl: row 1: not JSON"),
    "ragged": ("rows.csv", b"text;label\nhi;a\nho\n", "rows.csv: row 2 (line 3): 1 cells where the header has 2"),
    "two encodings": ("rows.csv", "text,label\né,a\n".encode() + b"\xe9,b\n", "line 3 is not UTF-8, but "),
    "UTF-16 without its mark": ("rows.csv", "text,label\n".encode("utf-16-le"), "line 1: holds a zero byte"),
    "JSON without rows": ("rows.json", b'{\n"a": 1}\n', "rows.json: no rows; it must hold at least one"),
    "JSON by columns": ("rows.json", b'{"text": {"0": "hi"}}', "'text' holds an object, expected an array of rows"),
    "JSON Lines": ("rows.json", b'{"text": "hi"}\n{"text": "ho"}\n', "to be JSON Lines; rename it: mv "),
    "TSV with semicolons": ("rows.tsv", b"text;label\nhi;a\n", "separated by ';', not by a tab; rename it to rows.csv"),
    "TSV with pipes": ("rows.tsv", b"text|label\nhi|a\n", "separated by '|', not by a tab; rename it to rows.csv"),
    "quotes between pipes": (
        "rows.csv",
        b'text|label\n"hi" he said, and left|a\n',
        "look separated by '|', but in some a",
    ),
    "quotes between tabs": ("rows.csv", b'text\tlabel\n"hi" he said, and left\ta\n', "look separated by a tab, but in"),
    "two marks": (
        "rows.csv",
        b"text;label,x\nhi;a,b\n",
        "cells could be separated by ',' or by ';'; name the mark with --delimiter",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_refused(workspace, inbox, capsys, name):
    file, content, words = FILES[name]
    inbox.mkdir()
    (inbox / file).write_bytes(content)
    assert words in refused(workspace, capsys, str(inbox / file), "--task", TASK)


def test_a_missing_file_an_empty_folder_and_the_folder_around_are_refused(workspace, inbox, capsys):
    found = refused(workspace, capsys, "inbox/x.csv", "--task", TASK)
    assert "inbox/x.csv: missing, and so is the folder inbox" in found
    inbox.mkdir()
    assert "inbox/x.csv: missing, and inbox holds no table (.csv, " in refused(
        workspace, capsys, "inbox/x.csv", "--task", TASK
    )
    assert "inbox: an empty folder" in refused(workspace, capsys, "inbox", "--task", TASK)
    assert ".: holds data/raw/mine, where the raw files go" in refused(workspace, capsys, ".", "--task", TASK)


def test_another_file_in_its_place_is_not_overwritten(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", GOOD)
    write_csv(workspace / "data/raw/mine/rows.csv", GOOD | {"x": GOOD["label"]})
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert "data/raw/mine/rows.csv: is there already, with other bytes than" in found
    shutil.copy(file, workspace / "data/raw/mine/rows.csv")
    assert main(["new", str(file), "--task", TASK]) == 0


def test_files_separated_in_several_ways_are_refused(workspace, inbox, capsys):
    write_csv(inbox / "posts" / "a.csv", GOOD)
    write_csv(inbox / "posts" / "b.csv", GOOD, ";")
    assert "cells are separated in several ways" in refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)


def test_a_misspelt_name_gets_the_names_that_are_there(workspace, inbox, capsys):
    for number in range(12):
        write_csv(inbox / f"reviews_{number:02}.csv", GOOD)
    (inbox / "notes.txt").write_text("no table")
    found = refused(workspace, capsys, "inbox/revews_03.csv", "--task", TASK)
    assert "inbox/revews_03.csv: missing; did you mean reviews_03.csv? Tables in inbox: reviews_00.csv, " in found
    assert "reviews_09.csv and 2 more" in found
    assert "notes" not in found
    assert "missing. Tables in inbox" in refused(workspace, capsys, "inbox/x.csv", "--task", TASK)


TITLES = {
    "a title": (
        ["Survey of 2024"],
        3,
        "row 1 looks like a title ('Survey of 2024'); the header seems to be row 3 (text, ",
    ),
    "nothing": ([], 2, "row 1 is empty; the header seems to be row 2 (text, label): delete the rows above it"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", TITLES)
def test_a_sheet_whose_header_stands_below_is_refused(workspace, inbox, capsys, name):
    title, row, words = TITLES[name]
    inbox.mkdir()
    with xlsxwriter.Workbook(inbox / "rows.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, title)
        for n, cells in enumerate([list(GOOD), *zip(*GOOD.values(), strict=True)], start=row - 1):
            sheet.write_row(n, 0, cells)
    found = refused(workspace, capsys, str(inbox / "rows.xlsx"), "--task", TASK)
    assert words in found
    assert found.rstrip().endswith(f"delete the rows above it. Then run: {NEW}{inbox}/rows.xlsx --task mine")


@pytest.mark.bad_input
@pytest.mark.parametrize("above", ["Survey of 2024;\n", "Survey of 2024\n", ";\n", "Survey, and more\n\n"])
def test_a_csv_whose_header_stands_below_is_refused(workspace, inbox, capsys, above):
    file = write_csv(inbox / "rows.csv", GOOD, ";")
    file.write_text(above + file.read_text(encoding="utf-8"), encoding="utf-8")
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert (
        f"the header seems to be row {above.count(chr(10)) + 1} (text, label): delete the rows above it: sed" in found
    )
    assert typed(workspace, found) == 0


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.xlsx"])
def test_columns_that_excel_saves_without_a_name_and_a_cell_are_passed_over_and_said(workspace, inbox, capsys, name):
    rows = [[text, label, "", ""] for text, label in zip(GOOD["text"], GOOD["label"], strict=True)]
    rows[4][3] = " "  # nothing, but a cell of a sheet
    rows.insert(0, ["text", "label", "", ""])
    inbox.mkdir()
    if name.endswith("xlsx"):
        with xlsxwriter.Workbook(inbox / name) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    else:
        cells = dict(enumerate(zip(*rows, strict=True)))
        content = write_csv(inbox / name, cells, "\t" if name.endswith("tsv") else ",").read_text(encoding="utf-8")
        (inbox / name).write_text(content.partition("\n")[2], encoding="utf-8")  # without the numbers of the columns
    assert main(["new", str(inbox / name), "--task", TASK]) == 0
    said = capsys.readouterr().out
    assert f"none: columns 3, 4 of {name} (no name, and nothing in them)" in said
    assert "(300 rows, 2 columns, 1 file)" in said
    prepare.main(TASK)


def test_a_header_with_one_name_is_no_title(workspace, inbox, capsys):
    inbox.mkdir()
    (inbox / "rows.csv").write_text("text\nhi, you\nho, and so on\n1, 2\n", encoding="utf-8")
    assert "2 cells where the header has 1" in refused(workspace, capsys, str(inbox / "rows.csv"), "--task", TASK)


LATIN = {
    "French": ("latin-1", "Très déçu, le colis était abîmé à l'arrivée, où est-il", "cp1252"),
    "German": ("cp1252", "Schöne Grüße aus Köln – 5 €", "cp1252"),
    "Polish": ("cp1250", "Przesyłka przyszła późno, źle się czuję, ćma", "cp1250"),
    "Turkish": ("cp1254", "Kargo çok geç geldi, teşekkürler, ağaç ışık", "cp1254"),
    "Russian": ("cp1251", "Привет, как дела? Сегодня хорошая погода", "cp1251"),
}


@pytest.mark.parametrize("name", LATIN)
def test_a_guessed_encoding_shows_how_it_reads_and_the_error_of_a_stage_names_the_same(workspace, inbox, capsys, name):
    written, text, guessed = LATIN[name]
    rows = [f"{one} {text}" if n % 9 == 5 else one for n, one in enumerate(texts())]
    file = write_csv(inbox / "rows.csv", GOOD | {"text": rows}, encoding=written)
    block, frame = proposed(workspace, file)
    assert block["source"]["encoding"] == guessed
    assert frame["raw"].tolist() == [rows[int(one)] for one in frame["id"]]
    shown = capsys.readouterr().out.splitlines()
    assert f"encoding: {guessed} (a guess: {file}: line 7 is not UTF-8)" in shown[0]
    assert text[:20] in shown[1]
    with pytest.raises(
        DataError, match=rf"line 7: not utf-8 .*looks like {guessed} .*set source.encoding: {guessed}; or"
    ):
        list(batches(file, "csv"))
