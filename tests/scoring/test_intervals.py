"""Intervals: the value is the metric's own, the width that of resampled rows where those are many, and never none."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks import coverage
from decant.scoring import intervals, metrics


def three(seed, n, shift=(2.2, 1.8)):
    """Rows of the benchmark: gold, and answers and scores of two classifiers."""
    case = coverage.Case("", n, coverage.THREE, False, shift)
    gold, answers, scores = coverage.draw(case, n, np.random.default_rng(seed))
    return gold, *zip(answers, scores, strict=True)


def rare(seed, n=221):
    case = coverage.Case("", n, coverage.FEELINGS, True, (1.5, 1.2))
    gold, answers, scores = coverage.draw(case, n, np.random.default_rng(seed))
    return gold, *zip(answers, scores, strict=True)


KINDS = pytest.mark.parametrize("make", [three, rare])


# --- values -----------------------------------------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("n", [7, 25, 221])
def test_values_are_those_of_the_metrics_and_lie_in_their_intervals(make, n):
    gold, ours, theirs = make(3, n)
    found = intervals.headline(gold, {"ours": ours, "theirs": theirs}, 0.95)
    for name, (answers, scores) in (("ours", ours), ("theirs", theirs)):
        wanted = metrics.summary(gold, answers) | metrics.ranking(gold, scores)
        assert set(found[name]) == {"accuracy", "macro_f1", "micro_auc", "macro_auc"}
        for key, (value, low, high) in found[name].items():
            assert value == pytest.approx(wanted[key]), key
            assert 0 <= low <= value <= high <= 1, key
            assert low < high, key
    for key, (value, low, high) in intervals.differences(gold, ours, theirs, 0.95).items():
        assert value == pytest.approx(found["ours"][key][0] - found["theirs"][key][0]), key
        assert -1 <= low < value < high <= 1, key


def test_accuracy_has_the_exact_interval_of_a_share():
    gold, ours, _ = three(1, 50)
    right = int((gold == ours[0]).all(axis=1).sum())
    exact = binomtest(right, 50).proportion_ci(0.9, "exact")
    _, low, high = intervals.headline(gold, {"one": ours}, 0.9)["one"]["accuracy"]
    assert (low, high) == pytest.approx((exact.low, exact.high))


def test_one_column_is_one_class():
    gold, ours, _ = three(1, 50)
    value, low, high = intervals.macro_f1(gold[:, [1]], ours[0][:, [1]], 0.95)
    assert value == pytest.approx(f1_score(gold[:, 1], ours[0][:, 1]))
    assert low < value < high


def test_a_class_without_a_row_is_no_part_of_figure_or_interval():
    gold, ours, theirs = three(2, 60)
    held = gold[:, 2]
    gold, ours, theirs = gold[~held], [part[~held] for part in ours], [part[~held] for part in theirs]
    without = [[part[:, :2] for part in side] for side in (ours, theirs)]
    for found, wanted in (
        (intervals.macro_f1(gold, ours[0], 0.95), intervals.macro_f1(gold[:, :2], without[0][0], 0.95)),
        (intervals.differences(gold, ours, theirs, 0.95)["macro_f1"],
         intervals.differences(gold[:, :2], *without, 0.95)["macro_f1"]),
        (intervals.headline(gold, {"one": ours}, 0.95)["one"]["macro_auc"],
         intervals.headline(gold[:, :2], {"one": without[0]}, 0.95)["one"]["macro_auc"]),
    ):  # fmt: skip
        assert found == pytest.approx(wanted)


def test_without_a_class_of_both_sides_there_is_no_area():
    gold = np.ones((20, 1), dtype=bool)
    side = (gold, gold.astype(float))
    assert set(intervals.headline(gold, {"one": side}, 0.95)["one"]) == {"accuracy", "macro_f1"}
    assert set(intervals.differences(gold, side, side, 0.95)) == {"accuracy", "macro_f1"}


def test_rows_without_any_label_have_a_figure_as_in_the_summary():
    gold = np.zeros((5, 3), dtype=bool)
    answers = gold.copy()
    answers[0, 0] = True
    value, low, high = intervals.macro_f1(gold, answers, 0.95)
    assert value == metrics.summary(gold, answers)["macro_f1"] == 0
    assert low == 0 < high


def test_a_single_row_stops_nothing():
    gold = np.array([[True, False]])
    side = (gold, gold.astype(float))
    assert intervals.macro_f1(gold, gold, 0.95)[0] == 1
    assert intervals.differences(gold, side, side, 0.95)["accuracy"] == (0, -1, 1)


# --- widths -----------------------------------------------------------------------------------------------------------


def drawn(gold, ours, theirs, times=100):
    """Standard deviation of each figure, and of its difference, over resampled rows; by scikit-learn."""
    rng = np.random.default_rng(1)
    figures = {
        "accuracy": lambda gold, answers, scores: (gold == answers).all(axis=1).mean(),
        "macro_f1": lambda gold, answers, scores: f1_score(gold, answers, average="macro", zero_division=0),
        "micro_auc": lambda gold, answers, scores: roc_auc_score(gold.ravel(), scores.ravel()),
        "macro_auc": lambda gold, answers, scores: roc_auc_score(gold, scores, average="macro"),
    }
    found = {key: [] for key in figures}
    for _ in range(times):
        rows = rng.integers(len(gold), size=len(gold))
        for key, figure in figures.items():
            found[key].append([figure(gold[rows], *(part[rows] for part in side)) for side in (ours, theirs)])
    return {key: (np.std(values, axis=0)[0], np.std(-np.diff(values, axis=1))) for key, values in found.items()}


def test_where_rows_are_many_the_widths_are_those_of_resampled_rows():
    gold, ours, theirs = three(5, 800)
    wanted = drawn(gold, ours, theirs)
    alone, paired = (
        intervals.headline(gold, {"one": ours}, 0.95)["one"],
        intervals.differences(gold, ours, theirs, 0.95),
    )
    for key, deviations in wanted.items():
        for (_, low, high), deviation in zip((alone[key], paired[key]), deviations, strict=True):
            assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.2), key


@KINDS
def test_more_confidence_is_wider_and_more_rows_are_narrower(make):
    def widths(n, confidence):
        gold, ours, theirs = make(4, n)
        found = intervals.headline(gold, {"one": ours}, confidence)["one"]
        found |= {f"minus {key}": part for key, part in intervals.differences(gold, ours, theirs, confidence).items()}
        return {key: high - low for key, (_, low, high) in found.items()}

    narrow, plain, wide = widths(3000, 0.95), widths(300, 0.95), widths(300, 0.99)
    assert narrow.keys() == plain.keys() == wide.keys()
    for key in plain:
        assert narrow[key] < plain[key] < wide[key], key


@pytest.mark.parametrize("n", [3, 25, 214, 5000])
def test_all_right_is_no_certainty(n):
    gold = np.arange(3) == (np.arange(n) % 3)[:, None]
    found = intervals.headline(gold, {"one": (gold, gold.astype(float))}, 0.95)["one"]
    for key, (value, low, high) in found.items():
        assert value == high == pytest.approx(1), key
        assert low < 1 - 0.4 / n, key
    assert 1 - found["macro_f1"][1] == pytest.approx(1 - found["accuracy"][1], rel=0.3)


@pytest.mark.parametrize("n", [25, 214, 5000])
def test_two_that_always_agree_may_differ_on_other_rows(n):
    """None of n rows differs: up to a share of 1 - 0.025 ** (1 / n) may still do so, in either direction."""
    gold, ours, _ = three(6, n)
    found = intervals.differences(gold, ours, ours, 0.95)
    most = 1 - 0.025 ** (1 / n)
    for key, (value, low, high) in found.items():
        assert value == 0, key
        assert low == -high < 0, key
    assert found["accuracy"][2] == pytest.approx(most, rel=0.25)
    assert found["accuracy"][2] > most
    assert found["macro_f1"][2] == pytest.approx(most, rel=0.4)
    each = intervals.class_differences(list("abc"), gold, ours[0], ours[0], 0.95)
    assert all(low < 0 < high for entry in each.values() for _, low, high in entry.values())


def test_rows_that_differ_in_one_direction_only_leave_room_beyond():
    """Ten rows broken of 200, none mended: Poisson's 95 % interval for a 10 reaches to 18.4."""
    gold = np.ones((200, 1), dtype=bool)
    theirs = np.arange(200)[:, None] >= 10
    value, low, high = intervals.accuracy_difference(gold, gold, theirs, 0.95)
    assert value == pytest.approx(0.05)
    assert high == pytest.approx(18.4 / 200, rel=0.02)
    assert 0 < low < 0.025


@KINDS
def test_the_other_way_round_is_the_same_with_the_other_sign(make):
    gold, ours, theirs = make(7, 80)
    there, back = intervals.differences(gold, ours, theirs, 0.95), intervals.differences(gold, theirs, ours, 0.95)
    for key, (value, low, high) in there.items():
        assert back[key] == pytest.approx((-value, -high, -low)), key


def test_pairs_are_paired():
    """Against itself shifted by a row, the same answers differ far more than against a twin."""
    gold, ours, _ = three(8, 214)
    twin, stranger = ours[0].copy(), np.roll(ours[0], 1, axis=0)
    twin[:3] = np.roll(twin[:3], 1, axis=1)
    close, far = (intervals.share_difference("f1", gold, ours[0], other, 0.95) for other in (twin, stranger))
    assert close[2] - close[1] < (far[2] - far[1]) / 2


# --- classes, and rows ------------------------------------------------------------------------------------------------


@KINDS
def test_differences_of_a_class_are_those_of_its_rates(make):
    gold, ours, theirs = make(9, 221)
    keys = [f"class_{column}" for column in range(gold.shape[1])]
    found = intervals.class_differences(keys, gold, ours[0], theirs[0], 0.95)
    one, other = (metrics.rates(metrics.counts(gold, answers)) for answers, _ in (ours, theirs))
    assert list(found) == keys
    for column, key in enumerate(keys):
        for name, (value, low, high) in found[key].items():
            assert value == pytest.approx(one[name][column] - other[name][column]), (key, name)
            assert -1 <= low <= value <= high <= 1
            assert low < high
    held = [key for column, key in enumerate(keys) if gold[:, column].any() and not gold[:, column].all()]
    assert {"recall", "fpr"} <= set.intersection(*(set(found[key]) for key in held))


def test_what_a_side_has_no_cell_for_is_left_out():
    gold = np.array([[True, False], [True, False], [False, False]])
    ours, theirs = np.array([[True, True], [False, False], [False, False]]), np.zeros((3, 2), dtype=bool)
    found = intervals.class_differences(["a", "b"], gold, ours, theirs, 0.95)
    assert set(found["a"]) == {"recall", "f1", "fpr"}  # they never answer a
    assert set(found["b"]) == {"fpr"}  # no gold row, and they never answer it


def test_rows_mended_and_broken_are_counted_with_mcnemars_exact_p():
    gold = np.ones((30, 1), dtype=bool)
    ours, theirs = np.arange(30)[:, None] < 27, (np.arange(30)[:, None] >= 11) | (np.arange(30)[:, None] < 1)
    found = intervals.changes(gold, ours, theirs)
    assert (found.mended, found.broken) == (10, 3)
    assert found.mcnemar_p == pytest.approx(2 * sum([1, 13, 78, 286]) / 2**13)


def test_a_row_of_several_labels_is_mended_only_as_a_whole():
    gold = np.array([[True, True], [True, True]])
    found = intervals.changes(gold, np.array([[True, True], [True, False]]), np.array([[True, False], [False, False]]))
    assert (found.mended, found.broken) == (1, 0)


def test_where_no_row_changes_p_is_1():
    gold = np.ones((5, 1), dtype=bool)
    assert intervals.changes(gold, gold, gold) == (0, 0, 1.0)


def test_an_entry_of_paired_json_has_everything_as_plain_numbers():
    gold, ours, theirs = three(10, 100)
    found = intervals.against(["a", "b", "c"], gold, ours, theirs, 0.95)
    ends = {
        f"{key}{end}" for key in ("accuracy", "macro_f1", "micro_auc", "macro_auc") for end in ("", "_low", "_high")
    }
    assert set(found) == {"n", "mended", "broken", "mcnemar_p", "classes"} | ends
    rates = {f"{key}{end}" for key in ("precision", "recall", "f1", "fpr") for end in ("", "_low", "_high")}
    assert {key: set(entry) for key, entry in found["classes"].items()} == dict.fromkeys("abc", rates)
    numbers = [*found.values(), *(part for entry in found["classes"].values() for part in entry.values())]
    assert {type(number) for number in numbers} == {int, float, dict}


# --- coverage, small: python -m benchmarks.coverage has the whole of it -----------------------------------------------

FIGURES = ("macro_f1", "macro_f1 difference")
SETS = 500  # of them 0.95 hold the truth, give or take 0.02


@pytest.fixture(scope="module", params=[25, 50])
def held(request):
    case = coverage.Case("3 classes", request.param, coverage.THREE, False, (2.2, 1.8))
    return coverage.measure(case, SETS, 200, FIGURES, rows=200_000)


def test_intervals_hold_the_truth_as_often_as_they_say(held):
    for figure in FIGURES:
        assert 0.93 <= held[figure][0] <= 0.98, figure


def test_the_percentile_bootstrap_did_not(held):
    assert min(held[figure][2] for figure in FIGURES) < 0.93


def test_rare_labels_are_covered_too():
    case = coverage.Case("18 rare labels", 221, coverage.FEELINGS, True, (1.5, 1.2))
    found = coverage.measure(case, 200, 0, FIGURES, rows=200_000)
    for figure in FIGURES:
        assert 0.92 <= found[figure][0] <= 0.99, figure
