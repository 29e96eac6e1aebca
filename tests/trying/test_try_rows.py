"""Rows of a first answer: folds keep like texts together and classes even."""

import numpy as np
import pytest

from decant.errors import DataError
from decant.trying.rows import folds


def test_like_texts_share_a_fold_and_classes_are_spread():
    classes = np.arange(120) % 3
    spread = classes[:, None] == np.arange(3)
    together = np.arange(120) // 2  # pairs of unlike classes
    fold = folds(spread, together, 5, 13)
    assert (fold[::2] == fold[1::2]).all()
    assert {tuple(row) for row in np.array([np.bincount(fold[classes == name], minlength=5) for name in range(3)])} <= {
        (8, 8, 8, 8, 8)
    } | {tuple(row) for row in np.array(np.meshgrid(*[[7, 8, 9]] * 5)).reshape(5, -1).T}


def test_fewer_clusters_than_folds_leave_none_empty():
    fold = folds(np.ones((6, 1), dtype=bool), np.array([0, 0, 0, 4, 4, 4]), 5, 13)
    assert sorted(set(fold.tolist())) == [0, 1]


def test_rows_of_one_cluster_are_refused():
    with pytest.raises(DataError, match=r"all 6 rows outside test share a text.*none can be held out"):
        folds(np.ones((6, 1), dtype=bool), np.zeros(6, dtype=int), 5, 13)
