"""What a split must hold: rows at all, rows of each answer, answers in their shares; what the stage says of rows that went."""

import re

import numpy as np
import pandas as pd
import pytest
from mini import BRINGS, TASK, TIMES, arrange, given, posts, refuses, run

from decant.errors import DataError
from decant.paths import SPLITS
from stages import split


def test_a_class_too_rare_for_a_split_stops_the_stage(workspace):
    frame = posts()
    frame["kind"] = np.where(np.arange(len(frame)) < 12, "spam", "ham")
    refuses(
        workspace,
        frame,
        r"mini: class 'spam' has 12 rows, of which valid would get [12]; mini\.split\.least asks for 5",
    )


@pytest.mark.parametrize("fast", [1.0, 0.05])
def test_least_counts_the_rows_that_fast_leaves(workspace, fast):
    if fast == 1:
        assert run(workspace, posts(), fast=fast)[1]["train"]["answers"]["spam"] > 30
    else:
        refuses(workspace, posts(), "of which train would get [0-4]; ", fast=fast)


def test_a_share_of_zero_stops_the_stage_unless_least_is_zero(workspace):
    shares = {"train": 0.7, "valid": 0.0, "calib": 0.15, "test": 0.15}
    refuses(workspace, posts(), "of which valid would get 0", **shares)
    parts, metrics = run(workspace, posts(), **shares, least=0)
    assert (len(parts["valid"]), metrics["valid"]["n"], metrics["valid"]["drift"]) == (0, 0, 0)


def test_answers_that_cannot_be_spread_stop_the_stage(workspace):
    """All spam is by one author, so that it falls into one split."""
    frame = posts(repeats=False)
    frame["group"] = np.where(frame["kind"] == "spam", "@spammer", "")
    share = (frame["kind"] == "spam").mean()
    words = r"mini: the share of an answer in train differs by 0\.\d{3} from .*, mini\.split\.max_drift allows 0\.05"
    refuses(workspace, frame, words, least=0)
    parts, metrics = run(workspace, frame, least=0, max_drift=1.0)
    assert metrics["train"]["answers"]["spam"] == (frame["kind"] == "spam").sum()
    assert [metrics[name]["drift"] for name in SPLITS[1:]] == [pytest.approx(share, abs=5e-5)] * 3
    assert len(parts["train"]) > 100


def test_a_label_that_the_head_does_not_have_stops_the_stage(workspace):
    frame = posts()
    frame.loc[3, "kind"] = "spma"
    refuses(workspace, frame, rf"prepared\.parquet: row {frame['id'][3]}: head kind has no label 'spma'")


def test_a_missing_table_stops_the_stage(workspace):
    refuses(workspace, None, r"data/mini/prepared\.parquet: missing.*dvc repro")


def test_a_split_that_tears_a_text_apart_is_caught(workspace, monkeypatch):
    def torn(spread, groups, shares, seed, fixed):
        return np.arange(len(groups)) % 4

    monkeypatch.setattr(split.stratify, "stratify", torn)
    arrange(workspace, posts(), leaks="drop")
    monkeypatch.setattr(split, "leaking", lambda groups, place: np.zeros(len(groups), dtype=bool))
    with pytest.raises(DataError, match=r"mini: \d+ rows of \w+ are in train too; this is a bug in split"):
        split.main(TASK)
    assert not (workspace / "metrics" / TASK).exists()


# -- a split that the data do not bring --------------------------------------------------------------------------------

LEAKS = r"by split\.leaks: drop \(a later split holds a like text or the same group, or it was test\)"
ABSENT = {
    "calib": (
        "train train valid test",
        {},
        "the data bring train, valid, test, but no calib",
        "carve: {calib: {source: valid, share: 0.5}}",
    ),
    "valid": (
        "train train calib test",
        {},
        "the data bring train, calib, test, but no valid",
        "carve: {valid: {source: train, share: 0.15}}",
    ),
    "two of them": (
        "train train train test",
        {},
        "the data bring train, test, but no valid",
        "carve: {valid: {source: train, share: 0.15}, calib: {source: train, share: 0.15}}",
    ),
    "one beside a carved one": (
        "train train train test",
        {"valid": {"source": "train", "share": 0.2}},
        "the data bring train, test, but no calib",
        "carve: {valid: {source: train, share: 0.2}, calib: {source: valid, share: 0.5}}",
    ),
    "test": (
        "train train valid calib",
        {},
        "the data bring train, valid, calib, but no test",
        "carve: {test: {source: train, share: 0.15}}",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("least", [0, 5])
@pytest.mark.parametrize(("turn", "carve", "missing", "line"), ABSENT.values(), ids=ABSENT)
def test_a_split_that_the_data_do_not_bring_is_named_with_the_line_to_write(
    workspace, turn, carve, missing, line, least
):
    words = (
        f"mini: {missing}. Name its rows in mini.source.splits, or take them out of a given split by mini.split, {line}"
    )
    frame = given(posts(repeats=False), turn)
    refuses(workspace, frame, f"^{re.escape(words)}$", BRINGS, carve=carve, least=least)


@pytest.mark.parametrize(("turn", "carve", "missing", "line"), ABSENT.values(), ids=ABSENT)
def test_the_line_to_write_works(workspace, turn, carve, missing, line):
    found = re.findall(r"(\w+): {source: (\w+), share: ([\d.]+)}", line)
    carved = {name: {"source": source, "share": float(share)} for name, source, share in found}
    parts, _ = run(workspace, given(posts(repeats=False), turn), BRINGS, carve=carved, max_drift=0.1, least=1)
    assert all(len(parts[name]) > 10 for name in SPLITS)


def test_a_missing_train_split_is_nothing_to_carve(workspace):
    frame = given(posts(repeats=False), "valid calib test")
    refuses(workspace, frame, r"but no train\. Name its rows in mini\.source\.splits$", BRINGS)


# -- what has gone, and why --------------------------------------------------------------------------------------------


def test_a_train_that_dropping_leaks_empties_stops_the_stage(workspace):
    frame = given(posts(repeats=False).assign(group=""), "train train valid calib test")
    frame.loc[frame["split"] == "train", "group"] = "@one"
    frame.loc[frame.index[frame["split"] == "test"][0], "group"] = "@one"
    words = rf"^mini: no row is left in train; left out: 80 {LEAKS}$"
    refuses(workspace, frame, words, BRINGS, leaks="drop", least=0)


def test_a_class_that_dropping_leaks_empties_is_named_with_the_rows_that_went(workspace):
    frame = given(posts(repeats=False).assign(group=""), "train train valid calib test")
    spam = (frame["kind"] == "spam") & (frame["split"] == "valid")
    frame.loc[spam, "group"] = "@one"
    frame.loc[frame.index[frame["split"] == "test"][0], "group"] = "@one"
    words = (
        rf"of which valid would get 0; mini\.split\.least asks for 5; left out there: {spam.sum()} {LEAKS}\. Add rows"
    )
    refuses(workspace, frame, words, BRINGS, leaks="drop")


def by_minute() -> pd.DataFrame:
    """Posts a minute apart, the oldest first, without groups."""
    times = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.arange(200), "min")
    return posts(repeats=False).assign(time=times, group="")


def test_a_class_that_time_and_groups_make_rare_is_named_with_the_rows_that_went(workspace):
    """All spam is by an author whose newest post is test: none of it may stay in train."""
    frame = by_minute()
    spam = (frame.index % 17 == 9) | (frame.index > 170) & (frame.index % 2 == 1)
    frame["kind"] = frame["answer"] = np.where(spam, "spam", "ham")
    frame["group"] = np.where(spam, "@one", "")
    early = spam[: np.flatnonzero(~spam)[-5]].sum()  # the four newest of the others are test too
    went = rf"{early} by split\.order: time \(a newer row has a like text or the same group\)"
    words = rf"class 'spam' has \d+ rows, of which train would get 0; mini\.split\.least asks for 3; left out there: {went}\."
    refuses(workspace, frame, words, TIMES, order="time", least=3)
    _, metrics = run(workspace, frame, TIMES, order="time", least=0)
    assert metrics["dropped_time"] == early
    assert metrics["dropped_time_sharing"] == {"exact": 0, "near": 0, "group": early}


def test_what_rows_share_that_went_for_time_is_counted(workspace):
    frame = by_minute()
    frame.loc[0, "text"] = frame["text"][199].upper()  # the same text
    frame.loc[1, "text"] = frame["text"][198] + " ok"  # a like one
    frame.loc[[2, 3, 197], "group"] = "@one"
    _, metrics = run(workspace, frame, TIMES, order="time", least=1)
    assert metrics["dropped_time"] == 4
    assert metrics["dropped_time_sharing"] == {"exact": 1, "near": 2, "group": 2}


# -- what it says ------------------------------------------------------------------------------------------------------


def test_one_line_says_what_became_of_the_rows(workspace, capsys):
    parts, metrics = run(workspace, posts())
    sizes = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
    assert metrics["clusters"] > 10
    assert capsys.readouterr().out == (
        f"mini: {sizes} rows; left out: none. What each holds: metrics/mini/manifest.json; {metrics['clusters']} clusters of "
        "like texts: data/mini/duplicates.csv\n"
    )


def test_the_line_says_why_rows_are_left_out(workspace, capsys):
    frame = by_minute()
    frame.loc[[0, 50, 199], "text"] = frame["text"][0]
    _, metrics = run(workspace, frame, TIMES, order="time", fast=0.5, least=1)
    (line,) = capsys.readouterr().out.splitlines()
    assert (metrics["dropped_time"], metrics["dropped_fast"]) == (2, 60)
    words = "left out: 2 by split.order: time (a newer row has a like text or the same group), 60 by split.fast. "
    assert words in line
