"""A table scored: every column kept, an answer and a score per class, bad rows named, and the same bytes after a kill."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from bundles import write_bundle
from graph import ROOT
from shell import ENVIRONMENT

from decant.__main__ import main
from decant.data import formulas
from decant.deploy import table, tables, workers
from decant.errors import DataError, InputError
from decant.files import read_json, write_json
from decant.runtime import Bundle

TEXTS = ["airdrop airdrop now", "hello, you", "", "btc", '=SUM(A1) "q"', "@ann two\nlines\rthree", "-1 salary", "btc ✓"]
NEW = ["answer", "score_scam", "score_crypto", "score_clean", "number_urgency"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One bundle for all tests, which each take a copy of."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(ROOT / "params.yaml", folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        return write_bundle(folder)


@pytest.fixture
def bundle(made, tmp_path, monkeypatch):
    """A bundle, in an empty folder that is the working folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, "bundle"))


def score(bundle, file, out, text="post", how=None, **asked):
    """What `decant predict` does, in this process."""
    asked = {"workers": 1} | asked
    return tables.score(tables.Job(table.table(Path(file), None, **(how or {})), bundle, text, **asked), Path(out))


def write_csv(file, texts, delimiter=","):
    with open(file, "w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
        rows.writerows([["id", "post", "n"], *([f"0{row}", text, "7.50"] for row, text in enumerate(texts))])


def rows_of(file, kept=False):
    """Its rows; formulas have lost their mark. kept: they have none."""
    with open(file, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t" if file.endswith("tsv") else ","))
    return rows if kept else [{name: formulas.plain(cell) for name, cell in row.items()} for row in rows]


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_scored_csv_has_every_cell_and_the_answers_of_the_bundle(bundle):
    write_csv("rows.csv", TEXTS)
    found = score(bundle, "rows.csv", "scored.csv")
    assert (found.rows, found.bad) == (8, 0)
    rows, opened = rows_of("scored.csv"), Bundle(bundle)
    assert list(rows[0]) == ["id", "post", "n", *NEW]
    assert [row["post"] for row in rows] == TEXTS  # formulas, quotes, line breaks of every kind
    assert [(row["id"], row["n"]) for row in rows] == [(f"0{number}", "7.50") for number in range(8)]
    assert [row["answer"] for row in rows] == [one["answer"] for one in opened.predict(TEXTS)]
    scores = np.array([[float(row[name]) for name in NEW[1:4]] for row in rows])
    np.testing.assert_allclose(scores, opened.predict_proba(TEXTS), atol=1e-6)
    assert [float(row["number_urgency"]) for row in rows[:2]] == [0.75, 0.25]


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_formula_is_marked_in_cells_and_names_unless_cells_are_to_be_kept(bundle, suffix, capsys):
    cells = {"=id": ["=0", "-7.5", "@x"], "post": ["=SUM(A1)", "hello", "+1 btc"]}
    Path("rows.jsonl").write_text(
        "".join(json.dumps(dict(zip(cells, row, strict=True))) + "\n" for row in zip(*cells.values(), strict=True))
    )
    asked = ["predict", "--bundle", str(bundle), "rows.jsonl", "--text", "post", "--workers", "1"]
    assert main([*asked, "--out", f"marked.{suffix}"]) == 0
    assert main([*asked, "--out", f"kept.{suffix}", "--formulas", "keep"]) == 0
    shown = [[row["'=id"], row["post"]] for row in rows_of(f"marked.{suffix}", kept=True)]
    assert shown == [["'=0", "'=SUM(A1)"], ["-7.5", "hello"], ["'@x", "'+1 btc"]]
    assert [[row["=id"], row["post"]] for row in rows_of(f"kept.{suffix}", kept=True)] == [
        list(row) for row in zip(*cells.values(), strict=True)
    ]
    capsys.readouterr()
    assert main(asked) == 0
    assert capsys.readouterr().out.startswith("'=id,post,")


@pytest.mark.parametrize("target", ["jsonl", "parquet"])
def test_where_no_spreadsheet_runs_anything_nothing_is_marked(bundle, target):
    write_csv("rows.csv", TEXTS)
    score(bundle, "rows.csv", f"scored.{target}")
    read = {
        "jsonl": lambda: pd.read_json("scored.jsonl", lines=True),
        "parquet": lambda: pd.read_parquet("scored.parquet"),
    }
    assert read[target]()["post"].tolist() == TEXTS


@pytest.mark.parametrize("source", ["csv", "tsv", "jsonl", "parquet", "xlsx"])
@pytest.mark.parametrize("target", ["csv", "tsv", "jsonl", "parquet"])
def test_every_form_is_read_and_written(bundle, source, target):
    texts = TEXTS[:2] + TEXTS[3:]  # an empty cell of a sheet is no text
    file = f"rows.{source}"
    columns = {"id": [str(row) for row in range(len(texts))], "post": texts}
    if source in ("csv", "tsv"):
        pd.DataFrame(columns).to_csv(file, sep="\t" if source == "tsv" else ",", index=False)
    elif source == "jsonl":
        Path(file).write_text(
            "".join(json.dumps({"id": str(row), "post": text}) + "\n\n" for row, text in enumerate(texts))
        )
    elif source == "parquet":
        pq.write_table(pa.table(columns), file)
    else:
        with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
            for column, (name, cells) in enumerate(columns.items()):
                book.add_worksheet("rows") if not column else None
                book.worksheets()[0].write_column(0, column, [name, *cells])
    assert score(bundle, file, f"scored.{target}").rows == len(texts)
    if target == "parquet":
        found = pq.read_table("scored.parquet").to_pylist()
    elif target == "jsonl":
        found = [json.loads(line) for line in Path("scored.jsonl").read_text(encoding="utf-8").splitlines()]
    else:
        found = rows_of(f"scored.{target}")
    kept = [text.replace("\r", "_x000D_") for text in texts] if source == "xlsx" else texts
    assert [str(row["id"]) for row in found] == columns["id"]
    assert [row["post"].replace("\r", "_x000D_") if source == "xlsx" else row["post"] for row in found] == kept
    assert [row["answer"] for row in found] == [one["answer"] for one in Bundle(bundle).predict(texts)]
    assert list(found[0]) == ["id", "post", *NEW]


def test_parquet_keeps_the_types_of_its_columns(bundle):
    times = pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns", "UTC"))
    given = pa.table({
        "post": pa.array(["btc", "hello"]).dictionary_encode(), "small": pa.array([1, None], pa.int8()), "time": times,
        "money": pa.array([None, "1.10"]).cast(pa.decimal128(9, 2)), "nested": [{"a": [1]}, {"a": []}], "none": pa.nulls(2),
    })  # fmt: skip
    pq.write_table(given, "rows.parquet")
    score(bundle, "rows.parquet", "scored.parquet")
    found = pq.read_table("scored.parquet")
    assert found.column_names == [*given.column_names, *NEW]
    for name in ("small", "time", "money", "nested"):
        assert found[name].equals(given[name]), name
    assert found["post"].to_pylist() == ["btc", "hello"]
    score(bundle, "rows.parquet", "scored.jsonl")
    line = json.loads(Path("scored.jsonl").read_text().splitlines()[0])
    assert line["time"].startswith("2023-11-14 22:13:20.123456789")
    assert (line["small"], line["nested"], line["none"]) == (1, {"a": [1]}, None)
    assert json.loads(Path("scored.jsonl").read_text().splitlines()[1])["money"] == "1.10"


def test_json_fields_that_come_late_or_change_their_number_type_are_columns(bundle):
    lines = [{"post": "btc", "n": 1}] * 1500 + [{"post": "hello", "n": 2.5, "late": True}]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    score(bundle, "rows.jsonl", "scored.parquet")
    found = pq.read_table("scored.parquet")
    assert found.schema.field("n").type == pa.float64()
    assert found.column_names == ["post", "n", "late", *NEW]
    assert found["late"].to_pylist() == [None] * 1500 + [True]
    score(bundle, "rows.jsonl", "scored.csv")
    assert [row["n"] for row in rows_of("scored.csv")][1498:] == ["1", "1", "2.5"]


def test_a_column_of_numbers_and_texts_cannot_be_parquet(bundle):
    Path("rows.jsonl").write_text('{"post": "btc", "n": 1}\n{"post": "btc", "n": "x"}\n')
    with pytest.raises(
        DataError, match=r"rows.jsonl: row 1 and on: column 'n' holds values of several types .*\.jsonl or"
    ):
        score(bundle, "rows.jsonl", "scored.parquet")
    assert score(bundle, "rows.jsonl", "scored.jsonl").rows == 2


def test_a_sheet_with_empty_cells_among_numbers_has_nulls_in_parquet(bundle):
    with xlsxwriter.Workbook("rows.xlsx") as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([["post", "n"], ["btc", 7], ["hello", None], ["x", 8]]):
            sheet.write_row(row, 0, cells)
    score(bundle, "rows.xlsx", "scored.parquet")
    assert pq.read_table("scored.parquet")["n"].to_pylist() == [7, None, 8]


def test_several_answers_are_a_list_or_one_cell(bundle):
    changes = {"decision": {"rule": "thresholds", "head": "topic"}, "thresholds": {"crypto": 0.1, "money": 0.115}}
    write_json(bundle / "decant.json", read_json(bundle / "decant.json") | changes)
    write_csv("rows.csv", ["btc", "hello"])
    expected = [one["answer"] for one in Bundle(bundle).predict(["btc", "hello"])]
    assert expected == [["crypto", "money"], ["crypto", "money"]]
    score(bundle, "rows.csv", "scored.parquet")
    assert pq.read_table("scored.parquet")["answer"].to_pylist() == expected
    score(bundle, "rows.csv", "scored.csv")
    assert [row["answer"] for row in rows_of("scored.csv")] == ["crypto|money"] * 2


def test_the_new_columns_can_be_named_otherwise(bundle):
    Path("rows.csv").write_text("post,answer\nbtc,gold\n")
    with pytest.raises(InputError, match=r"rows.csv: has answer already; name the new ones otherwise with --prefix"):
        score(bundle, "rows.csv", "scored.csv")
    score(bundle, "rows.csv", "scored.csv", prefix="model_")
    assert rows_of("scored.csv")[0] | {"answer": "gold", "model_answer": "crypto"} == rows_of("scored.csv")[0]


@pytest.mark.parametrize("number", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(bundle, number):
    write_csv("rows.csv", [f"{TEXTS[row % 8]} {row}" for row in range(3500)])
    score(bundle, "rows.csv", "one.parquet")
    score(bundle, "rows.csv", "several.parquet", workers=number)
    assert Path("one.parquet").read_bytes() == Path("several.parquet").read_bytes()
    assert not list(Path().glob(".*.parts"))


# --- what is refused --------------------------------------------------------------------------------------------------

BAD = {
    "null": ({"post": None}, r"column 'post': found None, expected str; leave the row out"),
    "a number": ({"post": 7}, r"column 'post': found int \(7\), expected str"),
    "no field": ({"other": "x"}, r"column 'post': found None"),
    "too long": ({"post": "a" * 20001}, r"column 'post': 20,001 characters, this bundle takes 20,000"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("row", "words"), BAD.values(), ids=BAD)
def test_a_bad_row_stops_with_its_number_before_anything_is_scored(bundle, monkeypatch, row, words):
    lines = [{"post": "btc"}] * 1200 + [row, {"post": "hello"}]
    Path("rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    monkeypatch.setattr(workers, "answers", lambda *given: pytest.fail("scored"))
    with pytest.raises(InputError, match=rf"^rows\.jsonl: row 1201: {words}.*--bad-rows keep"):
        score(bundle, "rows.jsonl", "scored.jsonl")
    assert not Path("scored.jsonl").exists()


@pytest.mark.parametrize(("row", "words"), BAD.values(), ids=BAD)
def test_kept_bad_rows_have_an_empty_answer_and_are_counted(bundle, row, words):
    lines = [{"post": "btc"}] * 1200 + [row, {"post": "hello"}]
    Path("rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert score(bundle, "rows.jsonl", "scored.jsonl", keep=True).bad == 1
    found = [json.loads(line) for line in Path("scored.jsonl").read_text().splitlines()]
    assert {name: found[1200][name] for name in NEW} == dict.fromkeys(NEW)
    assert found[1200].items() >= row.items()  # as it came
    assert [found[row]["answer"] for row in (0, 1199, 1201)] == ["crypto", "crypto", "clean"]
    score(bundle, "rows.jsonl", "scored.csv", keep=True)
    assert [rows_of("scored.csv")[1200][name] for name in NEW] == [""] * 5


@pytest.mark.bad_input
def test_a_bad_row_of_csv_is_named_by_its_line_too(bundle):
    write_csv("rows.csv", ["two\nlines"] * 1100 + ["a" * 20001])
    with pytest.raises(InputError, match=r"^rows\.csv: row 1101 \(line 2202\): column 'post': 20,001 characters"):
        score(bundle, "rows.csv", "scored.csv")


def test_what_the_readers_say_names_flags_and_not_params(bundle):
    Path("rows.csv").write_bytes("id,post\n1,caf\xe9 au lait\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"rows.csv: line 2: not utf-8 .*--encoding") as failure:
        score(bundle, "rows.csv", "scored.csv")
    assert "source" not in str(failure.value)
    assert score(bundle, "rows.csv", "scored.csv", how={"encoding": "latin-1"}).rows == 1
    assert rows_of("scored.csv")[0]["post"] == "café au lait"
    Path("rows.csv").write_text('id,post\n1,"open\n')
    with pytest.raises(DataError, match=r"a quote opens a cell that never ends.*set --no-quotes"):
        score(bundle, "rows.csv", "scored.csv")
    assert score(bundle, "rows.csv", "scored.csv", how={"quotes": False}).rows == 1


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", "id,text\n1,btc\n", r"no column 'post'; columns are id, text; say --text with one of them"),
        ("rows.csv", "id;post\n1;btc\n", r"the cells look separated by ';': say --delimiter or --format"),
        ("rows.jsonl", '{"text": "btc"}\n', r"no column 'post'; columns are text"),
        ("rows.txt", "btc\n", r"rows\.txt: its suffix does not say how it is written; say --format csv, tsv, jsonl"),
    ],
)
def test_a_table_without_the_column_or_a_known_form_is_named(bundle, name, content, words):
    Path(name).write_text(content)
    with pytest.raises(InputError, match=words):
        score(bundle, name, "scored.csv")


def test_an_output_that_cannot_be_is_named(bundle):
    write_csv("rows.csv", TEXTS)
    with pytest.raises(InputError, match=r"rows\.csv: is the table itself; name another --out"):
        score(bundle, "rows.csv", "rows.csv")
    with pytest.raises(InputError, match=r"scored\.xlsx: the suffix says how it is written: \.parquet, \.csv"):
        score(bundle, "rows.csv", "scored.xlsx")
    Path("folder.csv").mkdir()
    with pytest.raises(InputError, match=r"folder\.csv: is a folder; name a file"):
        score(bundle, "rows.csv", "folder.csv")
    with pytest.raises(InputError, match=r"gone\.csv: no such file"):
        score(bundle, "gone.csv", "scored.csv")


# --- killed and resumed -----------------------------------------------------------------------------------------------

ROWS = 16_000


def start(bundle, *more):
    command = [sys.executable, "-m", "decant", "predict", str(Path("rows.csv").resolve()), "--text", "post", "--bundle",
               str(bundle.resolve()), "--out", str(Path("scored.parquet").resolve()), *more]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def parts():
    return list(Path().glob(".scored.parquet.*.parts/0*.npy"))


def test_a_killed_run_goes_on_and_writes_the_bytes_of_one_that_was_not(bundle):
    write_csv("rows.csv", [f"{TEXTS[row % 8]} {row}" for row in range(ROWS)])
    score(bundle, "rows.csv", "undisturbed.parquet")
    running = start(bundle, "--workers", "2")
    while len(parts()) < 3 and running.poll() is None:
        time.sleep(0.01)
    children = psutil.Process(running.pid).children(recursive=True)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done = len(parts())
    assert 3 <= done < ROWS // tables.PIECE, "killed in the middle"
    assert not Path("scored.parquet").exists()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert len(gone) >= 2
    assert alive == [], "workers end with their parent"
    resumed = start(bundle, "--workers", "1")
    assert f"{ROWS:,} rows, {done * tables.PIECE:,} of them scored by an earlier run" in resumed.communicate()[1]
    assert resumed.returncode == 0
    assert Path("scored.parquet").read_bytes() == Path("undisturbed.parquet").read_bytes()
    assert not list(Path().glob(".scored.*"))


class Stopped(Exception):
    """Planted, in place of a kill."""


def stopped_after(monkeypatch, pieces: int):
    """answers() that works for so many pieces."""
    real, left = workers.answers, [pieces]

    def answers(*given):
        left[0] -= 1
        if left[0] < 0:
            raise Stopped
        return real(*given)

    monkeypatch.setattr(workers, "answers", answers)
    return lambda: monkeypatch.setattr(workers, "answers", real)


@pytest.mark.parametrize("change", ["table", "bundle", "column", "nothing"])
def test_what_was_scored_counts_only_for_the_same_table_bundle_and_column(bundle, monkeypatch, change):
    texts = [f"btc {row}" for row in range(2500)]
    pd.DataFrame({"post": texts, "other": texts}).to_csv("rows.csv", index=False)
    again = stopped_after(monkeypatch, 2)
    with pytest.raises(Stopped):
        score(bundle, "rows.csv", "scored.csv")
    again()
    if change == "table":
        pd.DataFrame({"post": [*texts[:-1], "hello"], "other": texts}).to_csv("rows.csv", index=False)
    if change == "bundle":
        record = read_json(bundle / "decant.json")
        write_json(bundle / "decant.json", record | {"thresholds": {"scam": 0.9, "crypto": 0.99}})
    found = score(bundle, "rows.csv", "scored.csv", "other" if change == "column" else "post")
    assert found.before == (2000 if change == "nothing" else 0)
    assert {row["answer"] for row in rows_of("scored.csv")[:2000]} == {"clean" if change == "bundle" else "crypto"}


@pytest.mark.parametrize("damage", [lambda content: content[:100], lambda content: b"", lambda content: content[:-8]])
def test_a_part_that_is_cut_off_is_scored_again(bundle, monkeypatch, damage):
    write_csv("rows.csv", [f"btc {row}" for row in range(2500)])
    again = stopped_after(monkeypatch, 2)
    with pytest.raises(Stopped):
        score(bundle, "rows.csv", "scored.parquet")
    again()
    first = min(parts())
    first.write_bytes(damage(first.read_bytes()))
    assert score(bundle, "rows.csv", "scored.parquet").before == 1000
    assert set(pq.read_table("scored.parquet")["answer"].to_pylist()) == {"crypto"}


def test_two_processes_do_not_write_one_output(bundle, monkeypatch):
    write_csv("rows.csv", TEXTS)
    real = workers.answers

    def meanwhile(*given):
        with pytest.raises(InputError, match=r"scored\.csv: another process is scoring this table; wait for it"):
            score(bundle, "rows.csv", "scored.csv")
        return real(*given)

    monkeypatch.setattr(workers, "answers", meanwhile)
    assert score(bundle, "rows.csv", "scored.csv").rows == 8


def test_a_failed_run_leaves_the_output_of_before(bundle, monkeypatch):
    write_csv("rows.csv", TEXTS)
    score(bundle, "rows.csv", "scored.csv")
    before = Path("scored.csv").read_bytes()
    stopped_after(monkeypatch, 0)
    with pytest.raises(Stopped):
        score(bundle, "rows.csv", "scored.csv")
    assert Path("scored.csv").read_bytes() == before
