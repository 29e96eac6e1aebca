"""A database in place of a file: its rows come as Parquet, as `python -m decant fetch` will read them again."""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from decant.data import database
from decant.errors import DataError, DecantError, ParamsError
from decant.new.call import Call
from decant.new.ending import whole
from decant.settings.database import parsed

LITERAL = re.compile(r"(://[^:@/?]*:)[^@$]+@")  # a password as it is


def called(file: Path | str, task: str, choices: object, rest: list[str], command: str = "new") -> Call:
    """The call of a command for a file or a URL."""
    url = file if isinstance(file, str) else ""
    return Call(Path() if url else file, task, choices, rest, command, url)


@contextmanager
def fetched(call: Call) -> Iterator[Call]:
    """The call with the rows of its database in a file, which is there for as long as the block lasts; a call for a file as
    it is.

    Raises ParamsError: no URL of a database, or a password in it. DataError and ResourceError: as `decant.data.database`.
    """
    if not call.url:
        yield call
        return
    try:
        entry = parsed(call.url)
    except ValueError as error:
        raise refusal(call, str(error)) from None
    with TemporaryDirectory() as folder:
        file = Path(folder) / entry.file
        try:
            found = database.write(entry, file, dict(os.environ))
        except DecantError as error:
            raise whole(error, call) from None
        print(f"query: {found['rows']:,} rows of {database.name(entry)}, in {entry.file}")
        yield replace(call, file=file)


def refusal(call: Call, said: str) -> DecantError:
    """Why a URL is none of a database, and what to type instead."""
    kind, _, rest = call.url.partition("://")
    if kind in ("http", "https"):
        name = Path(rest.partition("?")[0]).name or "table.csv"
        command = (
            f"curl -L -o {shlex.quote(name)} {shlex.quote(call.url)} && {replace(call, url='').again(file=Path(name))}"
        )
        return DataError(f"{call.url}: new reads no network. Download it: {command}")
    if kind == "hf":
        folder = replace(call, url="").again(file=Path("FOLDER"))
        return DataError(
            f"{call.url}: a data set of the hub; new reads no network. Put its files into a folder, a file for each split, and "
            f"run: {folder}"
        )
    if LITERAL.search(call.url):
        call = replace(call, url=LITERAL.sub(r"\1$DB_PASSWORD@", call.url))
        said = (
            f"{said}. In a shell write the URL in single quotes: in double ones, it would fill in the password itself"
        )
    elif "password" in call.url:  # as a parameter
        return ParamsError(
            f"{said}. Then run: {replace(call, url='postgresql://$DB_USER:$DB_PASSWORD@HOST/DATABASE?query=SELECT ...').again()}"
        )
    elif kind not in ("sqlite", "postgresql") or "query=" not in call.url:
        like = f"{call.url}?query=SELECT * FROM TABLE" if kind in ("sqlite", "postgresql") else ""
        call = replace(call, url=like or "sqlite:///FILE?query=SELECT * FROM TABLE")
    return whole(ParamsError(said), call)
