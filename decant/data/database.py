"""Rows of a database (sqlite:// or postgresql:// in source.files) as Parquet in data/raw, in flat memory.

The query runs once, in a connection that may only read. What it gave is recorded beside the file: the digest of the query,
the rows and the digest of the bytes. User and password come from the environment, and leave it for no message and no file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pyarrow.parquet as pq
import sqlalchemy
from sqlalchemy.exc import DBAPIError, OperationalError

from decant.data import queried, rawfiles
from decant.errors import DataError, ResourceError
from decant.files import digest, read_json, write_json, writing
from decant.settings.database import VARIABLE, Database

PATIENCE = 10  # seconds for a server to answer at all
SHOWN = 8  # tables that an error lists


def fetch(database: Database, folder: Path, environment: dict[str, str]) -> Path:
    """Write the rows below data/raw/<task> and their record (.json) beside them; print what came. Returns the file.

    Raises DataError: no such file, table or column, no rows, or a value that no column can hold. ResourceError: a server
    that does not answer or lets nobody in, or a variable that the environment lacks. Nothing is written then.
    """
    target = folder / database.file
    record = target.with_suffix(".json")
    before = read_json(record) if record.exists() and target.exists() else None
    found = write(database, target, environment)
    news = ""
    if before is not None:
        same = before["sha256"] == found["sha256"]
        news = ", the same as before" if same else f", other ones than before ({before['rows']:,})"
    print(f"{target}: {found['rows']:,} rows of the query with sha256 {database.digest[:12]}…{news}")
    return target


def write(database: Database, target: Path, environment: dict[str, str]) -> dict:
    """Write the rows to a Parquet file and their record beside it (.json), and return the record. Raises as `fetch`."""
    with connected(database, environment) as connection, TemporaryDirectory() as spool:
        columns = queried.Columns(database.file)
        parts = [
            part_of(batch, columns, Path(spool) / f"{number}.parquet")
            for number, batch in enumerate(batches(connection, database, environment, columns))
        ]
        if not parts:
            raise DataError(f"{name(database)}: the query gives no rows; look at its WHERE, or at the database")
        with writing(target) as partial, pq.ParquetWriter(partial, columns.schema()) as writer:
            for part in parts:
                writer.write_table(columns.final(pq.read_table(part)))
    found = {"query_sha256": database.digest, "rows": columns.rows, "sha256": digest(target)}
    found |= {"columns": {field.name: str(field.type) for field in columns.schema()}}
    write_json(target.with_suffix(".json"), found)
    return found


def part_of(batch: list[tuple], columns: queried.Columns, file: Path) -> Path:
    """Some rows in a file of their own: what type a column has, only all of them together tell."""
    pq.write_table(columns.table(batch), file)
    return file


def batches(
    connection: sqlalchemy.Connection, database: Database, environment: dict[str, str], columns: queried.Columns
) -> Iterator[list[tuple]]:
    """The rows of the query, as many at a time as any raw file is read."""
    with speaking(connection, database, environment):
        result = connection.exec_driver_sql(database.query)
        columns.name(list(result.keys()))
        yield from result.partitions(rawfiles.BATCH)


@contextmanager
def connected(database: Database, environment: dict[str, str]) -> Iterator[sqlalchemy.Connection]:
    """A connection that streams, and that the database itself refuses to write by."""
    if database.kind == "sqlite":
        engine = of_file(database, environment)
    else:
        url = filled(database, environment)
        engine = sqlalchemy.create_engine(
            url, poolclass=sqlalchemy.NullPool, connect_args={"connect_timeout": PATIENCE}
        )
    # in PostgreSQL the query becomes a cursor's: of one statement, a SELECT, in a transaction that is read only
    options = {"stream_results": True, "yield_per": rawfiles.BATCH, "no_parameters": True, "postgresql_readonly": True}
    try:
        connection = engine.connect().execution_options(**options)
    except DBAPIError as error:
        raise ResourceError(
            f"{name(database)}: no connection: {reason(error, database, environment)}. Is the server there, and are the variables "
            "in the entry of source.files right? Then run this again"
        ) from None
    try:
        yield connection
    finally:
        connection.close()
        engine.dispose()


def of_file(database: Database, environment: dict[str, str]) -> sqlalchemy.Engine:
    """SQLite opened read only: without that, a wrong name would make an empty file."""
    file = Path(expanded(database.address.removeprefix("sqlite:///"), database, environment))
    if not file.is_file():
        raise DataError(f"{file}: no such file; mend sqlite:///FILE in source.files (sqlite:////FILE from the root)")

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
        connection.execute("PRAGMA query_only = ON")
        return connection

    return sqlalchemy.create_engine("sqlite://", creator=opened, poolclass=sqlalchemy.NullPool)


def filled(database: Database, environment: dict[str, str]) -> sqlalchemy.URL:
    """The URL of a server, with what the environment says for each $NAME."""
    try:
        url = sqlalchemy.make_url(database.address)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise DataError(
            f"{name(database)}: no URL; expected postgresql://$DB_USER:$DB_PASSWORD@HOST/DATABASE"
        ) from None
    parts = {key: getattr(url, key) for key in ("username", "password", "host", "database")}
    given = {key: expanded(str(value), database, environment) for key, value in parts.items() if value}
    query = {key: expanded(str(value), database, environment) for key, value in url.query.items()}
    return url.set(drivername="postgresql+psycopg", query=query, **given)


def expanded(text: str, database: Database, environment: dict[str, str]) -> str:
    """Raises ResourceError: a variable that is not there, by its name."""
    for variable in VARIABLE.findall(text):
        if not environment.get(variable):
            raise ResourceError(
                f"{name(database)}: the environment has no {variable}, which the entry of source.files names; export it and "
                "run this again"
            )
    return VARIABLE.sub(lambda found: environment[found[1]], text)


@contextmanager
def speaking(connection: sqlalchemy.Connection, database: Database, environment: dict[str, str]) -> Iterator[None]:
    """Turn what the database says of the query into an error with a next step."""
    try:
        yield
    except DBAPIError as error:
        said = reason(error, database, environment)
        if error.connection_invalidated or (database.kind == "postgresql" and isinstance(error, OperationalError)):
            raise ResourceError(f"{name(database)}: the connection broke: {said}. Run this again") from None
        raise DataError(f"{name(database)}: {said}. Mend the query in source.files; {structure(connection)}") from None


def structure(connection: sqlalchemy.Connection) -> str:
    """Tables with their columns, for who has misspelt one."""
    try:
        connection.rollback()
        looking = sqlalchemy.inspect(connection.execution_options(stream_results=False, no_parameters=False))
        tables = sorted([*looking.get_table_names(), *looking.get_view_names()])
        named = [
            f"{table} ({', '.join(column['name'] for column in looking.get_columns(table))})"
            for table in tables[:SHOWN]
        ]
    except DBAPIError:
        return "its tables cannot be listed"
    more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
    return f"it has {', '.join(named)}{more}" if tables else "it has no table"


def reason(error: DBAPIError, database: Database, environment: dict[str, str]) -> str:
    """The first line of what the driver says, and nothing that the environment holds for this entry."""
    said = str(error.orig).strip().partition("\n")[0].rstrip(".")
    for variable in VARIABLE.findall(database.address):
        if environment.get(variable):
            said = said.replace(environment[variable], f"${variable}")
    return said


def name(database: Database) -> str:
    """The database in messages: neither user nor password."""
    place = database.address.partition("?")[0]
    return place if "@" not in place else f"{database.kind}://{place.rpartition('@')[2]}"
