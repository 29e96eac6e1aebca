"""How many rows files hold, before they are read."""

import pandas as pd
import pytest

from decant.data.lines import about


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nx,1\ny,2\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n' * 5, encoding="utf-8")
    pd.DataFrame({"text": ["x"] * 7}).to_parquet(tmp_path / "c.parquet")
    (tmp_path / "d.xlsx").write_bytes(b"PK")
    (tmp_path / "e.parquet").write_bytes(b"no table")
    return tmp_path


@pytest.mark.parametrize(
    ("formats", "rows"),
    [
        ({"a.csv": "csv"}, 3),
        ({"a.csv": "csv", "b.jsonl": "jsonl", "c.parquet": "parquet"}, 15),
        ({"a.csv": "csv", "d.xlsx": "xlsx"}, None),
        ({"e.parquet": "parquet"}, None),
        ({}, 0),
    ],
)
def test_lines_and_rows_are_added_up_unless_a_file_does_not_tell(files, formats, rows):
    assert about({files / name: form for name, form in formats.items()}) == rows


def test_lines_are_counted_over_the_ends_of_pieces(files, monkeypatch):
    monkeypatch.setattr("decant.data.lines.PIECE", 3)
    assert about({files / "a.csv": "csv"}) == 3
