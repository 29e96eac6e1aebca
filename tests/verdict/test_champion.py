"""The champion: what a released classifier answered, known again by the hashes of the rows, and compared on those alone."""

import numpy as np
import pandas as pd
import pytest

from decant import paths
from decant.errors import CacheError, DataError
from decant.files import read_json, write_json
from decant.keys import STUDENT_INT8
from decant.scoring.tested import Said
from decant.verdict import champion
from stages.evaluate import Rows, paired

NAMES = ["scam", "crypto", "clean"]
ROWS = pd.DataFrame({"id": ["a", "b", "c", "d"], "text": ["one", "two", "three", "four"]})
SAID = ["scam", "clean", "crypto", "scam"]


@pytest.fixture
def crowned(workspace):
    file = paths.predictions("demo")
    file.parent.mkdir(parents=True)
    ROWS.assign(**{STUDENT_INT8: SAID, "linear": "clean"}).to_parquet(file)
    write_json(paths.metrics("demo", "test"), {})  # from before params said what ships
    return champion.crown("demo", "ab" * 16)


def test_its_answers_are_kept_without_texts_and_ids(crowned):
    content = read_json(crowned)
    assert (content["task"], content["n"], content["model_md5"]) == ("demo", 4, "ab" * 16)
    assert sorted(content["answers"].values()) == sorted(SAID)
    assert all(len(mark) == 16 for mark in content["answers"])
    assert not any(text in crowned.read_text(encoding="utf-8") for text in ROWS["text"])


def test_a_linear_model_that_ships_is_crowned_with_its_own_answers(crowned):
    write_json(paths.metrics("demo", "test"), {"judged": {"contestant": "linear"}})
    assert set(read_json(champion.crown("demo", "ab" * 16))["answers"].values()) == {"clean"}


def test_its_answers_come_back_in_the_order_of_our_rows(crowned):
    rows, given = champion.answers("demo", ROWS[::-1].reset_index(drop=True), NAMES)
    assert rows.tolist() == [0, 1, 2, 3]
    assert [NAMES[row.argmax()] for row in given] == SAID[::-1]


def test_a_row_with_another_text_or_id_is_another_row(crowned):
    mine = ROWS.assign(text=["one", "TWO", "three", "four"], id=["a", "b", "cc", "d"])
    rows, given = champion.answers("demo", mine, NAMES)
    assert rows.tolist() == [0, 3]
    assert [NAMES[row.argmax()] for row in given] == ["scam", "scam"]


def test_none_or_several_labels_are_answers_too(crowned):
    content = read_json(crowned)
    marks = champion.marks(ROWS)
    write_json(crowned, content | {"answers": {marks[0]: "scam|crypto", marks[1]: ""}})
    _, given = champion.answers("demo", ROWS, NAMES)
    assert given.tolist() == [[True, True, False], [False, False, False]]


def test_without_a_release_or_a_shared_row_there_is_nothing_to_compare_with(workspace, crowned):
    assert champion.answers("demo", ROWS.assign(id="new"), NAMES) is None
    crowned.unlink()
    assert champion.answers("demo", ROWS, NAMES) is None


def test_a_champion_of_other_classes_is_named_with_what_to_do(crowned):
    with pytest.raises(DataError, match=r"answers 'crypto', which is no class of demo any more .* out of git"):
        champion.answers("demo", ROWS, ["scam", "clean"])


def test_without_predictions_nobody_is_crowned(workspace):
    with pytest.raises(CacheError, match=r"predictions\.parquet: missing"):
        champion.crown("demo", "ab")


def test_evaluate_compares_with_it_on_the_rows_that_both_answered(crowned):
    """Two shared rows: the champion has one of them right, ours both; a wrong answer on a row of ours alone does not count."""
    mine = ROWS.assign(id=["a", "b", "new", "newer"])
    gold = np.array([[0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=bool)
    ours = np.array([[0, 0, 1], [0, 0, 1], [1, 0, 0], [1, 0, 0]], dtype=bool)
    said = Said(NAMES, gold, gold, {}, {STUDENT_INT8: ours}, {STUDENT_INT8: ours.astype(float)})
    rows = Rows(mine, STUDENT_INT8, said)
    entry = paired("demo", rows, 0.95)["minus_champion"]
    assert (entry["n"], entry["mended"], entry["broken"]) == (2, 1, 0)
    assert entry["accuracy"] == pytest.approx(0.5)
    assert entry["accuracy_low"] < 0.5 < entry["accuracy_high"]
    assert not any("auc" in key for key in entry)
    assert set(entry["classes"]) == set(NAMES)
