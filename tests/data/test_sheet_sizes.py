"""A workbook that would take all memory is refused before a reader opens it; one that is merely wide or large is read."""

import zipfile

import pytest
import xlsxwriter

from decant.data import packed, sheets
from decant.data.cells import sheet_rows
from decant.data.sheets import refuse_giant
from decant.errors import DataError


def workbook(file, cells: dict[tuple[int, int], object]):
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for (row, column), value in cells.items():
            sheet.write(row, column, value)
    return file


@pytest.mark.bad_input
@pytest.mark.parametrize("corner", [(1_048_575, 16_383), (1_048_575, 40), (2000, 16_383)])
def test_two_cells_far_apart_are_refused_with_where_the_last_one_is(tmp_path, corner):
    file = workbook(tmp_path / "rows.xlsx", {(0, 0): "id", corner: "x"})
    with pytest.raises(
        DataError, match=rf"2 cells that are filled.*row {corner[0] + 1:,}, column {corner[1] + 1:,}.*CSV"
    ):
        list(sheet_rows(file))


def test_a_table_with_many_empty_cells_is_read(tmp_path):
    cells = {(row, 0): f"r{row}" for row in range(300)} | {(0, column): f"c{column}" for column in range(1, 100)}
    assert len(list(sheet_rows(workbook(tmp_path / "rows.xlsx", cells)))) == 300


def test_a_vast_sheet_is_read_where_it_is_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "PLACES", 1000)
    full = {(row, column): 1 for row in range(100) for column in range(20)}
    assert len(list(sheet_rows(workbook(tmp_path / "full.xlsx", full)))) == 100
    with pytest.raises(DataError, match="2 cells that are filled"):
        list(sheet_rows(workbook(tmp_path / "thin.xlsx", {(0, 0): 1, (99, 19): 1})))


@pytest.mark.parametrize("piece", [300, 1000])
def test_cells_are_found_wherever_the_bytes_are_parted(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(sheets, "PIECE", piece)
    file = workbook(
        tmp_path / "rows.xlsx", {(row, row % 7): "x" * (row % 11) for row in range(200)} | {(1_048_575, 900): 1}
    )
    with pytest.raises(DataError, match="row 1,048,576, column 901"):
        list(sheet_rows(file))


def test_what_is_written_in_a_cell_is_no_cell(tmp_path):
    text = '<c r="XFD1048576"> c r="XFD1048576"'
    assert list(sheet_rows(workbook(tmp_path / "rows.xlsx", {(0, 0): "text", (1, 0): text}))) == [["text"], [text]]


@pytest.mark.bad_input
def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    file = workbook(tmp_path / "rows.xlsx", {(0, 0): "id"})
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings2.xml", b" " * 20_000_000)
    assert list(sheet_rows(file)) == [["id"]]
    monkeypatch.setattr(sheets, "FREE", 1_000_000)
    with pytest.raises(DataError, match=r"bytes unpack to 20,\d+,\d+, as those of a bomb do"):
        list(sheet_rows(file))
    assert packed.FREE > 20_000_000


@pytest.mark.bad_input
def test_a_cell_of_giant_size_is_refused(tmp_path, monkeypatch):
    file, giant = workbook(tmp_path / "rows.xlsx", {(0, 0): "id"}), tmp_path / "giant.xlsx"
    cell = f'<c r="A2" t="inlineStr"><is><t>{"a" * 20_000_000}</t></is></c>'
    with zipfile.ZipFile(file) as book, zipfile.ZipFile(giant, "w", zipfile.ZIP_DEFLATED) as made:
        for name in book.namelist():
            content = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", f'<row r="2">{cell}</row></sheetData>'.encode())
            made.writestr(name, content)
    assert len(list(sheet_rows(giant))) == 2
    monkeypatch.setattr(sheets, "FREE", 1_000_000)
    with pytest.raises(DataError, match=r"bytes unpack to 20,\d+,\d+, as those of a bomb do"):
        list(sheet_rows(giant))


def test_what_is_no_workbook_is_left_to_the_reader(tmp_path):
    (tmp_path / "rows.xlsx").write_bytes(b"no zip")
    refuse_giant(tmp_path / "rows.xlsx", tmp_path / "rows.xlsx")
    with pytest.raises(DataError, match="not XLSX"):
        list(sheet_rows(tmp_path / "rows.xlsx"))
