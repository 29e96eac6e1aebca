"""Stratifying and cutting by time: shares hold for every mark, groups stay whole, settled rows stay where they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.stratify import by_time, marks, stratify
from decant.heads import layout

SHARES = np.array([0.6, 0.1, 0.15, 0.15])
HALVES = np.array([0.5, 0.5])


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    return labels[:, None] == np.arange(count)


def alone(rows: int) -> np.ndarray:
    """Groups of one row each."""
    return np.arange(rows)


def counts(spread: np.ndarray, place: np.ndarray, splits: int = 4) -> np.ndarray:
    """(splits, marks) how often each mark stands in each split."""
    return np.stack([spread[place == index].sum(axis=0) for index in range(splits)])


def off(spread: np.ndarray, place: np.ndarray, shares: np.ndarray = SHARES) -> float:
    """The most rows by which a mark, or the number of rows, misses its share of a split."""
    spread = np.column_stack([spread, np.ones(len(spread))])
    return np.abs(counts(spread, place, len(shares)) - np.outer(shares, spread.sum(axis=0))).max()


# -- stratify ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [20, 99, 100, 1000])
@pytest.mark.parametrize("chances", [[0.5, 0.5], [0.9, 0.1], [0.02, 0.3, 0.68]], ids=str)
def test_each_class_gets_its_share_to_the_row(rows, chances):
    spread = one_hot(np.random.default_rng(1).choice(len(chances), rows, p=chances), len(chances))
    assert off(spread, stratify(spread, alone(rows), SHARES, 1)) < 1.5


def test_a_rare_label_among_many_is_spread_too():
    rng = np.random.default_rng(2)
    spread = rng.random((400, 4)) < [0.5, 0.3, 0.2, 0.0]
    spread[rng.choice(400, 20, replace=False), 3] = True
    place = stratify(spread, alone(400), SHARES, 2)
    assert counts(spread, place)[:, 3].tolist() == [12, 2, 3, 3]
    assert off(spread, place) < 4  # of 400 rows: 1 %


def test_a_rare_label_is_spread_even_if_hardly_two_rows_have_the_same_labels():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        spread = rng.random((400, 14)) < 0.5
        spread[:, 13] = np.arange(400) < 20
        place = stratify(spread, alone(400), SHARES, seed)
        assert counts(spread, place)[:, 13].tolist() == [12, 2, 3, 3]


def test_combinations_of_labels_are_spread_not_labels_alone():
    # crypto occurs in spam alone: a split by kind alone could put it all on one side
    spam = np.repeat([True, False], [200, 200])
    crypto = np.arange(400) < 40
    spread = np.column_stack([spam, ~spam, crypto])
    place = stratify(spread, alone(400), SHARES, 3)
    assert counts(spread, place)[:, 2].tolist() == [24, 4, 6, 6]
    assert counts(spread, place)[:, 0].tolist() == [120, 20, 30, 30]


def test_many_frequent_marks_are_all_spread():
    # a softmax head beside a regression head: whichever is placed first must not leave the other to chance
    rng = np.random.default_rng(11)
    for _ in range(20):
        kind, quarter = one_hot(rng.choice(2, 300, p=[0.7, 0.3]), 2), one_hot(rng.permutation(300) % 4, 4)
        spread = np.column_stack([kind, quarter])
        assert off(spread, stratify(spread, alone(300), SHARES, 11)) < 3  # of 300 rows: 1 %


def test_groups_stay_whole_and_shares_hold():
    rng = np.random.default_rng(4)
    groups = np.unique(rng.integers(0, 200, 500), return_inverse=True)[1]
    spread = one_hot(rng.choice(2, 500, p=[0.7, 0.3]), 2)
    place = stratify(spread, groups, SHARES, 4)
    assert all(len(set(place[groups == group])) == 1 for group in range(groups.max() + 1))
    assert off(spread, place) < 5


def test_a_group_larger_than_a_split_goes_where_it_fits():
    groups = np.concatenate([np.zeros(50, dtype=int), np.arange(1, 51)])
    place = stratify(np.ones((100, 1), dtype=bool), groups, SHARES, 5)
    assert set(place[:50]) == {0}
    assert np.bincount(place, minlength=4).tolist() == [60, 10, 15, 15]


@pytest.mark.parametrize("closed", range(4))
def test_a_share_of_zero_gets_nothing(closed):
    shares = np.insert([0.5, 0.3, 0.2], closed, 0.0)
    spread = np.zeros((60, 2), dtype=bool)
    spread[:30, 0] = True  # the other rows have no mark at all
    place = stratify(spread, alone(60), shares, 6)
    assert np.bincount(place, minlength=4).tolist() == (shares * 60).round().astype(int).tolist()


def test_a_share_of_zero_gets_nothing_even_if_the_others_are_full():
    groups = np.repeat([0, 1, 2], 10)  # three groups of ten rows, two shares of fifteen
    place = stratify(np.ones((30, 1), dtype=bool), groups, np.array([0.5, 0.5, 0.0]), 6)
    assert sorted(np.bincount(place, minlength=3).tolist()) == [0, 10, 20]
    assert 2 not in place


def test_rows_without_any_mark_are_spread_by_the_shares():
    place = stratify(np.zeros((200, 3), dtype=bool), alone(200), SHARES, 7)
    assert np.bincount(place).tolist() == [120, 20, 30, 30]


def test_the_seed_decides():
    spread = one_hot(np.random.default_rng(8).choice(2, 300), 2)
    first, again, other = (stratify(spread, alone(300), SHARES, seed) for seed in (8, 8, 9))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert counts(spread, first).tolist() == counts(spread, other).tolist()


@pytest.mark.parametrize("size", [1, 3])
def test_many_equal_groups_are_dealt_out_to_the_row(size):
    """100,000 groups with few kinds of marks: one at a time, they would take minutes."""
    rng = np.random.default_rng(9)
    kind, loud = rng.choice(4, 100_000, p=[0.6, 0.3, 0.09, 0.01]), rng.random(100_000) < 0.2
    spread = np.column_stack([one_hot(kind, 4), loud]).repeat(size, axis=0)
    groups = alone(100_000).repeat(size)
    place = stratify(spread, groups, SHARES, 9)
    assert off(spread, place) <= size
    assert (place.reshape(-1, size) == place[::size, None]).all()


def test_dealing_out_takes_the_members_by_lot():
    """Rows of one kind come sorted by id, often by time: the first of them must not all be train."""
    place = stratify(np.ones((1000, 1), dtype=bool), alone(1000), HALVES, 10)
    assert np.bincount(place).tolist() == [500, 500]
    assert 200 < (place[:500] == 0).sum() < 300


# -- rows that are settled already -------------------------------------------------------------------------------------


def test_settled_rows_stay_and_count_in_the_share_of_their_split():
    spread = one_hot(np.arange(200) % 2, 2)
    fixed = np.where(np.arange(200) < 20, 3, -1)
    place = stratify(spread, alone(200), SHARES, 1, fixed)
    assert set(place[:20]) == {3}
    assert counts(spread, place).tolist() == [[60, 60], [10, 10], [15, 15], [15, 15]]


def test_settled_rows_beyond_the_share_close_their_split():
    fixed = np.where(np.arange(100) < 40, 3, -1)
    place = stratify(np.ones((100, 1), dtype=bool), alone(100), SHARES, 1, fixed)
    assert set(place[:40]) == {3}
    assert np.bincount(place[40:], minlength=4).tolist() == [42, 7, 11, 0]


def test_a_settled_row_takes_its_group_along_to_the_latest_split():
    groups = np.repeat(np.arange(30), 4)
    fixed = np.full(120, -1)
    fixed[[1, 4, 6]] = 3, 1, 2
    place = stratify(np.ones((120, 1), dtype=bool), groups, SHARES, 1, fixed)
    assert set(place[:4]) == {3}
    assert set(place[4:8]) == {2}


def test_a_settled_row_stays_in_a_split_without_a_share():
    place = stratify(np.ones((10, 1), dtype=bool), alone(10), np.array([1.0, 0.0]), 1, np.array([1] + [-1] * 9))
    assert place.tolist() == [1] + [0] * 9


def test_nothing_settled_is_as_without_the_argument():
    spread = one_hot(np.arange(90) % 3, 3)
    assert (
        stratify(spread, alone(90), SHARES, 1, np.full(90, -1)).tolist()
        == stratify(spread, alone(90), SHARES, 1).tolist()
    )


# -- any table ---------------------------------------------------------------------------------------------------------


@st.composite
def tables(draw):
    """Marks, groups, shares and settled rows of up to 80 rows."""
    rows, width = draw(st.integers(1, 80)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    spread = rng.random((rows, width)) < rng.random(width)
    groups = np.unique(rng.integers(0, draw(st.integers(1, rows)), rows), return_inverse=True)[1]
    weights = np.array(draw(st.lists(st.integers(0, 5), min_size=4, max_size=4).filter(any)))
    fixed = np.where(rng.random(rows) < draw(st.sampled_from([0, 0.1, 0.5])), rng.integers(0, 4, rows), -1)
    return spread, groups, weights / weights.sum(), fixed


def whole(groups: np.ndarray, place: np.ndarray) -> bool:
    return len(set(zip(groups.tolist(), place.tolist(), strict=True))) == len(set(groups.tolist()))


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(tables(), st.integers(0, 100))
def test_any_table_is_split_whole_and_near_its_shares(table, seed):
    spread, groups, shares, _ = table
    before = spread.copy(), groups.copy(), shares.copy()
    place = stratify(spread, groups, shares, seed)
    assert place.shape == groups.shape
    assert set(place.tolist()) <= set(np.flatnonzero(shares).tolist())  # every row has a place, none in a share of 0
    assert whole(groups, place)
    # single rows miss by two at most; groups that do not fit, by their own rows and half as many
    assert off(spread, place, shares) <= 1.5 * np.bincount(groups).max() + 1
    assert place.tolist() == stratify(spread, groups, shares, seed).tolist()
    for array, untouched in zip((spread, groups, shares), before, strict=True):
        np.testing.assert_array_equal(array, untouched)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(tables(), st.integers(0, 100))
def test_settled_rows_of_any_table_stay(table, seed):
    spread, groups, shares, fixed = table
    place = stratify(spread, groups, shares, seed, fixed)
    latest = np.full(groups.max() + 1, -1)
    np.maximum.at(latest, groups, fixed)
    settled = latest[groups] >= 0
    assert place[settled].tolist() == latest[groups][settled].tolist()
    assert set(place[~settled].tolist()) <= set(np.flatnonzero(shares).tolist())
    assert whole(groups, place)


# -- by time -----------------------------------------------------------------------------------------------------------

TIMES = {
    "one after the other": ([3, 1, 0, 2], [0, 1, 2, 3], [1, 0, 0, 1]),
    "a moment over the cut goes where its middle is": ([0, 1, 1, 1], [0, 1, 2, 3], [0, 1, 1, 1]),
    "a moment over the cut, its middle before it": ([1, 1, 1, 2], [0, 1, 2, 3], [0, 0, 0, 1]),
    "one moment only": ([5, 5, 5, 5], [0, 1, 2, 3], [1, 1, 1, 1]),
    "a group within one side": ([0, 1, 2, 3], [0, 0, 1, 1], [0, 0, 1, 1]),
    "a group over the cut loses its older row": ([0, 1, 2, 3], [1, 0, 2, 1], [-1, 0, 0, 1]),
    "its older row is younger than train": ([0, 1, 2, 3], [0, 1, 2, 2], [0, 0, 1, 1]),
    # it is as old as a train row: kept, one moment would stand on both sides
    "its older row is as old as the youngest of train": ([1, 2, 2, 3], [0, 1, 2, 2], [0, 0, -1, 1]),
    "a group from the first to the last": ([0, 1, 2, 3], [0, 1, 2, 0], [-1, 0, 0, 1]),
}


@pytest.mark.parametrize(("times", "groups", "expected"), TIMES.values(), ids=TIMES)
def test_the_older_half_by_time(times, groups, expected):
    assert by_time(np.array(times), np.array(groups), HALVES).tolist() == expected


@pytest.mark.parametrize("closed", range(4))
def test_by_time_a_share_of_zero_gets_nothing(closed):
    shares = np.insert([0.5, 0.3, 0.2], closed, 0.0)
    place = by_time(np.arange(100)[::-1], alone(100), shares)
    assert np.bincount(place, minlength=4).tolist() == (shares * 100).round().astype(int).tolist()
    assert place.tolist() == sorted(place, reverse=True)


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(tables(), st.integers(1, 40), st.integers(0, 100))
def test_any_table_is_cut_by_time(table, span, seed):
    _, groups, shares, _ = table
    times = np.random.default_rng(seed).integers(-span, span, len(groups))
    place = by_time(times, groups, shares)
    kept = place >= 0
    assert set(place[kept].tolist()) <= set(np.flatnonzero(shares).tolist())
    assert whole(groups[kept], place[kept])
    for split in range(3):
        early, late = times[kept & (place <= split)], times[place > split]
        assert not len(early) or not len(late) or early.max() < late.min()
    newest = np.full(groups.max() + 1, -(10**6))
    np.maximum.at(newest, groups, times)
    assert not (~kept & (times == newest[groups])).any()  # the newest rows of a group always stay


# -- marks -------------------------------------------------------------------------------------------------------------


def test_a_number_is_spread_by_the_quarter_of_its_ranks():
    heads = layout(
        {
            "kind": {"kind": "softmax", "labels": ["ham", "spam"]},
            "urgency": {"kind": "regression", "labels": []},
            "topic": {"kind": "sigmoid", "labels": ["money"]},
        }
    )
    targets = np.array([[1, 0, -5, 1], [0, 1, 100, 0], [1, 0, 0.2, 0], [0, 1, 0.1, 1]], dtype=np.float32)
    found = marks(targets, heads)
    assert found.dtype == bool
    assert found.astype(int).tolist() == [
        [1, 0, 1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 1, 0, 0],
        [0, 1, 0, 1, 0, 0, 1],
    ]


@pytest.mark.parametrize("rows", [1, 3, 4, 101])
def test_the_quarters_are_equally_large_even_if_all_numbers_are_equal(rows):
    heads = layout({"urgency": {"kind": "regression", "labels": []}})
    found = marks(np.zeros((rows, 1), dtype=np.float32), heads)
    assert (found.sum(axis=1) == 1).all()
    assert found.sum(axis=0).max() - found.sum(axis=0).min() <= 1
