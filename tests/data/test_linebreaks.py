"""CSV and TSV whose rows are no lines: the line on which each begins, quotes that end nowhere, rows that a pair swallows."""

import re
from pathlib import Path

import pytest
from rawtask import JSONL, TASK, arrange, lines, metrics, prepared, row, table

from decant.data import linebreaks, rawfiles
from decant.errors import DataError
from stages import prepare

LONG = '1,"a\nb",ham\n2,c,ham\n\n3,"d\r\n\r\ne","ham"\n4,f,ham\n'


def batches(folder: Path, content: str, **options) -> list[rawfiles.Batch]:
    file = folder / "rows.csv"
    file.write_bytes(content.encode())
    return list(rawfiles.batches(file, "csv", **options))


def begins(found: list[rawfiles.Batch]) -> list[int]:
    """Of every row, read from its place."""
    places = [batch.place(row) for batch in found for row in range(len(batch))]
    return [int(re.fullmatch(r".*rows\.csv: row \d+ \(line (\d+)\)", place)[1]) for place in places]


# -- lines -------------------------------------------------------------------------------------------------------------

FORMS = {
    "a line each": (table("1,a,ham\n2,b,ham\n"), {}, [2, 3]),
    "cells of several lines": (table(LONG), {}, [2, 4, 6, 9]),
    "a header of two lines": ('id,text,"ki\nnd"\n1,a,ham\n2,b,ham\n', {}, [3, 4]),
    "empty lines first": ("\n\nid,text,kind\n\n1,a,ham\n2,b,ham\n", {}, [5, 6]),
    "no header": (LONG, {"header": ["id", "text", "kind"]}, [1, 3, 5, 8]),
    "old Mac": ("id,text,kind\r1,a,ham\r2,b,ham\r", {}, [2, 3]),
    "no quotes": (table('1,"a,ham\n2,b",ham\n'), {"quotes": False}, [2, 3]),
}


@pytest.mark.parametrize(("content", "options", "expected"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("size", [20_000, 1, 2, 3])
def test_a_row_is_named_with_the_line_on_which_it_begins(tmp_path, monkeypatch, content, options, expected, size):
    monkeypatch.setattr(rawfiles, "BATCH", size)
    found = batches(tmp_path, content, **options)
    assert begins(found) == expected
    assert begins([batch.only({"id"}) for batch in found]) == expected


def test_errors_of_all_kinds_name_the_line(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    for rows, words in {
        LONG.replace("4,f,ham", "4,f,spma"): "rows.csv: row 4 (line 9): unknown label 'spma'",
        LONG.replace("4,f,ham", "4,f"): "rows.csv: row 4 (line 9): 2 cells where the header has 3",
        LONG.replace("4,f", ",f"): "rows.csv: row 4 (line 9): empty id",
        LONG.replace("4,f", "1,f"): "rows.csv: row 4 (line 9): id '1' again, first at data/raw/mini/rows.csv: row 1 (line 2)",
    }.items():  # fmt: skip
        arrange(workspace, {"rows.csv": table(rows)})
        with pytest.raises(DataError, match=re.escape(words)):
            prepare.main(TASK)


# -- quotes that end nowhere -------------------------------------------------------------------------------------------

OPEN = {
    "at the start of a cell": ('1,a,ham\n2,"b,ham\n3,c,ham\n', 3, 4),
    "in the last line": ('1,a,ham\n2,"b', 3, 3),
    "behind a cell of several lines": ('1,a,ham\n2,"b\n\nc","h\n3,d,ham\n', 5, 6),
    "behind a pair in another row": ('1,"a",ham\n2,b,"ham\n3,c,ham\n\n', 3, 5),
    "with a doubled quote inside": ('1,a,ham\n2,"b ""c""\n3,d,ham\n', 3, 4),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("rows", "line", "last"), OPEN.values(), ids=OPEN)
def test_a_quote_that_is_never_closed_is_named_where_its_cell_begins(tmp_path, rows, line, last):
    with pytest.raises(DataError) as error:
        batches(tmp_path, table(rows))
    assert str(error.value) == (
        f"{tmp_path}/rows.csv: line {line}: a quote opens a cell that never ends: everything up to line {last} is in it. Close "
        "it; if quotes are characters like any other, set source.quotes: false in params.yaml"
    )


def test_a_cell_that_ends_in_the_wrong_place_is_named_with_the_row_it_began_in(tmp_path):
    with pytest.raises(
        DataError, match=r"rows\.csv: line 4: ',' expected after '\"' \(the row begins on line 2\)\. Double"
    ):
        batches(tmp_path, table('1,"a,ham\n2,b,ham\n3,"c",ham\n'))
    with pytest.raises(
        DataError, match=r"rows\.csv: line 2: ',' expected after '\"'\. Double a quote .*source\.quotes: false"
    ):
        batches(tmp_path, table('1,"a"b,ham\n'))


# -- rows that a pair of quotes swallows -------------------------------------------------------------------------------


def swallowing(rows: int) -> str:
    """A stray quote opens a cell before so many rows, and one behind them closes it."""
    return table('a,"x' + "".join(f"{number},x,ham\n" for number in range(rows)) + 'z",ham\n' + good(400))


def good(rows: int) -> str:
    return "".join(f"good-{number},y,ham\n" for number in range(rows))


def test_rows_that_a_pair_of_quotes_swallows_are_counted_and_told(workspace, capsys):
    frame = prepared(workspace, {"rows.csv": swallowing(60)})
    assert len(frame) == 401
    shown = metrics(workspace)
    assert (shown["cells_with_line_breaks"], shown["longest_cell_lines"]) == (1, 61)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "warning: data/raw/mini/rows.csv: row 1 (line 2): a cell of several lines, of which some look like rows of the table (59 "
        "such lines in all): a quote that encloses no cell has swallowed them. Double it, or set mini.source.quotes: false"
    )


def test_few_rows_that_a_pair_of_quotes_swallows_are_told_where_prose_is_none(workspace, capsys):
    prepared(workspace, {"rows.csv": swallowing(5)})
    assert "some look like rows of the table (4 such lines in all)" in capsys.readouterr().err
    prose = 'a,"Dear all,\nthis is new, and good,\nso far, so on,\nbut late\nyours, me",ham\n'
    prepared(workspace, {"rows.csv": table(prose + good(400))})
    assert "swallowed" not in capsys.readouterr().err
    assert linebreaks.rows_inside("a\n1\tx\tb\nc", 3) == 1
    assert linebreaks.rows_inside("a\n1, x, b\nc", 3) == 0  # one line with as many commas is prose


def test_a_cell_of_many_lines_that_are_no_rows_is_told(workspace, capsys):
    prepared(workspace, {"rows.csv": table('a,"' + "x\n" * 60 + '",ham\n' + good(400))})
    assert capsys.readouterr().err.splitlines()[-1] == (
        "warning: data/raw/mini/rows.csv: row 1 (line 2): a cell of 61 lines; 1 of 401 rows have cells with line breaks. If "
        "quotes that enclose no cell have swallowed rows, double them, or set mini.source.quotes: false"
    )


def test_a_fifth_of_rows_with_line_breaks_is_told(workspace, capsys):
    posts = "".join(f'{number},"x\ny",ham\n' for number in range(101))
    prepared(workspace, {"rows.csv": table(posts + good(400))})
    assert "row 1 (line 2): a cell of 2 lines; 101 of 501 rows have cells" in capsys.readouterr().err
    assert metrics(workspace)["cells_with_line_breaks"] == 101


def test_posts_of_several_lines_are_nothing_to_tell(workspace, capsys):
    posts = "".join(f'{number},"x\ny",ham\n' for number in range(99)) + f'z,"{"x" + chr(10) * linebreaks.MANY}",ham\n'
    prepared(workspace, {"rows.csv": table(posts + good(400))})
    assert "cell of" not in capsys.readouterr().err
    shown = metrics(workspace)
    assert (shown["cells_with_line_breaks"], shown["longest_cell_lines"]) == (100, linebreaks.MANY + 1)


@pytest.mark.parametrize("size", [20_000, 1, 2])
def test_every_cell_with_a_line_break_is_counted_whatever_the_batch(tmp_path, monkeypatch, size):
    monkeypatch.setattr(rawfiles, "BATCH", size)
    counted = linebreaks.LineBreaks()
    content = table('1,"a\r\nb\rc","\n"\n\n2,b,ham\n3,"c\n",ham\n')
    assert sum(map(len, counted.counted(iter(batches(tmp_path, content))))) == 3
    assert (counted.rows, counted.rows_with_breaks, counted.cells, counted.most) == (3, 2, 3, 2)


def test_the_columns_that_nobody_needs_count_too(workspace):
    prepared(workspace, {"rows.csv": 'id,text,kind,note\n1,a,ham,"x\ny"\n2,b,ham,z\n'})
    assert metrics(workspace)["cells_with_line_breaks"] == 1


def test_files_that_know_no_quotes_are_not_counted(workspace):
    prepared(workspace, {"rows.jsonl": lines(row(text="a\nb\n" * 99))}, JSONL)
    assert "cells_with_line_breaks" not in metrics(workspace)
    prepared(workspace, {"rows.csv": table('1,"a,ham\n2,b",ham\n')}, {"quotes": False})
    assert (metrics(workspace)["cells_with_line_breaks"], metrics(workspace)["longest_cell_lines"]) == (0, 1)
