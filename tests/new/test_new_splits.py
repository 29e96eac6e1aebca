"""new: splits that come with the data, by a column or by names of files, and groups across them."""

import shlex
import shutil
from pathlib import Path

import pytest
from newtask import GOOD, ROWS, TASK, cycle, proposed, refused, texts, write_csv

from decant.__main__ import main
from decant.errors import DataError
from decant.new.call import Call, Choices
from decant.new.splits import by_name, words


def test_splits_by_column_and_by_file_are_ambiguous(workspace, inbox, capsys):
    for name in ("train", "test"):
        write_csv(inbox / "posts" / f"{name}.csv", GOOD | {"fold": cycle("train", "test")})
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)
    assert (
        "split: column fold and the names of the files could be meant; leave the column out with --ignore fold" in found
    )


SPLITS = cycle("train", "train", "train", "valid", "valid", "test", "test")


def odd(*values: str) -> dict[str, list]:
    """A table whose first rows have other values in the column of splits."""
    return GOOD | {"part": [*values, *SPLITS[len(values) :]]}


@pytest.mark.parametrize("value", ["holdout2", "tets", "private test"])
def test_one_unknown_value_of_a_split_column_is_asked_about(workspace, inbox, capsys, value):
    file = write_csv(inbox / "rows.csv", odd(value, value))
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert f"column 'part' names splits (train, valid, test), but not with '{value}' (2 rows). Say what is" in found
    assert f"new splits are made: python -m decant new {file} --task mine --ignore part" in found
    choice = f"{value}=test"
    assert found.rstrip().endswith(f"--task mine --split {shlex.quote(choice)}")
    block, frame = proposed(workspace, file, "--split", choice)
    assert sorted(block["source"]["splits"]["values"]["test"]) == sorted(["test", value])
    assert frame["split"].value_counts().to_dict() == {"train": 127, "valid": 86, "test": 87}
    assert f"split: part (its values name splits: train, valid, test ({', '.join(sorted(['test', value]))}))" in (
        capsys.readouterr().out
    )


def test_without_the_column_new_splits_are_made(workspace, inbox):
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", odd("holdout2")), "--ignore", "part")
    assert "splits" not in block["source"]
    assert set(frame["split"]) == {""}


def test_many_unknown_values_are_named_up_to_five(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", odd(*"abcdefg"))
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert "'a' (1 row), 'b' (1 row), 'c' (1 row), 'd' (1 row), 'e' (1 row) and 2 more" in found


def test_train_and_an_unknown_value_are_splits_where_the_column_is_called_so(workspace, inbox, capsys):
    columns = GOOD | {"fold": cycle("train", "holdout2")}
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    assert "column 'fold' names splits (train), but not with 'holdout2' (150 rows)" in found


def test_a_column_with_few_words_of_splits_is_none(workspace, inbox):
    columns = {"text": texts(), "label": cycle("train", "test", "bus", "tram", "ferry")}
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["heads"]["label"]["labels"] == ["bus", "ferry", "test", "train", "tram"]


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("holdout2", "--split holdout2: expected VALUE=SPLIT, with a split of train, valid, calib, test"),
        ("holdout2=exam", "--split holdout2=exam: expected VALUE=SPLIT"),
        (
            "holdout3=test",
            "--split holdout3=test: no such value or file; those that name splits are train, valid, test",
        ),
    ],
)
def test_a_choice_of_splits_that_does_not_do_is_refused(workspace, inbox, capsys, choice, words):
    file = write_csv(inbox / "rows.csv", odd())
    assert words in refused(workspace, capsys, str(file), "--task", TASK, "--split", choice)


def test_a_choice_of_splits_without_splits_is_refused(workspace, inbox, capsys):
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", GOOD)), "--task", TASK, "--split", "a=test")
    assert "--split a=test: no such value or file; nothing there names splits" in found


def parts(folder: Path, *names: str) -> None:
    """A table in that many files."""
    size = ROWS // len(names)
    for n, name in enumerate(names):
        write_csv(folder / name, {key: values[n * size : (n + 1) * size] for key, values in GOOD.items()})


def test_a_file_that_names_no_split_beside_those_that_do_is_asked_about(workspace, inbox, capsys):
    parts(inbox / "posts", "train.csv", "extra.csv", "test.csv")
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)
    assert (
        "split: posts/test.csv, posts/train.csv are named as splits, but not posts/extra.csv. Say what is meant"
        in found
    )
    block, frame = proposed(workspace, inbox / "posts", "--split", "extra=valid")
    assert block["source"]["splits"]["files"] == {
        "train": "posts/train.csv",
        "valid": "posts/extra.csv",
        "test": "posts/test.csv",
    }
    assert frame["split"].value_counts().to_dict() == {"train": 100, "valid": 100, "test": 100}


def test_two_files_of_one_split_need_a_folder(workspace, inbox, capsys):
    parts(inbox / "posts", "train-1.csv", "train-2.csv", "reviews_test.csv")
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)
    assert "split: posts/train-1.csv and posts/train-2.csv are both named as train; put the files of one split" in found
    shutil.rmtree(inbox / "posts")
    parts(inbox / "posts", "train/1.csv", "train/2.csv", "reviews_test.csv")
    block, frame = proposed(workspace, inbox / "posts")
    assert block["source"]["splits"]["files"] == {"train": "posts/train", "test": "posts/reviews_test.csv"}
    assert frame["split"].value_counts().to_dict() == {"train": 200, "test": 100}


def test_a_group_that_the_given_splits_cut_is_left_out_with_its_numbers(workspace, inbox, capsys):
    authors = [f"a{n}" for n in range(ROWS)]
    authors[0] = authors[3] = authors[5] = authors[7] = "everywhere"  # train, valid, test, train
    authors[8] = authors[10] = "twice"  # train, valid
    authors[1] = authors[2] = "train alone"
    file = write_csv(inbox / "rows.csv", GOOD | {"part": SPLITS, "author": authors})
    block, _ = proposed(workspace, file)
    assert "group" not in block["source"]
    assert (
        "group: none after all (2 of 295 values of author have rows in two given splits or more, 6 rows in all; to keep them "
        "together, 4 rows would be dropped from the earlier splits)"
    ) in capsys.readouterr().out


def test_a_group_that_the_given_splits_keep_whole_stays(workspace, inbox, capsys):
    authors = [f"{split} {n // 50}" for n, split in enumerate(SPLITS)]
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", GOOD | {"part": SPLITS, "author": authors}))
    assert block["source"]["group"] == {"columns": ["author"]}
    assert frame["group"].tolist() == [authors[int(one)] for one in frame["id"]]
    assert "group: none" not in capsys.readouterr().out


NAMED = {
    "one word": (["sms_TrainData.csv", "sms_TestData.csv"], {"train": "sms_TrainData.csv", "test": "sms_TestData.csv"}),
    "glued": (["traindata.csv", "testset.csv"], {"train": "traindata.csv", "test": "testset.csv"}),
    "numbered": (["train1.csv", "dev2.csv"], {"train": "train1.csv", "valid": "dev2.csv"}),
    "as they are done": (["training.csv", "testing.csv"], {"train": "training.csv", "test": "testing.csv"}),
}


@pytest.mark.parametrize("name", NAMED)
def test_files_are_known_as_splits_however_their_names_say_it(name, tmp_path):
    files, expected = NAMED[name]
    call = Call(tmp_path, TASK, Choices())
    assert by_name(files, "", words(call), call) == expected
    assert call.questions == []


def test_files_without_names_of_splits_are_one_table_and_that_is_said(workspace, inbox, capsys):
    parts(inbox / "posts", "monday.csv", "tuesday.csv")
    assert main(["new", str(inbox / "posts"), "--task", TASK, "--dry-run"]) == 0
    assert "split: none (the 2 files are one table, for their names say no splits" in capsys.readouterr().out


def test_a_test_file_beside_one_that_says_nothing_is_asked_about(tmp_path):
    call = Call(tmp_path, TASK, Choices())
    assert by_name(["reviews.csv", "test.csv"], "", words(call), call) == {"train": "reviews.csv", "test": "test.csv"}
    assert call.answers == ["--split", "reviews=train"]
    with pytest.raises(DataError, match=r"and none is train.*--no-splits"):
        by_name(["valid.csv", "test.csv"], "", words(call), call)
