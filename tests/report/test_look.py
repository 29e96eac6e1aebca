"""The local page of texts: what is on it, where it lies, and that git never sees it."""

import committed
import pandas as pd
import pytest

from decant import paths
from decant.__main__ import main
from decant.errors import CacheError
from decant.files import write_json
from decant.keys import STUDENT_INT8
from decant.report import look


@pytest.fixture
def predictions(workspace):
    """Three rows, one of them a mistake, with a text that is markup."""
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "c"], "text": ["free airdrop", "<b>rent</b> & noodles", "salary is due"],
            "answer": ["scam", "clean", "clean"], STUDENT_INT8: ["scam", "scam", "clean"], "score_scam": [0.9, 0.7, 0.1],
            "score_clean": [0.1, 0.3, 0.9],
        }
    )  # fmt: skip
    paths.predictions("demo").parent.mkdir(parents=True)
    rows.to_parquet(paths.predictions("demo"), index=False)
    write_json(paths.metrics("demo", "test"), {"judged": {"contestant": STUDENT_INT8}})
    return rows


def test_the_page_has_every_text_mistakes_first(predictions, capsys):
    assert main(["look", "--task", "demo"]) == 0
    assert capsys.readouterr().out == "look/demo.html\n"
    page = paths.look("demo").read_text(encoding="utf-8")
    assert "clean, answered scam: 1" in page
    assert "&lt;b&gt;rent&lt;/b&gt; &amp; noodles" in page
    assert page.index("noodles") < page.index("free airdrop")
    assert "salary is due" in page


def test_more_texts_than_a_page_can_show_are_cut_and_said(predictions, monkeypatch):
    monkeypatch.setattr(look, "MOST", 1)
    many = pd.concat([predictions, predictions.iloc[[1]].assign(id="d", text="another one", score_scam=0.99)])
    many.to_parquet(paths.predictions("demo"), index=False)
    page = look.look("demo").read_text(encoding="utf-8")
    assert "clean, answered scam: 2 (the first 1)" in page
    assert "another one" in page  # the surer mistake
    assert "noodles" not in page


def test_git_never_sees_the_page():
    assert committed.ignored("look/demo.html")
    assert committed.ignored("look/")


@pytest.mark.parametrize("missing", ["file", STUDENT_INT8])
def test_predictions_that_are_not_there_name_the_stage(predictions, missing):
    if missing == "file":
        paths.predictions("demo").unlink()
    else:
        predictions.drop(columns=missing).to_parquet(paths.predictions("demo"), index=False)
    with pytest.raises(
        CacheError, match=rf"predictions\.parquet: (missing|no column '{missing}').*dvc repro evaluate@demo"
    ):
        look.look("demo")
    assert not paths.look("demo").exists()
