"""Cells that a spreadsheet would run: each is marked wherever a table is written for people, and every text comes back."""

import ast

import numpy as np
import pandas as pd
import pytest
from graph import ROOT
from hypothesis import given
from hypothesis import strategies as st

from decant.data import conflicts, formulas
from decant.data.formulas import marked, plain

RUN = ["=1+1", '=HYPERLINK("http://a.example","x")', "+1 btc", "-2+3", "@SUM(A1)", "@ann hello", "\t=1", "\tx", "\rx", "\nx",
       " =1", "\u00a0=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "-", "=", "'=1", "''@x", "-1 salary", "+49 30 1234"]  # fmt: skip
STAY = ["", "hello", "a=1", "1-2", "'quoted", "''", "-7.5", "+3", "-.5", "-5.", "+1e-9", "<b>", "1e3", " hello", "#1"]


@pytest.mark.parametrize("text", RUN, ids=ascii)
def test_what_would_be_run_begins_with_an_apostrophe_and_comes_back(text):
    assert marked(text) == f"'{text}"
    assert plain(marked(text)) == text


@pytest.mark.parametrize("text", STAY, ids=ascii)
def test_what_is_no_formula_stays(text):
    assert marked(text) == plain(text) == text


@given(st.text(alphabet="'=+-@\t\r\n\uff1d 1.eEx\u00a0") | st.text())
def test_every_text_comes_back_and_no_cell_begins_with_a_sign(text):
    cell = marked(text)
    assert plain(cell) == text
    assert cell[:1] not in tuple("=@\t\r\n")
    assert cell[:1] not in ("+", "-") or float(cell) == float(text)


def test_of_a_table_texts_and_names_are_marked_and_nothing_else():
    frame = pd.DataFrame(
        {"=id": ["@a", None], "n": [-1, 2], "x": [-0.5, float("nan")], "mixed": ["=1", -3], "yes": [True, False]}
    )
    frame["whole"] = pd.Series([-1, None], dtype="Int64")
    assert formulas.table(frame).to_csv(index=False) == (
        "'=id,n,x,mixed,yes,whole\n'@a,-1,-0.5,'=1,True,-1\n,2,,-3,False,\n"
    )
    assert list(frame) == ["=id", "n", "x", "mixed", "yes", "whole"]
    assert frame["=id"][0] == "@a"
    empty = pd.DataFrame(columns=["id", "text"])
    assert formulas.table(empty).to_csv(index=False) == "id,text\n"


def test_conflicting_rows_are_shown_with_their_formulas_marked(tmp_path):
    rows = {"id": ["=1", "2"], "split": [None, None], "answer": ["@a", "b"], "text": ['=cmd|" /C calc"!A0'] * 2}
    pd.DataFrame(rows).to_parquet(tmp_path / "rows.parquet")
    texts = np.zeros(2, dtype=np.uint64)
    conflicts.report(tmp_path / "rows.parquet", texts, np.array([True, True]), tmp_path / "conflicts.csv")
    found = pd.read_csv(tmp_path / "conflicts.csv", dtype=str, keep_default_na=False)
    assert found.to_numpy().tolist() == [
        ["'=1", "", "'@a", f"'{rows['text'][0]}"],
        ["2", "", "b", f"'{rows['text'][0]}"],
    ]


# Tables for dvc and for stages, with figures and names of classes but no text of a row, and the demo's own raw table
FOR_PROGRAMS = {
    "decant/search/trials.py", "stages/baseline.py", "stages/capacity.py", "stages/demo.py", "stages/distil.py", "stages/evaluate.py",
    "stages/learning.py", "stages/profile.py", "stages/search.py", "stages/soften.py", "stages/teacher.py",
}  # fmt: skip


def writers(source: str) -> list[str]:
    """What writes cells in a module: calls of to_csv, to_excel, csv.writer and csv.DictWriter."""
    names = [
        node.func.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [name for name in names if name in ("to_csv", "to_excel", "writer", "DictWriter", "write_csv")]


def test_every_module_that_writes_a_table_for_people_marks_its_formulas():
    found = {
        file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8")
        for folder in ("decant", "stages")
        for file in sorted((ROOT / folder).rglob("*.py"))
    }
    writing = {name for name, source in found.items() if writers(source)}
    assert writing - FOR_PROGRAMS == {
        "decant/data/conflicts.py", "decant/deploy/outputs.py", "decant/report/label_issues.py", "decant/report/ledger.py",
        "decant/verdict/history.py", "stages/split.py",
    }  # fmt: skip
    assert [name for name in writing - FOR_PROGRAMS if "formulas." not in found[name]] == []
    assert writers("frame.to_csv('x')") == ["to_csv"]
