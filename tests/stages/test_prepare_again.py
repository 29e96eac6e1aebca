"""prepare: bytes that do not depend on runs, hash seeds or processes, and what stays when a later run fails."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from graph import ROOT
from rawtask import ANY_OF, BLOCK, JSONL, KIND, TASK, TOPIC, arrange, lines, outputs, prepared, row, table
from shell import ENVIRONMENT, run

from decant import paths, tables
from decant.data import rawfiles
from decant.errors import DataError
from stages import prepare

WRITTEN = [f"data/{TASK}/conflicts.csv", f"data/{TASK}/prepared.parquet", f"metrics/{TASK}/prepare.json"]
# lists of labels, several steps of tokens, repeats, conflicts and splits: everything that sets or hashes could disorder
RICH = {
    "source": BLOCK["source"]
    | JSONL
    | {
        "labels": {"kind": KIND | {"column": "labels"}, "topic": TOPIC | {"column": "labels"}},
        "ignore": ["odd_*"],
        "slices": {"author": {"columns": ["who"]}},
        "splits": {"column": "part", "values": {"train": ["a"], "test": ["b"]}},
    },
    "heads": BLOCK["heads"] | ANY_OF["heads"],
    "decision": {"rule": "priority", "order": ["spam", "money", "sport"], "otherwise": "rest"},
    "linear_text": {
        "tokenizer": "tweet",
        "alphabetic": True,
        "stopwords": "sklearn",
        "stem": "porter",
        "max_loss": 1.0,
    },
    "duplicates": {"repeats": "first", "conflicts": "majority"},
}
LABELS = [["ham"], ["bot", "sport", "money"], ["spam", "odd_x", "ham"], ["crypto", "ham", "odd_y"], ["sport", "ham"]]
CONTENT = lines(
    *(
        row(
            id=["é", "x", "-"][n % 3] + str(n), text=f"{'Win! ' * (n % 3)}#coin {n % 17}, don't &amp; wait",
            labels=LABELS[n * n % 5], who=f"u{n % 4}", part="ab"[n % 2],
        )
        for n in range(120)
    )
)  # fmt: skip


def test_preparing_again_gives_the_same_bytes(workspace):
    arrange(workspace, {"rows.jsonl": CONTENT}, **RICH)
    prepare.main(TASK)
    first = outputs(workspace)
    assert sorted(first) == WRITTEN
    assert 0 < len(pd.read_parquet(paths.prepared(TASK))) < 120
    prepare.main(TASK)
    assert outputs(workspace) == first


def test_the_seed_of_pythons_hash_changes_no_byte(workspace, monkeypatch):
    arrange(workspace, {"rows.jsonl": CONTENT}, **RICH)
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", str(ROOT))
    run(workspace, "python", "-m", "stages.check")
    found = []
    for seed in ("1", "2"):
        monkeypatch.setitem(ENVIRONMENT, "PYTHONHASHSEED", seed)
        run(workspace, "python", "-m", "stages.prepare", TASK)
        found.append(outputs(workspace))
        shutil.rmtree(workspace / "data" / TASK)
    assert sorted(found[0]) == WRITTEN
    assert found[0] == found[1]


def on(monkeypatch, cores: int) -> None:
    """Let the stage see so many cores; with 0 it starts no process."""
    if cores:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    else:
        monkeypatch.setattr(prepare, "in_order", lambda recipe, batches: map(recipe.worker(), batches))


def test_rows_do_not_depend_on_the_number_of_processes(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 9)
    arrange(workspace, {"rows.jsonl": CONTENT}, **RICH)
    found = []
    for cores in (2, 0):
        on(monkeypatch, cores)
        prepare.main(TASK)
        found.append(outputs(workspace))
    assert sorted(found[0]) == WRITTEN
    assert found[0] == found[1]


# the second batch that other processes work on has an unknown label, the fifth a row with too many cells
SPOILT = table("".join(f"{n},hi,{'spma' if n == 7 else 'ham'}{',?' if n == 13 else ''}\n" for n in range(1, 17)))


def test_the_first_error_of_the_file_is_told_whatever_the_number_of_processes(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    arrange(workspace, {"rows.csv": SPOILT})
    for cores in (2, 0):
        on(monkeypatch, cores)
        with pytest.raises(DataError, match=r"rows.csv: row 7 \(line 8\): unknown label 'spma'"):
            prepare.main(TASK)
        assert outputs(workspace) == {}


def test_an_error_while_reading_is_told_after_the_rows_before_it(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    on(monkeypatch, 1)
    arrange(workspace, {"rows.csv": SPOILT.replace("spma", "spam")})
    with pytest.raises(DataError, match=r"rows.csv: row 13 \(line 14\): 4 cells where the header has 3"):
        prepare.main(TASK)
    assert outputs(workspace) == {}


def test_equal_hashes_of_unlike_ids_are_told_apart(workspace, monkeypatch):
    monkeypatch.setattr(tables, "hashes", lambda values: np.array([len(one) for one in values], dtype=np.uint64))
    frame = prepared(workspace, {"rows.csv": table("a,x,ham\nb,xyz,spam\ncc,yy,ham\n")})
    assert frame["id"].tolist() == ["a", "b", "cc"]
    arrange(workspace, {"rows.csv": table("a,x,ham\nb,xyz,spam\nb,yy,ham\n")})
    with pytest.raises(
        DataError, match=r"row 3 \(line 4\): id 'b' again, first at \S+rows.csv: row 2 \(line 3\); ids must be unique"
    ):
        prepare.main(TASK)


def test_a_bad_table_leaves_the_last_good_one(workspace):
    arrange(workspace, {"rows.csv": table("1,hi,ham\n2,win,spam\n")})
    prepare.main(TASK)
    before = outputs(workspace)
    arrange(workspace, {"rows.csv": table("1,hi,ham\n2,hi,spma\n")})
    with pytest.raises(DataError, match="unknown label 'spma'"):
        prepare.main(TASK)
    assert outputs(workspace) == before
