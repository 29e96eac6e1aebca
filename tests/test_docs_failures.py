"""docs/failures.md: the words of each error that it quotes stand in the code, or in that of dvc or pip, as they are quoted."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest
from graph import ROOT

PAGE = (ROOT / "docs/failures.md").read_text(encoding="utf-8")
GAP = "…"  # of a quote, for what differs from time to time
OURS = ("decant", "stages")
OTHERS = {
    "What dvc says": ("dvc", "dvc_data", "dvc_objects", "scmrepo", "hydra"),
    "What pip says": ("pip._internal", "pip_audit"),
}
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
UNSAID = "What no error says"


def rows(section: str) -> list[list[str]]:
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def quotes(section: str) -> list[str]:
    """What stands in backticks in the first column, but for what params, gates and commands are called."""
    return [quote for first, *_ in rows(section) for quote in re.findall(r"^`([^`]+)`", first)]


def texts(tree: ast.AST) -> list[str]:
    """Every text of a module but its docstrings; what a formatted one fills in is a gap."""
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart | inside:
            found.append(node.value)
    return found


@cache
def said(packages: tuple[str, ...]) -> str:
    """All texts of the packages, a line each; {} and %s, which a call fills in, are gaps too."""
    folders = [ROOT / name if name in OURS else Path(importlib.util.find_spec(name).origin).parent for name in packages]
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    every = [text for file in files for text in texts(ast.parse(file.read_text(encoding="utf-8")))]
    return "\n".join(re.sub(r"\{\}|%s", GAP, text.replace("\n", " ")) for text in every)


def test_the_page_has_forty_rows_and_more_of_three_cells():
    every = [row for section in SECTIONS for row in rows(section)]
    assert len(every) >= 40
    assert [row for row in every if len(row) != 3 or not all(row)] == []


@pytest.mark.parametrize("section", [name for name in SECTIONS if name not in (*OTHERS, UNSAID)])
def test_every_error_that_is_quoted_stands_in_the_code(section):
    missing = [quote for quote in quotes(section) if quote.strip(f" {GAP}") not in said(OURS)]
    assert missing == []
    assert quotes(section)


@pytest.mark.parametrize("section", OTHERS)
def test_what_others_are_quoted_with_stands_in_theirs(section):
    assert [quote for quote in quotes(section) if quote.strip(f" {GAP}") not in said(OTHERS[section])] == []
    assert len(quotes(section)) == len(rows(section))


def test_a_text_of_the_code_is_found_whole_with_gaps_and_no_docstring_is():
    code = '''"""The votes are tied."""
raise DataError(f"{place}: the votes of {n} annotators " f"are tied; say {what}")
x = "two"'''
    assert sorted(texts(ast.parse(code))) == ["two", f"{GAP}: the votes of {GAP} annotators are tied; say {GAP}"]


def test_words_that_no_error_says_are_not_found():
    assert "unknown key; allowed there" not in said(OURS)
    assert "Unable to acquire lock" not in said(OURS)
