"""Parquet: raw files of which only the columns in need are read, and tables whose texts outgrow 2 GB."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mini import TASK as MINI
from mini import posts
from mini import run as split
from rawtask import parquet as stored
from rawtask import prepared

from decant.data import parquet, rawfiles
from decant.errors import DataError

WIDE = {
    "id": ["1", "2"],
    "text": ["a", "b"],
    "kind": ["ham", "spam"],
    "vector": [[0.5] * 9, [1.5] * 9],
    "text.en": ["c", "d"],
}
RAW = {"files": ["rows.parquet"]}


# -- raw files ---------------------------------------------------------------------------------------------------------


def test_only_the_wanted_columns_are_read(tmp_path, monkeypatch):
    file = tmp_path / "rows.parquet"
    file.write_bytes(stored(WIDE))
    asked, read = [], pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda self, *a, **more: asked.append(more["columns"]) or read(self, *a, **more)
    )
    found = [batch.columns for batch in rawfiles.batches(file, "parquet", columns={"kind", "text", "gone"})]
    assert asked == [["text", "kind"]]
    assert found == [{"text": ["a", "b"], "kind": ["ham", "spam"]}]  # text.en is another column, not a part of text
    assert [batch.columns for batch in rawfiles.batches(file, "parquet", columns={"text.en"})] == [
        {"text.en": ["c", "d"]}
    ]


def test_without_a_wanted_column_the_rows_are_still_counted(tmp_path):
    file = tmp_path / "rows.parquet"
    file.write_bytes(stored(WIDE))
    (batch,) = rawfiles.batches(file, "parquet", columns=set())
    assert (len(batch), batch.columns) == (2, {"id": ["1", "2"]})


def test_the_error_for_a_missing_column_names_those_that_were_not_read(workspace):
    with pytest.raises(DataError, match=r"row 1: no column 'label'; columns are id, text, kind, vector, text\.en"):
        prepared(workspace, {"rows.parquet": stored(WIDE)}, RAW | {"labels": {"kind": {"column": "label"}}})
    with pytest.raises(DataError, match=r"no column of \['who'\]; columns are id, text, kind, vector, text\.en"):
        prepared(workspace, {"rows.parquet": stored(WIDE)}, RAW | {"group": {"columns": ["who"]}})


def test_a_column_that_nobody_needs_may_hold_anything(workspace):
    spoilt = pa.StringArray.from_buffers(1, pa.py_buffer(bytes([0, 0, 0, 0, 2, 0, 0, 0])), pa.py_buffer(b"\xff\xfe"))
    content = stored({"id": ["1"], "text": ["hi"], "kind": ["ham"], "note": spoilt})
    assert prepared(workspace, {"rows.parquet": content}, RAW)["text"].tolist() == ["hi"]


# -- large tables ------------------------------------------------------------------------------------------------------


def texts(schema: pa.Schema) -> dict[str, str]:
    return {field.name: str(field.type) for field in schema if "string" in str(field.type)}


def test_texts_are_large_in_memory_and_plain_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "PIECE", 3)
    times = pa.array([1, 2, 3, 4, None], pa.timestamp("us", "UTC"))
    before = pa.table({"id": list("abcde"), "text": ["x", "y", None, "z", ""], "n": range(5), "time": times})
    pq.write_table(before, tmp_path / "whole.parquet", row_group_size=2)
    table = parquet.read(tmp_path / "whole.parquet")
    assert texts(table.schema) == {"id": "large_string", "text": "large_string"}
    parquet.write(tmp_path / "part.parquet", table, np.array([4, 0, 2, 1]))
    after = pq.read_table(tmp_path / "part.parquet")
    assert after.schema == before.schema
    assert after.equals(before.take([4, 0, 2, 1]))
    assert pq.ParquetFile(tmp_path / "part.parquet").num_row_groups == 1
    parquet.write(tmp_path / "none.parquet", table, np.array([], dtype=int))
    assert pq.read_table(tmp_path / "none.parquet").equals(before.slice(0, 0))


def test_pieces_leave_no_trace_in_the_file(tmp_path):
    rows = 3 * parquet.PIECE + 7
    table = pa.table({"id": [f"{row:x}" * 5 for row in range(rows)], "n": np.arange(rows)})
    pq.write_table(table, tmp_path / "whole.parquet")
    parquet.write(tmp_path / "again.parquet", parquet.read(tmp_path / "whole.parquet"), np.arange(rows))
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_split_sorts_and_takes_texts_that_may_be_larger_than_2_gb(workspace, monkeypatch):
    seen, write = [], parquet.write
    monkeypatch.setattr(
        parquet, "write", lambda file, table, rows: seen.append(texts(table.schema)) or write(file, table, rows)
    )
    split(workspace, posts())
    large = dict.fromkeys(("id", "text", "linear", "answer", "kind", "split", "raw"), "large_string")
    assert len(seen) == 4
    assert all(large.items() - {("split", "large_string")} <= one.items() for one in seen)
    written = pq.read_schema(workspace / "data" / MINI / "train.parquet")
    assert set(texts(written).values()) == {"string"}
    assert pd.read_parquet(workspace / "data" / MINI / "train.parquet")["text"].str.len().min() > 0
