"""A database as an entry of source.files: what it may say. `python -m decant fetch` reads it (decant/data/database.py)."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

FORMS = "sqlite:///FILE?query=SELECT ... or postgresql://$DB_USER:$DB_PASSWORD@HOST/DATABASE?query=SELECT ..."
VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")  # of PostgreSQL
# what SQL does not read as SQL: strings, quoted names, dollar-quoted strings, comments
ASIDE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True)
class Database:
    """An entry in its two parts."""

    address: str
    """The URL without its query; $NAME stands for a variable of the environment, in user, password, host and database."""
    query: str
    """SQL as it is written, to the end of the entry: nothing in it is quoted as in a URL."""

    @property
    def kind(self) -> str:
        """sqlite or postgresql."""
        return self.address.partition("://")[0]

    @property
    def digest(self) -> str:
        """sha256 of the query."""
        return hashlib.sha256(self.query.encode()).hexdigest()

    @property
    def file(self) -> str:
        """Where the rows lie below data/raw/<task>: a changed query, or another database, has a file of its own."""
        place = self.address.partition("?")[0].rstrip("/").rpartition("/")[2]
        name = re.sub(r"[^\w-]+", "-", place.removesuffix(".db").removesuffix(".sqlite")).strip("-") or self.kind
        return f"{name}-{hashlib.sha256(f'{self.address}?{self.query}'.encode()).hexdigest()[:8]}.parquet"


def is_database(name: str) -> bool:
    """Whether an entry of source.files is a URL at all, other than a data set of the hub."""
    return "://" in name and not name.startswith("hf://")


def parsed(name: str) -> Database:
    """Raises ValueError: no URL of a database that can be read, a password in it, or a query that is no SELECT."""
    found = re.fullmatch(r"((sqlite|postgresql)://.*?)[?&]query=(.*)", name, re.DOTALL)
    if not found:
        kind = name.partition("://")[0]
        wrong = "has no ?query=" if kind in ("sqlite", "postgresql") else f"{kind}:// is no kind that can be read"
        raise ValueError(f"{shown(name)!r}: {wrong}; a database is {FORMS}")
    address, kind, query = found.groups()
    if "${" in address:
        raise ValueError(
            f"{shown(name)!r}: write a variable of the environment as $NAME, without braces; `dvc exp run -S` would take "
            "${NAME} for a key of this file, and stop"
        )
    if kind == "sqlite":
        if not re.fullmatch(r"sqlite:///[^?]+", address):
            raise ValueError(f"{shown(name)!r}: names no file; sqlite:///FILE, or sqlite:////FILE from the root")
    else:
        refuse_secrets(name, address)
    refuse_others(query.strip())
    return Database(address, query.strip())


def refuse_secrets(name: str, address: str) -> None:
    """Raises ValueError: a password as it is, which checked/, dvc.lock and git would keep for good."""
    login, at, _ = address.removeprefix("postgresql://").partition("?")[0].rpartition("@")
    _, colon, password = login.partition(":")
    written = [password] if at and colon and not VARIABLE.fullmatch(password) else []
    written += [
        value
        for key, value in parse_qsl(address.partition("?")[2], keep_blank_values=True)
        if key.lower() in SECRETS and not VARIABLE.fullmatch(value)
    ]
    if written:
        raise ValueError(
            f"{shown(name)!r}: holds a password, which git and dvc.lock would keep; write $DB_PASSWORD in its place, and "
            "export DB_PASSWORD before python -m decant fetch. A password that was committed has to be changed"
        )


def refuse_others(query: str) -> None:
    """Raises ValueError for what is no single SELECT. The database itself is asked to change nothing, too."""
    bare = ASIDE.sub(" ", query).strip().rstrip("; \n")
    first = re.match(r"\S*", bare)[0]
    if not re.match(r"(SELECT|WITH)\b", first, re.IGNORECASE) or "%20" in first or "+" in first:
        plain = "; write it as plain SQL, not as in a URL" if "%20" in first or "+" in first else ""
        raise ValueError(f"query: begins with {first[:40]!r}; only a SELECT, or WITH ... SELECT, is read{plain}")
    if ";" in bare:
        raise ValueError("query: holds more than one statement; keep the SELECT alone")


def shown(name: str) -> str:
    """An entry for messages: without user and password."""
    return re.sub(rf"(?i)((?:{'|'.join(SECRETS)})=)[^&]*", r"\1***", re.sub(r"://[^?]*@", "://***@", name))
