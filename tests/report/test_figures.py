"""Figures: what is drawn is what the tables say, in bytes that repeat, for any number and kind of label."""

import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import image

from decant.report import figures

SPLITS = ("train", "valid", "calib")
NAMES = {
    "two labels": ["ham", "spam"],
    "one label": ["spam"],
    "32 labels": [f"emotion number {number}" for number in range(32)],
    "odd characters": ["a $ and b$", "$x^$", "\\frac", "_under", "%d {} #1", "é|ü\n", "<b>", "'\"", "a" * 25],
    "numbers": [0, 1, -1],
}


def shares(names: list) -> pd.DataFrame:
    """Rows for `balance`: shares that fall from the first label to the last, in each split a little others."""
    return pd.DataFrame(
        [
            {"split": split, "label": name, "rows": 9, "share": 0.5 / (row + 1) + place / 1000}
            for place, split in enumerate(SPLITS)
            for row, name in enumerate(names)
        ]
    )


def pairs(names: list) -> pd.DataFrame:
    """Rows for `together`: a number of its own for each pair, 0 for the first."""
    rows = [(one, other, 1000 * number) for number, (one, other) in enumerate(itertools.combinations(names, 2))]
    return pd.DataFrame(rows, columns=["label", "other", "rows"])


def bins(names: list) -> pd.DataFrame:
    """Rows for `lengths`: ten bins of each split."""
    parts = [
        pd.DataFrame(
            {"of": name, "split": split, "from": range(0, 50, 5), "to": range(5, 55, 5), "share": np.arange(10) / 45}
        )
        for name in names
        for split in SPLITS
    ]
    return pd.concat(parts, ignore_index=True)


def answers(names: list) -> pd.DataFrame:
    """Rows for `hits`: the label at place i is found i times, missed twice and said falsely three times."""
    counts = [(i, f"{name}", f"{name}") for i, name in enumerate(names)]
    counts += [(2, f"{name}", f"not {name}") for name in names] + [(3, f"not {name}", f"{name}") for name in names]
    rows = [(actual, predicted) for count, actual, predicted in counts for _ in range(count)]
    return pd.DataFrame(rows, columns=["actual", "predicted"])


def points(names: list, wide: str, high: str) -> pd.DataFrame:
    """Rows for `curves` and `reliability`: three points of each label."""
    rows = [(name, 0.2 + step / 4, 0.9 - step / 4, 10) for name in names for step in range(3)]
    return pd.DataFrame(rows, columns=["label", wide, high, "n"])


DRAW = {
    "hits": lambda names, file: figures.hits(answers(names), [str(name) for name in names], "ours", file),
    "curves": lambda names, file: figures.curves(points(names, "recall", "precision"), "ours", file),
    "reliability": lambda names, file: figures.reliability(points(names, "prob_pred", "prob_true"), "ours", file),
    "balance": lambda names, file: figures.balance(shares(names), file),
    "together": lambda names, file: figures.together(pairs(names), file),
    "lengths": lambda names, file: figures.lengths(bins(names), "tokens", 20, file),
}


BY_LABEL = ("balance", "together", "hits", "curves", "reliability")
CASES = [*itertools.product(BY_LABEL, NAMES), ("lengths", "one label"), ("lengths", "two labels")]


@pytest.mark.parametrize(("kind", "which"), CASES)
def test_a_figure_is_a_png_whose_bytes_repeat(tmp_path, kind, which):
    names = NAMES[which]
    for file in ("one.png", "two.png"):
        DRAW[kind](names, tmp_path / file)
    written = (tmp_path / "one.png").read_bytes()
    assert written == (tmp_path / "two.png").read_bytes()
    assert written.startswith(b"\x89PNG\r\n\x1a\n")
    assert matplotlib.__version__.encode() not in written
    pixels = image.imread(tmp_path / "one.png")
    assert min(pixels.shape[:2]) > 100
    assert pixels[..., :3].min() < 0.5 < pixels[..., :3].max()  # something is drawn
    assert not figures.plt.get_fignums()  # figures left open would fill the memory


@pytest.fixture
def drawn(monkeypatch):
    """Draw, and return the figure instead of writing it."""
    kept = []
    monkeypatch.setattr(figures, "save", lambda figure, file: kept.append(figure))
    yield lambda kind, names: (DRAW[kind](names, None), kept[-1])[1]
    figures.plt.close("all")


def ticks(axes, axis: str) -> list[str]:
    return [label.get_text() for label in getattr(axes, f"get_{axis}ticklabels")()]


def test_balance_draws_a_bar_for_each_label_and_split(drawn):
    axes = drawn("balance", ["rare", "frequent"][::-1]).axes[0]
    assert ticks(axes, "y") == ["rare", "frequent"]  # the most frequent on top
    assert axes.get_legend_handles_labels()[1] == list(SPLITS)
    widths = [[bar.get_width() for bar in bars] for bars in axes.containers]
    assert widths == [pytest.approx([0.25 + place / 1000, 0.5 + place / 1000]) for place in range(3)]
    middles = [[bar.get_y() + bar.get_height() / 2 for bar in bars] for bars in axes.containers]
    for row in (0, 1):
        assert middles[0][row] > middles[1][row] > middles[2][row]  # in the order of the legend
        assert all(row - 0.4 < middle[row] < row + 0.4 for middle in middles)


def test_together_writes_each_number_on_both_sides_of_the_diagonal(drawn):
    axes = drawn("together", ["a", "b", "c"]).axes[0]
    assert ticks(axes, "x") == ticks(axes, "y") == ["a", "b", "c"]
    written = {(text.get_position(), text.get_text()) for text in axes.texts}
    assert written == {((2, 0), "1,000"), ((0, 2), "1,000"), ((2, 1), "2,000"), ((1, 2), "2,000")}  # a and b: never
    assert axes.images[0].get_array().tolist() == [[0, 0, 1000], [0, 0, 2000], [1000, 2000, 0]]
    colours = {text.get_text(): text.get_color() for text in axes.texts}
    assert colours == {"1,000": "#1c2430", "2,000": "white"}  # on light and on dark


def test_together_of_one_label_is_empty(drawn):
    axes = drawn("together", ["alone"]).axes[0]
    assert (len(axes.texts), len(axes.images), ticks(axes, "x")) == (0, 0, [])


def test_labels_that_never_hold_together_are_drawn(tmp_path):
    figures.together(pd.DataFrame({"label": ["a"], "other": ["b"], "rows": [0]}), tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_dollars_in_a_label_are_no_formula(drawn):
    axes = drawn("balance", ["$x^$"]).axes[0]
    label = axes.get_yticklabels()[0]
    assert (label.get_text(), label.get_parse_math()) == ("$x^$", False)


@pytest.mark.parametrize("names", [["one"], ["one", "two"]], ids=len)
def test_lengths_draws_a_histogram_for_each_encoder(drawn, names):
    figure = drawn("lengths", names)
    assert len(figure.axes) == len(names)
    for axes, name in zip(figure.axes, names, strict=True):
        assert axes.get_xlabel() == f"tokens per text ({name})"
        assert axes.get_legend_handles_labels()[1] == [*SPLITS, "cut at 20"]
        assert set(axes.lines[0].get_xdata()) == {20}
        for stairs in axes.patches:
            values, edges, _ = stairs.get_data()
            assert values.tolist() == pytest.approx((np.arange(10) / 45).tolist())
            assert edges.tolist() == list(range(0, 55, 5))


def test_lengths_in_characters_have_no_limit(drawn, monkeypatch):
    monkeypatch.setitem(DRAW, "lengths", lambda names, file: figures.lengths(bins(names), "characters", None, file))
    axes = drawn("lengths", ["characters"]).axes[0]
    assert axes.get_xlabel() == "characters per text"
    assert axes.get_legend_handles_labels()[1] == list(SPLITS)
    assert len(axes.lines) == 0


def test_hits_are_counted_left_and_right_of_what_was_said(drawn):
    axes = drawn("hits", ["rare", "frequent"]).axes[0]
    assert ticks(axes, "y") == ["rare", "frequent"]  # the most frequent on top
    bars = {bars.get_label(): [(bar.get_x(), bar.get_width()) for bar in bars] for bars in axes.containers}
    assert bars == {"missed": [(-2, 2), (-2, 2)], "found": [(0, 0), (0, 1)], "false alarm": [(0, 3), (1, 3)]}


@pytest.mark.parametrize("kind", ["curves", "reliability"])
def test_few_labels_share_their_axes_and_many_have_their_own(drawn, kind):
    few = [axes for axes in drawn(kind, ["a", "b"]).axes if axes.get_visible()]
    assert len(few) == 1
    assert few[0].get_legend_handles_labels()[1] == ["a", "b"]
    many = [axes for axes in drawn(kind, NAMES["32 labels"]).axes if axes.get_visible()]
    assert [axes.get_title() for axes in many] == NAMES["32 labels"]
    for axes in (*few, *many):
        np.testing.assert_allclose(axes.lines[-1].get_xydata(), [(0.2, 0.9), (0.45, 0.65), (0.7, 0.4)])


@pytest.mark.parametrize("kind", ["curves", "reliability"])
def test_a_task_without_a_score_has_empty_axes(drawn, kind):
    """All tables may be empty: a head of numbers alone has no labels to draw."""
    axes = [axes for axes in drawn(kind, []).axes if axes.get_visible()]
    assert [len(one.collections) for one in axes] == [0]
