"""Rows of all folds are put together only where each was test once, far from what its own fold learnt from."""

import pandas as pd
import pytest

from decant.crossfit.pooled import refuse_torn
from decant.errors import DataError


def placed() -> list[pd.DataFrame]:
    """Twelve rows in six clusters of two, and three folds."""
    rows = pd.DataFrame(
        {"id": [f"r{row:02}" for row in range(12)], "cluster": [f"r{row // 2 * 2:02}" for row in range(12)]}
    )
    rows["group"] = ""
    turn = ["train", "train", "valid", "calib"]
    others = [turn[row // 2 % 4] for row in range(12)]
    return [
        rows.assign(split=["test" if row // 4 == number else others[row] for row in range(12)]) for number in range(3)
    ]


def change(parts: list[pd.DataFrame], number: int, row: int, **values) -> None:
    for name, value in values.items():
        parts[number].loc[row, name] = value


def test_whole_folds_pass():
    refuse_torn("mini", placed())


def test_a_row_that_two_folds_tested_is_refused():
    parts = placed()
    change(parts, 1, 0, split="test")
    with pytest.raises(DataError, match=r"1 rows are test in two folds, e\.g\. 'r00'"):
        refuse_torn("mini", parts)


def test_a_row_that_no_fold_tested_is_refused():
    parts = placed()
    change(parts, 0, 0, split="train")
    with pytest.raises(DataError, match=r"1 rows of fold 1 are test in no fold, e\.g\. 'r00'"):
        refuse_torn("mini", parts)


def test_a_fold_that_sees_its_own_test_rows_in_train_is_refused():
    parts = placed()
    again = parts[2][parts[2]["id"] == "r08"].assign(split="train")
    parts[2] = pd.concat([parts[2], again], ignore_index=True)
    with pytest.raises(DataError, match=r"fold 3 learnt from what it was tested on: 1 values of id stand in test"):
        refuse_torn("mini", parts)


def test_a_cluster_that_is_torn_between_test_and_train_is_refused():
    parts = placed()
    for part in parts:
        part.loc[part["id"] == "r05", "cluster"] = "r00"
    with pytest.raises(DataError, match=r"fold 1 learnt from what it was tested on: 1 values of cluster .* 'r00'"):
        refuse_torn("mini", parts)


def test_a_group_that_is_torn_is_refused_and_rows_without_one_share_none():
    parts = placed()
    refuse_torn("mini", parts)  # all without a group
    for part in parts:
        part.loc[part["id"].isin(["r00", "r11"]), "group"] = "one author"
    with pytest.raises(DataError, match=r"values of group stand in test and in another split, e\.g\. 'one author'"):
        refuse_torn("mini", parts)


def test_folds_of_other_rows_are_not_mixed():
    parts = placed()
    parts[1] = parts[1][parts[1]["id"] != "r00"].reset_index(drop=True)
    with pytest.raises(DataError, match=r"fold 2 has not 1 rows of the others, e\.g\. 'r00'; folds of other rows"):
        refuse_torn("mini", parts)
