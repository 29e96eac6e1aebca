"""decant predict: texts of the command line, lines of standard input, tables there; and what it cannot mean."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from bundles import write_bundle

from decant.__main__ import main
from decant.files import read_json, write_json


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


def test_predict_shows_answer_text_and_scores(bundle, capsys):
    assert main(["predict", "--task", "demo", "airdrop airdrop now", "hello"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "scam\tairdrop airdrop now"
    assert lines[1] == "  scam: honest 0.0025  scam 0.9975"
    assert lines[2] == "  topic: crypto 0.1192  money 0.1192"
    assert lines[3] == "  urgency: 0.75"
    assert lines[4] == "  decision: priority (scam >= 0.9  crypto >= 0.6)"
    assert lines[5] == "clean\thello"


def test_predict_writes_one_json_object_per_line(bundle, capsys):
    assert main(["predict", "--task", "demo", "--json", "btc ✓", "two\nlines"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["text"] for one in found] == ["btc ✓", "two\nlines"]
    assert found[0]["answer"] == "crypto"
    assert found[0]["heads"] == {
        "scam": {"honest": 0.8808, "scam": 0.1192},
        "topic": {"crypto": 0.8808, "money": 0.1192},
        "urgency": 0.25,
    }


@pytest.fixture
def piped(monkeypatch):
    """A function that puts bytes on standard input."""
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    "content", [b"btc\n\nairdrop airdrop\nhello", b"\xef\xbb\xbfbtc\r\n\r\nairdrop airdrop\r\nhello\r\n"]
)
def test_predict_reads_a_text_per_line_from_stdin(bundle, capsys, piped, content):
    piped(content)
    assert main(["predict", "--task", "demo", "--json", "-"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["text"] for one in found] == ["btc", "", "airdrop airdrop", "hello"]
    assert [one["answer"] for one in found] == ["crypto", "clean", "scam", "clean"]


BROKEN = {
    "not utf-8": (b"btc\ncaf\xe9\nbtc\n", "line 2: not UTF-8 (invalid continuation byte at byte 3); convert it: iconv"),
    "too long": (b"btc\n" + b"a" * 20001, "line 2: 20,001 characters, this bundle takes 20,000"),
}


@pytest.mark.parametrize(("content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_line_that_cannot_be_classified_is_named_after_the_answers_before_it(bundle, capsys, piped, content, words):
    piped(content)
    assert main(["predict", "--task", "demo", "--json", "-"]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert printed.err.startswith(f"error: standard input: {words}")
    assert len(printed.err.splitlines()) == 1


CSV = b'id,post\n1,"btc\nhello"\n2,airdrop airdrop\n'


def test_a_table_on_stdin_has_as_many_answers_as_rows(bundle, capsys, piped):
    piped(CSV)
    assert main(["predict", "--bundle", str(bundle), "-", "--format", "csv", "--text", "post"]) == 0
    printed = capsys.readouterr()
    found = list(csv.DictReader(io.StringIO(printed.out)))
    assert [(row["id"], row["answer"]) for row in found] == [("1", "crypto"), ("2", "scam")]
    assert "standard output: 2 rows" in printed.err


@pytest.mark.parametrize("content", [b"caf\xe9", b"a" * 20001], ids=["not utf-8", "too long"])
def test_a_stream_goes_on_after_a_bad_line_where_that_is_asked_for(bundle, capsys, piped, content):
    piped(b"btc\n" + content + b"\nbtc\n")
    assert main(["predict", "--task", "demo", "--json", "--bad-rows", "keep", "-"]) == 0
    out, told = capsys.readouterr()
    assert [json.loads(line)["answer"] for line in out.splitlines()] == ["crypto", None, "crypto"]
    assert told.startswith("standard input: line 2: ")
    assert len(told.splitlines()) == 1


def test_a_table_is_written_as_json_lines_and_to_files_too(bundle, capsys, piped):
    piped(CSV)
    assert main(["predict", "--bundle", str(bundle), "-", "--format", "csv", "--text", "post", "--json"]) == 0
    assert [json.loads(line)["answer"] for line in capsys.readouterr().out.splitlines()] == ["crypto", "scam"]
    piped(CSV)
    assert (
        main(["predict", "--bundle", str(bundle), "-", "--format", "csv", "--text", "post", "--out", "s.parquet"]) == 0
    )
    assert pd.read_parquet("s.parquet")["answer"].tolist() == ["crypto", "scam"]


def test_bad_rows_are_counted(bundle, capsys):
    Path("rows.jsonl").write_text('{"post": "btc"}\n{"post": null}\n', encoding="utf-8")
    asked = ["predict", "--bundle", str(bundle), "rows.jsonl", "--text", "post", "--out", "scored.csv"]
    assert main(asked) == 1
    assert "error: rows.jsonl: row 2: column 'post': found None" in capsys.readouterr().err
    assert main([*asked, "--bad-rows", "keep"]) == 0
    assert "scored.csv: 2 rows, 1 without an answer (no text, or too long)" in capsys.readouterr().err


REFUSED = {
    "no classifier": (["hello"], "which classifier? Say --bundle FOLDER, or --task NAME"),
    "a file": (
        ["--task", "demo", "rows.csv"],
        "rows.csv: is a file, and would be classified as a text. Its rows: decant",
    ),
    "an option of tables": (["--task", "demo", "hello", "--bad-rows", "keep"], "--bad-rows is for tables: say --text"),
    "an output": (["--task", "demo", "rows.csv", "--out", "s.csv"], "--out is for tables: say --text"),
    "a table without form": (["--task", "demo", "-", "--text", "post"], "standard input: say how the table is written"),
    "two tables": (
        ["--task", "demo", "rows.csv", "rows.csv", "--text", "post"],
        "--text: one table at a time, found 2",
    ),
    "a text as table": (
        ["--task", "demo", "hello", "--text", "post"],
        "hello: no such file. With --text the argument is",
    ),
    "no worker": (["--task", "demo", "rows.csv", "--text", "post", "--workers", "0"], "--workers: 0; at least 1"),
    "two characters": (["--task", "demo", "rows.csv", "--text", "post", "--delimiter", "||"], "--delimiter: '||'; one"),
    "no encoding": (
        ["--task", "demo", "rows.csv", "--text", "post", "--encoding", "utf9"],
        "rows.csv: unknown encoding",
    ),
    "half a pair": (["--task", "demo", "a\ud83d"], "texts[0]: half a surrogate pair (U+D83D) at character 1"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSED.values(), ids=REFUSED)
def test_what_predict_cannot_mean_is_one_line_with_the_way_out(bundle, capsys, arguments, words):
    Path("rows.csv").write_bytes(CSV)
    assert main(["predict", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {words}")
    assert len(printed.err.splitlines()) == 1


def test_predict_takes_a_bundle_from_anywhere_without_a_task(bundle, workspace, capsys):
    moved = shutil.move(bundle, workspace / "elsewhere")
    assert main(["predict", "--bundle", str(moved), "btc"]) == 0
    assert capsys.readouterr().out.startswith("crypto\tbtc\n")


@pytest.mark.parametrize(
    ("texts", "shown"),
    [pytest.param("btc", "crypto\tbtc", id="one"), pytest.param("hello", "none\thello", id="none of them")],
)
def test_predict_shows_the_labels_of_a_threshold_rule(bundle, capsys, texts, shown):
    changes = {"decision": {"rule": "thresholds", "head": "topic"}, "thresholds": {"crypto": 0.5, "money": 0.5}}
    write_json(bundle / "decant.json", read_json(bundle / "decant.json") | changes)
    assert main(["predict", "--task", "demo", texts]) == 0
    assert capsys.readouterr().out.splitlines()[0] == shown


def test_a_missing_bundle_is_one_line_and_status_1(workspace, capsys):
    assert main(["predict", "--task", "demo", "hello"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: models/demo/bundle: no decant.json, so this is not a bundle")
    assert len(printed.err.splitlines()) == 1
