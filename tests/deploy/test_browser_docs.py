"""Every command of docs/browser.md is run, and its picture is there."""

import json
import re
import shlex
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import pandas as pd
import pytest
import webpages
from graph import ROOT
from shell import ENVIRONMENT, run

from decant import paths
from decant.deploy import vendored

PAGE = (ROOT / "docs/browser.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
PATHS = {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working folder with a tiny bundle, rows to type, and the packages as if they had been fetched before."""
    place = tmp_path_factory.mktemp("docs") / "work"
    webpages.tiny_bundle(place)
    shutil.copytree(webpages.packages(), place / vendored.CACHE)
    train = place / paths.split_file("demo", "train")
    pd.DataFrame({"raw": ["hello", "airdrop now", "btc &amp; <b>more</b>"]}).to_parquet(train)
    return place


def test_the_commands_of_the_page_are_these(folder):
    assert [shlex.split(line)[2] for line in COMMANDS] == ["decant", "http.server", "benchmarks.browser"]


def test_the_page_is_written_and_served(folder):
    build, serve = COMMANDS[:2]
    assert "build/demo-page: " in run(folder, *shlex.split(build), environment=PATHS).stdout
    address = re.search(r"open `(http://localhost:\d+/)`", PAGE)[1]
    with subprocess.Popen(shlex.split(serve), cwd=folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as server:
        try:
            assert "<title>Classifier</title>" in answered(address)
        finally:
            server.terminate()


def answered(address: str) -> str:
    """What is served there, once it is."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address) as response:
                return response.read().decode()
        except urllib.error.URLError:
            time.sleep(0.2)
    return "nothing"


def test_the_benchmark_prints_times_and_memory(folder):
    measured = json.loads(run(folder, *shlex.split(COMMANDS[2]), environment=PATHS).stdout)
    assert measured["rows"] == 200
    assert 0 < measured["ms"]["p50"] <= measured["ms"]["p95"] <= measured["ms"]["p99"]
    assert measured["ready"]["again_ms"] > 0
    assert measured["memory"]["tenth"]["model"] == measured["memory"]["all"]["model"] > 0


def test_the_picture_is_there_and_small():
    (name,) = re.findall(r"!\[.+\]\((.+)\)", PAGE)
    assert (ROOT / "docs" / name).stat().st_size < 200_000
