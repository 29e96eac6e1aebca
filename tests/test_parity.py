"""The parity of all ways to run a classifier: equal ones are said to be, and a planted difference is named by its id."""

from pathlib import Path

import chromium
import numpy as np
import pandas as pd
import pytest
import students
import webpages
from graph import ROOT

from benchmarks import parity
from decant import paths
from decant.errors import InstallError
from decant.runtime import Bundle

ROWS = 30


@pytest.fixture(scope="module")
def workspace(texts, tmp_path_factory):
    """A working folder in which a small task is built as far as its bundle; no test may change it."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        students.write_bundle(folder, texts)
    return folder


@pytest.fixture
def bundle(workspace, monkeypatch):
    """Its bundle, with the working folder around it."""
    monkeypatch.chdir(workspace)
    return Bundle(workspace / "models/demo/bundle")


@pytest.fixture
def rows(bundle):
    return parity.draw("demo", bundle, ROWS)


def run(monkeypatch, capsys, *options):
    """What the command prints."""
    monkeypatch.setattr("sys.argv", ["parity", "demo", "--rows", str(ROWS), *options])
    parity.main()
    return capsys.readouterr().out


def line(printed, name):
    """The cells of one way."""
    found = next(row for row in printed.splitlines() if row.startswith(f"| {name} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_ways_of_python_agree_on_raw_rows(bundle, rows):
    printed = parity.table("demo", bundle, rows, parity.of_python("demo", bundle, rows))
    assert line(printed, "ONNX")[4] == "100.0%"
    assert float(line(printed, "ONNX")[6]) < 1e-4
    assert line(printed, "int8 file")[5:7] == ["100.0%", "0.0e+00"]
    assert "broken" not in printed


def test_a_planted_difference_is_named_by_its_id_and_breaks_what_is_asked(bundle, rows):
    ways = parity.of_python("demo", bundle, rows)
    ways["planted"] = parity.Way("fp32", ways["torch"].logits.copy(), [[1]] * ROWS)
    ways["planted"].logits[4] *= -10
    printed = parity.table("demo", bundle, rows, ways)
    assert line(printed, "planted")[3:5] == [str(ROWS), "96.7%"]
    assert line(printed, "planted")[7] == "100.0% as torch: broken"
    listed = [row for row in printed.splitlines() if row.startswith("- planted")]
    assert len(listed) == 1
    assert f"`{rows['id'].iloc[4]}`" in listed[0]
    assert not any(text in printed for text in (*rows["raw"], *rows["text"]))


def test_the_command_has_every_way_and_the_page_in_chromium(bundle, monkeypatch, capsys):
    """The page is built, opened and asked; the others are not, which takes minutes."""
    monkeypatch.setattr(parity, "of_others", lambda task, texts: {})
    Path(".work").mkdir()
    Path(".work/npm").symlink_to(webpages.packages())  # fetched once for all tests
    printed = run(monkeypatch, capsys, "--chromium", chromium.binary())
    assert line(printed, "page in Chromium")[3] == "0"
    assert line(printed, "page in Chromium")[5] == "100.0%"
    assert float(line(printed, "page in Chromium")[6]) < 1e-3


def test_without_a_browser_it_says_what_brings_one(bundle, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(InstallError, match="apt install chromium"):
        parity.browser.answers(paths.bundle("demo"), ["a text"])


def test_the_other_runtimes_are_asked_for_both_precisions_with_raw_text(bundle, monkeypatch):
    asked = []

    def answer(folder, texts, *how):
        asked.append((how[-1], (folder / "onnx/model.onnx").is_file(), texts))
        return [{"ids": [2, 3], "logits": [0.0] * 5} for _ in texts]

    for name in ("with_optimum", "with_transformers_js", "with_tokenizers_js"):
        monkeypatch.setattr(parity.consumers, name, answer)
    ways = parity.of_others("demo", ["a &amp; b"])
    assert {name.split(",")[0] for name in ways} == {"Optimum", "transformers.js", "onnxruntime-web"}
    assert [how for how, _, _ in asked] == [
        "model.onnx",
        "model_quantized.onnx",
        "fp32",
        "q8",
        "model.onnx",
        "model_quantized.onnx",
    ]
    assert all(there and texts == ["a &amp; b"] for _, there, texts in asked)
    assert ways["Optimum, fp32"].logits.shape == np.zeros((1, 5)).shape


def test_no_test_row_is_drawn_and_the_same_rows_every_time(bundle, rows):
    assert "test" not in parity.SPLITS
    pd.testing.assert_frame_equal(rows, parity.draw("demo", bundle, ROWS))
    assert len(parity.draw("demo", bundle, 10**6)) == 200
