"""source.corrections: what becomes of a row, how it is counted, and what is refused with its line."""

import pytest
from rawtask import ANY_OF, KIND, NUMBER, TASK, TOPIC, arrange, metrics, prepared, table

from decant.data import rawfiles
from decant.errors import DataError, ParamsError
from decant.settings.params import read
from stages import prepare, profile

ROWS = table("a,win,ham\nb,rent,ham\nc,bye,spam\n")
FIXES = {"corrections": "fixes.csv"}
SEVERAL = {"labels": {"kind": KIND, "topic": TOPIC, "urgency": {"column": "urgency"}}}
MANY = "id,text,kind,topics,urgency\n1,a,bot,sport,0.5\n2,b,ham,money|sport,-1\n"


def fixed(workspace, lines: str, rows: str = ROWS, source: dict | None = None, **sections):
    return prepared(workspace, {"rows.csv": rows, "fixes.csv": lines}, FIXES | (source or {}), **sections)


def test_a_correction_takes_the_place_of_the_raw_label_in_head_and_answer_and_is_counted(workspace):
    frame = fixed(workspace, "id,label,why\na,spam,a giveaway\n")
    assert frame["kind"].tolist() == frame["answer"].tolist() == ["spam", "ham", "spam"]
    assert metrics(workspace)["corrections"] == {"rows": 1, "labels": {"kind": 1}}
    assert metrics(workspace)["answers"] == {"ham": 1, "spam": 2}
    assert profile.corrected(metrics(workspace)["corrections"]) == [
        "Labels that a person has corrected (source.corrections): 1 of kind, in 1 rows."
    ]


def test_without_corrections_nothing_is_counted(workspace):
    prepared(workspace, {"rows.csv": ROWS})
    assert "corrections" not in metrics(workspace)
    assert profile.corrected(metrics(workspace).get("corrections")) == []


def test_corrections_of_several_heads_name_the_head_and_of_a_sigmoid_head_all_labels(workspace):
    lines = "head,id,why,label\ntopic,1,both,money|sport\ntopic,2,neither,\nurgency,2,calm,0.25\nkind,2,a bot,spam\n"
    heads = NUMBER["heads"] | ANY_OF["heads"]
    frame = fixed(workspace, lines, MANY, SEVERAL, heads=heads)
    assert frame[["topic.money", "topic.sport"]].to_numpy().tolist() == [[True, True], [False, False]]
    assert frame["urgency"].tolist() == [0.5, 0.25]
    assert frame["kind"].tolist() == ["spam", "spam"]
    assert metrics(workspace)["corrections"] == {"rows": 2, "labels": {"topic": 2, "urgency": 1, "kind": 1}}


def test_a_row_that_had_no_label_stays_once_it_has_one(workspace):
    source = {"labels": {"kind": KIND | {"unlabelled": "drop"}}}
    frame = fixed(workspace, "id,label,why\nd,ham,plain\n", table("a,win,ham\nd,new,\ne,other,\n"), source)
    assert frame["id"].tolist() == ["a", "d"]
    assert metrics(workspace)["rows_unlabelled"] == 1


def test_the_mark_before_a_formula_is_none_of_the_id_the_label_or_the_reason(workspace):
    rows = table("=1,win,ham\n'=2,rent,ham\n'b,bye,ham\n")
    frame = fixed(workspace, "id,label,why\n'=1,spam,'@ann says so\n''=2,spam,x\n'b,spam,x\n", rows)
    assert dict(zip(frame["id"], frame["kind"], strict=True)) == {"=1": "spam", "'=2": "spam", "'b": "spam"}


def test_corrections_reach_every_batch(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 20)
    frame = fixed(
        workspace, "id,label,why\n1,spam,x\n29,spam,y\n", table("".join(f"{n},text {n},ham\n" for n in range(30)))
    )
    assert frame["id"][frame["kind"] == "spam"].tolist() == ["1", "29"]
    assert metrics(workspace)["corrections"] == {"rows": 2, "labels": {"kind": 2}}


WRONG = {
    "an id that no row has": ("id,label,why\na,spam,x\nz,spam,x\n", r"row 2 \(line 3\): id 'z' is in no row of source\.files"),
    "an unknown label": ("id,label,why\na,bot,x\n", r"row 1 \(line 2\): unknown label 'bot'; head kind has ham, spam"),
    "no change": ("id,label,why\n\nb,ham,x\n", r"row 1 \(line 3\): changes nothing: id 'b' has 'ham' in head kind already"),
    "two for one id": ("id,label,why\na,spam,x\na,spam,y\n", r"\(line 3\): a second correction of id 'a'.*first at .*\(line 2\)"),
    "no reason": ("id,label,why\na,spam, \n", r"\(line 2\): no reason; say in column why what makes 'spam' right for 'a'"),
    "no label": ("id,label,why\na,,x\n", r"\(line 2\): no label; head kind has ham, spam"),
    "an unknown head": ("id,head,label,why\na,kinds,spam,x\n", r"\(line 2\): no head 'kinds'; the task has kind"),
    "a missing column": ("id,label\na,spam\n", r"fixes\.csv: no column 'why'; columns are id, label, and corrections have id, label"),
    "another column": ("id,label,why,text\na,spam,x,win\n", "column 'text' means nothing here"),
    "semicolons": ("id;label;why\na;spam;x\n", "no column 'id'; columns are id;label;why, .*with commas between them"),
    "no line": ("id,label,why\n", "no rows"),
    "a line too short": ("id,label,why\na,spam\n", r"line 2\): 2 cells where the header has 3"),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_a_correction_that_will_not_do_stops_with_its_line_and_writes_nothing(workspace, name):
    lines, message = WRONG[name]
    with pytest.raises(DataError, match=message):
        fixed(workspace, lines)
    assert not list((workspace / "data" / TASK).glob("*.parquet")) if (workspace / "data" / TASK).exists() else True


def test_several_heads_need_the_column_head_and_numbers_a_number(workspace):
    heads = NUMBER["heads"] | ANY_OF["heads"]
    for lines, message in (
        ("id,label,why\n1,spam,x\n", "no column 'head', since the task has several heads"),
        ("id,head,label,why\n1,urgency,high,x\n", "found 'high' where a regression head needs a finite number"),
        ("id,head,label,why\n1,topic,sport|war,x\n", "unknown label 'war'; head topic has money, sport"),
        ("id,head,label,why\n1,urgency,0.50,x\n", "changes nothing"),
    ):
        with pytest.raises(DataError, match=message):
            fixed(workspace, lines, MANY, SEVERAL, heads=heads)


def test_a_sigmoid_head_that_needs_a_label_is_not_left_without(workspace):
    source = {"labels": {"topic": TOPIC | {"unlabelled": "fail"}}}
    rows = "id,text,topics\n1,a,sport\n"
    with pytest.raises(DataError, match=r"no label, and source\.labels\.topic\.unlabelled lets no row have none"):
        fixed(workspace, "id,label,why\n1,,x\n", rows, source, **ANY_OF)


@pytest.mark.bad_input
def test_a_missing_file_is_named(workspace):
    arrange(workspace, {"rows.csv": ROWS}, FIXES)
    with pytest.raises(DataError, match=r"fixes\.csv: missing; source\.corrections names it"):
        prepare.main(TASK)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("../fixes.csv", ["rows.csv"], "is no file below data/raw/<task>"),
        ("/tmp/fixes.csv", ["rows.csv"], "is no file below data/raw/<task>"),
        ("fixes.xlsx", ["rows.csv"], "corrections are a .csv"),
        ("all/fixes.csv", ["all"], r"is among files \(all\), which are read as rows; move it"),
        ("rows.csv", ["rows.csv"], "is among files"),
    ],
)
def test_a_file_that_cannot_be_corrections_is_refused_by_check(workspace, name, files, message):
    arrange(workspace, {}, {"corrections": name, "files": files})
    with pytest.raises(ParamsError, match=rf"mini\.source.*{message}"):
        read(TASK)
