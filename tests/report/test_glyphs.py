"""Labels in figures: each is drawn with the font that is there, or called by its name or number."""

import warnings

import pandas as pd
import pytest

from decant.report import figures
from decant.report.glyphs import drawn, lacking

DRAWN = {
    "scam": "scam",
    "Привет": "Привет",
    "正面": "U+6B63 U+9762",
    "😡": "😡",
    "🫠 a": "melting face a",
    "a\nb": "a b",
    "हि": "U+0939 U+093F",
    "_x": " _x",  # which a legend would leave out
}


@pytest.mark.parametrize(("label", "shown"), DRAWN.items(), ids=map(ascii, DRAWN))
def test_a_character_that_the_font_lacks_is_called_by_its_name_or_number(label, shown):
    assert drawn(label) == shown


def test_whether_a_label_needs_that_is_known():
    assert lacking(["a", "正"])
    assert not lacking(["a", "ж", "a\nb"])


@pytest.mark.parametrize("labels", [["正面", "_x"], [f"正{n}" for n in range(8)]], ids=["few", "many"])
def test_no_figure_warns_of_a_label(tmp_path, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.confusion(pd.DataFrame({"actual": labels, "predicted": labels}), "x", tmp_path / "1.png")
        figures.hits(pd.DataFrame({"actual": labels, "predicted": labels}), labels, "x", tmp_path / "2.png")
        points = pd.DataFrame({"label": labels, "recall": 0.5, "precision": 0.5})
        figures.curves(points, "x", tmp_path / "3.png")
        bins = pd.DataFrame({"label": labels, "prob_pred": 0.5, "prob_true": 0.5, "n": 1})
        figures.reliability(bins, "x", tmp_path / "4.png")
        figures.balance(pd.DataFrame({"split": "train", "label": labels, "share": 0.1}), tmp_path / "5.png")
        together = pd.DataFrame({"label": labels[:1], "other": labels[1:2], "rows": 1})
        figures.together(together, tmp_path / "6.png")
