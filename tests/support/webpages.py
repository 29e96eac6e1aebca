"""Pages of `decant page` for tests: the packages that they carry, tiny bundles of any rule, and a server on this machine."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bundles
import chromium
import pytest
from filelock import FileLock
from graph import ROOT
from playwright.sync_api import Browser, Playwright

from decant.deploy import vendored
from decant.files import digest

CACHE = ROOT / vendored.CACHE


def packages() -> Path:
    """The folder of the two tarballs, fetched once for all tests; where that cannot be, the error says what mends it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / ".lock"):
        for package in vendored.PACKAGES:
            vendored.fetched(package, CACHE)
    return CACHE


def tiny_bundle(folder: Path) -> Path:
    """The bundle of tests/support/bundles.py, made by its stage in a working folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return bundles.write_bundle(folder)


def changed(bundle: Path, target: Path, golden: list[dict] | None = None, **keys: object) -> Path:
    """A copy of a bundle with other keys in its record, and golden texts where there are some."""
    shutil.copytree(bundle, target)
    record = json.loads((bundle / "decant.json").read_text(encoding="utf-8")) | keys
    if golden is not None:
        (target / "golden.json").write_text(json.dumps({"texts": golden}), encoding="utf-8")
        record["files"] |= {"golden.json": digest(target / "golden.json")}
    (target / "decant.json").write_text(json.dumps(record), encoding="utf-8")
    return target


def launched(playwright: Playwright) -> Browser:
    """A headless Chromium; where there is none, the error says what brings it."""
    assert chromium.binary(), (
        "there is no Chromium on the path, which opens the page. Install one: apt install chromium"
    )
    return playwright.chromium.launch(executable_path=chromium.binary(), args=chromium.FLAGS)


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        """Nothing: the output of tests is for tests."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the folder, as long as the block lasts."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
