"""Every page for people: the commands that it names exist, with their sub-commands and options, and its links lead somewhere."""

import argparse
import importlib.util
import re
import shlex
from pathlib import Path

import pytest
from dvc.cli.parser import get_main_parser
from graph import ROOT

from decant.__main__ import main

PAGES = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|(?<=[\s;&|(]))(dvc|make|decant|python -m [\w.]+)(?![\w./-])([^;&|]*)")
LINK = re.compile(r"\]\(([^)\s#]+)")


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Program and arguments of each command in a block of a shell, and in the code between two backticks of a line."""
    blocks = [block.replace("\\\n", " ") for language, block in FENCE.findall(text) if language == "sh"]
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text))]
    found = [match.groups() for line in lines for match in COMMAND.finditer(line.split(" #")[0])]
    return [(program, split(arguments.replace("\\|", "|"))) for program, arguments in found]


def split(arguments: str) -> list[str]:
    try:
        return shlex.split(arguments)
    except ValueError:  # one that is cut short, behind dots
        return arguments.split()


def unknown(program: str, arguments: list[str], parsers: dict[str, argparse.ArgumentParser]) -> str | None:
    """What of a command does not exist; None if all of it does."""
    module = program.removeprefix("python -m ")
    if module in parsers:
        return unknown_to(parsers[module], arguments)
    if program == "make":
        phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split()
        return next((word for word in arguments if not word.startswith("-") and word not in phony), None)
    if module.split(".")[0] in ("decant", "stages", "benchmarks"):
        there = (ROOT / Path(*module.split("."))).with_suffix(".py").exists()
        return None if there else module
    return None if importlib.util.find_spec(module.split(".")[0]) else module


def unknown_to(parser: argparse.ArgumentParser, arguments: list[str]) -> str | None:
    for word in arguments:
        if re.match(r"--?[A-Za-z]", word):
            if word.split("=")[0] not in {option for action in parser._actions for option in action.option_strings}:
                return word
            continue
        below = next((each for each in parser._actions if isinstance(each, argparse._SubParsersAction)), None)
        if below is None:
            continue
        if word not in below.choices:
            return word
        parser = below.choices[word]
    return None


@pytest.fixture(scope="module")
def parsers() -> dict[str, argparse.ArgumentParser]:
    """Those of decant and dvc, with all of their sub-commands."""

    class Found(Exception):
        pass

    def stop(parser: argparse.ArgumentParser, *_):
        raise Found(parser)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        with pytest.raises(Found) as stopped:
            main([])
    return {"decant": stopped.value.args[0], "dvc": get_main_parser()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_exists(page, parsers):
    wrong = [
        f"{program} {shlex.join(arguments)}: {word}"
        for program, arguments in commands(page.read_text(encoding="utf-8"))
        if (word := unknown(program, arguments, parsers))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("planted", "word"),
    [
        ("`dvc pull --run-cash`", "--run-cash"),
        ("`dvc exp show --only-changed` and `dvc exp gone`", "gone"),
        ("`python -m decant promote --task demo --accept-red why`", "--accept-red"),
        ("`python -m decant lift`", "lift"),
        ("`python -m decant.settings.gone`", "decant.settings.gone"),
        ("`decant/gone`, `dvc.lock` and `dvc`", None),
        ("`python -m decant.settings.gone > docs/params.md`", "decant.settings.gone"),
        ("`decant verdict --loud`", "--loud"),
        ("```sh\ndvc repro \\\n  --never  # why\n```\n", "--never"),
        ("```sh\nprintf a | python -m decant predict --tusk demo -\n```\n", "--tusk"),
        ("```sh\ndvc repro && make everything\n```\n", "everything"),
        ("`python -m\nstages.gone demo`", "stages.gone"),
        ("`dvc exp run dvc.yaml -S '+demo.distil.epochs=14'`", None),
        ("```text\ndvc gone now\n```\n", None),
    ],
)
def test_a_command_that_does_not_exist_is_seen(parsers, planted, word):
    found = [unknown(program, arguments, parsers) for program, arguments in commands(planted)]
    assert next((each for each in found if each), None) == word


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page):
    text = re.sub(r"`[^`]+`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [link for link in LINK.findall(text) if "://" not in link and not (page.parent / link).exists()] == []


def test_a_link_to_nowhere_is_found():
    assert LINK.findall("see [there](gone.md) and [here](docs/runtime.md#fast)") == ["gone.md", "docs/runtime.md"]
