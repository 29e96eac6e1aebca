"""docs/proofs.md: each of its commands is one, with options that it has, and the targets of make are there."""

import re
import shlex

import pytest
from graph import ROOT

from decant.__main__ import main
from decant.proofs import commands

PAGE = (ROOT / "docs/proofs.md").read_text(encoding="utf-8")
LINES = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
COMMANDS = [line.partition(" > ")[0] for line in LINES if line.startswith("python -m decant ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_has_the_options_that_it_names(monkeypatch, command):
    asked = []
    for name in ("_reproduce", "_prove", "_lock"):
        monkeypatch.setattr(commands, name, asked.append)
    words = shlex.split(command)[3:]
    assert main(words) == 0
    (options,) = asked
    for word in words[1:]:
        if word.startswith("--"):
            assert getattr(options, word.removeprefix("--").replace("-", "_")) not in (None, False, [])


def test_the_targets_of_make_call_the_commands():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [line.removeprefix("make ") for line in LINES if line.startswith("make ")]
    assert targets == ["reproduce", "prove"]
    for name in targets:
        assert re.search(rf"^{name}:.*\n\t@\S+python -m decant {name}$", text, re.MULTILINE)
    assert len(LINES) == len(targets) + len(COMMANDS)
