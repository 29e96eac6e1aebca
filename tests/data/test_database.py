"""A database as a source: what fetch writes of it, what it refuses, and that no secret is ever shown."""

import datetime
import decimal
import json
import sqlite3
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rawtask

from decant import paths
from decant.__main__ import main
from decant.data import rawfiles
from decant.data.fetch import fetch
from decant.data.queried import Columns
from decant.errors import DataError, ParamsError, ResourceError
from decant.settings.database import parsed
from decant.settings.params import read

FOLDER = paths.raw(rawtask.TASK)
EVERYTHING = "sqlite:///shop.db?query=SELECT id, text, kind FROM posts ORDER BY id"


def shop(rows: list[tuple]) -> None:
    """shop.db with one table of posts, whose columns hold whatever they are given."""
    with sqlite3.connect("shop.db") as connection:
        connection.execute("CREATE TABLE posts (id, text, kind)")
        connection.executemany("INSERT INTO posts VALUES (?, ?, ?)", rows)
    connection.close()


def fetched(workspace: Path, *entries: str) -> list[Path]:
    """The files that fetch wrote for a task of these entries."""
    rawtask.arrange(workspace, {}, {"files": list(entries)})
    fetch(rawtask.TASK)
    return [FOLDER / parsed(entry).file for entry in entries]


def refused(workspace: Path, entry: str, kind: type[Exception], message: str) -> str:
    """fetch stops with these words, and writes nothing."""
    with pytest.raises(kind, match=message) as stopped:
        fetched(workspace, entry)
    assert not list(FOLDER.iterdir()) if FOLDER.exists() else True
    return str(stopped.value)


def test_the_rows_of_a_query_are_prepared_like_those_of_a_file(workspace, capsys):
    shop([("a", "Win &amp; go", "spam"), ("b", "rent is due", "ham"), ("c", "007", "bot")])
    (file,) = fetched(workspace, EVERYTHING)
    assert pq.read_table(file).to_pylist()[2] == {"id": "c", "text": "007", "kind": "bot"}
    assert f"{file}: 3 rows of the query with sha256 {parsed(EVERYTHING).digest[:12]}" in capsys.readouterr().out
    frame = rawtask.rerun(workspace)
    assert frame["text"].tolist() == ["Win & go", "rent is due", "007"]
    assert frame["kind"].tolist() == ["spam", "ham", "spam"]


def test_what_came_is_recorded_beside_the_file_and_told_apart_from_what_came_before(workspace, capsys):
    shop([("a", "hi", "ham")])
    (file,) = fetched(workspace, EVERYTHING)
    record = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    assert record["query_sha256"] == parsed(EVERYTHING).digest
    assert record["rows"] == 1
    assert record["columns"] == {"id": "string", "text": "string", "kind": "string"}
    first = {one.name: one.read_bytes() for one in FOLDER.iterdir()}
    fetch(rawtask.TASK)
    assert "the same as before" in capsys.readouterr().out
    assert {one.name: one.read_bytes() for one in FOLDER.iterdir()} == first
    with sqlite3.connect("shop.db") as connection:
        connection.execute("INSERT INTO posts VALUES ('b', 'ho', 'ham')")
    fetch(rawtask.TASK)
    assert "other ones than before (1)" in capsys.readouterr().out


def test_another_query_has_another_file_so_that_no_stage_takes_the_old_rows_for_its_own(workspace):
    shop([("a", "hi", "ham"), ("b", "ho", "spam")])
    both = [f"sqlite:///shop.db?query=SELECT * FROM posts WHERE kind = '{kind}'" for kind in ("ham", "spam")]
    one, other = fetched(workspace, *both)
    assert one != other
    assert one.name.startswith("shop-")
    assert rawtask.rerun(workspace)["id"].tolist() == ["a", "b"]
    rawtask.arrange(workspace, {}, {"files": [EVERYTHING]})
    with pytest.raises(DataError, match=r"shop-\w+\.parquet: missing\. Get it with .*python -m decant fetch"):
        rawtask.rerun(workspace)


def test_rows_that_nothing_names_or_orders_are_warned_of(workspace, capsys):
    shop([("a", "hi", "ham")])
    bare = "sqlite:///shop.db?query=SELECT text, kind FROM posts"
    for source, warned in (({"id": None}, True), ({}, False)):
        rawtask.arrange(workspace, {}, {"files": [bare]} | source)
        fetch(rawtask.TASK)
        assert ("the query has no ORDER BY" in capsys.readouterr().err) == warned
    rawtask.arrange(workspace, {}, {"files": [f"{bare} order  by 1"], "id": None})
    fetch(rawtask.TASK)
    assert capsys.readouterr().err == ""


def test_many_rows_pass_in_batches_of_one_size(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 10)
    shop([(number, None if number < 20 else "hi", "ham") for number in range(25)])
    (file,) = fetched(workspace, EVERYTHING)
    stored = pq.ParquetFile(file)
    assert [stored.metadata.row_group(index).num_rows for index in range(3)] == [10, 10, 5]
    assert stored.schema_arrow.field("id").type == pa.int64()
    assert stored.schema_arrow.field("text").type == pa.string()  # of gaps alone in the first two batches
    assert stored.read()["text"].null_count == 20


def test_whole_numbers_and_fractions_are_numbers_whichever_batch_they_come_in(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    shop([(1, "a", 1), (2, "b", 2), (3, "c", 0.5)])
    (file,) = fetched(workspace, EVERYTHING)
    assert pq.read_table(file)["kind"].to_pylist() == [1.0, 2.0, 0.5]


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("a", b"\x00\x01", "ham")],
            r"column 'text' holds bytes \(row 1\), which makes no column.*CAST\(\.\.\. AS TEXT\)",
        ),
        ([("a", "hi", "ham"), (7, "hi", "ham")], r"column 'id' holds whole numbers \(row 1\) and text \(row 2\).*CAST"),
        ([(1, "hi", 2**60 + 1), (2, "hi", 0.5)], "whole numbers beside fractions: .*CAST"),
        ([], r"sqlite:///shop\.db: the query gives no rows; look at its WHERE"),
    ],
)
def test_rows_that_make_no_column_are_refused_by_row_and_remedy(workspace, rows, message):
    shop(rows)
    refused(workspace, EVERYTHING, DataError, message)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "SELECT * FROM post",
            r"no such table: post\. Mend the query in source\.files; it has posts \(id, text, kind\)",
        ),
        ("SELECT label FROM posts", r"no such column: label\. Mend .* it has posts \(id, text, kind\)"),
        ("SELECT id, text FORM posts", "syntax error"),
        ("SELECT id, text AS id FROM posts", "column 'id' twice; name one of them otherwise"),
        (
            "WITH x AS (SELECT 1) INSERT INTO posts SELECT 1, 2, 3",
            "readonly database|may not be written|attempt to write",
        ),
    ],
)
def test_what_the_database_refuses_is_said_with_what_it_has(workspace, query, message):
    shop([("a", "hi", "ham")])
    refused(workspace, f"sqlite:///shop.db?query={query}", DataError, message)
    with sqlite3.connect("shop.db") as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (1,)


def test_a_file_that_is_not_there_is_named_and_not_made(workspace):
    refused(workspace, EVERYTHING, DataError, r"shop\.db: no such file; mend sqlite:///FILE")
    assert not Path("shop.db").exists()
    Path("shop.db").write_text("id,text\n1,hi and more than a few bytes\n" * 50)
    refused(workspace, EVERYTHING, DataError, "file is not a database")


ENTRIES = {
    "a password": ("postgresql://me:s3same@h/d?query=SELECT 1", r"holds a password.*write \$DB_PASSWORD in its place"),
    "a half hidden password": ("postgresql://me:s3same$X@h/d?query=SELECT 1", "holds a password"),
    "a password with a slash": ("postgresql://me:s3s/ame@h/d?query=SELECT 1", "holds a password"),
    "a password as an option": ("postgresql://h/d?password=s3same&query=SELECT 1", "holds a password"),
    "braces": ("postgresql://${U}:${P}@h/d?query=SELECT 1", r"write a variable .* as \$NAME, without braces"),
    "no query": ("sqlite:///shop.db", r"has no \?query="),
    "another database": ("mysql://h/d?query=SELECT 1", "mysql:// is no kind that can be read; a database is sqlite"),
    "no file": ("sqlite://?query=SELECT 1", "names no file"),
    "no SELECT": ("sqlite:///a.db?query=DELETE FROM posts", "begins with 'DELETE'; only a SELECT"),
    "a comment before no SELECT": ("sqlite:///a.db?query=/* SELECT */ DROP TABLE posts", "begins with 'DROP'"),
    "an empty query": ("sqlite:///a.db?query= ", "begins with ''"),
    "two statements": ("sqlite:///a.db?query=SELECT 1; DROP TABLE posts", "more than one statement"),
    "a quoted URL": ("sqlite:///a.db?query=SELECT%20id%20FROM%20posts", "write it as plain SQL, not as in a URL"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_will_not_do_is_refused_by_check_and_shows_no_password(workspace, name, capsys):
    entry, message = ENTRIES[name]
    rawtask.arrange(workspace, {}, {"files": [entry]})
    with pytest.raises(ParamsError, match=rf"mini\.source\.files: .*{message}"):
        read(rawtask.TASK)
    assert main(["check"]) == 1
    assert "s3s" not in capsys.readouterr().err


def test_an_entry_outside_a_list_is_refused_without_its_password(workspace):
    rawtask.arrange(workspace, {}, {"files": "postgresql://me:s3same@h/d?query=SELECT 1"})
    with pytest.raises(ParamsError, match="files is a list") as stopped:
        read(rawtask.TASK)
    assert "s3same" not in str(stopped.value)


@pytest.mark.parametrize(
    "query",
    ["SELECT ';' FROM t", "select\n1", "WITH a AS (SELECT 1) SELECT * FROM a;", "-- ; all\nSELECT(1)", 'SELECT "a;b"'],
)
def test_a_select_in_any_writing_is_one(query):
    assert parsed(f"sqlite:///a.db?query={query}").query == query.strip()


def test_a_query_stands_as_it_is_written_to_the_end_of_the_entry():
    entry = parsed("postgresql://$U:$P@h:5432/d?host=/run/pg&sslmode=require&query=SELECT 'a&b?query=%', \"x\" FROM t")
    assert entry.address == "postgresql://$U:$P@h:5432/d?host=/run/pg&sslmode=require"
    assert entry.query == "SELECT 'a&b?query=%', \"x\" FROM t"


def test_a_variable_that_is_not_set_is_named(workspace, monkeypatch):
    monkeypatch.delenv("NOBODY", raising=False)
    entry = "postgresql://me:$NOBODY@127.0.0.1:1/d?query=SELECT 1"
    refused(workspace, entry, ResourceError, "the environment has no NOBODY.*export it and run this again")


def test_a_server_that_does_not_answer_is_named_without_what_the_environment_holds(workspace, monkeypatch, capsys):
    monkeypatch.setenv("DB_USER", "secretuser")
    monkeypatch.setenv("DB_PASSWORD", "s3same")
    entry = "postgresql://$DB_USER:$DB_PASSWORD@127.0.0.1:1/posts?query=SELECT 1"
    said = refused(
        workspace, entry, ResourceError, r"postgresql://127\.0\.0\.1:1/posts: no connection: .*run this again"
    )
    assert main(["fetch", "--task", rawtask.TASK]) == 1
    said += capsys.readouterr().err
    assert "s3same" not in said
    assert "secretuser" not in said


def test_a_copy_is_no_database(workspace):
    rawtask.arrange(workspace, {}, {"files": [EVERYTHING]})
    with pytest.raises(DataError, match="is for copies of hub data sets"):
        fetch(rawtask.TASK, Path("copy"))


def test_values_of_a_server_become_columns_of_one_type():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    row = {
        "exact": decimal.Decimal("1.50"), "flag": True, "when": moment, "there": moment.replace(tzinfo=datetime.UTC),
        "day": moment.date(), "tags": ["a", "b"], "none": [], "key": uuid.UUID(int=7), "empty": None,
    }  # fmt: skip
    columns = Columns("rows.parquet")
    columns.name(list(row))
    table = columns.final(columns.table([tuple(row.values())]))
    assert table.to_pylist() == [row | {"exact": "1.50", "key": str(uuid.UUID(int=7))}]
    assert table.schema.field("empty").type == pa.string()
    for wrong in ({"a": 1}, [None], datetime.time(1)):
        columns.name(["x"])
        with pytest.raises(
            DataError, match=rf"column 'x' holds {type(wrong).__name__} \(row \d\), which makes no column"
        ):
            columns.table([(wrong,)])
