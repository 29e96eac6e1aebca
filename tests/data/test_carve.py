"""split, where the data bring some splits and the others are carved out of them: stratified, whole, and never from test."""

import pandas as pd
import pytest
from mini import BRINGS, given, place_of, posts, refuses, run

from decant.data import frozen
from decant.files import digest
from decant.paths import SPLITS

HALF = {"calib": {"source": "valid", "share": 0.5}}


def table(turn: str) -> pd.DataFrame:
    """Rows in turn in given splits, a third of each spam, each by an author of its own, without any leak."""
    kinds = ["spam" if row % 3 == 0 else "ham" for row in range(200)]
    frame = posts(repeats=False).assign(group=[f"@{row}" for row in range(200)], kind=kinds, answer=kinds)
    return given(frame, turn)


def test_calib_is_carved_from_valid(workspace):
    frame = table("train train valid valid test")
    parts, metrics = run(workspace, frame, BRINGS, carve={"calib": {"source": "valid", "share": 0.25}})
    valid = frame[frame["split"] == "valid"]
    assert set(parts["valid"]["id"]) | set(parts["calib"]["id"]) == set(valid["id"])
    assert (metrics["valid"]["n"], metrics["calib"]["n"]) == (60, 20)
    assert (metrics["given_valid"], metrics["given_calib"]) == (80, 0)  # as published
    spam = (valid["kind"] == "spam").sum()
    assert abs(metrics["calib"]["answers"]["spam"] - spam / 4) <= 1
    for name in ("train", "test"):
        assert parts[name]["id"].tolist() == sorted(frame["id"][frame["split"] == name])


def test_carving_keeps_authors_and_near_duplicates_whole(workspace):
    frame = table("train train valid valid test")
    valid = frame.index[frame["split"] == "valid"]
    frame.loc[valid[:40], "group"] = [f"@author {row // 4}" for row in range(40)]
    frame.loc[valid[40:50], "text"] = (frame["text"][valid[50:60]] + " ok").tolist()
    parts, metrics = run(workspace, frame, BRINGS, carve=HALF)
    place = frame["id"].map(place_of(parts))
    assert all(place[valid[start : start + 4]].nunique() == 1 for start in range(0, 40, 4))
    assert place[valid[40:50]].tolist() == place[valid[50:60]].tolist()
    assert set(place[valid]) == {"valid", "calib"}
    assert abs(metrics["calib"]["n"] - 40) <= 2


def test_several_splits_are_carved_one_after_the_other(workspace):
    frame = table("train train train train test")
    carved = {"valid": {"source": "train", "share": 0.5}, "calib": {"source": "valid", "share": 0.25}}
    _, metrics = run(workspace, frame, BRINGS, carve=carved)
    assert [metrics[name]["n"] for name in SPLITS] == [80, 60, 20, 40]


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ("train train test", r"mini: mini\.split\.carve\.calib takes rows from valid, which has none"),
        (
            "train valid calib test",
            r"mini: mini\.split\.carve\.calib: the data brings calib already; take carve\.calib out",
        ),
    ],
    ids=["nothing to take from", "there already"],
)
def test_carving_stops_the_stage(workspace, turn, words):
    refuses(workspace, table(turn), words, BRINGS, carve=HALF)


def test_two_splits_are_carved_from_one(workspace):
    carved = {name: {"source": "train", "share": 0.25} for name in ("valid", "calib")}
    _, metrics = run(workspace, table("train train train train test"), BRINGS, carve=carved)
    assert [metrics[name]["n"] for name in SPLITS] == [90, 40, 30, 40]


# -- drift -------------------------------------------------------------------------------------------------------------


def by_one_spammer() -> pd.DataFrame:
    """All spam of valid is by one author, so that it cannot be spread."""
    frame = table("train train valid valid test")
    frame.loc[(frame["split"] == "valid") & (frame["kind"] == "spam"), "group"] = "@spammer"
    return frame


def test_answers_that_drift_by_carving_stop_the_stage(workspace):
    words = r"mini: the share of an answer in calib differs by 0\.\d{3} from that in valid, which it is carved from, mini\.split\."
    refuses(workspace, by_one_spammer(), words + r"max_drift allows 0\.05", BRINGS, carve=HALF, least=0)
    _, metrics = run(workspace, by_one_spammer(), BRINGS, carve=HALF, least=0, max_drift=1.0)
    assert sorted(metrics[name]["answers"]["spam"] > 0 for name in ("valid", "calib")) == [False, True]


def test_what_carving_leaves_may_not_drift_either(workspace):
    """Of 80 rows, a third of them spam, 4 stay: no number of spam among 4 is a third."""
    words = r"in what carve\.calib leaves of valid differs by 0\.\d{3} from that in valid"
    carved = {"calib": {"source": "valid", "share": 0.95}}
    refuses(workspace, table("train train valid valid test"), words, BRINGS, carve=carved, least=0)


def test_a_given_split_that_drifts_from_the_others_may_be_carved(workspace):
    """What counts is the split that the rows come from, not all rows."""
    frame = table("train train valid valid test")
    frame.loc[frame["split"] == "valid", "kind"] = ["spam"] * 60 + ["ham"] * 20
    _, metrics = run(workspace, frame, BRINGS, carve=HALF)
    assert metrics["calib"]["answers"] == {"ham": 10, "spam": 30}
    assert metrics["calib"]["drift"] > 0.2


def test_carving_that_leaves_nothing_stops_the_stage(workspace):
    frame = table("train train valid valid test")
    frame.loc[frame["split"] == "valid", "group"] = "@one"
    words = r"mini\.split\.carve\.calib would take (0|80) of the 80 rows of valid; both need some"
    refuses(workspace, frame, words, BRINGS, carve=HALF, least=0)


# -- frozen test rows --------------------------------------------------------------------------------------------------


def test_a_frozen_row_stays_in_test_whatever_is_carved(workspace):
    frame = table("train train valid valid test")
    rows = frame[frame["split"] == "test"]
    frozen.freeze("mini", rows["id"].tolist(), rows["text"].tolist(), numbered=False)
    carved = HALF | {"valid": {"source": "train", "share": 0.2}}
    frame.loc[frame["split"] == "valid", "split"] = "train"
    parts, metrics = run(workspace, frame, BRINGS, carve={"valid": carved["valid"], "calib": carved["calib"]})
    assert parts["test"]["id"].tolist() == sorted(rows["id"])
    assert metrics["leakage_frozen"] == 0


CARVED = {
    "test": {"source": "train", "share": 0.2},
    "valid": {"source": "train", "share": 0.2},
    "calib": {"source": "valid", "share": 0.5},
}


@pytest.mark.parametrize("order", [("test", "valid", "calib"), ("valid", "calib", "test")], ids="-".join)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_carved_test_set_that_is_frozen_stays_the_test_set(workspace, order, seed):
    frame = table("train")
    carve = {name: CARVED[name] for name in order}
    first, _ = run(workspace, frame, BRINGS, carve=carve, seed=13)
    old = first["test"]
    path = frozen.freeze("mini", old["id"].tolist(), old["text"].tolist(), numbered=False)
    more = given(posts(150, repeats=False).assign(id=[f"new{row}" for row in range(150)], group=""), "train")
    more.loc[0, "group"] = frame.set_index("id")["group"][old["id"][0]]  # by an author of a frozen row
    more = pd.concat([frame, more], ignore_index=True)
    parts, metrics = run(workspace, more, BRINGS, carve=carve, seed=seed)
    assert parts["test"]["id"].tolist() == old["id"].tolist()
    assert (metrics["leakage_frozen"], metrics["frozen_rows"], metrics["dropped_frozen"]) == (0, len(old), 1)
    assert "new0" not in place_of(parts)
    assert sum(map(len, parts.values())) == 349
    free, _ = run(workspace, more, BRINGS, carve=carve, seed=seed, released=[digest(path)])
    assert set(free["test"]["id"]) != set(old["id"])


def test_a_frozen_row_that_is_gone_stops_carving_test(workspace):
    frame = table("train")
    frozen.freeze("mini", ["gone"], ["a text that nobody has"], numbered=False)
    refuses(workspace, frame, "frozen/mini: 1 frozen test rows are not in the data", BRINGS, carve=CARVED)
