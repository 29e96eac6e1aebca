"""Folds of the rows of a task's own splits: each row is test once, what belongs together stays so, shares are kept."""

import numpy as np
import pytest

from decant.data import folds
from decant.paths import SPLITS
from decant.settings.split import Fold

ROWS, OF = 600, 5
TEST = SPLITS.index("test")


def made(rows: int = ROWS, seed: int = 1):
    """home, why, spread and together of rows in clusters of one to six."""
    rng = np.random.default_rng(seed)
    home = rng.choice(4, size=rows, p=[0.6, 0.1, 0.15, 0.15])
    together = np.repeat(np.arange(rows), rng.integers(1, 7, rows))[:rows]
    home = home[together]  # a cluster stands in one split
    why = np.full(rows, "", dtype=object)
    why[::50] = "leaks"
    spread = rng.random((rows, 3)) < [0.5, 0.2, 0.05]
    return home, why, spread, together


def all_folds(rows: str, made: tuple, seed: int = 13) -> np.ndarray:
    """(OF, n) the split where each row stands in each fold, -1 for none."""
    home, why, spread, together = made
    found = []
    for number in range(OF):
        placed, left = folds.divided(home, why, spread, together, Fold(of=OF, number=number, rows=rows), seed)
        found.append(np.where(left == "", placed, -1))
    return np.array(found)


@pytest.mark.parametrize("rows", ["development", "all"])
def test_each_row_is_test_in_one_fold_and_in_another_split_in_the_others(rows):
    home, why, *rest = made()
    place = all_folds(rows, (home, why, *rest))
    pooled = (why == "") & ((home < TEST) | (rows == "all"))
    assert ((place == TEST).sum(axis=0) == pooled).all()
    assert ((place >= 0).all(axis=0) == pooled).all()
    assert (place[:, ~pooled] == -1).all()


def test_the_tasks_own_test_rows_are_in_no_fold_of_development():
    home, why, spread, together = made()
    _, left = folds.divided(home, why, spread, together, Fold(of=OF, number=0, rows="development"), 13)
    assert (left[(home == TEST) & (why == "")] == "fold").all()
    assert (left[why == "leaks"] == "leaks").all()


@pytest.mark.parametrize("rows", ["development", "all"])
def test_what_belongs_together_stands_in_one_split_of_each_fold(rows):
    home, why, spread, together = made()
    for place in all_folds(rows, (home, why, spread, together)):
        for cluster in np.unique(together):
            assert len(set(place[(together == cluster) & (place >= 0)])) <= 1


def test_folds_are_of_one_size_and_the_rest_keeps_the_shares_of_the_own_splits():
    home, why, *rest = made()
    own = np.bincount(home[why == ""], minlength=4)
    for place in all_folds("development", (home, why, *rest)):
        sizes = np.bincount(place[place >= 0], minlength=4)
        assert sizes[TEST] == pytest.approx(own[:TEST].sum() / OF, abs=3)
        assert sizes[:TEST] / sizes[:TEST].sum() == pytest.approx(own[:TEST] / own[:TEST].sum(), abs=0.02)


def test_labels_are_spread_evenly_over_the_folds():
    home, why, spread, together = made()
    place = all_folds("all", (home, why, spread, together))
    share = np.array([spread[fold == TEST].mean(axis=0) for fold in place])
    assert np.abs(share - spread[why == ""].mean(axis=0)).max() < 0.03


def test_another_seed_cuts_otherwise_and_the_same_one_alike():
    rows = made()
    assert (all_folds("all", rows) == all_folds("all", rows)).all()
    assert (all_folds("all", rows) != all_folds("all", rows, seed=14)).any()
