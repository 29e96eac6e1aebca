"""new: several annotators of a row, in a list in one cell or in a column for each."""

import pandas as pd
import pytest
from commands import typed
from newtask import GOOD, ROWS, TASK, cycle, proposed, refused, texts, tree, write_csv, write_rows

from decant.__main__ import main
from decant.settings.params import read
from stages import prepare

RUDE, FINE = "rude", "fine"


def said(*labels: object, user: str = "user", label: str = "label") -> list[dict]:
    return [{user: f"A{number}", label: given} for number, given in enumerate(labels)]


def lists(*cells: list) -> dict[str, list]:
    return {"id": [f"r{n}" for n in range(ROWS)], "text": texts(), "annotations": cycle(*cells)}


def test_a_list_of_what_each_annotator_says_is_learnt_by_majority(workspace, inbox, capsys):
    file = write_rows(inbox / "rows.jsonl", lists(said(RUDE, RUDE, FINE), said(FINE, FINE), said(FINE)))
    block, frame = proposed(workspace, file)
    shown = capsys.readouterr().out
    assert (
        "label: annotations (lists of user and label, by several annotators: one of them, by majority), a softmax"
        in shown
    )
    assert block["source"]["labels"]["annotations"] == {"column": "annotations", "annotators": {}}
    assert block["heads"]["annotations"] == {"kind": "softmax", "labels": [FINE, RUDE]}
    assert frame["annotations"].value_counts().to_dict() == {FINE: 200, RUDE: 100}
    assert "tied" not in shown


@pytest.mark.parametrize(("ties", "rows", "rude"), [("drop", 200, 100), ("first", 300, 100)])
def test_rows_whose_votes_are_tied_are_counted_with_the_command_for_the_other_way(
    workspace, inbox, capsys, ties, rows, rude
):
    file = write_rows(inbox / "rows.jsonl", lists(said(RUDE, FINE), said(FINE), said(RUDE, RUDE, FINE)))
    options = [] if ties == "drop" else ["--ties", ties]
    block, frame = proposed(workspace, file, *options)
    assert block["source"]["labels"]["annotations"]["annotators"] == {"ties": ties}
    assert (len(frame), int((frame["annotations"] == RUDE).sum())) == (rows, rude)
    shown = capsys.readouterr().out
    assert "warning: 100 rows whose votes are tied" in shown
    line = next(line for line in shown.splitlines() if "whose votes are tied" in line)
    assert line.endswith("--ties first" if ties == "drop" else f"{file} --task mine")


def test_other_names_of_the_fields_lists_of_labels_and_numbers_are_known(workspace, inbox):
    columns = lists(
        said([1, 2], [2], [2], user="worker_id", label="category"), said([1], user="worker_id", label="category")
    )
    block, frame = proposed(workspace, write_rows(inbox / "rows.jsonl", columns))
    entry = block["source"]["labels"]["annotations"]
    assert entry["annotators"] == {"user": "worker_id", "label": "category"}
    assert entry["classes"] == {"annotations_1": ["1"], "annotations_2": ["2"]}
    assert block["heads"]["annotations"]["kind"] == "sigmoid"
    assert frame["annotations.annotations_2"].sum() == 150


def test_one_annotators_plain_label_may_stand_beside_lists(workspace, inbox):
    columns = lists(said([RUDE], [RUDE], [FINE]), [FINE], said([FINE], [FINE]))
    block, frame = proposed(workspace, write_rows(inbox / "rows.jsonl", columns))
    assert block["heads"]["annotations"] == {"kind": "softmax", "labels": [FINE, RUDE]}
    assert frame["annotations"].value_counts().to_dict() == {FINE: 200, RUDE: 100}


def test_objects_without_an_annotator_are_still_no_labels(workspace, inbox, capsys):
    columns = lists([{"start": 0, "end": 3, "label": "PER"}], [{"start": 2, "end": 3, "label": "LOC"}])
    found = refused(workspace, capsys, str(write_rows(inbox / "rows.jsonl", columns)), "--task", TASK)
    assert "holds objects" in found


@pytest.mark.parametrize("names", [("annotator_1", "annotator_2", "annotator_3"), ("label1", "label2", "label3"),
                                   ("rater A", "rater B", "rater C")])  # fmt: skip
def test_a_column_for_each_annotator_is_told_with_the_command_that_brings_them_together(
    workspace, inbox, capsys, names
):
    answers = cycle(RUDE, RUDE, FINE), cycle(RUDE, FINE, FINE), cycle(RUDE, FINE, "")
    file = write_csv(inbox / "rows.csv", {"text": texts(), **dict(zip(names, answers, strict=True))})
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert f"label: {', '.join(names)} hold the same classes, as what several annotators say of each row" in found
    assert typed(workspace, found) == 0
    assert read(TASK).source.labels["annotations"].annotators is not None
    prepare.main(TASK)
    frame = pd.read_parquet(workspace / "data" / TASK / "prepared.parquet")
    assert frame["annotations"].value_counts().to_dict() == {FINE: 200, RUDE: 100}


def test_yes_and_no_of_each_annotator_are_no_several_labels(workspace, inbox, capsys):
    columns = {"text": texts(), "coder_1": cycle(1, 0), "coder_2": cycle(1, 0, 0)}
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    assert "label: coder_1, coder_2 hold the same classes" in found
    alone = found.partition("To learn the first alone: ")[2].partition(". To learn what")[0]
    assert typed(workspace, alone) == 0
    assert list(tree(workspace)[TASK]["heads"]) == ["coder_1"]


def test_levels_of_a_label_are_not_taken_for_annotators(workspace, inbox, capsys):
    columns = {"text": texts(), "label_1": cycle("food", "sport"), "label_2": cycle("pasta", "soup", "golf")}
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    assert "label: label_1; label_2 could be meant" in found
    assert main(["new", str(write_csv(inbox / "one.csv", GOOD)), "--task", TASK]) == 0
