"""PostgreSQL as a source. Without a server's programs this file is not collected, and says so at the end of the tests."""

import datetime

import postgres
import psycopg
import pyarrow.parquet as pq
import pytest
import rawtask

from decant import paths
from decant.data import rawfiles
from decant.data.fetch import fetch
from decant.errors import DataError, ResourceError
from decant.settings.database import parsed


@pytest.fixture(scope="module")
def server():
    """A server with a table of 25 posts."""
    with postgres.server() as url:
        with psycopg.connect(url) as connection:
            connection.execute(
                "CREATE TABLE posts (id bigint, text text, kind text, tags text[], score numeric, at timestamptz, raw bytea)"
            )
            connection.execute(
                "INSERT INTO posts SELECT n, 'post ' || n || ' 100%', 'ham', ARRAY['a', 'b'], n / 4.0, '2026-01-02Z', '\\x00' "
                "FROM generate_series(1, 25) AS n"
            )
        yield url


@pytest.fixture
def address(server, monkeypatch) -> str:
    """The URL of the server for params.yaml; the password is in the environment."""
    monkeypatch.setenv("DB_USER", "decant")
    monkeypatch.setenv("DB_PASSWORD", postgres.PASSWORD)
    return f"postgresql://$DB_USER:$DB_PASSWORD@/postgres?host={server.rpartition('=')[2]}&query="


def test_rows_stream_from_a_cursor_that_may_only_read(workspace, address, monkeypatch, capsys):
    monkeypatch.setattr(rawfiles, "BATCH", 10)
    entry = f"{address}SELECT id, text, kind, tags, score, at FROM posts WHERE text LIKE '%100%' ORDER BY id"
    rawtask.arrange(workspace, {}, {"files": [entry]})
    fetch(rawtask.TASK)
    file = paths.raw(rawtask.TASK) / parsed(entry).file
    assert pq.ParquetFile(file).metadata.num_row_groups == 3
    assert pq.read_table(file).to_pylist()[1] == {
        "id": 2, "text": "post 2 100%", "kind": "ham", "tags": ["a", "b"], "score": "0.50000000000000000000",
        "at": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    }  # fmt: skip
    written = [one.read_bytes() for one in workspace.rglob("*") if one.is_file()]
    assert not any(b"sesame" in content for content in written)
    assert "sesame" not in "".join(capsys.readouterr())
    assert len(rawtask.rerun(workspace)) == 25


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * FROM post", r'relation "post" does not exist\. Mend .* it has posts \(id, text, kind'),
        ("SELECT label FROM posts", 'column "label" does not exist'),
        ("SELECT raw FROM posts", r"column 'raw' holds bytes \(row 1\)"),
        ("SELECT id FROM posts WHERE id > 25", "gives no rows"),
        ("WITH gone AS (DELETE FROM posts RETURNING id) SELECT id FROM gone", "read-only|data-modifying"),
        (r"SELECT E'a\''; COMMIT; DROP TABLE posts; --'", "multiple commands"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_changes(workspace, address, server, query, message):
    rawtask.arrange(workspace, {}, {"files": [address + query]})
    with pytest.raises(DataError, match=message) as stopped:
        fetch(rawtask.TASK)
    assert "sesame" not in str(stopped.value)
    with psycopg.connect(server) as connection:
        assert connection.execute("SELECT count(*) FROM posts").fetchone() == (25,)


def test_a_wrong_password_is_refused_without_being_shown(workspace, address, monkeypatch):
    monkeypatch.setenv("DB_PASSWORD", "sesame?")
    rawtask.arrange(workspace, {}, {"files": [f"{address}SELECT 1"]})
    with pytest.raises(ResourceError, match="password authentication failed") as stopped:
        fetch(rawtask.TASK)
    assert "sesame" not in str(stopped.value)
    assert 'for user "$DB_USER"' in str(stopped.value)
