"""prepare: what it says at its end, and labels that only look like two."""

import pandas as pd
import pytest
from rawtask import ANY_OF, BLOCK, TASK, arrange, metrics, prepared, table

from decant.errors import DataError
from stages import prepare

BARS = {"heads": {"topic": {"kind": "sigmoid", "labels": ["a|b", "a", "b"]}}, "decision": ANY_OF["decision"]}
BAR_LABELS = {"labels": {"topic": {"column": "topics", "separator": ";"}}}


def test_one_line_says_what_became_of_the_rows(workspace, capsys):
    content = table("1,hi,ham\n2,Hi,ham\n3,<b>,ham\n4,x,\n5,so,ham\n6,so,spam\n7,go,ham\n")
    labels = BLOCK["source"]["labels"]["kind"] | {"unlabelled": "drop"}
    policies = {"repeats": "first", "conflicts": "drop"}
    prepared(workspace, {"rows.csv": content}, {"labels": {"kind": labels}}, duplicates=policies)
    assert capsys.readouterr().out.splitlines() == [
        "mini: 7 rows in, 2 out: 1 empty, 1 unlabelled, 2 conflicting and 1 repeats dropped; 2 rows of texts with several "
        "answers, shown in data/mini/conflicts.csv. Table: data/mini/prepared.parquet"
    ]


def test_a_label_with_a_bar_is_one_label(workspace):
    content = "id,text,topics\n1,x,a|b\n2,y,a;b\n3,z,a\n4,u,\n"
    frame = prepared(workspace, {"rows.csv": content}, BAR_LABELS, **BARS)
    assert frame["answer"].tolist() == [r"a\|b", "a|b", "a", ""]  # one label with a bar, and two
    assert metrics(workspace)["answers"] == {"a_vertical_line_b": 1, "a": 2, "b": 1}


def test_answers_that_only_read_alike_are_a_conflict(workspace):
    content = "id,text,topics\n1,x,a|b\n2,x,a;b\n"
    prepared(workspace, {"rows.csv": content}, BAR_LABELS, **BARS)
    assert metrics(workspace)["conflicting_rows"] == 2
    shown = pd.read_csv(workspace / "data" / TASK / "conflicts.csv", dtype=str)
    assert shown["id"].tolist() == ["1", "2"]


WHERE = {
    "classes": (
        "spma", {},
        "unknown label 'spma' in column 'kind'; add it to source.labels.kind.classes (and a new class to heads.kind.labels), or "
        "to source.ignore, in params.yaml",
    ),
    "raw labels": (
        "spma", {"labels": {"kind": {"column": "kind"}}},
        "unknown label 'spma' in column 'kind'; add it to heads.kind.labels, or to source.ignore, in params.yaml",
    ),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize(("label", "source", "words"), WHERE.values(), ids=WHERE)
def test_an_unknown_label_is_told_with_its_column_and_where_it_belongs(workspace, label, source, words):
    arrange(workspace, {"rows.csv": table(f"1,hi,ham\n2,go,{label}\n")}, source)
    with pytest.raises(DataError) as error:
        prepare.main(TASK)
    assert str(error.value) == f"data/raw/mini/rows.csv: row 2 (line 3): {words}"
