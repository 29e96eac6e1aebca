"""new: an error ends with a command, and the command works as it is printed."""

import csv
import datetime
import io
import random
import re
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from commands import NEW, typed
from newtask import GOOD, ROWS, TASK, cycle, everything, refused, texts, tree, write_csv, write_rows

from decant.__main__ import main
from decant.settings.params import read
from stages import prepare


def messages(rows: int = ROWS, quotes: bool = True) -> list[str]:
    """Short messages, in some of which a quote stands."""
    odd = {5: '"free entry ', 11: 'he said "ok" ', 200: '"'} if quotes else {}
    return [f"{odd.get(n, '')}{text}" for n, text in enumerate(texts(rows))]


def write_lines(path: Path, *rows: list) -> Path:
    """Cells between tabs, quotes as they are, without a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in zip(*rows, strict=True)), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["SMSSpamCollection", "sms.txt", "sms.tsv", "sms.csv"])
def test_messages_between_tabs_without_a_header_and_with_quotes_as_characters_take_one_command(
    workspace, inbox, capsys, name
):
    file = write_lines(inbox / name, cycle("ham", "spam", "ham"), messages())
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert "--no-quotes" in found
    assert "seems to have no header, for its first row holds a text" in found
    assert typed(workspace, found) == 0
    source = tree(workspace)[TASK]["source"]
    assert source["quotes"] is False
    assert source["header"] == ["label", "text"]
    prepare.main(TASK)
    table = pq.read_table(workspace / "data" / TASK / "prepared.parquet", columns=["raw", "label"])
    assert table["raw"].to_pylist() == messages()
    assert table["label"].to_pylist() == cycle("ham", "spam", "ham")


def test_a_stray_quote_far_down_is_asked_about_with_the_command_that_reads_it(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.tsv", GOOD, "\t")
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[250] = f'"late", she {lines[250]}'
    file.write_text("\n".join(lines), encoding="utf-8")
    found = refused(workspace, capsys, str(file), "--task", TASK, "--build")
    assert re.search(r"rows\.tsv: line 251: .* --no-quotes says it", found)
    assert "source." not in found
    assert found.rstrip().endswith("--task mine --no-quotes --build")
    assert typed(workspace, found) == 0
    assert tree(workspace)["tasks"] == ["demo", "mine"]


def airline() -> dict[str, list]:
    """Several columns of classes, figures about them, an id, a time."""
    pick = random.Random(1)
    mood = [pick.choice(["negative", "negative", "neutral", "positive"]) for _ in range(ROWS)]
    return {
        "tweet_id": [570_300_000_000_000_000 + n for n in range(ROWS)],
        "airline_sentiment": mood,
        "airline_sentiment_confidence": [round(pick.random(), 4) for _ in range(ROWS)],
        "negativereason": [pick.choice(["Late Flight", "Rude"]) if one == "negative" else "" for one in mood],
        "airline_sentiment_gold": [
            "negative" if n % 50 == 0 else "neutral" if n % 50 == 1 else "" for n in range(ROWS)
        ],
        "airline": cycle("United", "Delta", "US Airways"),
        "retweet_count": [pick.randint(0, 40) for _ in range(ROWS)],
        "text": texts(),
        "tweet_created": [f"2015-02-24 11:35:{n % 60:02} -0800" for n in range(ROWS)],
    }


def test_several_label_columns_are_shown_with_counts_and_the_likeliest_has_its_command(workspace, inbox, capsys):
    found = refused(workspace, capsys, str(write_csv(inbox / "Tweets.csv", airline())), "--task", TASK)
    shown = found.splitlines()
    assert re.fullmatch(r"  airline_sentiment: 3 values: negative \(\d+\), \w+ \(\d+\), \w+ \(\d+\)", shown[1])
    assert "  airline_sentiment_gold: 2 values: negative (6), neutral (6); empty in 288 of 300 rows" in shown
    assert "  airline: 3 values: United (100), Delta (100), US Airways (100)" in shown
    assert shown[-1].startswith("The likeliest: ")
    assert shown[-1].endswith("--label airline_sentiment")
    assert typed(workspace, found) == 0
    assert list(tree(workspace)[TASK]["heads"]) == ["airline_sentiment"]  # no head of confidences or of counts


def test_levels_of_a_label_with_null_where_they_do_not_apply_take_one_command(workspace, inbox, capsys):
    insult, target = cycle("OFF", "NOT", "OFF"), cycle("IND", "NULL", "GRP")
    file = write_csv(
        inbox / "olid.tsv", {"id": range(ROWS), "tweet": texts(), "subtask_a": insult, "subtask_b": target}, "\t"
    )
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert "  subtask_b: 2 values: IND (100), GRP (100); empty in 100 of 300 rows" in found
    assert found.rstrip().endswith("--label subtask_a")
    assert typed(workspace, found) == 0
    assert tree(workspace)[TASK]["heads"]["subtask_a"]["labels"] == ["NOT", "OFF"]


def jsonl(**columns: list):
    return "rows.jsonl", lambda path: write_rows(path, {"text": texts(), **columns})


def csv_of(**columns: list):
    return "rows.csv", lambda path: write_csv(path, {"text": texts(), **columns})


def raw(name: str, content: bytes):
    return name, lambda path: (path.parent.mkdir(exist_ok=True), path.write_bytes(content))


def table(columns: dict[str, list]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return stream.getvalue()


def nul(content: str) -> bytes:
    lines = content.encode().splitlines(keepends=True)
    return b"".join(line.replace(b",", b" \0,", 1) if n == 50 else line for n, line in enumerate(lines))


ONE, TWO, THREE = [1, 0, 0], [0, 1, 0], [0, 1, 1]
UNNAMED = {"text": texts(), "label": GOOD["label"]}
# name -> (file, the options, words of the error, the labels of the block that the printed command writes)
MENDED = {
    "vectors": (
        jsonl(labels=cycle(ONE, TWO, THREE)),
        [],
        "'labels' holds vectors, e.g. [1, 0, 0]: a number for each of 3 labels",
        ["labels_0", "labels_1", "labels_2"],
    ),
    "vectors of fractions": (
        jsonl(labels=cycle([1.0, 0.0], [0.0, 1.0])),
        [],
        "holds vectors, e.g. [1.0, 0.0]",
        ["labels_0", "labels_1"],
    ),
    "objects": (
        jsonl(cats=cycle({"POS": 0, "NEG": 1}, {"POS": 1, "NEG": 0})),
        [],
        "'cats' holds objects, e.g. {'POS': 0, 'NEG': 1}",
        ["NEG", "POS"],
    ),
    "lists as text": (
        csv_of(tags=cycle("['new']", "['new', 'hot']", "['hot']")),
        [],
        "holds lists written as text",
        ["hot", "new"],
    ),
    "numbers alone": (
        csv_of(price=[n / 7 for n in range(ROWS)]),
        [],
        "price holds numbers, a regression head",
        ["high", "low", "middle"],
    ),
    "numbers alone, as asked": (
        csv_of(price=[n / 7 for n in range(ROWS)]),
        ["--label", "price"],
        "price holds numbers",
        ["high", "low", "middle"],
    ),
    "whole numbers": (
        csv_of(area=cycle(*range(10, 40))),
        [],
        "area holds 30 different whole numbers: ids of classes (--classes), or a scale?",
        [f"area_{n}" for n in range(10, 40)],
    ),
    "a zero byte": (
        raw("rows.csv", nul(table(GOOD))),
        [],
        "row 50 (line 51): a zero byte in column",
        ["no", "yes"],
    ),
    "UTF-16 without its mark": (
        raw("rows.csv", table(GOOD).encode("utf-16-le")),
        [],
        "line 1: holds a zero byte, as UTF-16 without",
        ["no", "yes"],
    ),
    "UTF-16, the other way": (
        raw("rows.csv", table(GOOD).encode("utf-16-be")),
        [],
        "as UTF-16 without its mark does",
        ["no", "yes"],
    ),
    "columns without a name": (
        raw("rows.csv", table(UNNAMED).replace("\r\n", ",,\r\n").replace('7.",no,,', '7.",no,,late').encode()),
        [],
        "column 4: no name in the header, and cells below it",
        ["no", "yes"],
    ),
    "no header": (
        raw("rows.csv", table(GOOD).split("\r\n", 1)[1].encode()),
        [],
        "seems to have no header, for its first row holds a text",
        ["no", "yes"],
    ),
    "no header, short": (
        raw("rows.csv", table({"Good day": [f"{n} {n + 1}" for n in range(ROWS)], "no": GOOD["label"]}).encode()),
        [],
        "'no' in its first row is a value in the rows below",
        ["no", "yes"],
    ),
    "dates as labels": (
        csv_of(label=cycle("2021-01-01", "2021-01-02")),
        [],
        "Columns left are none (label is taken as time)",
        ["2021-01-01", "2021-01-02"],
    ),
    "ids that are the text": (
        ("rows.csv", lambda path: write_csv(path, {"id": texts(), "label": GOOD["label"]})),
        [],
        "Columns left are label (id is taken as id). Name it",
        ["no", "yes"],
    ),
    "labels that are words of splits": (
        csv_of(category=cycle("training", "testing")),
        [],
        "none (category is taken as split)",
        ["testing", "training"],
    ),
    "two marks between labels": (
        csv_of(label=cycle("a", "b", "a|b", "a;b")),
        [],
        "joined by '|' and by ';'",
        ["a", "a;b", "b"],
    ),
    "comma between numbers": (
        csv_of(label=cycle("1", "2", "1,2")),
        ["--label", "label"],
        "could be a decimal point or stand between two",
        ["label_1", "label_2"],
    ),
    "a label in every row": (
        jsonl(tags=cycle(["all", "hot"], ["all"], ["all", "new"])),
        [],
        "label 'all' holds in all of 300 rows",
        ["hot", "new"],
    ),
    "one class and NULL": (
        csv_of(label=cycle("spam", "NULL")),
        [],
        "Its other 150 rows are empty (NULL)",
        ["NULL", "spam"],
    ),
    "a column that is not there": (
        csv_of(label=GOOD["label"]),
        ["--label", "lable"],
        "no column 'lable'",
        ["no", "yes"],
    ),
    "too many values": (
        csv_of(label=GOOD["label"], code=[f"x{n}" for n in range(ROWS)]),
        ["--label", "code"],
        "'code' is no label: 300 different values",
        ["no", "yes"],
    ),
    "no such format": (
        csv_of(label=GOOD["label"]),
        ["--format", "arff"],
        "--format arff: no such format",
        ["no", "yes"],
    ),
    "too few names": (
        raw("rows.csv", table(GOOD).split("\r\n", 1)[1].encode()),
        ["--columns", "text"],
        "has 2 columns, and each needs a name",
        ["no", "yes"],
    ),
    "names for JSON": (
        jsonl(label=GOOD["label"]),
        ["--columns", "text,label"],
        "jsonl names its columns itself",
        ["no", "yes"],
    ),
    "an id that repeats": (
        csv_of(label=GOOD["label"], shop=["north"] * ROWS),
        ["--id", "shop"],
        "ids must be unique",
        ["no", "yes"],
    ),
    "gaps in splits": (
        csv_of(label=GOOD["label"], fold=cycle("train", "test", "train", "")),
        [],
        "names splits, but not in 75 of 300 rows",
        ["no", "yes"],
    ),
    "two texts": (
        ("rows.csv", lambda path: write_csv(path, {"one": texts(), "two": texts()[::-1], "label": GOOD["label"]})),
        [],
        "could be meant. Name one with --text",
        ["no", "yes"],
    ),
    "a number that is none": (
        csv_of(label=GOOD["label"]),
        ["--split", "label"],
        "--split label: expected VALUE=SPLIT",
        None,
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_the_command_at_the_end_of_an_error_works(workspace, inbox, capsys, name):
    (file, write), options, words, labels = MENDED[name]
    write(inbox / file)
    found = refused(workspace, capsys, str(inbox / file), "--task", TASK, *options)
    assert words in found
    status = typed(workspace, found)
    if labels is None:  # the command names a value, as the user has
        assert status == 1
        return
    assert status == 0, capsys.readouterr().err
    assert sorted(
        label for head in tree(workspace)[TASK]["heads"].values() for label in head.get("labels", [])
    ) == sorted(labels)
    prepare.main(TASK)


def test_dates_that_excel_made_of_labels_are_named_with_their_row(workspace, inbox, capsys):
    inbox.mkdir()
    with xlsxwriter.Workbook(inbox / "rows.xlsx", {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["text", "label"])
        for n, text in enumerate(texts(), start=1):
            sheet.write_row(n, 0, [text, datetime.date(2024, 3, 4) if n % 3 == 2 else ("low" if n % 3 else "high")])
    found = refused(workspace, capsys, str(inbox / "rows.xlsx"), "--task", TASK)
    assert (
        f"{inbox}/rows.xlsx: row 2: a date is stored in column 'label', beside what is none: Excel has made it" in found
    )
    assert found.rstrip().endswith("--label label")


def test_decimals_of_a_database_are_classes(workspace, inbox):
    inbox.mkdir()
    pq.write_table(
        pa.table({"text": texts(), "label": cycle(Decimal("1.00"), Decimal("2.00"))}), inbox / "rows.parquet"
    )
    assert main(["new", str(inbox / "rows.parquet"), "--task", TASK]) == 0
    assert tree(workspace)[TASK]["source"]["labels"]["label"]["classes"] == {"label_1": ["1"], "label_2": ["2"]}
    prepare.main(TASK)


def test_a_row_that_repeats_the_header_is_named_with_the_command_that_deletes_it(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", {name: [*values, name, *values[:9]] for name, values in GOOD.items()})
    found = refused(workspace, capsys, str(file), "--task", TASK)
    assert f"{file}: row 301 (line 302): repeats the header (text, label)" in found
    assert found.rstrip().endswith(f"delete that line: sed -i.bak 302d {file} && {NEW}{file} --task mine")
    assert typed(workspace, found) == 0
    assert tree(workspace)[TASK]["heads"]["label"]["labels"] == ["no", "yes"]


def test_a_class_that_is_called_as_its_column_is_no_sign_of_a_missing_header(workspace, inbox):
    assert (
        main(
            ["new", str(write_csv(inbox / "rows.csv", {"text": texts(), "spam": cycle("spam", "ham")})), "--task", TASK]
        )
        == 0
    )
    assert tree(workspace)[TASK]["heads"] == {"spam": {"kind": "softmax", "labels": ["ham", "spam"]}}


def test_all_questions_are_asked_at_once(workspace, inbox, capsys):
    columns = {"title": texts(), "body": texts()[::-1], "area": cycle("x", "y"), "place": cycle("u", "v", "w"),
               "a_id": range(ROWS), "b_id": range(ROWS), "fold": cycle("train", "test", "odd")}  # fmt: skip
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    for words in ("column 'fold' names splits", "id: a_id, b_id could", "text: title (", "label: area; place could"):
        assert words in found
    assert typed(workspace, found) == 0
    read(TASK)


def test_options_come_back_in_the_command_as_they_were_given(workspace, inbox, capsys):
    columns = {"text": texts(), "area": cycle("x", "y"), "shop": cycle("north", "south", "west")}
    file = write_csv(inbox / "two words.csv", columns, ";")
    options = ["--text", "text", "--split", "a b=test", "--null", "N O", "--delimiter", ";", "--no-nulls", "--dry-run"]
    found = refused(workspace, capsys, str(file), "--task", TASK, *options)
    assert "--split a b=test: no such value or file; nothing there names splits" in found
    command = f"'{file}' --task mine --text text --null 'N O' --delimiter ';' --no-nulls --label area --dry-run"
    assert found.rstrip().endswith(command)
    before = everything(workspace)
    assert typed(workspace, found) == 0
    assert everything(workspace) == before


def test_a_name_that_is_none_or_taken_gets_one_that_works(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", GOOD)
    for task, free in {
        "My Task": "My_Task",
        "../x": "x",
        "demo": "demo_2",
        "$(touch x)": "touch_x",
    }.items():
        found = refused(workspace, capsys, str(file), "--task", task, "--dry-run")
        assert f"--task {free} " in found
        assert typed(workspace, found) == 0


def test_a_misspelt_file_gets_the_command_with_the_right_one(workspace, inbox, capsys):
    write_csv(inbox / "reviews.csv", GOOD)
    found = refused(workspace, capsys, "inbox/revews.csv", "--task", TASK)
    assert typed(workspace, found) == 0
