"""SECURITY.md: every claim of its tables names tests that are there, and it stays a page."""

import re

import pytest
from graph import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
CLAIMS = [
    line for line in PAGE.splitlines() if line.startswith("| ") and line.count(" | ") == 2 and "| test |" not in line
]


def named(line: str) -> list[str]:
    return re.findall(r"`(tests/[\w/]+\.py)`", line)


def test_it_is_one_page():
    assert len(PAGE.splitlines()) <= 70


@pytest.mark.parametrize("line", CLAIMS, ids=lambda line: line.split("|")[1].strip())
def test_a_claim_names_files_of_tests_that_are_there(line):
    assert named(line)
    for name in named(line):
        assert "def test_" in (ROOT / name).read_text(encoding="utf-8"), name


def test_there_are_claims_and_a_name_in_the_text_is_a_file():
    assert len(CLAIMS) > 15
    assert [name for name in named(PAGE) if not (ROOT / name).exists()] == []
    assert named("| a | b | `decant/files.py` |") == []
