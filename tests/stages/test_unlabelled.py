"""unlabelled: text is cleaned as rows are, nothing held out is in it, and each row that is left out is counted."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from graph import ROOT
from rawtask import TASK, arrange, lines, rerun, table
from shell import run

from decant import paths
from decant.data import held_out
from decant.errors import DataError, ParamsError
from decant.files import write_json
from decant.settings import check
from stages import split, unlabelled

WORDS = "river stone lamp field paper cloud winter table garden silver".split()
TEXTS = [" ".join(np.random.default_rng(row).choice(WORDS, 8)) for row in range(60)]
ROWS = table("\n".join(f"{row},{text},{'spam' if row % 3 else 'ham'}" for row, text in enumerate(TEXTS)))
MORE = {"files": ["more.jsonl"], "text": "body"}
SMALL = {"least": 1, "max_drift": 1.0}  # 60 rows cannot be split evenly


def written(
    workspace, raw: list[str], more: dict = MORE, files: dict | None = None, **sections
) -> tuple[pd.DataFrame, dict]:
    """The table and the counts; `raw` are the texts of more.jsonl, with split names for a text of that split."""
    arrange(
        workspace, {"rows.csv": ROWS, "more.jsonl": "{}"} | (files or {}), {"unlabelled": more}, split=SMALL, **sections
    )
    rerun(workspace)
    split.main(TASK)
    parts = {
        name: pd.read_parquet(paths.split_file(TASK, name))["text"][0] for name in ("train", "valid", "calib", "test")
    }
    bodies = [raw_text.format(**parts) for raw_text in raw]
    (workspace / "data/raw" / TASK / "more.jsonl").write_text(
        lines(*({"body": one} for one in bodies)), encoding="utf-8"
    )
    unlabelled.main(TASK)
    return read(workspace)


def read(workspace) -> tuple[pd.DataFrame, dict]:
    found = json.loads((workspace / "metrics" / TASK / "unlabelled.json").read_text(encoding="utf-8"))
    return pd.read_parquet(paths.unlabelled(TASK)), found


def test_every_row_is_kept_or_counted(workspace):
    raw = ["new text", "{train}", "{valid}!", "{calib}", "{test}", "NEW text.", " <b></b> ", "another one"]
    frame, counts = written(workspace, raw)
    assert frame["text"].tolist() == ["new text", "another one"]
    assert counts == {
        "rows_raw": 8, "rows_empty": 1, "rows_held_out": 3, "rows_in_train": 1, "rows_repeated": 1, "rows": 2,
    }  # fmt: skip


def test_text_is_cleaned_as_the_rows_are(workspace):
    frame, _ = written(workspace, ["see  <i>this</i> https://x.test &amp; BUY"], cleaning={"urls": "mask"})
    assert frame.loc[0].tolist() == ["unlabelled:more.jsonl:1", "see this httpurl & BUY", "see this httpurl & buy"]
    assert list(frame) == ["id", "text", "linear"]


def test_a_held_out_text_is_known_before_cleaning_too(workspace):
    """Without numbers two texts are one; the raw one is what was published."""
    frame, counts = written(workspace, ["{test} 12"], cleaning={"numbers": "strip"})
    assert counts["rows_held_out"] == 1
    assert frame.empty


def test_ids_are_not_those_of_labelled_rows(workspace):
    frame, _ = written(workspace, ["one", "two"])
    held = held_out.read(TASK)
    held.check(frame["id"].tolist(), frame["text"].tolist(), "someone")
    assert frame["id"].is_unique


def test_several_files_of_any_form_are_read(workspace):
    more = {"files": ["b.csv", "a"], "text": "body"}
    files = {"b.csv": "body\nfrom b\n", "a/one.tsv": "body\tx\nfrom a\t1\n", "a/two.jsonl": '{"body": "too"}'}
    frame, _ = written(workspace, [], more, files)
    assert frame["text"].tolist() == ["from b", "from a", "too"]


def test_files_without_a_header_get_one(workspace):
    more = {"files": ["b.csv"], "text": "body", "header": ["n", "body"]}
    frame, counts = written(workspace, [], more, {"b.csv": "1,first\n2,second\n"})
    assert frame["text"].tolist() == ["first", "second"]
    assert counts["rows_raw"] == 2


def test_a_task_without_more_text_has_an_empty_table(workspace):
    arrange(workspace, {"rows.csv": ROWS}, split=SMALL)
    rerun(workspace)
    split.main(TASK)
    unlabelled.main(TASK)
    frame, counts = read(workspace)
    assert list(frame) == ["id", "text", "linear"]
    assert frame.empty
    assert set(counts.values()) == {0}


def test_a_task_without_more_text_starts_neither_pandas_nor_nltk(workspace):
    for name, content in check.contents().items():
        write_json(paths.checked(name), content)
    script = "import sys; from stages import unlabelled; unlabelled.main('demo'); print(*sys.modules)"
    ended = run(workspace, sys.executable, "-c", script, environment={"PYTHONPATH": str(ROOT)})
    assert not {"pandas", "nltk", "sklearn", "scipy", "torch", "transformers"} & set(ended.stdout.split())
    assert pd.read_parquet(paths.unlabelled("demo")).empty


def test_a_second_run_writes_the_same_bytes(workspace):
    written(workspace, ["one", "two", "{valid}"])
    before = paths.unlabelled(TASK).read_bytes()
    unlabelled.main(TASK)
    assert paths.unlabelled(TASK).read_bytes() == before


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"body": "ok"}\n{"body": 7}', r"more\.jsonl: row 2: text in column 'body' is 7, expected a string"),
        ('{"text": "ok"}', r"no column 'body'; columns are text"),
        ('{"body": ', r"more\.jsonl: row 1: not JSON"),
        ("", r"more\.jsonl: no rows"),
    ],
)
def test_a_file_that_is_not_what_params_say_stops_the_stage(workspace, content, words):
    written(workspace, ["one"])
    before = paths.unlabelled(TASK).read_bytes()
    (workspace / "data/raw" / TASK / "more.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        unlabelled.main(TASK)
    assert paths.unlabelled(TASK).read_bytes() == before
    assert not list((workspace / "data" / TASK).glob(".*"))


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["../other/rows.csv", "/rows.csv", "hf://owner/name"])
def test_files_outside_the_raw_folder_are_refused(workspace, name):
    arrange(workspace, {"rows.csv": ROWS}, {"unlabelled": {"files": [name], "text": "body"}})
    with pytest.raises(ParamsError, match=rf"mini\.source\.unlabelled\.files: '{name}'"):
        unlabelled.main(TASK)
