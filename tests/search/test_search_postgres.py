"""Searches on PostgreSQL, which several machines can share. Without a server's programs this file is not collected, and
says so at the end of the tests (conftest.py); the machine that checks every change must have them (.ci/run)."""

import shutil

import optuna
import postgres
import psycopg
import pytest
import searching
import sqlalchemy

from decant.errors import SearchError
from decant.search import storage
from stages import search


@pytest.fixture(scope="module")
def running():
    with postgres.server() as url:
        yield url


@pytest.fixture
def server(running) -> str:
    """The URL of an empty database."""
    with psycopg.connect(running, autocommit=True) as connection:
        name = f"trials_{connection.execute('SELECT count(*) FROM pg_database').fetchone()[0] - 3}"
        connection.execute(f"CREATE DATABASE {name}")
    return running.replace("/postgres?", f"/{name}?")


@pytest.fixture
def small(workspace, tiny_encoder):
    searching.arrange(workspace, tiny_encoder)
    return workspace


@pytest.fixture
def url(server, monkeypatch) -> sqlalchemy.URL:
    monkeypatch.setenv(storage.VARIABLE, server)
    return storage.address(storage.Path("unused.db"))


def test_workers_share_the_trials_out_by_postgresql(small, server, url, monkeypatch):
    searching.settle(small, trials=8)
    printed = searching.shared_out(small, url, **{storage.VARIABLE: server})
    found = searching.outputs()
    assert "trial 1: its worker is gone; it goes on with learning_rate 0.0004299, batch_size 16" in printed[0]
    assert "trial 2: " in printed[2]
    assert "trial 2: " not in printed[0]
    assert f"in PostgreSQL /{url.database}" in printed[0]
    for text in printed:
        assert "sesame" not in text
    assert not list((small / ".work").rglob("*.db"))
    monkeypatch.delenv(storage.VARIABLE)
    monkeypatch.setattr("decant.training.finetune.fine_tune", searching.quick)
    shutil.rmtree(small / searching.OUT)
    search.main("demo", "tiny")
    assert searching.outputs() == found


def test_a_lock_has_one_owner_and_ends_with_its_connection(server, url):
    with storage.lock(url, "trial", wait=False) as ours:
        assert ours
        with storage.lock(url, "trial", wait=False) as theirs, storage.lock(url, "another", wait=False) as free:
            assert theirs is None
            assert free
        ours()
        with psycopg.connect(server) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        with storage.lock(url, "trial", wait=True) as next_one:
            assert next_one
        words = rf"PostgreSQL /{url.database}: the storage .* does not answer: .*terminat"
        with pytest.raises(SearchError, match=words), storage.speaking(url):
            ours()


def test_a_worker_that_has_lost_its_trial_stops_before_it_writes(small, url, server, monkeypatch):
    """The lock went with the connection, so that another worker may have the trial and its checkpoints by now."""
    real = searching.quick

    def losing(*given):
        with psycopg.connect(server) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr("decant.training.finetune.fine_tune", losing)
        with pytest.raises(SearchError, match="Finished trials are kept in it: make it reachable and run again"):
            search.main("demo", "tiny")
    study = optuna.load_study(study_name=None, storage=storage.opened(url))
    assert [(trial.state.name, trial.intermediate_values) for trial in study.trials] == [("RUNNING", {})]
    monkeypatch.setattr("decant.training.finetune.fine_tune", real)
    search.main("demo", "tiny")
    assert len(searching.table()) == 4


def test_a_wrong_password_is_refused_without_being_shown(server, url, monkeypatch):
    wrong = url.set(password="sesame?")
    with pytest.raises(SearchError, match="password authentication failed") as error, storage.speaking(wrong):
        storage.opened(wrong)
    assert "sesame" not in str(error.value)
