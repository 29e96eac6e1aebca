"""Where trials are kept: what DECANT_STORAGE may say, what is said where it does not answer, and who holds a lock."""

import subprocess
import sys
from pathlib import Path

import conftest
import pytest
import sqlalchemy
from graph import ROOT

from decant.errors import ResourceError, SearchError
from decant.search import storage


@pytest.fixture
def url(tmp_path) -> sqlalchemy.URL:
    return sqlalchemy.URL.create("sqlite", database=str(tmp_path / "a {strange} name.db"))


def test_without_the_variable_it_is_a_file_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv(storage.VARIABLE, raising=False)
    url = storage.address(tmp_path / "work" / "search.db")
    assert storage.name(url) == str(tmp_path / "work" / "search.db")
    storage.opened(url)
    assert (tmp_path / "work" / "search.db").exists()


def test_the_variable_names_another_file(tmp_path, monkeypatch):
    monkeypatch.setenv(storage.VARIABLE, f"sqlite:///{tmp_path}/there/search.db")
    storage.opened(storage.address(tmp_path / "search.db"))
    assert (tmp_path / "there" / "search.db").exists()
    assert not (tmp_path / "search.db").exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "is no URL"),
        ("search.db", "is no URL"),
        ("postgresql://me:open:sesame@host:many/trials", "is no URL"),
        ("postgres://me:sesame@host/trials", "names a database of the kind postgres;"),
        ("mysql://me:sesame@host/trials", "names a database of the kind mysql;"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_what_is_no_storage_is_refused_without_showing_it(tmp_path, monkeypatch, value, words):
    monkeypatch.setenv(storage.VARIABLE, value)
    with pytest.raises(
        SearchError, match=f"DECANT_STORAGE {words}.* it must be sqlite:///FILE or postgresql://"
    ) as error:
        storage.address(tmp_path / "search.db")
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg2"])
def test_a_missing_driver_is_named_with_its_command(tmp_path, monkeypatch, driver):
    monkeypatch.setenv(storage.VARIABLE, f"{driver}://me:sesame@host/trials")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        ResourceError, match=r"driver cannot be imported .*Run: pip install 'psycopg\[binary\]'"
    ) as error:
        storage.address(tmp_path / "search.db")
    assert "sesame" not in str(error.value)


def test_a_server_that_does_not_answer_is_named_without_user_and_password(tmp_path, monkeypatch):
    monkeypatch.setenv(storage.VARIABLE, "postgresql://me:sesame@localhost:1/trials?connect_timeout=5")
    url = storage.address(tmp_path / "search.db")
    words = r"PostgreSQL localhost/trials: the storage .* does not answer: .+\. Finished"
    with pytest.raises(SearchError, match=words) as error, storage.speaking(url):
        storage.opened(url)
    assert "sesame" not in str(error.value)
    assert error.value.__suppress_context__


def test_a_file_that_is_no_database_is_named(url):
    Path(url.database).write_text("no database " * 100)
    words = r"name\.db: the storage .* does not answer: file is not a database"
    with pytest.raises(SearchError, match=words), storage.speaking(url):
        storage.opened(url)


def test_tables_of_another_version_are_refused(url):
    found = storage.opened(url)
    with found.engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'v9.9.9.a'"))
    with pytest.raises(SearchError, match=r"name\.db: .*version.* Or delete it"):
        storage.opened(url)


HOLDER = """
import sys, sqlalchemy
from decant.search.storage import lock
with lock(sqlalchemy.URL.create("sqlite", database=sys.argv[1]), "trial") as ours:
    print(bool(ours), flush=True)
    sys.stdin.read()
"""


def test_a_lock_of_a_file_ends_with_its_process(url):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url.database], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "True\n"
    with storage.lock(url, "trial", wait=False) as ours, storage.lock(url, "another", wait=False) as free:
        assert ours is None
        assert free
    holder.kill()
    holder.communicate()
    with storage.lock(url, "trial", wait=False) as ours:
        assert ours


# --- the tests of PostgreSQL are left out only where nobody could miss them ---


@pytest.mark.parametrize(
    ("programs", "all_tests", "left"),
    [
        (Path("bin"), False, []),
        (Path("bin"), True, []),
        (None, True, []),
        (None, False, ["search/test_search_postgres.py", "data/test_database_postgres.py"]),
    ],
)
def test_tests_are_left_out_only_without_what_they_need_and_where_not_all_are_asked_for(
    monkeypatch, programs, all_tests, left
):
    known = {name: (what, lambda: programs) for name, (what, _) in conftest.NEEDED.items()}
    monkeypatch.setattr(conftest, "NEEDED", known)
    monkeypatch.delenv("DECANT_TESTS", raising=False)
    if all_tests:
        monkeypatch.setenv("DECANT_TESTS", "all")
    assert conftest.left_out() == left
    assert all((Path(conftest.__file__).parent / name).is_file() for name in left)
