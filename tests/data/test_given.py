"""split, where the splits came with the data: what leaks between them, and what a policy does about it."""

import itertools
import re

import pandas as pd
import pytest
from mini import TIMES, given, place_of, posts, refuses, run

from decant.paths import SPLITS

PAIRS = [f"{early}_{late}" for early, late in itertools.combinations(SPLITS, 2)]
NONE = dict.fromkeys(PAIRS, 0)
POLICIES = ["fail", "drop", "report"]


def table(turn: str = "train train valid calib test") -> pd.DataFrame:
    """Rows in turn in given splits, a third of each spam, each by an author of its own, without any leak."""
    kinds = ["spam" if row % 3 == 0 else "ham" for row in range(200)]
    frame = posts(repeats=False).assign(group=[f"@{row}" for row in range(200)], kind=kinds, answer=kinds)
    return given(frame, turn)


def first(frame: pd.DataFrame, name: str, which: int = 0) -> int:
    """The index of a split's first row."""
    return frame.index[frame["split"] == name][which]


COPIES = {
    "the same text": ("exact", lambda text: text),
    "other case": ("exact", str.upper),
    "punctuation": ("exact", lambda text: f"«{text.replace(' ', ', ')}»!!"),
    "blanks": ("exact", lambda text: f"  {text.replace(' ', '   ')}\n"),
    "full width": ("exact", lambda text: "".join(chr(ord(one) + 0xFEE0) if one != " " else one for one in text)),
    "a letter changed": ("near", lambda text: text[:20] + "0" + text[21:]),
    "a word added": ("near", lambda text: f"{text} ok"),
}


@pytest.fixture(params=COPIES)
def copied(request) -> tuple[str, pd.DataFrame]:
    """How a train row leaks, and splits in which it does: its text is a copy of a test row's."""
    kind, copy = COPIES[request.param]
    frame = table()
    frame.loc[first(frame, "train"), "text"] = copy(frame["text"][first(frame, "test")])
    return kind, frame


def by_author() -> tuple[str, pd.DataFrame]:
    frame = table()
    frame.loc[first(frame, "train"), "group"] = frame["group"][first(frame, "test")]
    return "group", frame


@pytest.mark.parametrize("policy", POLICIES)
def test_splits_without_leaks_are_kept_exactly(workspace, policy):
    frame = table()
    parts, metrics = run(workspace, frame, leaks=policy)
    assert place_of(parts) == dict(zip(frame["id"], frame["split"], strict=True))
    assert {key: metrics[key] for key in metrics if key.startswith(("given", "dropped"))} == {
        "given": True, "given_train": 80, "given_valid": 40, "given_calib": 40, "given_test": 40,
        "dropped_time": 0, "dropped_leaks": 0, "dropped_fast": 0,
        "given_leakage_exact": NONE, "given_leakage_near": NONE, "given_leakage_group": NONE,
    }  # fmt: skip
    assert [metrics[f"leakage_{kind}"] for kind in ("id", "exact", "near", "group")] == [NONE] * 4


def test_a_test_text_in_train_stops_the_stage(workspace, copied):
    kind, frame = copied
    found = re.escape(
        f"1 rows share their {kind} with a later split, e.g. ids ['{frame['id'][first(frame, 'train')]}']"
    )
    refuses(workspace, frame, f"mini: .*{found}.*Set mini.split.leaks to drop or report")


def test_a_near_duplicate_is_not_called_an_equal_text(workspace):
    frame = table()
    frame.loc[first(frame, "train"), "text"] = frame["text"][first(frame, "test")] + " ok"
    refuses(workspace, frame, "^mini: 1 rows share their near with a later split, e.g. ids [^;]*$")
    assert run(workspace, frame, near=1.0)[1]["leakage_train_test"] == 0  # from 1 on, only equal texts count


def test_a_test_text_in_train_is_dropped_from_train(workspace, copied):
    kind, frame = copied
    parts, metrics = run(workspace, frame, leaks="drop")
    gone = frame["id"][first(frame, "train")]
    assert place_of(parts) == {one: name for one, name in zip(frame["id"], frame["split"], strict=True) if one != gone}
    assert (metrics["dropped_leaks"], metrics["given_train"], metrics["train"]["n"]) == (1, 80, 79)
    assert metrics["given_leakage_near"] == NONE | {"train_test": 1}
    assert metrics["given_leakage_exact"] == NONE | {"train_test": int(kind == "exact")}
    assert metrics["given_leakage_group"] == NONE
    assert metrics["leakage_near"] == metrics["leakage_exact"] == NONE
    assert metrics["leakage_train_test"] == 0


def test_a_test_text_in_train_is_reported_and_kept(workspace, copied):
    kind, frame = copied
    parts, metrics = run(workspace, frame, leaks="report")
    assert sum(map(len, parts.values())) == 200
    assert metrics["dropped_leaks"] == 0
    assert metrics["leakage_near"] == NONE | {"train_test": 1}
    assert metrics["leakage_exact"] == NONE | {"train_test": int(kind == "exact")}
    assert {pair: metrics[f"leakage_{pair}"] for pair in PAIRS} == NONE | {"train_test": 1}


@pytest.mark.parametrize("policy", POLICIES)
def test_an_author_in_train_and_test_is_a_leak_too(workspace, policy):
    _, frame = by_author()
    one = frame["id"][first(frame, "train")]
    if policy == "fail":
        refuses(workspace, frame, rf"^mini: 1 rows share their group with a later split, e\.g\. ids \['{one}'\]\. Set")
        return
    parts, metrics = run(workspace, frame, leaks=policy)
    assert (one in place_of(parts)) == (policy == "report")
    assert metrics["given_leakage_group"] == NONE | {"train_test": 1}
    assert metrics["leakage_group"] == NONE | {"train_test": int(policy == "report")}
    assert metrics["leakage_near"] == metrics["leakage_exact"] == NONE


@pytest.mark.parametrize("policy", POLICIES)
def test_rows_without_an_author_do_not_leak(workspace, policy):
    frame = table().assign(group="")
    parts, metrics = run(workspace, frame, leaks=policy)
    assert sum(map(len, parts.values())) == 200
    assert metrics["given_leakage_group"] == metrics["leakage_group"] == NONE


@pytest.mark.parametrize("pair", PAIRS)
def test_each_pair_of_splits_is_looked_at(workspace, pair):
    early, late = pair.split("_")
    frame = table()
    frame.loc[first(frame, early), "text"] = frame["text"][first(frame, late)].upper()
    refuses(workspace, frame, rf"1 rows share their exact .* ids \['{frame['id'][first(frame, early)]}'\]")
    _, metrics = run(workspace, frame, leaks="drop")
    assert metrics["given_leakage_exact"] == NONE | {f"{early}_{late}": 1}
    assert metrics[early]["n"] == metrics[f"given_{early}"] - 1
    assert metrics[late]["n"] == metrics[f"given_{late}"]


def test_leakage_counts_rows_of_the_later_split_and_dropping_those_of_the_earlier(workspace):
    frame = table()
    frame.loc[[first(frame, "train", which) for which in range(3)], "text"] = frame["text"][first(frame, "test")]
    frame.loc[first(frame, "valid"), "text"] = frame["text"][first(frame, "test")]
    _, metrics = run(workspace, frame, leaks="drop")
    assert metrics["given_leakage_exact"] == NONE | {"train_valid": 1, "train_test": 1, "valid_test": 1}
    assert metrics["dropped_leaks"] == 4


def test_a_leak_through_a_third_row_is_a_leak(workspace):
    """Two rows of train have one text, the second is by the author of a test row: both know too much."""
    frame = table()
    one, other = first(frame, "train"), first(frame, "train", 1)
    frame.loc[one, "text"] = frame["text"][other]
    frame.loc[other, "group"] = frame["group"][first(frame, "test")]
    parts, metrics = run(workspace, frame, leaks="drop")
    assert {frame["id"][one], frame["id"][other]} & set(place_of(parts)) == set()
    assert (metrics["dropped_leaks"], metrics["leakage_train_test"]) == (2, 0)


def test_an_id_in_two_splits_stops_the_stage(workspace):
    frame = table()
    one = frame["id"][first(frame, "test")]
    frame.loc[first(frame, "train"), "id"] = one
    refuses(workspace, frame, rf"^mini: 1 rows share their id with a later split, e\.g\. ids \['{one}'\]")
    assert run(workspace, frame, leaks="report")[1]["leakage_id"] == NONE | {"train_test": 1}


def test_the_error_shows_three_ids_of_many(workspace):
    frame = table()
    rows = frame.index[frame["split"] == "train"][:10]
    frame.loc[rows, "text"] = frame["text"][frame.index[frame["split"] == "test"][:10]].tolist()
    shown = re.escape(str(sorted(frame["id"][rows])[:3]))
    refuses(workspace, frame, f"10 rows share their exact with a later split, e.g. ids {shown}; ")


def test_a_class_missing_from_a_given_split_stops_the_stage(workspace):
    frame = table()
    frame.loc[frame["split"] == "calib", "kind"] = "ham"
    refuses(workspace, frame, r"class 'spam' has \d+ rows, of which calib would get 0")


def test_a_class_that_dropping_leaks_makes_too_rare_stops_the_stage(workspace):
    frame = table()
    spam = frame["kind"] == "spam"
    valid, test = (frame.index[spam & (frame["split"] == name)] for name in ("valid", "test"))
    copies = min(len(valid), len(test))
    frame.loc[valid[:copies], "text"] = frame.loc[test[:copies], "text"].tolist()
    refuses(workspace, frame, r"class 'spam' has \d+ rows, of which valid would get [0-4];", leaks="drop")


def test_given_splits_may_drift(workspace):
    frame = table()
    frame.loc[frame["split"] == "test", "kind"] = ["spam"] * 35 + ["ham"] * 5
    _, metrics = run(workspace, frame)
    assert metrics["test"]["drift"] > 0.3


def test_fast_leaves_rows_of_a_given_train_out(workspace):
    frame = table()
    parts, metrics = run(workspace, frame, fast=0.5)
    assert metrics["given_train"] == 80
    assert metrics["train"]["n"] == 80 - metrics["dropped_fast"] == 40
    place = place_of(parts)
    assert all(place.get(one, "train") == name for one, name in zip(frame["id"], frame["split"], strict=True))


def test_splits_that_are_given_are_not_cut_by_time_again(workspace):
    frame = table().assign(time=pd.Timestamp("2026-03-01", tz="UTC"))
    refuses(
        workspace, frame, "order: time would place rows that the given splits have placed already", TIMES, order="time"
    )
