"""Where a search keeps its trials, and the locks by which its workers know of each other.

SQLite in .work for the workers of one machine, or the database that the environment variable DECANT_STORAGE names, for
those of several. It is no parameter, since it changes no result and may hold a password, which is never printed.
A lock ends with its process, however that dies: the kernel frees a file's, PostgreSQL frees those of a lost connection.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from filelock import FileLock, Timeout
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage

from decant.errors import ResourceError, SearchError

VARIABLE = "DECANT_STORAGE"
PATIENCE = 60  # seconds that a worker waits while others write to the same SQLite file
# a machine that lost its power does not close its connections; the server asks after a minute and gives up after two
KEEPALIVE = {"tcp_keepalives_idle": 60, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 6}


def address(default: Path) -> sqlalchemy.URL:
    """What DECANT_STORAGE says or, without it, the SQLite file `default`.

    Raises SearchError: no URL, or of a database that is neither SQLite nor PostgreSQL. ResourceError: no driver for it.
    """
    if VARIABLE not in os.environ:
        default.parent.mkdir(parents=True, exist_ok=True)
        return sqlalchemy.URL.create("sqlite", database=str(default))
    wanted = "it must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
    try:
        url = sqlalchemy.make_url(os.environ[VARIABLE])
    except (sqlalchemy.exc.ArgumentError, ValueError):  # its message can quote a part of the password
        raise SearchError(f"{VARIABLE} is no URL of a database; {wanted}") from None
    if url.get_backend_name() == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise SearchError(f"{VARIABLE} names no file; {wanted}")
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return url.set(drivername="sqlite")
    if url.get_backend_name() != "postgresql":
        raise SearchError(f"{VARIABLE} names a database of the kind {url.get_backend_name()}; {wanted}")
    url = url.set(drivername="postgresql+psycopg")
    try:
        url.get_dialect().import_dbapi()
    except ImportError as error:
        raise ResourceError(
            f"{VARIABLE} names PostgreSQL, whose driver cannot be imported ({error}). Run: pip install 'psycopg[binary]'"
        ) from None
    return url


def name(url: sqlalchemy.URL) -> str:
    """The storage in messages: neither user nor password."""
    return str(url.database) if url.get_backend_name() == "sqlite" else f"PostgreSQL {url.host or ''}/{url.database}"


@contextmanager
def speaking(url: sqlalchemy.URL) -> Iterator[None]:
    """Turn what goes wrong with the storage in the block into a SearchError that says which one, and why."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError) as error:
        cause = error.__cause__ or error
        reason = str(getattr(cause, "orig", None) or cause).strip().partition("\n")[0]
        raise SearchError(
            f"{name(url)}: the storage of the trials does not answer: {reason}. Finished trials are kept in it: "
            "make it reachable and run again, or delete it if it is no such storage"
        ) from None


def opened(url: sqlalchemy.URL) -> RDBStorage:
    """The storage, with its tables. Raises SearchError: they are of another version of optuna."""
    lite = url.get_backend_name() == "sqlite"
    # a trial may take longer than a firewall keeps an idle connection to PostgreSQL
    options = {"connect_args": {"timeout": PATIENCE}} if lite else {"pool_pre_ping": True}
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")  # optuna fills in braces
    with lock(url, "tables"):  # two workers that start at once would both make them
        try:
            return RDBStorage(text, engine_kwargs=options)
        except RuntimeError as error:  # tables of another version
            raise SearchError(f"{name(url)}: {error} Or delete it: the trials in it are run again") from None


@contextmanager
def lock(url: sqlalchemy.URL, what: str, wait: bool = True) -> Iterator[Callable[[], object] | None]:
    """Hold the lock `what` among all workers of the storage during the block.

    Yields a function that fails (see `speaking`) if the lock has been lost since, with its connection; or null, if
    another process has the lock. wait: until it is free.
    """
    key = hashlib.sha256(what.encode()).digest()[:8]
    if url.get_backend_name() == "sqlite":
        file = Path(f"{url.database}.locks") / f"{key.hex()}.lock"
        file.parent.mkdir(exist_ok=True)
        held = FileLock(file, blocking=wait, fallback_to_soft=False)
        try:
            held.acquire()
        except Timeout:
            yield None
            return
        try:
            yield lambda: None
        finally:
            held.release()
        return
    number = sqlalchemy.cast(int.from_bytes(key, signed=True), sqlalchemy.BigInteger)
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for option, value in KEEPALIVE.items():
            connection.exec_driver_sql(f"SET {option} = {value}")
        function = sqlalchemy.func.pg_advisory_lock if wait else sqlalchemy.func.pg_try_advisory_lock
        refused = connection.execute(sqlalchemy.select(function(number))).scalar() is False  # waiting, it returns void
        yield None if refused else lambda: connection.exec_driver_sql("SELECT 1")
