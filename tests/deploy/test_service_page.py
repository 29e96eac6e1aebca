"""docs/service.md: every command is run, in its order, with the small bundle; its tables are what the code has."""

import json
import re
import shlex
import signal
import socket
import subprocess

import pytest
import served
from graph import ROOT
from shell import ENVIRONMENT, run

from benchmarks.service import START
from decant.deploy.asking import EXPLAINED, EXPLAINED_CHARACTERS
from decant.deploy.measures import Measures
from decant.deploy.service import REFUSALS, Limits

PAGE = (ROOT / "docs/service.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
SERVE = "python -m decant serve "
SAID = {"predict": "predictions", "labels": "answers", "health": "status", "openapi.json": "paths"}  # path -> a key


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A working folder with models/demo/bundle."""
    workspace = tmp_path_factory.mktemp("page")
    served.write(workspace)
    return workspace


class Shell:
    """Types the page's commands: a service runs in the background until the next one starts."""

    def __init__(self, folder):
        self.folder, self.service, self.exported = folder, None, {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])  # in place of 8000, which may be taken

    def type(self, line: str) -> str:
        environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT)} | self.exported
        if line.startswith("export "):
            name, value = line.removeprefix("export ").split("=")
            self.exported[name] = value
            return ""
        if line.startswith(SERVE):
            self.stop()
            command = [*shlex.split(line), "--port", self.port]
            self.service = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True
            )
            return self.service.stdout.readline()
        assert line.startswith("curl "), line
        line = line.replace("localhost:8000", f"127.0.0.1:{self.port}")
        return run(self.folder, "bash", "-ec", f"{line} --fail", environment=environment).stdout

    def stop(self) -> None:
        if self.service is not None:
            self.service.send_signal(signal.SIGTERM)
            assert self.service.wait(START) == 0
            self.service.stdout.close()


def test_every_command_of_the_page_works(here):
    shell = Shell(here)
    try:
        for line in "".join(BLOCKS).strip().splitlines():
            said = shell.type(line)
            if line.startswith(SERVE):
                assert f"http://127.0.0.1:{shell.port}, " in said
            elif line.startswith("curl "):
                assert SAID[re.search(r"localhost:8000/([\w.]+)", line)[1]] in json.loads(said), line
    finally:
        shell.stop()
    assert sum(line.startswith(("curl ", SERVE)) for block in BLOCKS for line in block.splitlines()) == 9


def test_the_page_shows_every_status_and_metric_and_the_limits():
    assert [int(status) for status in re.findall(r"^\| (\d{3}) \|", PAGE, flags=re.MULTILINE)] == list(REFUSALS)
    named = set(re.findall(r"`(decant_\w+)`", PAGE))
    families = Measures({"task": "a", "model_md5": "b"}).registry.collect()
    assert named == {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    limits = Limits()
    shown = f"--max-batch {limits.batch} --max-body {limits.body} --max-queue {limits.queue} --timeout {limits.timeout}"
    assert shown in PAGE
    assert f"more than {EXPLAINED} texts or {EXPLAINED_CHARACTERS:,} characters" in PAGE


def test_the_command_has_the_limits_of_the_application(monkeypatch):
    """argparse repeats them, so that --help needs no fastapi."""
    from decant.__main__ import main
    from decant.deploy import serving

    given = []
    monkeypatch.setattr(serving, "serve", lambda *arguments: given.append(arguments))
    assert main(["serve", "--task", "demo"]) == 0
    assert given[0][-1] == Limits()
