"""DVC remotes of this machine that a test starts by itself: a folder, SSH, S3, and a folder that is read over HTTP.

Each is what a colleague would be told: an address, the lines of `dvc remote modify` that are one's own, and variables.
"""

import asyncio
import http.server
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncssh
from moto.server import ThreadedMotoServer

LOOPBACK = "127.0.0.1"
BUCKET = "team-data"


@dataclass
class Remote:
    url: str
    store: Path | None = None  # where its files lie; None: in the memory of a server
    options: list[tuple[str, str]] = field(default_factory=list)  # of `dvc remote modify`, the same for all
    own: list[tuple[str, str]] = field(default_factory=list)  # one's own: a key
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def folder(place: Path) -> Iterator[Remote]:
    place.mkdir(parents=True)
    yield Remote(str(place / "store"), place / "store")


class Files(asyncssh.SFTPServer):
    """Files below a folder. refuses: nothing may be written; left: bytes until the line goes dead, None: it never does."""

    refuses = False
    left: int | None = None

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs):
        if self.refuses and pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        return super().open(path, pflags, attrs)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs):
        if self.refuses:
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        return super().mkdir(path, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if type(self).left is not None:
            data, type(self).left = data[: type(self).left], type(self).left - len(data)
            if type(self).left < 0:  # a part arrives, and no answer
                super().write(file_obj, offset, data)
                file_obj.flush()
                self.channel.get_connection().abort()
                return 0
        return super().write(file_obj, offset, data)


@contextmanager
def ssh(place: Path, files: type[Files] = Files) -> Iterator[Remote]:
    """A server of SFTP as the user that runs the tests, with a host key and a login key of its own."""
    (place / "store").mkdir(parents=True, exist_ok=True)
    login = asyncssh.generate_private_key("ssh-ed25519")
    login.write_private_key(str(place / "login"))
    allowed = asyncssh.import_authorized_keys(login.export_public_key().decode())
    host = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_forever, daemon=True)
    serving.start()

    def wait(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(timeout=60)

    def below(channel: asyncssh.SSHServerChannel) -> Files:
        return files(channel, chroot=str(place).encode())

    async def listen() -> asyncssh.SSHAcceptor:
        keys = {"server_host_keys": [host], "authorized_client_keys": allowed}
        return await asyncssh.listen(LOOPBACK, 0, sftp_factory=below, **keys)

    server = wait(listen())
    url = f"ssh://{LOOPBACK}:{server.get_port()}/store"
    try:
        yield Remote(url, place / "store", own=[("keyfile", str(place / "login"))], environment={"HOME": str(place)})
    finally:
        server.close()
        wait(server.wait_closed())
        loop.call_soon_threadsafe(loop.stop)
        serving.join()
        loop.close()


@contextmanager
def s3(place: Path) -> Iterator[Remote]:
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with urllib.request.urlopen(urllib.request.Request(f"{address}/{BUCKET}", method="PUT")):
        pass
    environment = {
        "AWS_ACCESS_KEY_ID": "one",
        "AWS_SECRET_ACCESS_KEY": "another",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(place),
    }
    try:
        yield Remote(f"s3://{BUCKET}/decant", options=[("endpointurl", address)], environment=environment)
    finally:
        server.stop()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test reads what the command prints."""


@contextmanager
def http_of(store: Path) -> Iterator[Remote]:
    """What lies in a folder, to be read over HTTP by anybody."""
    handler: Callable = partial(Quiet, directory=str(store))
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield Remote(f"http://{LOOPBACK}:{server.server_port}", store)
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


KINDS = {"folder": folder, "ssh": ssh, "s3": s3}
