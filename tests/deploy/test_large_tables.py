"""Columns for engines that are not ours, and the snippets of docs/large-tables.md, each run as it stands (Spark's by hand)."""

import csv
import re
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow
import pytest
import served
from graph import ROOT
from shell import run

from decant.deploy import columns as module
from decant.deploy.columns import columns
from decant.errors import BundleError
from decant.files import read_json, write_json
from decant.runtime import Bundle

PAGE = (ROOT / "docs/large-tables.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
TEXTS = ["btc", "airdrop airdrop now", "hello", 'a "quoted"\nline', ""] * 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return served.write(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def here(folder, tmp_path):
    """A working folder with the bundle where the page has it, and a table."""
    (tmp_path / "models").symlink_to(folder.parents[1])
    with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *enumerate(TEXTS)])
    return tmp_path


def test_columns_are_what_the_bundle_predicts(folder):
    bundle, found = Bundle(folder), columns(str(folder), iter(TEXTS[:5]))
    assert list(found) == ["answer", "score_scam", "score_crypto", "score_clean", "number_urgency"]
    predictions = bundle.predict(TEXTS[:5])
    assert found["answer"] == [one["answer"] for one in predictions]
    scam = [one["heads"]["scam"]["scam"] for one in predictions]
    assert found["score_scam"] == pytest.approx(scam, abs=5e-5)
    crypto = [one["heads"]["topic"]["crypto"] for one in predictions]  # which counts where it is no scam
    assert found["score_crypto"] == pytest.approx([c * (1 - s) for c, s in zip(crypto, scam, strict=True)], abs=2e-4)
    assert [
        sum(row) for row in zip(*(found[f"score_{name}"] for name in ("scam", "crypto", "clean")), strict=True)
    ] == [pytest.approx(1, abs=2e-6)] * 5
    assert found["number_urgency"] == [one["heads"]["urgency"] for one in predictions]
    assert columns(str(folder), []) == {name: [] for name in found}


def test_a_thresholds_rule_answers_with_lists(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    record = read_json(folder / "decant.json")
    changes = {"decision": {"rule": "thresholds", "head": "topic"}, "thresholds": {"crypto": 0.5, "money": 0.5}}
    write_json(tmp_path / "decant.json", record | changes)
    found = columns(str(tmp_path), ["btc", "hello"])
    assert found["answer"] == [["crypto"], []]
    assert list(found) == ["answer", "score_crypto", "score_money", "number_urgency"]


def test_a_bundle_is_opened_once_a_process(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(module, "Bundle", lambda folder: opened.append(folder) or Bundle(folder))
    module.opened.cache_clear()
    for _ in range(3):
        columns(str(folder), ["btc"])
    assert opened == [str(folder)]


def test_no_bundle_is_an_error(tmp_path):
    with pytest.raises(BundleError):
        columns(str(tmp_path), ["btc"])


def snippet(word: str) -> str:
    (found,) = (code for code in SNIPPETS if word in code)
    return found


def scored(here: Path, word: str) -> pd.DataFrame:
    """What the page's snippet with this word writes."""
    run(here, "python", "-c", snippet(word), environment={"PYTHONPATH": str(ROOT), "HF_HOME": str(here / "hub")})
    return pd.read_parquet(here / "scored.parquet")


def test_the_page_shows_the_function_and_three_engines():
    assert len(SNIPPETS) == 4
    lines = [[line for line in code.splitlines() if line and "import" not in line] for code in SNIPPETS]
    assert max(map(len, lines)) <= 6
    compile(snippet("pyspark"), "spark", "exec")


def test_the_function_alone(here):
    ended = run(here, "python", "-c", snippet("print("), environment={"PYTHONPATH": str(ROOT)})
    assert ended.stdout.startswith("['clean', 'clean'] [0.880797, 0.119203]")


def test_under_datasets(here, folder):
    texts = [text for text in TEXTS if text]  # an empty cell is no text, and left out
    table, expected = scored(here, "load_dataset"), columns(str(folder), texts)
    assert list(table) == ["id", "text", *expected]
    assert table["text"].tolist() == texts
    assert table["answer"].tolist() == expected["answer"]
    assert table["score_scam"].tolist() == expected["score_scam"]


def test_under_duckdb(here, folder):
    table = scored(here, "duckdb").sort_values("id")
    assert table["text"].fillna("").tolist() == TEXTS
    read = table["text"].notna().to_numpy()  # an empty cell is NULL, and gets NULL
    assert not read[4]
    assert table["answer"].notna().tolist() == read.tolist()
    expected = [answer for answer, there in zip(columns(str(folder), TEXTS)["answer"], read, strict=True) if there]
    assert table["answer"][read].tolist() == expected


def test_under_duckdb_a_struct_gives_several_columns(folder):
    """As the page says of it, in words."""

    def found(texts):
        both = columns(str(folder), texts.to_pylist())
        return pyarrow.array([dict(zip(both, row, strict=True)) for row in zip(*both.values(), strict=True)])

    kind = duckdb.struct_type({"answer": "VARCHAR", "score_scam": "DOUBLE"})
    with duckdb.connect() as connection:
        connection.create_function("found", found, ["VARCHAR"], kind, type="arrow")
        connection.sql("CREATE TABLE rows AS SELECT unnest(['btc', 'hello', NULL]) AS text")
        rows = connection.sql("SELECT text, unnest(found(text)) FROM rows").fetchall()
    assert rows == [("btc", "crypto", 0.119203), ("hello", "clean", 0.119203), (None, None, None)]
