"""split: every row in one place, labels spread evenly, no text on two sides, and given splits taken at their word."""

import copy
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from graph import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from decant.errors import DataError
from decant.heads import layout
from decant.schema import SPLITS
from decant.text import normal_form
from stages import split

YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False
COMMITTED = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
TASK = "mini"
SHARES = np.array([0.6, 0.1, 0.15, 0.15])
BLOCK = {
    "source": {
        "files": ["rows.csv"], "format": "csv", "id": "id", "text": "text",
        "labels": {"kind": {"column": "kind", "classes": {"spam": ["spam"], "ham": ["ham"]}}},
    },
    "heads": {"kind": {"kind": "softmax", "labels": ["ham", "spam"]}},
    "decision": {"rule": "argmax", "head": "kind"},
}  # fmt: skip


def one_hot(labels: np.ndarray, count: int) -> np.ndarray:
    return labels[:, None] == np.arange(count)


def alone(rows: int) -> np.ndarray:
    """Groups of one row each."""
    return np.arange(rows)


def counts(marks: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(splits, marks) how often each mark stands in each split."""
    return np.stack([marks[place == index].sum(axis=0) for index in range(len(SPLITS))])


# -- stratify ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [20, 99, 100, 1000])
@pytest.mark.parametrize("chances", [[0.5, 0.5], [0.9, 0.1], [0.02, 0.3, 0.68]], ids=str)
def test_each_class_gets_its_share_to_the_row(rows, chances):
    labels = np.random.default_rng(1).choice(len(chances), rows, p=chances)
    marks = one_hot(labels, len(chances))
    place = split.stratify(marks, alone(rows), SHARES, 1)
    assert (np.abs(counts(marks, place) - np.outer(SHARES, marks.sum(axis=0))) < 1.5).all()
    assert (np.abs(np.bincount(place, minlength=4) - SHARES * rows) < len(chances)).all()


def test_a_rare_label_among_many_is_spread_too():
    rng = np.random.default_rng(2)
    marks = rng.random((400, 4)) < [0.5, 0.3, 0.2, 0.0]
    marks[rng.choice(400, 20, replace=False), 3] = True
    place = split.stratify(marks, alone(400), SHARES, 2)
    assert counts(marks, place)[:, 3].tolist() == [12, 2, 3, 3]
    drift = np.abs(counts(marks, place) - np.outer(SHARES, marks.sum(axis=0)))
    assert drift.max() < 4  # of 400 rows: 1 %


def test_combinations_of_labels_are_spread_not_labels_alone():
    # crypto occurs in spam alone: a split by kind alone could put it all on one side
    spam = np.repeat([True, False], [200, 200])
    crypto = np.arange(400) < 40
    marks = np.column_stack([spam, ~spam, crypto])
    place = split.stratify(marks, alone(400), SHARES, 3)
    assert counts(marks, place)[:, 2].tolist() == [24, 4, 6, 6]
    assert counts(marks, place)[:, 0].tolist() == [120, 20, 30, 30]


def test_many_frequent_marks_are_all_spread():
    # a softmax head beside a regression head: whichever is placed first must not leave the other to chance
    rng = np.random.default_rng(11)
    for _ in range(20):
        kind, quarter = one_hot(rng.choice(2, 300, p=[0.7, 0.3]), 2), one_hot(rng.permutation(300) % 4, 4)
        marks = np.column_stack([kind, quarter])
        place = split.stratify(marks, alone(300), SHARES, 11)
        drift = np.abs(counts(marks, place) - np.outer(SHARES, marks.sum(axis=0)))
        assert drift.max() < 3  # of 300 rows: 1 %


def test_groups_stay_whole_and_shares_hold():
    rng = np.random.default_rng(4)
    groups = np.unique(rng.integers(0, 200, 500), return_inverse=True)[1]
    marks = one_hot(rng.choice(2, 500, p=[0.7, 0.3]), 2)
    place = split.stratify(marks, groups, SHARES, 4)
    assert all(len(set(place[groups == group])) == 1 for group in range(groups.max() + 1))
    assert (np.abs(np.bincount(place) / 500 - SHARES) < 0.02).all()


def test_a_group_larger_than_a_split_goes_where_it_fits():
    groups = np.concatenate([np.zeros(50, dtype=int), np.arange(1, 51)])
    place = split.stratify(np.ones((100, 1), dtype=bool), groups, SHARES, 5)
    assert set(place[:50]) == {0}
    assert np.bincount(place, minlength=4).tolist() == [60, 10, 15, 15]


@pytest.mark.parametrize("closed", range(4))
def test_a_share_of_zero_gets_nothing(closed):
    shares = np.insert([0.5, 0.3, 0.2], closed, 0.0)
    marks = np.zeros((60, 2), dtype=bool)
    marks[:30, 0] = True  # the other rows have no mark at all
    place = split.stratify(marks, alone(60), shares, 6)
    assert np.bincount(place, minlength=4).tolist() == (shares * 60).round().astype(int).tolist()


def test_rows_without_any_mark_are_spread_by_the_shares():
    place = split.stratify(np.zeros((200, 3), dtype=bool), alone(200), SHARES, 7)
    assert np.bincount(place).tolist() == [120, 20, 30, 30]


def test_the_seed_decides():
    marks = one_hot(np.random.default_rng(8).choice(2, 300), 2)
    first, again, other = (split.stratify(marks, alone(300), SHARES, seed) for seed in (8, 8, 9))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert counts(marks, first).tolist() == counts(marks, other).tolist()


@st.composite
def tables(draw):
    """Marks, groups and shares of up to 60 rows."""
    rows, width = draw(st.integers(1, 60)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    marks = rng.random((rows, width)) < rng.random(width)
    groups = np.unique(rng.integers(0, draw(st.integers(1, rows)), rows), return_inverse=True)[1]
    weights = np.array(draw(st.lists(st.integers(0, 5), min_size=4, max_size=4).filter(any)))
    return marks, groups, weights / weights.sum()


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(tables(), st.integers(0, 100))
def test_any_table_is_split_whole(table, seed):
    marks, groups, shares = table
    before = marks.copy(), groups.copy(), shares.copy()
    place = split.stratify(marks, groups, shares, seed)
    assert place.shape == groups.shape
    assert set(place) <= set(np.flatnonzero(shares))  # every row has a place, and none where the share is 0
    assert len({(group, where) for group, where in zip(groups, place, strict=True)}) == len(set(groups))
    assert place.tolist() == split.stratify(marks, groups, shares, seed).tolist()
    for array, untouched in zip((marks, groups, shares), before, strict=True):
        np.testing.assert_array_equal(array, untouched)


# -- marks, leaks, support ---------------------------------------------------------------------------------------------


def test_a_number_is_spread_by_the_quarter_of_its_ranks():
    heads = layout(
        {
            "kind": {"kind": "softmax", "labels": ["ham", "spam"]},
            "urgency": {"kind": "regression", "labels": []},
            "topic": {"kind": "sigmoid", "labels": ["money"]},
        }
    )
    targets = np.array([[1, 0, -5, 1], [0, 1, 100, 0], [1, 0, 0.2, 0], [0, 1, 0.1, 1]], dtype=np.float32)
    marks = split.stratification_marks(targets, heads)
    assert marks.dtype == bool
    assert marks.astype(int).tolist() == [
        [1, 0, 1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 1, 0, 0],
        [0, 1, 0, 1, 0, 0, 1],
    ]


@pytest.mark.parametrize("rows", [1, 3, 4, 101])
def test_the_quarters_are_equally_large_even_if_all_numbers_are_equal(rows):
    heads = layout({"urgency": {"kind": "regression", "labels": []}})
    marks = split.stratification_marks(np.zeros((rows, 1), dtype=np.float32), heads)
    assert (marks.sum(axis=1) == 1).all()
    assert marks.sum(axis=0).max() - marks.sum(axis=0).min() <= 1


LEAKS = {
    "none": ([0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 0]),
    "twice in one split": ([0, 0, 1, 1], [0, 0, 3, 3], [0, 0, 0, 0]),
    "train and test": ([0, 1, 0], [0, 0, 3], [1, 0, 0]),
    "order of the rows does not matter": ([0, 1, 0], [3, 0, 0], [0, 0, 1]),
    "train and valid": ([0, 0], [0, 1], [1, 0]),
    "valid and calib": ([0, 0], [2, 1], [0, 1]),
    "in all four": ([0, 0, 0, 0], [0, 1, 2, 3], [1, 1, 1, 0]),
    "two copies in train": ([0, 0, 0], [0, 0, 2], [1, 1, 0]),
}


@pytest.mark.parametrize(("groups", "place", "expected"), LEAKS.values(), ids=LEAKS)
def test_a_leak_is_a_row_whose_text_stands_in_a_later_split(groups, place, expected):
    assert split.leaks(np.array(groups), np.array(place)).astype(int).tolist() == expected


ENOUGH = np.repeat(np.arange(4), 10)


def test_enough_rows_of_every_class_pass():
    answers = one_hot(np.tile([0, 1], 20), 2)
    assert split.check_support(TASK, answers, ENOUGH, ["ham", "spam"], 5) is None


def test_a_class_too_rare_for_a_split_is_named():
    answers = one_hot(np.tile([0, 1], 20), 2)
    answers[20:29:2] = [False, True]  # calib keeps no ham
    words = r"mini: class 'ham' has 15 rows, of which calib would get 0; mini\.split\.least asks for 5"
    with pytest.raises(DataError, match=words):
        split.check_support(TASK, answers, ENOUGH, ["ham", "spam"], 5)


def test_the_least_is_enough():
    answers = one_hot(np.tile([0, 1], 20), 2)
    with pytest.raises(DataError, match=r"class 'ham' has 20 rows, of which train would get 5; .* asks for 6"):
        split.check_support(TASK, answers, ENOUGH, ["ham", "spam"], 6)
    assert split.check_support(TASK, np.zeros((40, 1), dtype=bool), ENOUGH, ["ham"], 0) is None


# -- the stage ---------------------------------------------------------------------------------------------------------


def posts(rows: int = 200, spam: float = 0.3) -> pd.DataFrame:
    """A prepared table in an order of its own; every tenth text repeats another in capitals."""
    rng = np.random.default_rng(rows)
    texts = [f"post number {row if row % 10 else rng.integers(rows)}" for row in range(rows)]
    kinds = np.where(rng.random(rows) < spam, "spam", "ham")
    frame = pd.DataFrame({"id": [f"r{row}" for row in rng.permutation(rows)], "text": texts})
    frame["text"] = [text.upper() + "!" if row % 10 == 0 else text for row, text in enumerate(frame["text"])]
    frame["answer"] = frame["kind"] = kinds
    return frame.assign(has_url=False, split="", raw=frame["text"], length=frame["text"].str.len())


def arrange(workspace: Path, frame: pd.DataFrame | None, block=BLOCK, **settings) -> None:
    """The prepared table (none, if None) and a params.yaml with one task and its own split settings."""
    tree = {key: COMMITTED[key] for key in ("encoders", "seeds", "threads", "catalogue", "defaults")}
    block = {key: {} for key in tree["defaults"]} | block | {"split": settings}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree | {"tasks": [TASK], TASK: block}, stream)
    if frame is not None:
        (workspace / "data" / TASK).mkdir(parents=True, exist_ok=True)
        frame.to_parquet(workspace / "data" / TASK / "prepared.parquet", index=False)


def run(workspace: Path, frame: pd.DataFrame, block=BLOCK, **settings) -> tuple[dict[str, pd.DataFrame], dict]:
    """The four tables and the metrics of one run."""
    arrange(workspace, frame, block, **settings)
    split.main(TASK)
    parts = {name: pd.read_parquet(workspace / "data" / TASK / f"{name}.parquet") for name in SPLITS}
    return parts, json.loads((workspace / "metrics" / TASK / "split.json").read_text(encoding="utf-8"))


def refuses(workspace: Path, frame: pd.DataFrame | None, words: str, **settings) -> None:
    """split stops with the words in its message, and writes nothing."""
    arrange(workspace, frame, **settings)
    before = sorted(workspace.rglob("*"))
    with pytest.raises(DataError, match=words):
        split.main(TASK)
    assert sorted(workspace.rglob("*")) == before


def test_generated_splits_hold_every_row_once_and_share_no_text(workspace):
    frame = posts()
    parts, metrics = run(workspace, frame)
    for part in parts.values():
        assert part["id"].tolist() == sorted(part["id"])
        assert list(part.columns) == [column for column in frame.columns if column != "split"]
    together = pd.concat(parts.values()).sort_values("id", ignore_index=True)
    expected = frame.drop(columns="split").sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(together, expected)
    forms = {name: set(part["text"].map(normal_form)) for name, part in parts.items()}
    assert sum(map(len, forms.values())) == len(set.union(*forms.values())) < len(frame)
    assert {key: value for key, value in metrics.items() if key.startswith("leakage_")} == {
        "leakage_train_valid": 0, "leakage_train_calib": 0, "leakage_train_test": 0,
        "leakage_valid_calib": 0, "leakage_valid_test": 0, "leakage_calib_test": 0,
    }  # fmt: skip
    assert (metrics["given"], metrics["dropped_leaks"]) == (False, 0)


def test_the_metrics_describe_each_split(workspace):
    frame = posts()
    parts, metrics = run(workspace, frame)
    for name, part in parts.items():
        spam = (part["kind"] == "spam").sum()
        drift = abs((part["kind"] == "spam").mean() - (frame["kind"] == "spam").mean())
        assert metrics[name] == {
            "n": len(part),
            "sha256": hashlib.sha256("\n".join(part["id"]).encode()).hexdigest(),
            "drift": round(drift, 4),
            "answers": {"ham": len(part) - spam, "spam": spam},
        }
        assert abs(len(part) - COMMITTED["defaults"]["split"][name] * 200) < 5
        assert drift < 0.03


def test_the_shares_and_the_seed_come_from_params(workspace):
    shares = {"train": 0.25, "valid": 0.25, "calib": 0.25, "test": 0.25}
    first, metrics = run(workspace, posts(), **shares, seed=1)
    assert all(45 <= metrics[name]["n"] <= 55 for name in SPLITS)
    again, _ = run(workspace, posts(), **shares, seed=1)
    other, _ = run(workspace, posts(), **shares, seed=2)
    assert all(first[name].equals(again[name]) for name in SPLITS)
    assert not first["test"].equals(other["test"])


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows without their repeated texts, in turn in train, train, valid, calib, test."""
    frame = frame[~frame["text"].map(normal_form).duplicated()].reset_index(drop=True)
    turn = ["train", "train", "valid", "calib", "test"]
    return frame.assign(split=[turn[row % 5] for row in range(len(frame))])


@pytest.mark.parametrize("policy", ["fail", "drop", "report"])
def test_given_splits_without_leaks_are_kept_exactly(workspace, policy):
    frame = placed(posts())
    parts, metrics = run(workspace, frame, leaks=policy)
    for name, part in parts.items():
        assert part["id"].tolist() == sorted(frame["id"][frame["split"] == name])
        assert metrics[name]["n"] == len(part)
    assert (metrics["given"], metrics["dropped_leaks"]) == (True, 0)


def leaky() -> pd.DataFrame:
    """Given splits with two leaks: a test text in train, and one text in train, valid and calib."""
    frame = placed(posts())
    rows = {name: frame.index[frame["split"] == name] for name in SPLITS}
    frame.loc[rows["train"][0], "text"] = "WIN now!!"
    frame.loc[rows["test"][0], "text"] = "win   now"
    frame.loc[[rows["train"][1], rows["valid"][0], rows["calib"][0]], "text"] = "one text, three splits"
    return frame


def test_leaks_in_given_splits_stop_the_stage(workspace):
    frame = leaky()
    found = frame["id"][leaking_rows(frame)].tolist()
    words = rf"mini: 3 rows .* e\.g\. ids {re.escape(str(found))}.*mini\.split\.leaks to drop or report"
    refuses(workspace, frame, words, leaks="fail")


def leaking_rows(frame: pd.DataFrame) -> list[int]:
    """The rows that leaky() made leak: all but those in the last split of their text."""
    first = {name: frame.index[frame["split"] == name] for name in SPLITS}
    return sorted([first["train"][0], first["train"][1], first["valid"][0]])


def test_leaks_are_dropped_from_the_earlier_split(workspace):
    frame = leaky()
    gone = leaking_rows(frame)
    parts, metrics = run(workspace, frame, leaks="drop")
    for name, part in parts.items():
        kept = frame[(frame["split"] == name) & ~frame.index.isin(gone)]
        assert part["id"].tolist() == sorted(kept["id"])
        assert metrics[name]["n"] == len(kept)
    assert metrics["dropped_leaks"] == 3
    assert not any(value for key, value in metrics.items() if key.startswith("leakage_"))
    assert "win   now" in parts["test"]["text"].tolist()


def test_leaks_are_reported_and_kept(workspace):
    frame = leaky()
    parts, metrics = run(workspace, frame, leaks="report")
    assert sum(map(len, parts.values())) == len(frame)
    assert metrics["dropped_leaks"] == 0
    assert {key: value for key, value in metrics.items() if key.startswith("leakage_")} == {
        "leakage_train_valid": 1, "leakage_train_calib": 1, "leakage_train_test": 1,
        "leakage_valid_calib": 1, "leakage_valid_test": 0, "leakage_calib_test": 0,
    }  # fmt: skip


def test_a_class_too_rare_for_a_generated_split_stops_the_stage(workspace):
    frame = posts()
    frame["kind"] = np.where(np.arange(len(frame)) < 12, "spam", "ham")
    refuses(
        workspace, frame, r"mini: class 'spam' has 12 rows, of which valid would get 1; mini\.split\.least asks for 5"
    )


def test_a_class_missing_from_a_given_split_stops_the_stage(workspace):
    frame = placed(posts())
    frame.loc[frame["split"] == "calib", "kind"] = "ham"
    refuses(workspace, frame, r"class 'spam' has \d+ rows, of which calib would get 0")


def test_a_class_that_dropping_leaks_makes_too_rare_stops_the_stage(workspace):
    frame = placed(posts())
    spam = frame["kind"] == "spam"
    valid, test = (frame.index[spam & (frame["split"] == name)] for name in ("valid", "test"))
    copies = min(len(valid), len(test))
    frame.loc[valid, "text"] = frame.loc[test[:copies], "text"].tolist() + ["x"] * (len(valid) - copies)
    refuses(workspace, frame, r"class 'spam' has \d+ rows, of which valid would get [0-4];", leaks="drop")


def test_a_share_of_zero_stops_the_stage_unless_least_is_zero(workspace):
    shares = {"train": 0.7, "valid": 0.0, "calib": 0.15, "test": 0.15}
    refuses(workspace, posts(), "of which valid would get 0", **shares)
    parts, metrics = run(workspace, posts(), **shares, least=0)
    assert (len(parts["valid"]), metrics["valid"]["n"]) == (0, 0)


def test_a_label_that_the_head_does_not_have_stops_the_stage(workspace):
    frame = posts()
    frame.loc[3, "kind"] = "spma"
    refuses(workspace, frame, rf"prepared\.parquet: row {frame['id'][3]}: head kind has no label 'spma'")


def test_a_missing_table_stops_the_stage(workspace):
    refuses(workspace, None, r"data/mini/prepared\.parquet: missing.*dvc repro")


def test_a_split_that_tears_a_text_apart_is_caught(workspace, monkeypatch):
    monkeypatch.setattr(split, "stratify", lambda marks, groups, shares, seed: np.arange(len(groups)) % 4)
    arrange(workspace, posts())
    with pytest.raises(DataError, match=r"mini: \d+ texts of train are in \w+ too; this is a bug in split"):
        split.main(TASK)
    assert not (workspace / "metrics" / TASK).exists()


def test_numbers_are_spread_over_the_splits(workspace):
    frame = posts()
    frame["urgency"] = np.random.default_rng(1).random(len(frame)) ** 4  # most are small, few are large
    block = copy.deepcopy(BLOCK)
    block["heads"]["urgency"] = {"kind": "regression"}
    block["source"]["labels"]["urgency"] = {"column": "urgency"}
    parts, _ = run(workspace, frame, block)
    limits = frame["urgency"].quantile([0.25, 0.5, 0.75])
    for part in parts.values():
        quarters = np.bincount(np.searchsorted(limits, part["urgency"]), minlength=4) / len(part)
        assert (np.abs(quarters - 0.25) < 0.1).all()
