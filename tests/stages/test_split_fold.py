"""split.fold: the rows of the task's own splits divided anew, and nobody learns from its test rows."""

import numpy as np
import pandas as pd
import pytest
from mini import BRINGS, TASK, TIMES, arrange, given, place_of, posts, run

from decant.data.frozen import freeze
from decant.data.held_out import read
from decant.errors import ParamsError
from decant.settings import params

OF = 3


def fold(number: int = 0, rows: str = "development") -> dict:
    return {"of": OF, "number": number, "rows": rows}


@pytest.mark.parametrize("brought", [False, True], ids=["splits are made", "splits are given"])
def test_every_development_row_is_test_in_one_fold(workspace, brought):
    frame, block = (given(posts(300, repeats=False)), {"block": BRINGS}) if brought else (posts(300), {})
    own, _ = run(workspace, frame, least=1, **block)
    development = {row for name in ("train", "valid", "calib") for row in own[name]["id"]}
    tested = []
    for number in range(OF):
        parts, metrics = run(workspace, frame, least=1, fold=fold(number), **block)
        assert set(place_of(parts)) == development
        assert metrics["dropped_fold"] == len(own["test"])
        assert metrics["leakage_any"] == 0
        tested += parts["test"]["id"].tolist()
    assert sorted(tested) == sorted(development)


def test_with_all_rows_the_own_test_rows_are_in_the_folds_too(workspace):
    frame = posts(300)
    tested = []
    for number in range(OF):
        parts, metrics = run(workspace, frame, least=1, fold=fold(number, "all"))
        assert metrics["dropped_fold"] == 0
        tested += parts["test"]["id"].tolist()
    assert sorted(tested) == sorted(frame["id"])


def test_the_own_test_rows_stay_held_out_of_every_fold(workspace):
    """Text that a stage brings in beside the rows, such as unlabelled text, must not be that of test."""
    frame = posts(300, repeats=False)
    own, _ = run(workspace, frame, least=1)
    parts, _ = run(workspace, frame, least=1, fold=fold())
    held = read(TASK)
    assert held.holds(own["test"]["text"].tolist()).all()
    assert held.holds(parts["test"]["text"].tolist()).all()
    assert not held.holds(parts["train"]["text"].tolist()).any()


def test_where_every_row_is_test_once_frozen_rows_are_learnt_from_in_other_folds(workspace):
    frame = posts(300, repeats=False)
    own, _ = run(workspace, frame, least=1)
    freeze(TASK, own["test"]["id"].tolist(), own["test"]["text"].tolist(), numbered=False)
    frozen = set(own["test"]["id"])
    parts, _ = run(workspace, frame, least=1, fold=fold(0, "all"))
    assert frozen & set(parts["train"]["id"])
    assert not read(TASK).holds(parts["train"]["text"].tolist()).any()
    parts, _ = run(workspace, frame, least=1, fold=fold(0))
    assert not frozen & set(place_of(parts))


def test_groups_stay_whole(workspace):
    frame = posts(300, repeats=False).assign(group=[f"author {row % 40}" for row in range(300)])
    parts, _ = run(workspace, frame, least=1, max_drift=0.3, fold=fold())
    placed = pd.concat([part.assign(place=name) for name, part in parts.items()])
    assert (placed.groupby("group")["place"].nunique() == 1).all()


def test_an_order_of_time_is_refused(workspace):
    times = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(np.arange(200), "min")
    arrange(workspace, posts(repeats=False).assign(time=times), TIMES, order="time", fold=fold())
    with pytest.raises(
        ParamsError, match=r"mini\.split: fold: with order: time most folds would test on rows that are older"
    ):
        params.read(TASK)


def test_a_fold_that_is_none_of_them_is_refused(workspace):
    arrange(workspace, None, fold=fold(OF))
    with pytest.raises(ParamsError, match=r"mini\.split\.fold: number: 3 of 3 folds, which are 0 to 2"):
        params.read(TASK)
