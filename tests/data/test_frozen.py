"""Frozen test sets: hashes of ids and texts, and what split does with a row that was ever test."""

import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest
from mini import SHARES, TASK, TIMES, given, place_of, posts, refuses, run

from decant.data import frozen
from decant.data.duplicates import exact
from decant.errors import DataError
from decant.files import digest
from decant.paths import SPLITS

POLICIES = ["fail", "drop", "report"]


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def was_test(ids: list[str], texts: list[str], released: tuple[str, ...] = (), task: str = TASK) -> list[bool]:
    codes, forms = exact(texts)
    return frozen.recognised(task, ids, forms, codes, list(released))[0].tolist()


# -- the manifest ------------------------------------------------------------------------------------------------------


def test_freezing_writes_hashes_not_texts(workspace):
    path = frozen.freeze(TASK, ["b", "a", "c"], ["Win NOW!", "other", "win now"], numbered=False)
    assert path.parts[:2] == ("frozen", TASK)
    assert path.stem == hashlib.sha256(b"a\nb\nc").hexdigest()[:12]
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "task": TASK,
        "split": "test",
        "n": 3,
        "ids": sorted(map(hashed, "abc")),
        "texts": sorted(map(hashed, ["win now", "other"])),  # normalised, each once
    }
    assert not re.search("win|other", path.read_text(encoding="utf-8"), re.IGNORECASE)


def test_numbered_ids_are_not_stored(workspace):
    """A row number names another row as soon as the file changes."""
    path = frozen.freeze(TASK, ["0", "1"], ["one", "two"], numbered=True)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["ids"], content["n"], len(content["texts"])) == ([], 2, 2)
    assert was_test(["0", "9"], ["three", "two"]) == [False, True]


def test_the_order_of_the_rows_does_not_change_the_file(workspace):
    first = frozen.freeze(TASK, ["a", "b"], ["one", "two"], numbered=False)
    before = first.read_bytes()
    assert frozen.freeze(TASK, ["b", "a"], ["two", "one"], numbered=False) == first
    assert first.read_bytes() == before
    assert len(list(first.parent.iterdir())) == 1


ROWS = {
    "the same row": ("a", "some text", True),
    "its id, another text": ("a", "rewritten", True),
    "its text, another id": ("z", "some text", True),
    "its text, written in another way": ("z", "  SOME, text!", True),
    "its text in full width": ("z", "ｓｏｍｅ　ｔｅｘｔ", True),
    "a near-duplicate": ("z", "some texts", False),
    "another row": ("z", "another", False),
    "an id that is a text": ("some text", "another", False),
    "half a character": ("z", "\ud83d", True),
}


@pytest.mark.parametrize(("identity", "text", "expected"), ROWS.values(), ids=ROWS)
def test_a_row_is_recognised_by_id_or_text(workspace, identity, text, expected):
    frozen.freeze(TASK, ["a", "b", "c"], ["some text", "b's text", "\ud83d"], numbered=False)
    assert was_test(["x", identity], ["beside it", text]) == [False, expected]


def test_without_a_manifest_nothing_was_test(workspace):
    assert was_test(["a", "b"], ["one", "two"]) == [False, False]


def test_several_manifests_add_up(workspace):
    frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    frozen.freeze(TASK, ["b"], ["two"], numbered=False)
    assert was_test(["a", "x", "c"], ["new", "two", "three"]) == [True, True, False]


def test_the_manifests_of_another_task_do_not_matter(workspace):
    other = frozen.freeze("other", ["a"], ["one"], numbered=False)
    other.write_text("broken", encoding="utf-8")
    assert was_test(["a"], ["one"]) == [False]
    with pytest.raises(DataError, match=r"frozen/mini: no manifest has the sha256"):
        was_test(["a"], ["one"], released=(digest(other),))


def test_a_released_manifest_lets_its_rows_go(workspace):
    one = frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    two = frozen.freeze(TASK, ["b"], ["two"], numbered=False)
    assert was_test(["a", "b"], ["one", "two"], released=(digest(one),)) == [False, True]
    assert was_test(["a", "b"], ["one", "two"], released=(digest(one), digest(two))) == [False, False]


def test_a_row_of_two_manifests_needs_both_released(workspace):
    one = frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    frozen.freeze(TASK, ["a", "b"], ["one", "two"], numbered=False)
    assert was_test(["a"], ["one"], released=(digest(one),)) == [True]


def test_a_released_manifest_that_nobody_has_is_an_error(workspace):
    frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    with pytest.raises(
        DataError, match=rf"frozen/mini: no manifest has the sha256 {'0' * 64} of mini\.split\.released"
    ):
        was_test(["a"], ["one"], released=("0" * 64,))


BROKEN = {
    "not JSON": b"{",
    "not text": b"\xff\xfe\x00",
    "a conflict of git": b"<<<<<<< HEAD\n{}\n",
    "a list": b"[]",
    "no ids": b'{"n": 0, "texts": []}',
    "no texts": b'{"n": 0, "ids": []}',
    "no n": b'{"ids": [], "texts": []}',
    "a list for n": b'{"n": [], "ids": [], "texts": []}',
    "a number for ids": b'{"n": 0, "ids": 3, "texts": []}',
    "lists for ids": b'{"n": 0, "ids": [["a"]], "texts": []}',
}


@pytest.mark.bad_input
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_manifest_that_cannot_be_read_is_an_error(workspace, content):
    path = frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"{re.escape(str(path))}: no frozen manifest .*git checkout"):
        was_test(["a"], ["one"])


# -- split -------------------------------------------------------------------------------------------------------------


def table(turn: str) -> pd.DataFrame:
    """Rows in turn in given splits, a third of each spam."""
    kinds = ["spam" if row % 3 == 0 else "ham" for row in range(200)]
    return given(posts(repeats=False).assign(kind=kinds, answer=kinds), turn)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_frozen_test_set_stays_the_test_set_and_new_rows_go_to_the_others(workspace, seed):
    frame = posts()
    first, _ = run(workspace, frame, seed=13)
    old = first["test"]["id"].tolist()
    frozen.freeze(TASK, old, first["test"]["text"].tolist(), numbered=False)
    more = pd.concat([frame, posts(150, repeats=False).assign(id=[f"new{row}" for row in range(150)])])
    parts, metrics = run(workspace, more, seed=seed)
    assert parts["test"]["id"].tolist() == old
    assert metrics["leakage_frozen"] == 0
    others = {name: SHARES[name] / (1 - SHARES["test"]) * (350 - len(old)) for name in SPLITS[:3]}
    assert all(abs(metrics[name]["n"] - size) < 3 for name, size in others.items())
    overall = (more["kind"] == "spam").mean()
    assert all(abs((parts[name]["kind"] == "spam").mean() - overall) < 0.03 for name in SPLITS[:3])


def test_copies_and_group_members_of_a_frozen_row_are_left_out(workspace):
    frame = posts(repeats=False).assign(group="")
    frame.loc[[0, 1], "group"] = "@one"
    frame.loc[2, "text"] = frame["text"][1] + " ok"
    frozen.freeze(TASK, ["gone"], [frame["text"][0].upper()], numbered=False)  # under another id
    for seed in range(3):
        parts, metrics = run(workspace, frame, seed=seed, least=0)
        assert parts["test"]["id"].tolist() == [frame["id"][0]]  # a published test set does not grow
        assert (metrics["frozen_rows"], metrics["dropped_frozen"]) == (1, 2)
        assert not set(frame["id"][1:3]) & set(pd.concat(parts.values())["id"])


def test_a_frozen_row_is_known_after_other_cleaning(workspace):
    frame = posts(repeats=False)
    frame["raw"] = frame["text"] + " @bob"
    frozen.freeze(TASK, [str(row) for row in range(30)], frame["raw"][:30].tolist(), numbered=True)
    parts, metrics = run(workspace, frame, max_drift=1.0)
    assert parts["test"]["id"].tolist() == sorted(frame["id"][:30])
    assert metrics["frozen_rows"] == 30


def test_frozen_rows_that_are_gone_stop_the_stage(workspace):
    frame = posts(repeats=False)
    path = frozen.freeze(TASK, frame["id"][:30].tolist(), frame["text"][:30].tolist(), numbered=False)
    refuses(workspace, frame[10:].reset_index(drop=True), "frozen/mini: 10 frozen test rows are not in the data")
    parts, metrics = run(workspace, frame[10:].reset_index(drop=True), released=[digest(path)])
    assert sum(map(len, parts.values())) == 190
    assert "frozen_rows" not in metrics


def test_a_row_of_one_manifest_does_not_stand_for_a_missing_one_of_another(workspace):
    frozen.freeze(TASK, ["a", "gone"], ["one", "not there"], numbered=False)
    frozen.freeze(TASK, ["b", "c"], ["two", "three"], numbered=False)
    codes, forms = exact(["one", "two", "three"])
    found, gone = frozen.recognised(TASK, ["a", "b", "c"], forms, codes, [])
    assert (found.tolist(), gone) == ([True, True, True], 1)


def test_a_released_row_may_leave_test(workspace):
    frame = posts(repeats=False)
    path = frozen.freeze(TASK, ["gone"], frame["text"][:30].tolist(), numbered=False)
    kept, free = (run(workspace, frame, released=released, max_drift=1.0)[0] for released in ([], [digest(path)]))
    old = set(frame["id"][:30])
    assert old == set(kept["test"]["id"])
    assert len(old & set(free["test"]["id"])) < 15
    refuses(workspace, frame, "no manifest has the sha256 0{64}", released=["0" * 64])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("known_by", ["id", "text"])
@pytest.mark.parametrize("name", ["train", "valid", "calib"])
def test_given_splits_that_train_on_an_old_test_row(workspace, policy, known_by, name):
    frame = table("train train valid calib test")
    row = frame.index[frame["split"] == name][0]
    one = frame["id"][row]
    if known_by == "id":
        frozen.freeze(TASK, [one], ["its text back then"], numbered=False)
    else:
        frozen.freeze(TASK, ["its id back then"], [frame["text"][row].upper()], numbered=False)
    if policy == "fail" or (policy == "report" and name == "train"):  # no policy trains on it
        words = rf"^mini: 1 rows were test in a frozen manifest, e\.g\. ids \['{one}'\]\..*split\.released"
        refuses(workspace, frame, words, leaks=policy)
        return
    parts, metrics = run(workspace, frame, leaks=policy)
    assert place_of(parts).get(one) == (name if policy == "report" else None)
    assert metrics["dropped_leaks"] == int(policy == "drop")
    assert metrics["leakage_frozen"] == int(policy == "report")
    assert sum(map(len, parts.values())) == 200 - int(policy == "drop")


def test_given_splits_that_keep_it_in_test_are_taken_as_they_are(workspace):
    frame = table("train train valid calib test")
    rows = frame[frame["split"] == "test"]
    path = frozen.freeze(TASK, rows["id"].tolist(), rows["text"].tolist(), numbered=False)
    parts, metrics = run(workspace, frame)
    assert place_of(parts) == dict(zip(frame["id"], frame["split"], strict=True))
    assert metrics["leakage_frozen"] == 0
    assert frozen.freeze(TASK, parts["test"]["id"].tolist(), parts["test"]["text"].tolist(), numbered=False) == path


@pytest.mark.parametrize("policy", POLICIES)
def test_a_cut_by_time_cannot_move_a_frozen_test_set(workspace, policy):
    start = pd.Timestamp("2026-03-01", tz="UTC")
    frame = posts(repeats=False).assign(time=[start + pd.Timedelta(minutes=row) for row in range(200)])
    frozen.freeze(TASK, [frame["id"][5], frame["id"][195]], [], numbered=False)
    words = "split.order: time would place rows that the frozen test has placed already"
    refuses(workspace, frame, words, TIMES, order="time", least=1, leaks=policy)


def test_the_rows_of_a_released_manifest_may_be_trained_on(workspace):
    frame = table("train train valid calib test")
    path = frozen.freeze(TASK, [frame["id"][0]], [frame["text"][0]], numbered=False)
    parts, metrics = run(workspace, frame, released=[digest(path)])
    assert place_of(parts)[frame["id"][0]] == "train"
    assert metrics["leakage_frozen"] == 0


def test_a_broken_manifest_stops_the_stage(workspace):
    path = frozen.freeze(TASK, ["a"], ["one"], numbered=False)
    path.write_text("{", encoding="utf-8")
    refuses(workspace, posts(), r"frozen/mini/\w{12}\.json: no frozen manifest")


def test_fingerprints_are_64_bits_and_all_different(workspace):
    found = {frozen.fingerprint(str(number)) for number in np.arange(1000)}
    assert len(found) == 1000
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in found)
