"""Label issues: which rows, with which neighbours, on a page and in files that git never sees; test is never read."""

import csv

import chromium
import committed
import doubting
import pandas as pd
import pytest
import rawtask
from contrast import CONTRAST
from playwright.sync_api import sync_playwright
from rawtask import TASK

from decant import paths
from decant.__main__ import main
from decant.data import corrections
from decant.errors import CacheError, DataError
from decant.report import label_issues
from decant.settings.heads import heads_of
from decant.settings.params import read

PAGE = paths.look(TASK).with_name(f"{TASK}-label-issues.html")


@pytest.fixture
def doubted(workspace):
    return doubting.write(workspace)


def listed() -> pd.DataFrame:
    return pd.read_csv(PAGE.with_suffix(".csv"), dtype=str, keep_default_na=False)


def test_the_rows_that_members_contradict_are_found_in_train_and_valid(doubted, capsys):
    assert main(["label-issues", "--task", TASK]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["kind: 1 rows of train, 0 rows of valid", "topic: 0 rows of train, 1 rows of valid", str(PAGE)]
    found = listed()
    assert found[["head", "id", "split", "given", "suggested"]].to_numpy().tolist() == [
        ["kind", "train-3", "train", "ham", "spam"],
        ["topic", "valid-4", "valid", "none", "sport"],
    ]
    assert [float(value) for value in found["confidence"]] == [0.95, 0.9]


def test_neighbours_have_the_suggested_label_and_are_not_the_row_itself(doubted):
    label_issues.label_issues(TASK)
    near = listed()["neighbours"][0].split()
    assert len(near) == label_issues.NEAR
    whole = pd.concat(doubted.values()).set_index("id")
    assert set(whole.loc[near, "kind"]) == {"spam"}
    assert "train-3" not in near
    assert "Of train. The 10 rows most like it: 10 spam." in PAGE.read_text(encoding="utf-8")


def test_the_page_shows_texts_as_text_and_says_what_is_not_looked_at(doubted):
    label_issues.label_issues(TASK)
    page = PAGE.read_text(encoding="utf-8")
    assert "&lt;b&gt;win&lt;/b&gt; a prize &amp; more 3" in page
    assert "<b>win" not in page
    assert "Numbers have no label to doubt: urgency." in page
    assert "test and calib are not looked at" in page


def test_more_issues_than_a_page_can_show_are_cut_there_and_nowhere_else(workspace, monkeypatch):
    table = doubting.frame("train", 60)
    table.loc[[3, 5, 7], "kind"] = "ham"
    doubting.write(workspace, train=table)
    monkeypatch.setattr(label_issues, "MOST", 2)
    label_issues.label_issues(TASK)
    assert "kind: 3 rows, the first 2" in PAGE.read_text(encoding="utf-8")
    assert (listed()["head"] == "kind").sum() == 3


def test_the_corrections_to_be_lack_reasons_alone(doubted, workspace):
    label_issues.label_issues(TASK)
    file = PAGE.with_name(f"{TASK}-corrections.csv")
    lines = list(csv.reader(file.open(encoding="utf-8", newline="")))
    assert lines == [["id", "head", "label", "why"], ["train-3", "kind", "spam", ""], ["valid-4", "topic", "sport", ""]]
    source = read(TASK).source.model_copy(update={"corrections": "fixes.csv"})
    heads, folder = heads_of(read(TASK).heads), paths.raw(TASK)
    (folder / "fixes.csv").write_bytes(file.read_bytes())
    with pytest.raises(DataError, match=r"\(line 2\): no reason"):
        corrections.read(folder, source, heads)
    with (folder / "fixes.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([lines[0], *([*line[:3], "a prize"] for line in lines[1:])])
    assert corrections.read(folder, source, heads).metrics() == {
        "corrections": {"rows": 2, "labels": {"kind": 1, "topic": 1}}
    }


def test_before_soften_train_alone_is_looked_at(doubted, capsys):
    (paths.soft(TASK) / "valid.safetensors").unlink()
    assert main(["label-issues", "--task", TASK]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "kind: 1 rows of train"
    assert "Of 40 rows of train: those" in PAGE.read_text(encoding="utf-8")


def test_what_is_missing_or_of_another_run_is_named_with_the_command(doubted, workspace, capsys):
    changed = doubted["train"].assign(kind="spam")
    changed.to_parquet(paths.split_file(TASK, "train"), index=False)
    with pytest.raises(DataError, match=r"Run: dvc repro split@mini"):
        label_issues.label_issues(TASK)
    doubting.write(workspace)
    rawtask.arrange(workspace, {}, {"labels": {"kind": rawtask.KIND}})  # fewer heads than the members have
    with pytest.raises(
        CacheError, match=r"of other members or heads than params\.yaml has now\. Run: dvc repro soften@mini"
    ):
        label_issues.label_issues(TASK)
    doubting.write(workspace)
    (paths.baseline(TASK) / "out_of_fold.safetensors").unlink()
    with pytest.raises(CacheError, match=r"out_of_fold\.safetensors: missing\. Run dvc repro"):
        label_issues.label_issues(TASK)
    assert not PAGE.exists()


def test_git_never_sees_the_texts():
    for suffix in (".html", ".csv"):
        assert committed.ignored(str(PAGE.with_suffix(suffix)))
    assert committed.ignored(f"look/{TASK}-corrections.csv")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_fits_and_can_be_read(doubted, width, scheme, workspace):
    label_issues.label_issues(TASK)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.binary(), args=chromium.FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((workspace / PAGE).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
        assert len(asked) == 1
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
        assert [pair for pair in page.evaluate(CONTRAST) if pair[0] < 4.5] == []
        browser.close()
