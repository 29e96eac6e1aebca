"""prepare: splits that come with the data, by ids, by files or by a column, and the rest."""

import pytest
from rawtask import JSONL, lines, metrics, parquet, prepared, row, table

from decant.paths import SPLITS

ROWS = {"rows.csv": table("1,a,ham\n2,b,ham\n3,c,ham\n04,d,ham\n")}
IDS = {
    "csv and jsonl": {"train.csv": "id\n1\n04\n", "test.csv": "id,why\n3,?\n"},
    "jsonl": {"train.jsonl": '{"id": 1}\n{"id": "04"}', "test.jsonl": '{"id": 3}'},
    "parquet": {"train.parquet": parquet({"id": ["1", "04"]}), "test.parquet": parquet({"id": [3]})},
    "an id named twice": {"train.csv": "id\n1\n04\n1\n", "test.csv": "id\n3\n"},
    "a folder of files": {"train/a.csv": "id\n1\n", "train/b.csv": "id\n04\n", "test.csv": "id\n3\n"},
}


@pytest.mark.parametrize("files", IDS.values(), ids=IDS)
def test_split_files_name_rows_by_their_ids_and_rest_takes_the_others(workspace, files):
    names = sorted({name.split("/")[0] for name in files})
    splits = {"ids": {"test": names[0], "train": names[1]}, "rest": "calib"}
    frame = prepared(workspace, ROWS | files, {"splits": splits})
    assert frame["id"].tolist() == ["1", "2", "3", "04"]
    assert frame["split"].tolist() == ["train", "calib", "test", "train"]


def test_split_files_that_name_every_row_need_no_rest(workspace):
    files = {"rows.csv": table("1,a,ham\n2,b,ham\n"), "a.csv": "id\n1\n", "b.csv": "id\n2\n"}
    frame = prepared(workspace, files, {"splits": {"ids": {"train": "a.csv", "test": "b.csv"}}})
    assert frame["split"].tolist() == ["train", "test"]


def test_split_files_may_name_row_numbers(workspace):
    files = {"rows.csv": "text,kind\na,ham\nb,ham\nc,ham\n", "a.csv": "id\n0\n2\n", "b.csv": "id\n1\n"}
    splits = {"ids": {"train": "a.csv", "valid": "b.csv"}}
    frame = prepared(workspace, files, {"id": None, "splits": splits})
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert frame["split"].tolist() == ["train", "valid", "train"]


def test_the_column_of_a_split_file_is_named_as_the_tables_id(workspace):
    files = {"rows.csv": "key,text,kind\n7,a,ham\n8,b,ham\n", "a.csv": "id,key\n8,7\n"}
    frame = prepared(workspace, files, {"id": "key", "splits": {"ids": {"test": "a.csv"}, "rest": "train"}})
    assert frame["split"].tolist() == ["test", "train"]


def test_a_split_may_name_a_row_that_is_dropped(workspace):
    files = {"rows.csv": table("1,<b>,ham\n2,b,ham\n"), "a.csv": "id\n1\n2\n"}
    frame = prepared(workspace, files, {"splits": {"ids": {"train": "a.csv"}}})
    assert frame["id"].tolist() == ["2"]
    assert metrics(workspace)["rows_empty"] == 1


FILES = {
    "file and folder": ({"train": "all", "test": "a.csv"}, None, ["test", "train"]),
    "folder in a folder": ({"train": "all/more"}, "valid", ["valid", "train"]),
    "file in a folder": ({"calib": "all/more/b.csv"}, "train", ["train", "calib"]),
}


@pytest.mark.parametrize(("splits", "rest", "found"), FILES.values(), ids=FILES)
def test_files_and_folders_are_splits_and_rest_takes_the_others(workspace, splits, rest, found):
    files = {"a.csv": table("1,a,ham\n"), "all/more/b.csv": table("2,b,ham\n")}
    frame = prepared(workspace, files, {"files": ["a.csv", "all"], "splits": {"files": splits, "rest": rest}})
    assert frame["id"].tolist() == ["1", "2"]
    assert frame["split"].tolist() == found


def test_files_of_a_hub_data_set_are_splits(workspace):
    files = {"me--posts/train.jsonl": lines(row(id="1")), "me--posts/test.jsonl": lines(row(id="2"))}
    splits = {"files": {"train": "me--posts/train.jsonl", "test": "me--posts/test.jsonl"}}
    frame = prepared(workspace, files, {"files": ["hf://me/posts"], "splits": splits})
    assert dict(zip(frame["id"], frame["split"], strict=True)) == {"1": "train", "2": "test"}


def test_a_column_names_the_split(workspace):
    parts = ["tr", "dev", "ev", "tune", "new", ""]
    content = "id,text,kind,part\n" + "".join(f"{number},a,ham,{part}\n" for number, part in enumerate(parts))
    values = {"train": ["tr", "new"], "valid": ["dev"], "calib": ["tune"], "test": ["ev"]}
    frame = prepared(
        workspace, {"rows.csv": content}, {"splits": {"column": "part", "values": values, "rest": "train"}}
    )
    assert frame["split"].tolist() == ["train", "valid", "test", "calib", "train", "train"]


def test_values_of_a_split_column_may_be_numbers_and_booleans(workspace):
    rows = [row(id="1", part=0), row(id="2", part=1), row(id="3", part=True)]
    splits = {"column": "part", "values": {"train": ["0"], "valid": ["1"], "test": ["True"]}}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"splits": splits})
    assert frame["split"].tolist() == ["train", "valid", "test"]


@pytest.mark.parametrize("name", SPLITS)
def test_a_table_may_be_one_split_whole(workspace, name):
    frame = prepared(workspace, ROWS, {"splits": {"files": {name: "rows.csv"}}})
    assert frame["split"].tolist() == [name] * 4
