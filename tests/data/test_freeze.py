"""decant freeze: the present test rows as hashes, in a file of their own."""

import pandas as pd

from decant.__main__ import main
from decant.files import digest, read_json


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
