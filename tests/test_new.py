"""new: what is proposed for tables of every shape, that prepare takes it, and that a refusal leaves nothing behind."""

import csv
import io
import json
import random
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from decant.__main__ import main
from decant.errors import ParamsError
from decant.files import slug
from decant.new import propose, trial
from decant.new.blocks import Block, appended, checked
from decant.new.columns import look
from decant.new.propose import classes_of
from decant.new.roles import inner
from decant.params import read
from decant.rawfiles import Batch
from stages import prepare

TASK = "mine"
SAFE = YAML(typ="safe", pure=True)
ROWS = 300


def texts(rows: int = ROWS) -> list[str]:
    """Different sentences."""
    words = (
        "train order friend north late price phone garden music winter letter doctor river window coffee market".split()
    )
    return [f"{' '.join(random.Random(n).choices(words, k=7))}, number {n}." for n in range(rows)]


def write_csv(path: Path, columns: dict[str, list], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([list(columns), *zip(*columns.values(), strict=True)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def cycle(*values, rows: int = ROWS) -> list:
    return [values[n % len(values)] for n in range(rows)]


def tree(workspace: Path) -> dict:
    return SAFE.load((workspace / "params.yaml").read_text(encoding="utf-8"))


def everything(workspace: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in workspace.rglob("*") if path.is_file()}


def proposed(workspace: Path, file: Path, *options: str) -> tuple[dict, pd.DataFrame]:
    """The block that `new` writes, valid and after the old bytes, and the table that prepare makes with it."""
    before = (workspace / "params.yaml").read_bytes()
    assert main(["new", str(file), "--task", TASK, *options]) == 0
    assert (workspace / "params.yaml").read_bytes().startswith(before)
    read(TASK)
    prepare.main(TASK)
    return tree(workspace)[TASK], pd.read_parquet(workspace / "data" / TASK / "prepared.parquet")


def refused(workspace: Path, capsys, *arguments: str) -> str:
    """The error of a call that has to fail, with no file touched."""
    before = everything(workspace)
    assert main(["new", *arguments]) == 1
    assert everything(workspace) == before
    return capsys.readouterr().err


@pytest.fixture
def workspace(workspace) -> Path:
    """With the first task alone: each call reads params.yaml several times."""
    params = workspace / "params.yaml"
    text = params.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^tasks: \[.*?\]", "tasks: [demo]", text[: text.index("\nscam:")])
    params.write_text(text, encoding="utf-8")
    return workspace


@pytest.fixture
def inbox(workspace) -> Path:
    return workspace / "inbox"


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_csv_with_one_label_of_several(workspace, inbox, capsys):
    columns = {
        "review_id": [f"r{n}" for n in range(ROWS)],
        "review": texts(),
        "stars": cycle(1, 2, 3, 4, 5),
        "author": cycle(*(f"a{n}" for n in range(250))),
        "written": [f"2024-03-{n % 28 + 1:02}T10:00:00" for n in range(ROWS)],
        "shop": ["north"] * ROWS,
    }
    block, frame = proposed(workspace, write_csv(inbox / "reviews.csv", columns))
    names = [f"stars_{n}" for n in range(1, 6)]
    assert block["source"] == {
        "files": ["reviews.csv"],
        "id": "review_id",
        "text": "review",
        "labels": {"stars": {"column": "stars", "classes": {name: [name[-1]] for name in names}}},
        "time": {"columns": ["written"]},
        "group": {"columns": ["author"]},
    }
    assert block["heads"] == {"stars": {"kind": "softmax", "labels": names}}
    assert block["decision"] == {"rule": "argmax", "head": "stars"}
    assert block["split"] == {"least": 4, "max_drift": 0.06}
    assert block["tokens"] == {"max_length": 32}
    assert block["gates"] == {"macro_f1": {"metric": "test", "key": "student_int8.macro_f1", "min": 0.5}}
    assert set(block) == {"source", "heads", "decision", *tree(workspace)["defaults"]}
    assert frame["stars"].value_counts().to_dict() == dict.fromkeys(names, 60)
    assert (workspace / "data/raw/mine/reviews.csv").read_bytes() == (inbox / "reviews.csv").read_bytes()
    said = capsys.readouterr().out
    for line in (
        f"data: {inbox}/reviews.csv (300 rows, 6 columns, 1 file)",
        "text: review (mean 57 characters, 100.0 % distinct)",
        "label: stars (5 different values: one of them), a softmax head",
        "id: review_id (unique, and its name says so)",
        "time: written (an ISO date in every row)",
        "group: author (its name says so; 250 different, 300 rows)",
        "none: shop (one value in all rows)",
        "  sed -i.bak 's/^tasks: .*/tasks: [demo, mine]/' params.yaml",
        "  dvc repro",
    ):
        assert line in said.splitlines(), line


def test_jsonl_with_lists_of_labels(workspace, inbox, capsys):
    labels = cycle(["Sad", "angry"], ["angry"], [], ["joy"], ["Sad"])
    rows = [
        {"id": n, "message": text, "moods": moods} for n, (text, moods) in enumerate(zip(texts(), labels, strict=True))
    ]
    inbox.mkdir()
    (inbox / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    block, frame = proposed(workspace, inbox / "rows.jsonl")
    assert block["source"]["labels"] == {
        "moods": {"column": "moods", "classes": {"angry": ["angry"], "joy": ["joy"], "sad": ["Sad"]}}
    }
    assert block["heads"] == {"moods": {"kind": "sigmoid", "labels": ["angry", "joy", "sad"]}}
    assert block["decision"] == {"rule": "thresholds", "head": "moods"}
    assert block["split"] == {}
    assert [int(frame[f"moods.{name}"].sum()) for name in ("angry", "joy", "sad")] == [120, 60, 120]
    assert len(frame) == ROWS
    assert "unlabelled: allow (60 rows with an empty list in moods: none of the labels)" in capsys.readouterr().out


@pytest.mark.parametrize("mark", [";", "|"])
def test_another_mark_and_encoding_with_boolean_columns(workspace, inbox, capsys, mark):
    columns = {
        "Kommentar": [f"Schöne Grüße aus Köln, {text}" for text in texts()],
        "is_rude": cycle("TRUE", "FALSE", "FALSE"),
        "is_spam": cycle("no", "yes"),
        "is_off-topic": cycle(0, 0, 0, 1),
    }
    block, frame = proposed(workspace, write_csv(inbox / "kommentare.csv", columns, mark, "cp1252"))
    assert block["source"] == {
        "files": ["kommentare.csv"],
        "encoding": "cp1252",
        "delimiter": mark,
        "text": "Kommentar",
        "labels": {"labels": {"columns": {"off-topic": "is_off-topic", "rude": "is_rude", "spam": "is_spam"}}},
    }
    assert block["heads"] == {"labels": {"kind": "sigmoid", "labels": ["off-topic", "rude", "spam"]}}
    assert frame["raw"][0] == f"Schöne Grüße aus Köln, {texts()[0]}"
    assert [int(frame[f"labels.{name}"].sum()) for name in ("off-topic", "rude", "spam")] == [75, 100, 150]
    said = capsys.readouterr().out
    assert "encoding: cp1252 (a guess: " in said
    assert "Schöne Grüße" in said
    assert f"delimiter: {mark!r}" in said


def test_xlsx_with_a_number_beside_a_label(workspace, inbox):
    inbox.mkdir()
    with xlsxwriter.Workbook(inbox / "tickets.xlsx") as book:
        sheet = book.add_worksheet()
        labels, urgency = cycle("bug", "wish", "praise"), [n / 7 for n in range(ROWS)]
        for n, row in enumerate([("body", "category", "urgency"), *zip(texts(), labels, urgency, strict=True)]):
            sheet.write_row(n, 0, row)
    block, frame = proposed(workspace, inbox / "tickets.xlsx")
    assert block["source"]["labels"] == {"category": {"column": "category"}, "urgency": {"column": "urgency"}}
    assert block["heads"] == {
        "category": {"kind": "softmax", "labels": ["bug", "praise", "wish"]},
        "urgency": {"kind": "regression"},
    }
    assert block["decision"] == {"rule": "argmax", "head": "category"}
    assert frame["urgency"].max() == pytest.approx(299 / 7)
    assert frame["category"].value_counts().to_dict() == {"bug": 100, "wish": 100, "praise": 100}


def test_parquet_with_a_column_of_splits(workspace, inbox, capsys):
    inbox.mkdir()
    columns = {"text": texts(), "label": cycle(True, False), "fold": cycle("train", "train", "train", "dev", "test"),
               "user": cycle("u1", "u2", "u3")}  # fmt: skip
    columns["text"][3] = columns["text"][0]
    columns["label"][3] = columns["label"][0]
    pq.write_table(pa.table(columns), inbox / "rows.parquet")
    block, frame = proposed(workspace, inbox / "rows.parquet")
    assert block["source"]["splits"] == {
        "column": "fold",
        "values": {"train": ["train"], "valid": ["dev"], "test": ["test"]},
    }
    assert block["split"] == {"carve": {"calib": {"source": "valid", "share": 0.5}}, "leaks": "drop"}
    assert "group" not in block["source"]
    assert block["source"]["labels"]["label"]["classes"] == {"false": ["False"], "true": ["True"]}
    assert frame["split"].value_counts().to_dict() == {"train": 180, "valid": 60, "test": 60}
    said = capsys.readouterr().out
    assert "split.carve: calib (50 % of valid, since the data has none)" in said
    assert "split.leaks: drop (1 row with a text that a later split holds too, or nearly so)" in said
    assert "group: none after all" in said


def test_a_folder_of_tables_named_as_splits(workspace, inbox):
    parts = {"train": slice(0, 200), "test": slice(200, 300)}
    for name, part in parts.items():
        write_csv(inbox / "posts" / f"{name}.csv", {"post": texts()[part], "topic": cycle("a|b", "b", "a", "c")[part]})
    (inbox / "posts" / ".hidden").write_text("no table")
    block, frame = proposed(workspace, inbox / "posts")
    assert block["source"]["files"] == ["posts"]
    assert block["source"]["splits"] == {"files": {"train": "posts/train.csv", "test": "posts/test.csv"}}
    assert block["split"] == {
        "carve": {"valid": {"source": "train", "share": 0.15}, "calib": {"source": "train", "share": 0.15}}
    }
    assert block["source"]["labels"]["topic"] == {
        "column": "topic",
        "separator": "|",
        "classes": {"topic_a": ["a"], "topic_b": ["b"], "topic_c": ["c"]},
    }
    assert frame["split"].value_counts().to_dict() == {"train": 200, "test": 100}
    assert int(frame["topic.topic_b"].sum()) == 150
    assert sorted(path.name for path in (workspace / "data/raw/mine/posts").iterdir()) == ["test.csv", "train.csv"]


@pytest.mark.parametrize("place", ["rows.csv", ""], ids=["the file", "the folder"])
def test_raw_files_that_are_there_already_are_not_copied(workspace, place):
    file = write_csv(workspace / "data/raw/mine/rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = file.stat().st_mtime_ns, file.stat().st_ino
    block, _ = proposed(workspace, workspace / "data/raw/mine" / place)
    assert block["source"]["files"] == ["rows.csv"]
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


@pytest.mark.parametrize("mark", ["|", ",", ";"])
def test_several_labels_in_a_cell(workspace, inbox, mark):
    tags = cycle("hot", f"hot{mark}new", "", f"new {mark} old")
    file = write_csv(inbox / "rows.csv", {"text": texts(), "tags": tags}, "\t")
    block, frame = proposed(workspace, file)
    assert block["source"]["delimiter"] == "\t"
    assert block["source"]["labels"]["tags"] == {"column": "tags", "separator": mark, "unlabelled": "drop"}
    assert block["heads"]["tags"]["labels"] == ["hot", "new", "old"]
    assert len(frame) == 225


def test_a_value_with_a_comma_is_one_label_where_its_parts_never_stand_alone(workspace, inbox):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("joy, calm", "fear, anger", "sad")})
    block, _ = proposed(workspace, file)
    assert block["heads"]["label"] == {"kind": "softmax", "labels": ["fear_anger", "joy_calm", "sad"]}
    assert block["source"]["labels"]["label"]["classes"]["joy_calm"] == ["joy, calm"]


# --- what follows from the rows ---------------------------------------------------------------------------------------


def test_few_rows_rare_classes_missing_labels_and_conflicts_are_said(workspace, inbox, capsys):
    labels = cycle("good", "bad", rows=60)
    labels[:4] = ["odd", "odd", "odd", ""]
    columns = {"text": texts(60), "label": labels}
    columns["text"][10:13] = [columns["text"][11], columns["text"][11], "  "]
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["split"] == {"least": 0, "max_drift": 0.27}
    assert block["source"]["labels"]["label"]["unlabelled"] == "drop"
    assert len(frame) == 58
    said = capsys.readouterr().out
    for line in (
        "unlabelled: drop (1 row with nothing in label)",
        "split.least: 0 (odd has 3 rows in 3 clusters of equal or similar texts, about 0.3 for its smallest split)",
        "split.max_drift: 0.27 (the smallest split has room for about 6 clusters)",
        "warning: 58 rows in all are few; every figure will have a wide interval",
        "warning: class odd has 3 rows; next to nothing can be learnt or said about it",
        "warning: 1 row without a text, left out",
        "warning: 1 row without a label, left out",
        "warning: 1 text with more than one answer; see duplicates.conflicts",
    ):
        assert line in said.splitlines(), line


@pytest.mark.parametrize(("times", "length"), [(1, 32), (5, 64), (12, 192), (40, 256)])
def test_max_length_holds_nearly_all_texts(workspace, inbox, capsys, times, length):
    file = write_csv(
        inbox / "rows.csv", {"text": [" ".join([text] * times) for text in texts()], "label": cycle("yes", "no")}
    )
    block, _ = proposed(workspace, file)
    assert block["tokens"] == {"max_length": length}
    assert f"tokens: max_length {length} (300 texts have " in capsys.readouterr().out


def test_without_the_encoder_the_length_stays_the_default(workspace, inbox, capsys, monkeypatch):
    monkeypatch.setattr(trial.importlib.util, "find_spec", lambda name: None)
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")}))
    assert block["tokens"] == {}
    assert "tokens: max_length 96, the default (encoder minilm is not installed" in capsys.readouterr().out


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
    columns = {"text": texts(), "user_rating": cycle(1, 2, 3), "user_name": cycle("u1", "u2"), "user": range(ROWS)}
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["heads"] == {
        "user_rating": {"kind": "softmax", "labels": ["user_rating_1", "user_rating_2", "user_rating_3"]}
    }
    assert block["source"]["group"] == {"columns": ["user_name"]}
    assert "id" not in block["source"]


def test_utf_16_with_its_mark_and_a_link_need_nothing(workspace, inbox):
    file = write_csv(
        inbox / "rows.csv", {"text": [f"é {text}" for text in texts()], "label": cycle("yes", "no")}, encoding="utf-16"
    )
    (inbox / "link.csv").symlink_to(file)
    block, frame = proposed(workspace, inbox / "link.csv")
    assert block["source"] == {"files": ["link.csv"], "text": "text", "labels": {"label": {"column": "label"}}}
    assert frame["raw"][0] == f"é {texts()[0]}"
    assert not (workspace / "data/raw/mine/link.csv").is_symlink()


def test_a_named_encoding_is_not_guessed(workspace, inbox, capsys):
    columns = {"text": [f"Rødgrød med fløde, {text}" for text in texts()], "label": cycle("yes", "no")}
    file = write_csv(inbox / "rows.csv", columns, encoding="cp1252")
    block, frame = proposed(workspace, file, "--encoding", "latin-1")
    assert block["source"]["encoding"] == "latin-1"
    assert frame["raw"][0].startswith("Rødgrød med fløde")
    assert "guess" not in capsys.readouterr().out


# --- params.yaml ------------------------------------------------------------------------------------------------------


def test_a_dry_run_prints_the_block_and_writes_nothing(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = everything(workspace)
    assert main(["new", str(file), "--task", TASK, "--dry-run"]) == 0
    assert everything(workspace) == before
    printed = capsys.readouterr().out
    assert "nothing was written (--dry-run)" in printed
    block = SAFE.load(printed[printed.index(f"\n{TASK}:") : printed.index("nothing was written")])
    assert main(["new", str(file), "--task", TASK]) == 0
    assert tree(workspace)[TASK] == block[TASK]


def test_build_edits_the_line_of_tasks_alone(workspace, inbox):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert main(["new", str(file), "--task", TASK, "--build"]) == 0
    after = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert after.startswith(before.replace("\ntasks: [demo]", "\ntasks: [demo, mine]"))
    assert tree(workspace)["tasks"] == ["demo", "mine"]


def test_tasks_in_another_form_are_not_edited(workspace, inbox, capsys):
    params = workspace / "params.yaml"
    params.write_text(
        params.read_text(encoding="utf-8").replace("\ntasks: [demo]", "\ntasks:\n  - demo"), encoding="utf-8"
    )
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    found = refused(workspace, capsys, str(file), "--task", TASK, "--build")
    assert "tasks is not a list in one line; add mine there yourself, without --build" in found


def test_a_missing_last_line_break_is_added(workspace, inbox):
    params = workspace / "params.yaml"
    params.write_bytes(params.read_bytes().rstrip(b"\n"))
    proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")}))


def test_each_line_of_a_block_fits_and_has_its_comment(workspace, inbox):
    columns = {
        f"is {word} in the eyes of whoever reads it": cycle("yes", "no", "no")
        for word in ("kind", "rude", "odd", "dull")
    }
    columns |= {"text": texts()}
    before = (workspace / "params.yaml").read_text(encoding="utf-8")
    proposed(workspace, write_csv(inbox / "rows.csv", columns))
    added = (workspace / "params.yaml").read_text(encoding="utf-8").removeprefix(before).splitlines()
    assert max(map(len, added)) <= 120
    keys = [line for line in added if re.match(r" {2,8}[\w-]+: (?!\{\}$)", line)]
    assert len(keys) >= 6
    assert [line for line in keys if "  # " not in line] == []


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1), min_size=1))
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_a_block_is_read_back_or_refused(values):
    block = Block("mine")
    block.put("source", "labels", "x", "classes", value=values, note="a note")
    text = appended(b"tasks: [demo]  # one\n", block, False)
    assert text.startswith(b"tasks: [demo]  # one\n\nmine:")
    if all("".join([key, *items]).isprintable() for key, items in values.items()):
        assert SAFE.load(text)["mine"] == block.tree


def test_what_yaml_cannot_hold_is_refused(workspace):
    content = (workspace / "params.yaml").read_bytes()
    demo = SAFE.load(content)["demo"]
    block = Block("mine", demo | {"source": demo["source"] | {"text": "\x85"}})
    with pytest.raises(ParamsError, match=r"params\.yaml: mine: a name in the table cannot be written there"):
        checked(appended(content, block, False), block, False)


@pytest.mark.parametrize("stop", ["read", "copy"])
def test_an_error_while_writing_puts_everything_back(workspace, inbox, capsys, monkeypatch, stop):
    write_csv(inbox / "posts" / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})

    def fail(*arguments):
        raise ParamsError("planted")

    if stop == "read":
        real = propose.params.read
        monkeypatch.setattr(propose.params, "read", lambda task, *file: real(task, *file) if file else fail())
    else:
        monkeypatch.setattr(propose, "rewrite", fail)
    with pytest.MonkeyPatch.context() as patch:
        if stop == "copy":
            patch.setattr(propose.intake.shutil, "copyfile", fail)
            patch.setattr(propose, "rewrite", lambda content: None)
        assert refused(workspace, capsys, str(inbox / "posts"), "--task", TASK).endswith("\nerror: planted\n")
    assert not (workspace / "data").exists()


# --- refusals ---------------------------------------------------------------------------------------------------------

GOOD = {"text": texts(), "label": cycle("yes", "no")}
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
        "label: price holds numbers, a regression",
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
    "two separators": ({"text": texts(), "label": cycle("a", "b", "a|b", "a;b")}, "joined by '|' and by ';'"),
    "no header": (
        {"It came late, and cold.": texts(), "bad": cycle("good", "bad")},
        "the file seems to have no header",
    ),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_table_that_does_not_do_is_refused(workspace, inbox, capsys, name):
    columns, words = LACKING[name]
    assert words in refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--text", "txt"], "no column 'txt'"),
        (["--label", "*.raw"], "no column '*.raw'"),
        (["--id", "shop"], "id: column 'shop' repeats a value in 299 rows; ids must be unique"),
        (["--label", "text", "--text", "shop"], "column 'text' is no label: 300 different values in 300 rows"),
        (["--text", "label", "--label", "label"], "no column 'label', or it was named twice"),
        (["--encoding", "utf-99"], "unknown encoding: utf-99"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_choice_that_does_not_do_is_refused(workspace, inbox, capsys, options, words):
    file = write_csv(inbox / "rows.csv", GOOD | {"shop": ["north"] * ROWS})
    assert words in refused(workspace, capsys, str(file), "--task", TASK, *options)


@pytest.mark.parametrize("task", ["Mine", "1a", "my-task", "", "défi", "defaults", "tasks", "catalogue", "raw", "null"])
def test_a_bad_name_is_refused(workspace, inbox, capsys, task):
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", GOOD)), "--task", task)
    assert found.startswith(f"error: --task {task}: a name has small letters, digits and _")


def test_a_taken_name_is_refused(workspace, inbox, capsys):
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", GOOD)), "--task", "demo")
    assert "--task demo: params.yaml has such a block already" in found


FILES = {
    "empty": ("rows.csv", b"", "rows.csv: no rows"),
    "header alone": ("rows.csv", b"text,label\n", "rows.csv: no rows"),
    "no table": ("rows.docx", b"hello", "its suffix does not say how it is written"),
    "broken Parquet": ("rows.parquet", b"hello", "rows.parquet: not Parquet"),
    "broken XLSX": ("rows.xlsx", b"hello", "rows.xlsx: not XLSX"),
    "broken JSONL": ("rows.jsonl", b'{"text": \n', "rows.jsonl: row 1: not JSON"),
    "ragged": ("rows.csv", b"text;label\nhi;a\nho\n", "rows.csv: row 2 (line 3): 1 cells where the header has 2"),
    "two encodings": ("rows.csv", "text,label\né,a\n".encode() + b"\xe9,b\n", "line 3 is not UTF-8, but "),
    "UTF-16 without its mark": ("rows.csv", "text,label\n".encode("utf-16-le"), "line 1: holds a zero byte"),
    "two marks": ("rows.csv", b"text;label,x\nhi;a,b\n", "cells could be separated by ',' or by ';'"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_refused(workspace, inbox, capsys, name):
    file, content, words = FILES[name]
    inbox.mkdir()
    (inbox / file).write_bytes(content)
    assert words in refused(workspace, capsys, str(inbox / file), "--task", TASK)


def test_a_missing_file_an_empty_folder_and_the_folder_around_are_refused(workspace, inbox, capsys):
    assert "inbox/x.csv: missing; name a table" in refused(workspace, capsys, "inbox/x.csv", "--task", TASK)
    inbox.mkdir()
    assert "inbox: an empty folder" in refused(workspace, capsys, "inbox", "--task", TASK)
    assert ".: holds data/raw/mine, where the raw files go" in refused(workspace, capsys, ".", "--task", TASK)


def test_another_file_in_its_place_is_not_overwritten(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", GOOD)
    write_csv(workspace / "data/raw/mine/rows.csv", GOOD | {"x": GOOD["label"]})
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert "data/raw/mine/rows.csv: is there already, with other bytes than" in found
    shutil.copy(file, workspace / "data/raw/mine/rows.csv")
    assert main(["new", str(file), "--task", TASK]) == 0


def test_splits_by_column_and_by_file_are_ambiguous(workspace, inbox, capsys):
    for name in ("train", "test"):
        write_csv(inbox / "posts" / f"{name}.csv", GOOD | {"fold": cycle("train", "test")})
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)
    assert (
        "split: column fold and the names of the files could be meant; leave the column out with --ignore fold" in found
    )


def test_files_separated_in_several_ways_are_refused(workspace, inbox, capsys):
    write_csv(inbox / "posts" / "a.csv", GOOD)
    write_csv(inbox / "posts" / "b.csv", GOOD, ";")
    assert "cells are separated in several ways" in refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)


def test_an_invalid_params_file_says_so_before_anything_is_read(workspace, capsys):
    params = workspace / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("tasks: [demo]", "tasks: [dmeo]"), encoding="utf-8")
    assert "no block named 'dmeo'" in refused(workspace, capsys, "nowhere.csv", "--task", TASK)


# --- parts ------------------------------------------------------------------------------------------------------------

NAMES = {
    "words": (["good", "bad"], {"bad": ["bad"], "good": ["good"]}),
    "numbers": (["10", "-1", "9"], {"x_minus_1": ["-1"], "x_9": ["9"], "x_10": ["10"]}),
    "case": (["Spam", "spam", "ham"], {"ham": ["ham"], "spam": ["Spam", "spam"]}),
    "signs": (["C", "C++", "C#"], {"x_c": ["C"], "x_c_2": ["C#"], "x_c_3": ["C++"]}),
    "accents": (["größe", "café au lait"], {"cafe_au_lait": ["café au lait"], "grosse": ["größe"]}),
    "other scripts": (["хорошо", "плохо", "👍"], {"x_1": ["плохо"], "x_2": ["хорошо"], "x_3": ["👍"]}),
    "keys of the metrics": (["accuracy", "n", "speed"], {"x_accuracy": ["accuracy"], "x_n": ["n"], "speed": ["speed"]}),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes(name):
    raws, named = NAMES[name]
    assert classes_of("x", raws, {"n", "accuracy"}) == named


@given(st.sets(st.text(min_size=1), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_classes_are_slugs_that_differ_and_no_label_is_lost(raws):
    named = classes_of("head", raws, set())
    assert sorted(raw for members in named.values() for raw in members) == sorted(raws)
    assert [slug(name) for name in named] == list(named)


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
