"""held_out.parquet: split writes down which rows nothing may learn from, and nobody needs to open test to know them."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from mini import TASK, place_of, posts, run

from decant import paths
from decant.data import frozen, held_out
from decant.errors import DataError
from decant.files import digest

ROWS = pa.table({"id": ["a", "b"], "text": ["Win NOW!", "rent is due"], "raw": ["Win NOW! &amp; more", "rent is due"]})


def test_split_holds_out_every_row_of_valid_calib_and_test_and_no_other(workspace):
    parts, _ = run(workspace, posts())
    held, place = held_out.read(TASK), place_of(parts)
    assert len(place) == 200
    for name, part in parts.items():
        assert {frozen.fingerprint(one) in held.ids for one in part["id"]} == {name != "train"}
        assert set(held.holds(part["text"].tolist())) == {name != "train"}


def test_it_holds_no_text_and_no_id(workspace):
    parts, _ = run(workspace, posts())
    assert pq.read_table(paths.held_out(TASK)).column_names == ["kind", "fingerprint"]
    stored = paths.held_out(TASK).read_bytes()
    for part in parts.values():
        assert not [one for one in part["text"] if one.encode() in stored]


def test_a_frozen_test_set_is_held_out_also_where_its_rows_are_gone(workspace):
    file = frozen.freeze(TASK, ["gone"], ["an old test text"], numbered=False)
    held_out.write(TASK, ROWS, [])
    assert held_out.read(TASK).holds(["An old test text.", "another"]).tolist() == [True, False]
    with pytest.raises(DataError, match="1 rows have the id and 0 the text"):
        held_out.read(TASK).check(["gone"], ["another"], "someone")
    held_out.write(TASK, ROWS, [digest(file)])
    assert not held_out.read(TASK).holds(["An old test text."]).any()


@pytest.mark.parametrize(
    ("text", "known"),
    {
        "the text": ("Win NOW!", True),
        "in another spelling": ("win, now", True),
        "in full width": ("ｗｉｎ　ｎｏｗ", True),
        "before cleaning": ("Win NOW! &amp; more", True),
        "half a character": ("\ud83d", False),
        "a part of it": ("win", False),
        "an id": ("a", False),
    }.values(),
    ids=str,
)
def test_a_text_is_known_however_it_is_written(workspace, text, known):
    held_out.write(TASK, ROWS, [])
    assert held_out.read(TASK).holds([text]).tolist() == [known]


def test_a_table_without_texts_before_cleaning_is_enough(workspace):
    held_out.write(TASK, ROWS.drop_columns("raw"), [])
    assert held_out.read(TASK).holds(["win now", "win now amp more"]).tolist() == [True, False]


def test_the_order_of_the_rows_does_not_change_the_file(workspace):
    held_out.write(TASK, ROWS, [])
    before = paths.held_out(TASK).read_bytes()
    held_out.write(TASK, ROWS.take([1, 0]), [])
    assert paths.held_out(TASK).read_bytes() == before


def test_rows_are_counted_by_id_and_by_text_with_an_example(workspace):
    held_out.write(TASK, ROWS, [])
    frame = pd.DataFrame({"id": ["b", "x", "y"], "text": ["other", "WIN now", "rent is due"]})
    with pytest.raises(
        DataError, match=r"dapt: 1 rows have the id and 2 the text .* e\.g\. \['b'\]; .*split\.leaks to drop"
    ):
        held_out.read(TASK).check(frame["id"].tolist(), frame["text"].tolist(), "dapt")
    held_out.read(TASK).check(["x"], ["other"], "dapt")


def test_a_missing_file_says_who_writes_it(workspace):
    with pytest.raises(DataError, match=r"held_out\.parquet: missing\. Run: dvc repro split@mini"):
        held_out.read(TASK)
