"""evaluate: figures are about the rows that split wrote down for test, and coarse groups are those of the params."""

import itertools

import numpy as np
import pandas as pd
import pytest
from bundles import write_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from mini import TASK, posts, run

from decant.errors import CacheError, DataError
from decant.scoring import metrics
from stages import evaluate

CHANGES = {
    "a row removed": lambda test, other: test.iloc[1:],
    "the last row removed": lambda test, other: test.iloc[:-1],
    "a train row added": lambda test, other: pd.concat([test, other.iloc[:1]]),
    "a row twice": lambda test, other: pd.concat([test, test.iloc[:1]]),
    "a row swapped": lambda test, other: pd.concat([other.iloc[:1], test.iloc[1:]]),
    "a row under another id": lambda test, other: test.assign(id=["new", *test["id"][1:]]),
    "another answer": lambda test, other: test.assign(
        answer=["spam" if one == "ham" else "ham" for one in test["answer"]]
    ),
    "another text": lambda test, other: test.assign(text=["something else", *test["text"][1:]]),
    "another order": lambda test, other: test.iloc[::-1],
    "all of train": lambda test, other: other,
}


@pytest.fixture
def rows(workspace) -> pd.DataFrame:
    """The rows of test after a run of split, in the working folder."""
    parts, _ = run(workspace, posts())
    parts["train"].to_parquet(workspace / "train.parquet")
    return parts["test"]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_test_split_that_is_not_the_one_of_the_manifest_stops_the_stage(workspace, rows, change):
    changed = change(rows, pd.read_parquet(workspace / "train.parquet"))
    changed.to_parquet(workspace / "data" / TASK / "test.parquet", index=False)
    words = r"data/mini/test\.parquet: rows with sha256 .*manifest\.json has .* for test; .*about other rows"
    with pytest.raises(DataError, match=words):  # before any model is loaded
        evaluate.main(TASK)


def test_the_test_split_of_the_manifest_passes(rows):
    with pytest.raises(CacheError, match=r"models/mini/thresholds\.json: missing"):  # the next thing that it reads
        evaluate.main(TASK)


# -- readers without our code ------------------------------------------------------------------------------------------


def test_test_rows_that_the_tokenizer_alone_reads_in_another_way_are_counted(workspace):
    """One row has an entity that the normalizer does not know, one a tag that it does, two need no cleaning."""
    write_bundle(workspace)
    raw = ["btc &#35211; now", "<b>airdrop</b> now", "hello", "salary"]
    cleaned = ["btc \u898b now", "airdrop now", "hello", "salary"]
    frame = pd.DataFrame({"raw": raw, "text": cleaned})
    assert evaluate.read_alone("demo", frame, 48) == 0.25
    assert evaluate.read_alone("demo", frame.assign(raw=cleaned), 48) == 0.0


# -- coarse groups -----------------------------------------------------------------------------------------------------

LABELS = ["joy", "pride", "fear", "anger"]
GROUPS = {"pleasant": ["pride", "joy"], "unpleasant": ["anger", "fear"]}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1, 0, 0, 0], [1, 0]),
        ([0, 1, 0, 0], [1, 0]),
        ([0, 0, 1, 0], [0, 1]),
        ([0, 0, 0, 1], [0, 1]),
        ([1, 1, 0, 0], [1, 0]),
        ([1, 0, 0, 1], [1, 1]),
        ([0, 0, 0, 0], [0, 0]),
    ],
    ids=str,
)
def test_a_group_holds_where_any_of_its_labels_does(row, expected):
    found = metrics.grouped(GROUPS, LABELS, np.array([row, [1, 1, 1, 1]], dtype=bool))
    assert found.dtype == bool
    assert found.astype(int).tolist() == [expected, [1, 1]]


def test_an_answer_in_the_right_group_is_right_in_the_coarse_figures():
    """Joy for pride and fear for anger are wrong labels in right groups; joy for fear is wrong in both."""
    one = np.eye(4, dtype=bool)
    gold, answers = one[[0, 1, 2, 3]], one[[0, 0, 0, 2]]
    fine = metrics.summary(gold, answers)
    coarse = metrics.summary(*(metrics.grouped(GROUPS, LABELS, part) for part in (gold, answers)))
    assert (fine["accuracy"], coarse["accuracy"]) == (0.25, 0.75)
    assert coarse["macro_f1"] == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(st.permutations(range(6)), st.integers(1, 6), st.integers(0, 1000))
def test_groups_of_any_labels_in_any_order(order, count, seed):
    names = [f"label {number}" for number in range(6)]
    cuts = [0, *sorted(np.random.default_rng(seed).choice(np.arange(1, 6), count - 1, replace=False).tolist()), 6]
    groups = {f"group {a}": [names[one] for one in order[a:b]] for a, b in itertools.pairwise(cuts)}
    values = np.random.default_rng(seed).random((20, 6)) < 0.3
    found = metrics.grouped(groups, names, values)
    assert found.tolist() == [
        [any(row[names.index(label)] for label in labels) for labels in groups.values()] for row in values
    ]
