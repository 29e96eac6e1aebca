"""Cells that a spreadsheet would run as formulas, in the tables that people open.

A text that begins with =, +, - or @ (also full-width, also behind blanks), with a tab or with a line break gets an apostrophe
before it in CSV and TSV, as OWASP's page on CSV injection has it: the text of a post may be written so that it does harm
where somebody opens the file. A text that is a number and nothing more stays, and so do numbers. What begins with apostrophes
and then such a sign gets one more, so that `plain` gives back every text. XLSX needs no mark: a cell is written as text there.
"""

import re

MARK = "'"
RUN = r"(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"  # what begins a formula, somewhere
FORMULA = re.compile(rf"{MARK}*{RUN}")
MARKED = re.compile(rf"{MARK}+{RUN}")
NUMBER = re.compile(r"[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
SHEET = {"strings_to_formulas": False, "strings_to_urls": False}
"""Options of xlsxwriter: a text that begins with = is a text, and so is one that looks like a link."""


def marked(text: str) -> str:
    """The text as a cell that nothing runs."""
    return MARK + text if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def plain(cell: str) -> str:
    """The text of a cell that `marked` wrote."""
    return cell.removeprefix(MARK) if MARKED.match(cell) else cell


def table(frame):
    """A pandas table with every text and every name of a column marked; other cells are as they were."""
    cells = {
        name: column.map(lambda cell: marked(cell) if isinstance(cell, str) else cell)
        for name, column in frame.items()
        if column.dtype.kind == "O"  # texts, and what is mixed
    }
    return frame.assign(**cells).rename(columns=marked)
