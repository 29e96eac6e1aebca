"""Ids: compared by hashes that take 17 bytes each, and named as exactly as if they were kept."""

from pathlib import Path

import numpy as np
import pytest
from rawtask import TASK, arrange, metrics, parquet, prepared, table

from decant import tables
from decant.data import ids
from decant.errors import DataError
from decant.paths import SPLITS
from decant.settings.source import Source
from stages import prepare

SOURCE = {"splits": {"ids": {"train": "train.csv", "test": "test.csv"}, "rest": "calib"}}


def numbers(of: range) -> str:
    return "id\n" + "".join(f"post-{number}\n" for number in of)


def known(folder: Path, files: dict[str, str]) -> ids.Known:
    for name, content in files.items():
        (folder / name).write_text(content)
    labels = {"kind": {"column": "kind"}}
    return ids.given_ids(folder, Source(files=["rows.csv"], id="id", text="text", labels=labels, **SOURCE))


def refusal(workspace: Path, files: dict[str, str]) -> str:
    arrange(workspace, files, SOURCE)
    with pytest.raises(DataError) as error:
        prepare.main(TASK)
    return str(error.value)


@pytest.fixture
def alike(monkeypatch):
    """Hashes of one id in three are equal: what chance does once in 200,000 runs."""

    def few(values: list[str]) -> np.ndarray:
        return np.array([sum(map(ord, one)) % 3 for one in values], dtype=np.uint64)

    monkeypatch.setattr(tables, "hashes", few)


def test_every_id_is_found_in_its_split_and_no_other_is(tmp_path):
    found = known(tmp_path, {"train.csv": numbers(range(3000)), "test.csv": numbers(range(3000, 4000))})
    asked = [f"post-{number}" for number in (*range(3990, 4010), *range(5))] + ["post-", "post-00"]
    expected = [SPLITS.index("test")] * 10 + [-1] * 10 + [SPLITS.index("train")] * 5 + [-1] * 2
    assert found.find(asked).tolist() == expected
    assert (len(found), found.longest) == (4000, 1)


def test_ids_take_17_bytes_each_in_every_process(tmp_path):
    found = known(tmp_path, {"train.csv": numbers(range(2999)), "test.csv": "id\nx\n"})
    held = vars(found)  # what is sent to a process
    assert {name: one.nbytes for name, one in held.items() if isinstance(one, np.ndarray)} == {
        "hashes": 24_000, "others": 24_000, "splits": 3000,
    }  # fmt: skip
    assert held.keys() == {"hashes", "others", "splits", "longest"}


def test_an_id_that_a_file_names_twice_counts_once(tmp_path):
    found = known(tmp_path, {"train.csv": "id\na\nb\na\na\n", "test.csv": "id\nc\n"})
    assert (len(found), found.find(["a", "b", "c"]).tolist()) == (3, [0, 0, 3])
    assert found.longest == 1


def test_ids_that_share_a_hash_are_told_apart(tmp_path, alike):
    found = known(tmp_path, {"train.csv": numbers(range(0, 40, 2)), "test.csv": numbers(range(1, 40, 2))})
    assert len(found) == 40
    assert found.longest > 10
    asked = found.find([f"post-{number}" for number in range(50)])
    assert asked.tolist() == [0, 3] * 20 + [-1] * 10


def test_a_row_without_a_split_is_not_taken_for_one_whose_hash_it_shares(workspace, alike):
    files = {"rows.csv": table("ab,x,ham\nba,y,ham\ncc,z,spam\n"), "train.csv": "id\nab\n", "test.csv": "id\ncc\n"}
    frame = prepared(workspace, files, SOURCE)
    assert dict(zip(frame["id"], frame["split"], strict=True)) == {"ab": "train", "ba": "calib", "cc": "test"}


def test_an_id_in_two_splits_is_named_among_those_that_share_its_hash(workspace, alike):
    rows = table("ab,x,ham\nba,y,ham\ncc,z,spam\n")
    said = refusal(workspace, {"rows.csv": rows, "train.csv": "id\nab\nba\n", "test.csv": "id\ncc\n\nba\n"})
    assert said == "data/raw/mini/test.csv: row 2 (line 4): id 'ba' is in train already; a row has one split"


def test_an_id_that_no_row_has_is_named_though_a_row_shares_its_hash(workspace, alike):
    rows = table("ab,x,ham\ncc,z,spam\n")
    said = refusal(workspace, {"rows.csv": rows, "train.csv": "id\nab\nba\n", "test.csv": "id\ncc\n"})
    assert said == (
        "data/raw/mini/train.csv: row 2 (line 3): id 'ba' is not in rows.csv; the split names a row that is not there"
    )


def test_the_first_of_many_ids_that_no_row_has_is_named(workspace):
    rows = table("".join(f"post-{number},x,ham\n" for number in range(5)))
    said = refusal(workspace, {"rows.csv": rows, "train.csv": numbers(range(3)), "test.csv": numbers(range(3, 9))})
    assert said.startswith("data/raw/mini/test.csv: row 3 (line 4): id 'post-5' is not in rows.csv")


def test_ids_may_come_from_parquet_with_more_columns(workspace):
    files = {"rows.csv": table("1,x,ham\n2,y,spam\n"), "test.parquet": parquet({"note": [b"\xff"], "id": [2]})}
    splits = {"ids": {"test": "test.parquet"}, "rest": "train"}
    assert prepared(workspace, files, {"splits": splits})["split"].tolist() == ["train", "test"]
    assert metrics(workspace)["rows"] == 2
