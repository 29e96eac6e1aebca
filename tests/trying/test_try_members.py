"""Members of a first answer: who has not seen a row speaks about it, and many classes cost no more than minutes."""

import random
from dataclasses import replace

import numpy as np
import pytest
from trying import WORDS, posts

from decant.heads import layout
from decant.settings.params import read
from decant.trying import members
from decant.trying.rows import Rows


def rows(middle: bool = False, labels: list[str] | None = None, several: bool = False) -> Rows:
    columns = posts()
    head = layout({"label": {"kind": "sigmoid" if several else "softmax", "labels": list(WORDS)}})[0]
    targets = (np.array(labels or columns["label"])[:, None] == np.array(head.labels)).astype(np.float32)
    number = len(columns["text"])
    return Rows([str(row) for row in range(number)], columns["text"], columns["text"], head, targets, targets > 0.5,
                np.arange(number) % 4, middle)  # fmt: skip


def test_the_guess_gives_the_commonest_answer_and_no_row_another():
    labels = ["food"] * 70 + ["money"] * 50
    found = members.majority(rows(labels=labels))
    assert found.how == "always food"
    assert found.answers[:, 1].all()
    assert found.answers.sum() == 120
    assert found.chances[0].tolist() == pytest.approx([0, 70 / 120, 50 / 120])


def test_the_guess_of_several_labels_may_be_none_of_them():
    labels = ["food"] * 40 + ["nothing"] * 80
    found = members.majority(rows(labels=labels, several=True))
    assert found.how == "always none of the labels"
    assert not found.answers.any()


def test_linear_has_not_seen_the_row_that_it_speaks_about(workspace):
    """A word that one row alone has, and that says its wrong label, helps nobody who has not seen the row."""
    plain = rows()
    marked = [f"{text} zebra{row}" for row, text in enumerate(plain.words)]
    alone = replace(plain, words=marked)
    found = members.linear(alone, read("demo").baseline)
    for row in (4, 31, 77):  # trying.WRONG
        assert found.answers[row].tolist() != plain.gold[row].tolist()


@pytest.mark.parametrize(("middle", "candidates"), [(False, 5), (True, 1)])
def test_with_many_classes_the_middle_candidate_alone_is_tried(workspace, monkeypatch, middle, candidates):
    asked = []
    cross_fit = members.crossfit.cross_fit

    def counted(features, targets, heads, grid, *rest):
        asked.append([one.strength for one in grid["label"]])
        return cross_fit(features, targets, heads, grid, *rest)

    monkeypatch.setattr(members.crossfit, "cross_fit", counted)
    found = members.linear(rows(middle), read("demo").baseline)
    assert len(asked[0]) == candidates
    assert ("the only one tried" in found.how) == middle
    assert not middle or asked == [[3.0]]


def test_texts_without_blanks_are_told_by_their_characters(workspace):
    letters = {"sport": "กขคงจ", "food": "ฉชซญฎ", "money": "ฏฐฑฒณ"}
    plain = rows()
    words = ["".join(random.Random(row).choices(list(letters.values())[row % 3], k=20)) for row in range(120)]
    found = members.linear(replace(plain, words=words), read("demo").baseline)
    assert found.how.startswith("TF-IDF of characters, for no word comes twice")
    assert (found.answers == plain.gold).all(axis=1).sum() == 117  # all but the planted ones


def test_the_probe_scales_embeddings_by_the_fit_rows_alone(workspace):
    plain = rows()
    states = np.eye(3, dtype=np.float32)[np.arange(120) % 3] + np.random.default_rng(0).normal(0, 0.1, (120, 3))
    found = members.probe(plain, states.astype(np.float32), read("demo").baseline, "tiny")
    right = (found.answers == plain.gold).all(axis=1)
    assert right.sum() == 117  # all but the planted ones
    assert "embeddings of tiny" in found.how
