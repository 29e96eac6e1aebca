"""A PostgreSQL server of the tests' own: in a folder of its own, reached by a socket in it, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "open:sesame@{home}"  # what a URL has to quote, and no output may hold
QUOTED = "open%3Asesame%40%7Bhome%7D"


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    return Path(found).parent if found else debian[-1].parent if debian else None


@contextmanager
def server() -> Iterator[str]:
    """The URL of a database on a running server."""
    assert binaries(), "these tests need PostgreSQL's initdb and pg_ctl, on the path or where Debian puts them"
    folder = Path(tempfile.mkdtemp(prefix="decant-"))  # a socket's path is short, pytest's folders are not
    user = None
    if os.geteuid() == 0:  # which the server refuses to run as
        user = "nobody"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)

    def run(program: str, *options: str) -> None:
        command = [str(binaries() / program), "-D", str(folder / "data"), *options]
        with (folder / "log").open("a") as log:
            done = subprocess.run(command, stdout=log, stderr=log, user=user, cwd=folder)
        assert done.returncode == 0, (folder / "log").read_text()

    try:
        (folder / "password").write_text(PASSWORD)
        run("initdb", "-U", "decant", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync")
        run(
            "pg_ctl",
            "start",
            "-w",
            "-o",
            f"-c listen_addresses='' -c fsync=off -k {folder}",
            "-l",
            str(folder / "server"),
        )
        try:
            yield f"postgresql://decant:{QUOTED}@/postgres?host={folder}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
