"""Answers as texts: whatever the labels are, no two answers have one text, and each is read again as what it was."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.data.answered import among, joined, parted, shown

LABELS = ["a", "b", "a|b", "a\\", "|", "\\", "\\|", "a\\|b", "x\ny", "正面", "😀"]


def test_labels_without_a_mark_of_their_own_stand_as_they_are():
    assert joined(["scam"]) == "scam"
    assert joined(["crypto", "money"]) == "crypto|money"
    assert joined([]) == ""


def test_no_two_answers_of_any_of_these_labels_have_one_text():
    answers = list(chain.from_iterable(combinations(LABELS, count) for count in range(4)))
    assert len({joined(answer) for answer in answers}) == len(answers)
    for answer in answers:
        assert parted(joined(answer)) == list(answer)


@given(st.lists(st.text(st.sampled_from("ab|\\\n "), min_size=1)))
def test_whatever_is_joined_is_parted_again(labels):
    assert parted(joined(labels)) == labels


@pytest.mark.parametrize(
    ("answer", "known", "labels"),
    [
        ("a|b", {"a|b", "a"}, ["a|b"]),  # as an earlier version wrote it
        ("a|b", {"a|b", "a", "b"}, ["a", "b"]),
        ("a\\|b", {"a|b", "a", "b"}, ["a|b"]),
        ("c:\\x", {"c:\\x"}, ["c:\\x"]),  # as an earlier version wrote it
        ("a|c", {"a"}, ["a", "c"]),
        ("", {"a"}, []),
    ],
)
def test_an_answer_of_an_earlier_version_is_read_by_the_labels_that_are_known(answer, known, labels):
    assert among(answer, known) == labels


def test_people_read_answers_with_commas():
    assert shown("crypto|a\\|b") == "crypto, a|b"
    assert shown("") == "none"
