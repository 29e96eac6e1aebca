"""What is real and what is noise, on answers whose truth is known."""

import json

import pandas as pd
import pytest
from reviewing import NAMES, matrix, predictions
from sklearn.metrics import f1_score, recall_score, roc_auc_score

from decant.data.answered import among
from decant.review import figures, gates
from decant.review.answers import labels
from decant.review.difference import Compared, Difference
from decant.review.pairing import flipped, pair

STUDENT_INT8 = [(1, figures.OURS, "macro_f1")]
STUDENTS = {"old": "student_int8", "new": "student_int8"}


def compared(old: list[int], new: list[int]) -> Compared:
    return Compared(pair(predictions(old), predictions(new), NAMES), NAMES, STUDENTS)


def test_many_rows_mended_are_better_and_many_broken_worse():
    wrong = list(range(0, 40))
    assert compared(wrong, wrong[:10]).difference(STUDENT_INT8).verdict() == "better"
    assert compared(wrong[:10], wrong).difference(STUDENT_INT8).verdict() == "worse"


def test_rows_that_come_and_go_are_noise_and_no_change_is_the_same():
    assert compared(list(range(30)), list(range(4, 33))).difference(STUDENT_INT8).verdict() == "noise"
    assert compared([1, 2], [1, 2]).difference(STUDENT_INT8).verdict() == "same"


def test_of_false_positives_fewer_are_better():
    clean_called_scam = [row for row in range(240) if row % 3 == 2]
    found = compared(clean_called_scam[:40], []).difference([(1, "student_int8", ("scam", "fpr"))])
    assert (found.verdict("max"), found.verdict("min")) == ("better", "worse")
    assert found.value == pytest.approx(-40 / 160)


def test_a_difference_of_two_contestants_is_judged_as_one():
    """What the shipped model gained on one that did not change is what it gained."""
    both = compared(list(range(40)), [])
    gap = both.difference([(1, "student_int8", "macro_f1"), (-1, "linear", "macro_f1")])
    assert gap == both.difference(STUDENT_INT8)


def test_a_contestant_that_answers_as_before_changes_nothing():
    rows = compared(list(range(40)), [])
    assert rows.difference([(1, "linear", "macro_f1")]) == Difference(0.0, 0.0, 0.0)


def test_differences_are_those_of_scikit_learn():
    old, new = predictions(list(range(50))), predictions([0, 1, 70, 71, 72, 75])
    rows = Compared(pair(old, new, NAMES), NAMES, STUDENTS)
    gold, answers = matrix(old["answer"]), [matrix(frame["student_int8"]) for frame in (new, old)]
    scores = [frame[[f"score_{name}" for name in NAMES]].to_numpy() for frame in (new, old)]
    recall = [recall_score(gold[:, 0], given[:, 0]) for given in answers]
    for figure, (now, before) in (
        ("accuracy", (234 / 240, 190 / 240)),
        ("macro_f1", [f1_score(gold, given, average="macro") for given in answers]),
        ("micro_auc", [roc_auc_score(gold, given, average="micro") for given in scores]),
        ("macro_auc", [roc_auc_score(gold, given, average="macro") for given in scores]),
        (("crypto", "f1"), [f1_score(gold[:, 1], given[:, 1]) for given in answers]),
        (("scam", "recall"), recall),
        (("scam", "fnr"), [1 - value for value in recall]),
    ):
        found = rows.difference([(1, "student_int8", figure)])
        assert found.value == pytest.approx(now - before), figure
        assert found.low < found.value < found.high, figure


def test_two_contestants_that_both_changed_are_not_judged_as_one():
    old, new = predictions(list(range(50))), predictions([1]).assign(linear=predictions([2])["student_int8"])
    rows = Compared(pair(old, new, NAMES), NAMES, STUDENTS)
    assert rows.difference([(1, "student_int8", "macro_f1"), (-1, "linear", "macro_f1")]) is None


def test_what_a_subtracted_contestant_gains_is_lost():
    gained = compared(list(range(40)), [])
    loss = gained.difference([(1, "linear", "macro_f1"), (-1, "student_int8", "macro_f1")])
    assert loss.value == -gained.difference(STUDENT_INT8).value
    assert (loss.verdict("min"), loss.verdict("max")) == ("worse", "better")


def test_what_ships_now_is_compared_with_what_shipped_before():
    """linear ships in the new revision: it answers as the student of the old one does, and then better."""
    old, wrong = predictions(list(range(40))), predictions(list(range(40)))["student_int8"]
    new = predictions([]).assign(linear=predictions([])["student_int8"], student_int8=wrong)
    switched = {"old": "student_int8", "new": "linear"}
    assert Compared(pair(old, new, NAMES), NAMES, switched).difference(STUDENT_INT8).verdict() == "better"
    assert Compared(pair(old, new, NAMES), NAMES, STUDENTS).difference(STUDENT_INT8).verdict() == "same"
    mended, broken = flipped(pair(old, new, NAMES), switched, NAMES)
    assert (len(mended), broken) == (40, [])
    auc = [(1, figures.OURS, "micro_auc")]
    assert Compared(pair(old, new, NAMES), NAMES, switched).difference(auc) is not None


def test_an_auc_of_a_contestant_without_scores_is_not_judged():
    assert compared([], [1]).difference([(1, "linear", "micro_auc")]) is None
    assert compared([], [1]).difference([(1, "student_int8", "micro_auc")]) is not None


def test_a_contestant_that_one_revision_lacks_is_not_judged():
    rows = pair(predictions([1]).drop(columns="linear"), predictions([1]), NAMES)
    assert Compared(rows, NAMES, STUDENTS).difference([(1, "linear", "accuracy")]) is None


def test_no_shared_row_is_no_difference():
    rows = pair(predictions([1]), predictions([1]).assign(id=lambda frame: "new-" + frame["id"]), NAMES)
    assert Compared(rows, NAMES, STUDENTS).difference(STUDENT_INT8) is None


def test_rows_are_matched_by_id_text_and_gold():
    old, new = predictions([0, 1]), predictions([1, 2]).iloc[::-1].reset_index(drop=True)
    new.loc[new["id"] == "row-5", "text"] = "cleaned in another way"
    new.loc[new["id"] == "row-7", "answer"] = "clean"
    new.loc[new["id"] == "row-9", "id"] = "row-900"
    rows = pair(old, new, NAMES)
    assert (rows.only_old, rows.only_new, rows.other_text, rows.relabelled) == (1, 1, 1, ["row-7"])
    assert rows.old["id"].tolist() == rows.new["id"].tolist()
    assert len(rows.new) == 237
    assert flipped(rows, STUDENTS, NAMES) == (["row-0"], ["row-2"])


def test_labels_of_one_answer_may_stand_in_another_order():
    old = pd.DataFrame({"id": ["1", "2"], "text": ["t", "u"], "answer": ["a|b", ""], "student_int8": ["b|a", "a"]})
    rows = pair(old, old.assign(answer=["b|a", ""], student_int8=["a", ""]), ["a", "b"])
    assert rows.relabelled == []
    assert flipped(rows, STUDENTS, ["a", "b"]) == (["2"], ["1"])


def test_a_label_may_have_the_joiner_in_it():
    assert among("a|b", {"a|b", "a"}) == ["a|b"]
    assert among("a|c", {"a|b", "a"}) == ["a", "c"]
    frame = pd.DataFrame({"id": ["1"], "text": ["t"], "answer": ["a|b"], "student_int8": ["z"], "score_a": [1.0]})
    assert labels(frame, ["a|b"]) == ["a|b", "z"]


@pytest.mark.parametrize("as_now", [True, False])
def test_classes_are_known_from_checked_in_the_layout_of_now_and_in_the_one_before(as_now):
    head = {"kind": "sigmoid", "labels": ["joy", "fear"]}
    heads = json.dumps({"mood": head}) if as_now else [["mood", head]]
    assert figures.names_of({"decision": {"rule": "argmax", "head": "mood"}, "heads": heads}) == ["joy", "fear"]
    order = {"rule": "priority", "head": None, "order": ["scam"], "otherwise": "clean"}
    assert figures.names_of({"decision": order, "heads": heads}) == ["scam", "clean"]
    assert figures.names_of({}) == []


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("student_int8.macro_f1", ("student_int8", "macro_f1")),
        ("linear.accuracy", ("linear", "accuracy")),
        ("student_int8.classes.a_b.fpr", ("student_int8", ("a b", "fpr"))),
        ("student_int8.a_b.fpr", ("student_int8", ("a b", "fpr"))),
        ("student_int8.micro_auc", ("student_int8", "micro_auc")),
        ("linear.micro_auc", ("linear", "micro_auc")),  # the rows tell whether it has scores
        ("student_int8.classes.a_b.roc_auc", None),
        ("student_int8.head_scam.nll", None),
        ("student_int8.coarse.macro_f1", None),
        ("student_int8_vs_student.agreement", None),
    ],
)
def test_a_key_of_the_metrics_is_worked_out_again_where_answers_give_it(key, wanted):
    assert figures.term(key, ["a_b", "c"], ["a b", "c"]) == wanted


def test_a_gate_on_a_paired_difference_is_two_figures():
    asked = {
        "metric": "paired",
        "key": "minus_linear.macro_f1",
        "value": 0.1,
        "bound": 0,
        "side": "min",
        "result": "holds",
    }
    assert gates.terms(gates.gate(asked, {}), [], []) == [(1, figures.OURS, "macro_f1"), (-1, "linear", "macro_f1")]
    loss = {"metric": "test", "key": "student.macro_f1", "minus": "student_int8.macro_f1", "max": 0.005, "min": None}
    old = gates.gate({"value": 0.1, "bound": 0.005, "pass": False}, loss)
    assert gates.terms(old, [], []) == [(1, "student", "macro_f1"), (-1, "student_int8", "macro_f1")]
    assert (old.side, old.result) == ("max", "fails")


def test_a_gate_without_a_figure_yet_is_read():
    asked = {
        "metric": "paired",
        "key": "minus_champion.macro_f1",
        "bound": 0,
        "side": "min",
        "result": "holds",
        "note": "-",
    }
    assert gates.gate(asked, {}).value is None
