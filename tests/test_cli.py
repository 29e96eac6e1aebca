"""The command line: predict with the shipped part alone, verdict, and promote, which lets no red bundle through."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import verdicts
from bundles import write_bundle
from graph import ROOT
from shell import run
from verdicts import write_evidence

from decant.__main__ import main
from decant.errors import CacheError
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.verdict import promotion
from decant.verdict.promotion import promote

HEAVY = ["torch", "transformers", "pandas", "dvc", "sklearn", "scipy", "pydantic", "ruamel", "onnx", "safetensors"]


@pytest.fixture
def bundle(workspace):
    return write_bundle(workspace)


def released(workspace):
    return [path.name for path in workspace.glob("release/*")]


# --- predict ----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "command",
    [
        "yes btc | decant predict --bundle B - | head -1",
        "decant predict --bundle B rows.csv --text post --workers 1 | head -1",
    ],
)
def test_a_pipe_that_has_seen_enough_ends_quietly(bundle, workspace, command):
    (workspace / "rows.csv").write_text("post\n" + "btc btc\n" * 20_000, encoding="utf-8")
    command = command.replace("decant", f"{sys.executable} -m decant").replace(" B ", f" {bundle} ")
    ended = run(
        workspace, "bash", "-c", f"{command}; echo ${{PIPESTATUS[*]}} >&2", environment={"PYTHONPATH": str(ROOT)}
    )
    assert ended.stdout in ("crypto\tbtc\n", "post,answer,score_scam,score_crypto,score_clean,number_urgency\n")
    assert "141 0" in ended.stderr.splitlines()[-1]
    assert "Error" not in ended.stderr


def test_ctrl_c_is_one_word(bundle, capsys, monkeypatch):
    def stopped(self, texts):
        raise KeyboardInterrupt

    monkeypatch.setattr(Bundle, "predict", stopped)
    assert main(["predict", "--task", "demo", "hello"]) == 130
    assert capsys.readouterr().err == "stopped\n"


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


@pytest.mark.parametrize("arguments", [[], ["predict", "--task", "demo"], ["publish"]], ids=str)
def test_a_wrong_call_is_explained(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: decant" in capsys.readouterr().err


def test_predict_needs_the_shipped_part_alone(bundle):
    """In a process of its own: what predict imports is what a user has to install."""
    code = (
        "import sys; from decant.__main__ import main; status = main(sys.argv[1:]); "
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})), file=sys.stderr); sys.exit(status)"
    )
    command = [sys.executable, "-c", code, "predict", "--task", "demo", "--bundle", str(bundle), "btc"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("crypto\tbtc")
    loaded = set(found.stderr.split())
    assert {"onnxruntime", "tokenizers", "numpy"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_module_is_the_command(workspace):
    """python -m decant, with its exit status and its message on stderr."""
    command = [sys.executable, "-m", "decant", "predict", "--task", "demo", "--bundle", str(workspace), "btc"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith(f"error: {workspace}: no decant.json")


# --- promote, and what it refuses: tests/verdict/test_evidence.py -------------------------------------------------------


def test_a_green_bundle_is_released_with_its_verdict_and_card(workspace, capsys):
    bundle = write_evidence(workspace)
    capsys.readouterr()
    assert main(["promote", "--task", "demo"]) == 0
    release = workspace / "release" / "demo"
    for path in bundle.rglob("*"):
        assert path.is_dir() or (release / path.relative_to(bundle)).read_bytes() == path.read_bytes()
    assert (release / "gate.json").read_bytes() == (workspace / "metrics/demo/gate.json").read_bytes()
    card, day = (release / "README.md").read_text().split("\n## Release\n\n")
    assert card == (workspace / "metrics/demo/card.md").read_text()
    assert re.fullmatch(r"Released on \d{4}-\d\d-\d\d outside git\.\n", day)
    md5 = digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert capsys.readouterr().out.startswith(f"released demo ({md5}) to release/demo")
    assert main(["predict", "--task", "demo", "--bundle", str(release), "btc"]) == 0


def test_a_release_is_the_champion_from_then_on(workspace):
    write_evidence(workspace)
    assert main(["promote", "--task", "demo"]) == 0
    champion = read_json(workspace / "champions/demo.json")
    assert champion["n"] == 3
    assert sorted(champion["answers"].values()) == ["clean", "crypto", "scam"]
    assert "rent" not in (workspace / "champions/demo.json").read_text(encoding="utf-8")  # hashes, no texts


def test_promote_replaces_an_older_release(workspace):
    write_evidence(workspace)
    assert main(["promote", "--task", "demo", "--to", "out"]) == 0
    (workspace / "out" / "gate.json").write_text("old")
    assert main(["promote", "--task", "demo", "--to", "out"]) == 0
    assert (workspace / "out" / "gate.json").read_text() != "old"
    assert sorted(path.name for path in (workspace / "out").iterdir()) == sorted(
        [
            "README.md",
            "config.json",
            "decant.json",
            "gate.json",
            "golden.json",
            "onnx",
            "release.json",
            "tokenizer.json",
            "tokenizer_config.json",
        ]
    )


def test_a_red_bundle_is_refused_and_each_failed_gate_named(workspace, capsys):
    write_evidence(workspace, **verdicts.RED, split={"leakage_any": 3})
    assert main(["promote", "--task", "demo"]) == 1
    message = capsys.readouterr().err
    assert "scam_fpr 0.09 (0.06 to 0.12), max 0.08: fails" in message
    assert "leakage 3, max 0: fails" in message
    assert "int8_size" not in message
    assert released(workspace) == []


def test_a_bundle_without_a_verdict_is_refused(workspace, capsys):
    write_evidence(workspace)
    (workspace / "metrics/demo/gate.json").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "gate.json: missing" in capsys.readouterr().err
    assert released(workspace) == []


def test_a_missing_model_card_is_named_and_nothing_released(workspace, capsys):
    write_evidence(workspace)
    (workspace / "metrics" / "demo" / "card.md").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "card.md: missing. Run: dvc repro report@demo" in capsys.readouterr().err
    assert released(workspace) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("`", "'", "not about the model"), ("license: mit", "license: [", "not YAML"), ("---", "--", "no front matter")],
)
def test_a_card_of_another_model_or_that_the_hub_cannot_read_is_named_and_nothing_released(workspace, old, new, words):
    bundle = write_evidence(workspace)
    card = workspace / "metrics" / "demo" / "card.md"
    card.write_text(card.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(CacheError, match=words) as failure:
        promote("demo", bundle, workspace / "release" / "demo")
    assert "dvc repro report" in str(failure.value)
    assert released(workspace) == []


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        ("ab12", "Released on 2026-11-27 at commit `ab12`."),
        ("ab12+changes", "Released on 2026-11-27 at commit `ab12`, with changes to the code that no commit has."),
        ("none", "Released on 2026-11-27 outside git."),
    ],
)
def test_a_released_card_ends_with_its_day_and_commit(commit, words):
    text = promotion.released("# demo\n\nGood.\n", commit, date(2026, 11, 27))
    assert text == f"# demo\n\nGood.\n\n## Release\n\n{words}\n"


def test_the_verdict_of_another_task_does_not_count(workspace, capsys):
    write_evidence(workspace)
    shutil.copytree(workspace / "metrics" / "demo", workspace / "metrics" / "scam")
    (workspace / "metrics" / "demo" / "gate.json").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "metrics/demo/gate.json: missing" in capsys.readouterr().err


# --- verdict ----------------------------------------------------------------------------------------------------------


def test_verdict_prints_every_gate_and_is_0_where_all_hold(workspace, capsys):
    bundle = write_evidence(workspace)
    capsys.readouterr()
    assert main(["verdict"]) == 0
    md5 = digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert capsys.readouterr().out.splitlines() == [
        f"demo: green (model {md5})",
        "  holds  not_below_linear: 0.01 (-0.01 to 0.03), min -0.02",
        "  holds  scam_fpr: 0.0387 (0.0208 to 0.0652), max 0.08",
        "  holds  int8_size: 6,807,608, max 9,000,000",
        "  holds  leakage: 0, max 0",
        "  holds  cap_of_scam: 1, min 1",
    ]


def test_verdict_is_1_where_a_gate_fails(workspace, capsys):
    write_evidence(workspace, **verdicts.RED)
    assert main(["verdict"]) == 1
    printed = capsys.readouterr()
    assert "FAILS  scam_fpr: 0.09 (0.06 to 0.12), max 0.08" in printed.out
    assert "demo: scam_fpr 0.09 (0.06 to 0.12), max 0.08: fails" in printed.err


NOTHING = {
    "no task": ("tasks: [demo]", "tasks: []", "params.yaml: tasks: found []"),
    "a misspelt task": ("tasks: [demo]", "tasks: [dmeo]", "params.yaml: tasks: no block named 'dmeo'"),
    "a misspelt key": ("tasks: [demo]", "task: [demo]", "params.yaml: tasks: missing key"),
    "no key": ("tasks: [demo]", "", "params.yaml: tasks: missing key"),
}


@pytest.mark.parametrize("command", [["check"], ["verdict"], ["promote", "--task", "demo"]], ids=" ".join)
@pytest.mark.parametrize("case", NOTHING.values(), ids=NOTHING)
def test_nothing_to_judge_is_no_verdict(workspace, capsys, command, case):
    old, new, words = case
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert main(command) == 1
    assert words in capsys.readouterr().err


def test_a_task_that_is_not_there_is_promoted_by_no_name(workspace, capsys):
    assert main(["promote", "--task", "dmeo"]) == 1
    assert "no task block named 'dmeo'; blocks are demo, scam" in capsys.readouterr().err


def test_check_names_a_task_without_raw_files_and_a_misspelt_one(workspace, capsys):
    params = workspace / "params.yaml"
    before = params.read_text(encoding="utf-8")
    assert main(["check"]) == 0
    assert "demo: ok" in capsys.readouterr().out
    params.write_text(before.replace("tasks: [demo]", "tasks: [demo, scam]"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "data/raw/scam: missing. Fetch its raw files" in capsys.readouterr().err
    params.write_text(before.replace("tasks: [demo]", "tasks: [dmeo]"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "no block named 'dmeo'; blocks are demo, scam" in capsys.readouterr().err
    params.write_text(before.replace("tasks: [demo]", "tasks: demo"), encoding="utf-8")
    assert main(["check"]) == 1
    assert "tasks" in capsys.readouterr().err


def test_freeze_writes_the_present_test_rows_as_hashes(workspace, capsys):
    assert main(["freeze", "--task", "demo"]) == 1
    assert "data/demo/test.parquet: missing. Run: dvc repro split@demo" in capsys.readouterr().err
    file = workspace / "data/demo/test.parquet"
    file.parent.mkdir(parents=True)
    texts = ["Hello you", "hello, YOU!"]
    pd.DataFrame({"id": ["a", "b"], "text": texts, "raw": [texts[0], "hello, @ann YOU!"]}).to_parquet(file)
    assert main(["freeze", "--task", "demo"]) == 0
    (manifest,) = (workspace / "frozen/demo").glob("*.json")
    content = read_json(manifest)
    assert (content["n"], len(content["ids"]), len(content["texts"])) == (2, 2, 2)  # one text, and one as it was
    assert "hello" not in manifest.read_text(encoding="utf-8")
    assert f"2 test rows, sha256 {digest(manifest)}" in capsys.readouterr().out


def test_freeze_leaves_row_numbers_out(workspace, capsys):
    file = workspace / "data/toxicity/test.parquet"
    file.parent.mkdir(parents=True)
    pd.DataFrame({"id": ["0", "1"], "text": ["one", "two"], "raw": ["one", "two"]}).to_parquet(file)
    assert main(["freeze", "--task", "toxicity"]) == 0
    (manifest,) = (workspace / "frozen/toxicity").glob("*.json")
    assert read_json(manifest)["ids"] == []
