"""Leaks between splits: which rows share something with a later split, and how many of the later split are touched."""

import itertools

import numpy as np
import pytest

from decant.data.leaks import leakage, leaking
from decant.paths import SPLITS

NONE = {f"{early}_{late}": 0 for early, late in itertools.combinations(SPLITS, 2)}

LEAKS = {
    "none": ([0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0]),
    "twice in one split": ([0, 0, 1, 1], [0, 0, 3, 3], [0, 0, 0, 0]),
    "train and test": ([0, 1, 0], [0, 0, 3], [1, 0, 0]),
    "order of the rows does not matter": ([0, 1, 0], [3, 0, 0], [0, 0, 1]),
    "valid and calib": ([0, 0], [2, 1], [0, 1]),
    "in all four": ([0, 0, 0, 0], [0, 1, 2, 3], [1, 1, 1, 0]),
    "two copies in train": ([0, 0, 0], [0, 0, 2], [1, 1, 0]),
    "a row that is out already": ([0, 0, 0], [-1, 0, -1], [0, 0, 0]),
}


@pytest.mark.parametrize(("groups", "place", "expected"), LEAKS.values(), ids=LEAKS)
def test_a_leak_is_a_row_whose_group_stands_in_a_later_split(groups, place, expected):
    assert leaking(np.array(groups), np.array(place)).astype(int).tolist() == expected


def test_leakage_counts_the_rows_of_the_later_split():
    codes, place = np.array([0, 0, 0, 1, 1, -1, -1]), np.array([0, 3, 3, 1, 2, 0, 3])
    assert leakage(codes, place) == NONE | {"train_test": 2, "valid_calib": 1}
