"""new: what is proposed for tables of every shape, and that prepare and split take it."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from newtask import ROWS, cycle, proposed, texts, write_csv, write_rows


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
    assert block["tokens"] == {"max_length": 32}
    assert block["gates"] == {"macro_f1": {"metric": "test", "key": "student_int8.macro_f1", "min": 0.5}}
    assert list(block) == ["source", "heads", "decision", "tokens", "gates"]  # the rest is as in defaults
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
        "  python -m decant new --task mine --build  # names it in tasks, for dvc",
        "  dvc repro profile@mine                    # cleans and splits the rows and describes them: read metrics/mine/data.md",
        "  dvc repro                                 # trains, quantizes and judges",
        "If the task is to stay, add its headline.json and its plots to metrics/dvc.yaml.",
    ):
        assert line in said.splitlines(), line


def test_jsonl_with_lists_of_labels(workspace, inbox, capsys):
    labels = cycle(["Sad", "angry"], ["angry"], [], ["joy"], ["Sad"])
    columns = {"id": range(ROWS), "message": texts(), "moods": labels}
    block, frame = proposed(workspace, write_rows(inbox / "rows.jsonl", columns))
    assert block["source"]["labels"] == {
        "moods": {
            "column": "moods",
            "unlabelled": "allow",
        }
    }
    assert block["heads"] == {"moods": {"kind": "sigmoid", "labels": ["angry", "joy", "Sad"]}}
    assert block["decision"] == {"rule": "thresholds", "head": "moods"}
    assert "split" not in block
    assert [int(frame[f"moods.{name}"].sum()) for name in ("angry", "joy", "Sad")] == [120, 60, 120]
    assert len(frame) == ROWS
    assert "warning: 60 rows with nothing in moods count as none of its labels" in capsys.readouterr().out


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
    assert list(block) == ["source", "heads", "decision", "split", "tokens", "gates"]
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
    }
    assert frame["split"].value_counts().to_dict() == {"train": 200, "test": 100}
    assert int(frame["topic.b"].sum()) == 150
    assert sorted(path.name for path in (workspace / "data/raw/mine/posts").iterdir()) == ["test.csv", "train.csv"]


@pytest.mark.parametrize("mark", ["|", ",", ";"])
def test_several_labels_in_a_cell(workspace, inbox, mark):
    tags = cycle("hot", f"hot{mark}new", "", f"new {mark} old")
    file = write_csv(inbox / "rows.csv", {"text": texts(), "tags": tags}, "\t")
    block, frame = proposed(workspace, file)
    assert block["source"]["delimiter"] == "\t"
    assert block["source"]["labels"]["tags"] == {"column": "tags", "separator": mark, "unlabelled": "allow"}
    assert block["heads"]["tags"]["labels"] == ["hot", "new", "old"]
    assert frame[["tags.hot", "tags.new", "tags.old"]].sum().tolist() == [150, 150, 75]


def test_a_value_with_a_comma_is_one_label_where_its_parts_never_stand_alone(workspace, inbox):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("joy, calm", "fear, anger", "sad")})
    block, _ = proposed(workspace, file)
    assert block["heads"]["label"] == {"kind": "softmax", "labels": ["fear, anger", "joy, calm", "sad"]}
    assert block["source"]["labels"] == {"label": {"column": "label"}}


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
