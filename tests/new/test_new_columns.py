"""new: which column is what, and the refusal where that is not plain."""

from pathlib import Path

import pytest
from newtask import GOOD, ROWS, TASK, cycle, proposed, refused, texts, write_csv

from decant.data.batch import Batch
from decant.new.columns import look
from decant.new.targets import inner


def test_choices_override_what_would_be_inferred(workspace, inbox):
    columns = {
        "title": texts(),
        "body": texts()[::-1],
        "kind": cycle("yes", "no"),
        "area": cycle("home", "work"),
        "key": range(ROWS),
    }
    file = write_csv(inbox / "rows.csv", columns)
    options = ["--text", "title", "--text", "body", "--label", "area", "--id", "key", "--ignore", "kin?"]
    block, frame = proposed(workspace, file, *options)
    assert block["source"]["text"] == ["title", "body"]
    assert block["source"]["id"] == "key"
    assert block["decision"] == {"rule": "argmax", "head": "area"}
    assert frame["raw"][0] == f"{columns['title'][0]}\n{columns['body'][0]}"


def test_a_name_says_what_a_column_is_only_where_it_says_nothing_else(workspace, inbox):
    columns = {
        "text": texts(),
        "user_rating": cycle(1, 2, 3),
        "user_name": cycle(*map(str, range(30))),
        "user": range(ROWS),
    }
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["heads"] == {
        "user_rating": {"kind": "softmax", "labels": ["user_rating_1", "user_rating_2", "user_rating_3"]}
    }
    assert block["source"]["group"] == {"columns": ["user_name"]}
    assert "id" not in block["source"]


SECOND = [f"{text} And again." for text in texts()]


AMBIGUOUS = {
    "two texts": ({"one": texts(), "two": SECOND, "label": GOOD["label"]}, [
        "text: one (mean 57 characters, 100 % distinct), two (mean 68 characters, 100 % distinct) could be meant",
        "join them: --text one --text two"]),
    "two texts by name": ({"title": texts(), "body": SECOND, "label": GOOD["label"]}, ["--text title --text body"]),
    "two labels": ({"text": texts(), "area": cycle("x", "y"), "place": cycle("u", "v", "w")}, [
        "label: area; place could be meant", "--label"]),
    "two labels by name": (GOOD | {"topic": cycle("x", "y")}, ["label: label; topic could be meant"]),
    "two numbers": (GOOD | {"m": [n / 7 for n in range(ROWS)], "k": [n / 3 for n in range(ROWS)]}, ["m; k could be meant"]),
    "two ids": (GOOD | {"a_id": range(ROWS), "b_id": range(ROWS)}, ["id: a_id, b_id could be meant", "--id"]),
    "two times": (GOOD | {"a": ["2024-01-02"] * ROWS, "b": ["2024-01-02"] * ROWS}, ["time: a, b could be meant", "--ignore"]),
    "two groups": (GOOD | {"author": cycle("x", "y"), "thread": cycle("x", "y")}, ["group: author, thread could be meant"]),
    "two splits": (GOOD | {"a": cycle("train", "test"), "b": cycle("train", "test")}, ["split: a, b could be meant"]),
    "two families": ({"text": texts(), **{f"q.{a}.{b}": cycle("yes", "no") for a in "fg" for b in "xy"}}, [
        "q.f.x, q.f.y; q.g.x, q.g.y could be meant", "wildcards work"]),
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_two_equally_good_columns_stop_with_the_option_that_decides(workspace, inbox, capsys, name):
    columns, words = AMBIGUOUS[name]
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    for part in words:
        assert part in found


LACKING = {
    "no label": ({"text": texts(), "author": cycle("x", "y", "z")}, "no column holds a label"),
    "no text": ({"code": [f"x{n}" for n in range(ROWS)], "label": GOOD["label"]}, "no column holds text"),
    "only a number": (
        {"text": texts(), "price": [n / 7 for n in range(ROWS)]},
        "label: price holds numbers, a regression head. A decision needs classes too",
    ),
    "splits with gaps": (
        GOOD | {"fold": cycle("train", "test", "")},
        "'fold' names splits, but not in 100 of 300 rows",
    ),
    "lists as text": (
        {"text": texts(), "label": cycle('["a"]', '["a", "b"]')},
        "holds lists written as text, e.g. '[\"a\"]'",
    ),
    "decimal commas": ({"text": texts(), "label": cycle("0,5", "1")}, "no column holds a label"),
    "one class": (
        {"text": texts(), "label": cycle("yes")},
        "label: column 'label' holds one class only, 'yes' in 300 rows, and nothing can be learnt without another",
    ),
    "one class or nothing": (
        {"text": texts(), "label": cycle("yes", ""), "shop": cycle("north", "south")},
        "'yes' in 150 rows, and nothing can be learnt without another to tell it from. Its other 150 rows are empty",
    ),
    "two separators": ({"text": texts(), "label": cycle("a", "b", "a|b", "a;b")}, "joined by '|' and by ';'"),
    "no header": (
        {"It came late, and cold.": texts(), "bad": cycle("good", "bad")},
        "seems to have no header, for",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", LACKING)
def test_a_table_that_does_not_do_is_refused(workspace, inbox, capsys, name):
    columns, words = LACKING[name]
    assert words in refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--text", "txt"], "no column 'txt'"),
        (["--label", "*.raw"], "no column '*.raw'"),
        (["--id", "shop"], "rows.csv: rows 1, 2, 3, 4, 5); ids must be unique"),
        (["--label", "text", "--text", "shop"], "column 'text' is no label: 300 different values in 300 rows"),
        (["--text", "label", "--label", "label"], "no column 'label', or it was named twice"),
        (["--encoding", "utf-99"], "unknown encoding: utf-99"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_choice_that_does_not_do_is_refused(workspace, inbox, capsys, options, words):
    file = write_csv(inbox / "rows.csv", GOOD | {"shop": ["north"] * ROWS})
    assert words in refused(workspace, capsys, str(file), "--task", TASK, *options)


def test_what_differs_between_names():
    assert inner(["is_toxic", "is_rude"]) == ["toxic", "rude"]
    assert inner(["Answer.f1.sad.raw", "Answer.f1.shy.raw"]) == ["sad", "shy"]
    assert inner(["anger", "angst"]) == ["anger", "angst"]
    assert inner(["toxic", "severe_toxic"]) == ["toxic", "severe_toxic"]
    assert inner(["q.a", "q_a"]) == ["q.a", "q_a"]
    assert inner(["a", "a_"]) == ["a", "a_"]


def test_a_field_that_comes_late_is_empty_before():
    one = Batch(Path("a"), 1, {"text": ["x", "y"]})
    other = Batch(Path("a"), 3, {"text": ["x", None], "late": [1, float("nan")]})
    table = look([one, other])
    assert (table["text"].rows, table["text"].empty, table["text"].distinct) == (4, 1, 2)
    assert (table["late"].rows, table["late"].empty, table["late"].distinct) == (4, 3, 1)


def test_an_id_that_is_not_unique_is_said_before_anything_else(workspace, inbox, capsys):
    parts = {"a": [f"x{n}" for n in range(ROWS)], "b": ["y0", "x7", *(f"z{n}" for n in range(ROWS - 2))]}
    for name, refs in parts.items():
        write_csv(inbox / "posts" / f"{name}.csv", {"text": texts(), "ref": refs})  # no label either
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK, "--id", "r?f")
    place = f"{inbox}/posts"
    assert f"'ref' repeats a value in 1 row, e.g. 'x7' ({place}/a.csv: rows 8; {place}/b.csv: rows 2)" in found
    (inbox / "rows.csv").write_text("ref,text\n1,hi\n,ho\n")
    found = refused(workspace, capsys, str(inbox / "rows.csv"), "--task", TASK, "--id", "ref")
    assert "rows.csv: row 2 (line 3): empty id in column 'ref'" in found


START = 1_709_287_200  # 1 March 2024
CLOCKS = {
    "seconds": ("created_at", START, {"columns": ["created_at"]}, "time: created_at (seconds since 1970 in every row)"),
    "milliseconds": (
        "timestamp",
        START * 1000,
        None,
        "none: timestamp (milliseconds since 1970, e.g. 1709287200000, and source.time reads seconds or ISO 8601",
    ),
    "a number of ten digits": ("phone", START, None, "none: phone (150 different numbers; --number makes them"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_numbers_that_are_times_are_no_labels(workspace, inbox, capsys, name):
    column, start, time, words = CLOCKS[name]
    times = [str(start + n // 2) if column == "phone" else start + n // 2 for n in range(ROWS)]
    options = ["--label", "label"] if column == "phone" else []  # without it, a number without a name is a rival
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", GOOD | {column: times}), *options)
    assert block["source"].get("time") == time
    assert list(block["heads"]) == ["label"]
    assert words in capsys.readouterr().out
