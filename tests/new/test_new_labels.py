"""new: what becomes of the raw labels: spellings of one word, words for nothing, scripts, numbers, signs of YAML."""

import pytest
from newtask import GOOD, ROWS, TASK, cycle, proposed, refused, texts, tree, write_csv, write_rows

from decant.__main__ import main
from decant.new.blocks import flow
from decant.new.columns import Column, names_for, separators
from decant.new.spelling import alike, difference, readable

ALIKE = {
    "zero width": (["spam", "spam\u200b"], "signs that cannot be seen"),
    "a colour of an emoji": (["\u2764", "\u2764\ufe0f"], "signs that cannot be seen"),
    "blanks": (["credit card", "credit  card"], "blanks"),
    "form": (["h\u00e4m", "ha\u0308m"], "Unicode's form of a letter"),
    "zeros": (["0", "0.0"], "zeros after the point"),
    "case": (["Spam", "spam"], "case"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_spellings_of_one_label_are_one_class_with_a_warning_that_counts_them(workspace, inbox, capsys, name):
    (first, second), what = ALIKE[name]
    block, frame = proposed(
        workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle(first, first, second, "x1")})
    )
    labels = block["heads"]["label"]["labels"]
    (name,) = [label for label in labels if label != "x1"]
    assert sorted(block["source"]["labels"]["label"]["classes"][name]) == sorted([first, second])
    assert frame["label"].value_counts().to_dict() == {name: 225, "x1": 75}
    assert f"differ in {what} alone and are taken for one" in capsys.readouterr().out
    assert alike([first, second]) == [[first], [second]]  # without a third, they are all that can be told apart
    assert difference([first, second]) == what


def test_two_classes_that_differ_by_case_alone_stay_two_where_there_is_no_other(workspace, inbox, capsys):
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("US", "us")}))
    assert block["heads"]["label"]["labels"] == ["US", "us"]
    assert frame["label"].value_counts().to_dict() == {"US": 150, "us": 150}
    assert "warning: classes 'US' and 'us' differ in case or the like alone" in capsys.readouterr().out


def test_a_name_is_readable_and_never_empty():
    assert readable(" \u200bcredit  card\u200b") == "credit card"
    assert readable("ha\u0308m") == "h\u00e4m"
    assert readable("\u200b") == "\u200b"


NATIVE = ["正面", "负面", "إيجابي", "😀", "хорошо", "größe", "C++", "C#", "head_of_sales", "Head office", "no", "???", "? x",
          "a: b", "- a", "#1", "${HOME}", "<b>"]  # fmt: skip


def test_labels_of_every_script_and_signs_of_yaml_stay_themselves_down_to_the_table(workspace, inbox, capsys):
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle(*NATIVE)}))
    assert sorted(block["heads"]["label"]["labels"]) == sorted(NATIVE)
    assert "classes" not in block["source"]["labels"]["label"]
    assert set(frame["label"]) == set(NATIVE)
    assert "warning: '???', '${HOME}': dvc exp run -S cannot read" in capsys.readouterr().out


@pytest.mark.parametrize(
    "value", [*NATIVE, "1", "true", "null", "1e3", "\u200bx", "x\ny", "\x85", " a ", "it's", '"', "~", "=", "<<", "y"]
)
def test_a_value_is_written_as_yaml_that_reads_back(value):
    from newtask import SAFE

    assert SAFE.load(f"[{flow(value)}, {flow([value, {'k': [value]}])}]") == [value, [value, {"k": [value]}]]
    assert not any(sign in flow(value) for sign in "\u200b\x85")


@pytest.mark.parametrize("word", ["NULL", "NaN", "N/A", "<NA>", r"\N"])
def test_a_word_for_nothing_is_no_class(workspace, inbox, capsys, word):
    columns = {"text": texts(), "label": cycle("yes", "no", word)}
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["heads"]["label"]["labels"] == ["no", "yes"]
    assert block["source"]["labels"]["label"]["unlabelled"] == "drop"
    assert len(frame) == 200
    assert (
        f"warning: {word!r} (100 rows) stand for no label; if one of them is a class, run: " in capsys.readouterr().out
    )
    assert main(["new", str(inbox / "rows.csv"), "--task", "other", "--no-nulls"]) == 0
    assert sorted(tree(workspace)["other"]["heads"]["label"]["labels"]) == sorted(["no", "yes", word])


def test_a_value_can_be_named_that_stands_for_no_label_and_none_is_a_class(workspace, inbox):
    columns = {"text": texts(), "label": cycle("favour", "none", "[?]")}
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", columns), "--null", "[?]")
    assert block["heads"]["label"]["labels"] == ["favour", "none"]
    assert len(frame) == 200


COMMAS = {
    "names": (["Loans", "Loans, cards, or other debts", "Mortgage"], "softmax", 3),
    "more names": (["Money transfer, virtual currency, or money service", "Money transfers", "Mortgage", "Payday loan",
                    "Payday loan, title loan, or personal loan"], "softmax", 5),
    "labels": (["hot", "hot,new", "new", "new, cold", "cold"], "sigmoid", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMAS)
def test_a_comma_parts_labels_only_where_most_of_them_turn_up_in_several_cells(workspace, inbox, capsys, name):
    values, kind, number = COMMAS[name]
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle(*values)})
    block, _ = proposed(workspace, file)
    assert block["heads"]["label"]["kind"] == kind
    assert len(block["heads"]["label"]["labels"]) == number
    other = ["--separator", ","] if kind == "softmax" else ["--no-separator"]
    assert main(["new", str(file), "--task", "other", *other]) == 0
    assert tree(workspace)["other"]["heads"]["label"]["kind"] != kind


def test_whole_numbers_in_a_column_that_is_named_as_a_label_are_classes(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle(*range(30))})
    block, _ = proposed(workspace, file)
    assert block["heads"]["label"]["labels"] == [f"label_{n}" for n in range(30)]
    assert "whole numbers, taken for the ids of classes; --number, if they are a scale" in capsys.readouterr().out


def test_a_scale_beside_classes_is_learnt_as_a_number_where_somebody_says_so(workspace, inbox):
    columns = GOOD | {"points": cycle(*range(30)), "doc": cycle(*range(25))}
    file = write_csv(inbox / "rows.csv", columns)
    block, _ = proposed(workspace, file)
    assert list(block["heads"]) == ["label"]  # neither ids nor counts become a head by themselves
    assert main(["new", str(file), "--task", "other", "--label", "label", "--number", "points"]) == 0
    assert tree(workspace)["other"]["heads"]["points"] == {"kind": "regression"}


def test_true_and_1_are_two_labels_and_true_in_two_types_is_one(workspace, inbox):
    values = cycle(1, "1", 1.0, True, "true", 0, "0", False)
    block, frame = proposed(workspace, write_rows(inbox / "rows.jsonl", {"text": texts(), "label": values}))
    assert block["heads"]["label"]["labels"] == ["label_0", "label_1", "false", "true"]
    assert len(frame) == ROWS


def test_columns_of_1_and_0_with_a_point_are_one_head(workspace, inbox):
    columns = {
        "text": texts(),
        "joy": cycle("1.0", "0.0"),
        "anger": cycle("1.0", "0.0", "0.0"),
        "fear": cycle("0.0", "0.0", "1.0"),
    }
    for options in ([], ["--label", "joy", "--label", "anger", "--label", "fear"]):
        file = write_csv(inbox / "rows.csv", columns)
        assert main(["new", str(file), "--task", f"mine{len(options)}", *options]) == 0
        assert tree(workspace)[f"mine{len(options)}"]["heads"] == {
            "labels": {"kind": "sigmoid", "labels": ["anger", "fear", "joy"]}
        }
    _, frame = proposed(workspace, file)
    assert [int(frame[f"labels.{name}"].sum()) for name in ("anger", "fear", "joy")] == [100, 100, 150]


def test_texts_that_are_null_are_counted_as_empty(workspace, inbox, capsys):
    columns = {"text": [None if n in (4, 9) else text for n, text in enumerate(texts())], "label": GOOD["label"]}
    _, frame = proposed(workspace, write_rows(inbox / "rows.jsonl", columns))
    assert len(frame) == 298
    assert "warning: 2 rows without a text, left out" in capsys.readouterr().out


def test_quotes_that_swallow_rows_are_said_with_the_command_that_reads_them_as_characters(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.tsv", GOOD, "\t")
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[100], lines[104] = f'"{lines[100]}', lines[104].replace("\t", '"\t')
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["new", str(file), "--task", TASK, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert (
        "row 100 (line 101): a cell of several lines, of which some look like rows of the table (3 such lines in all)"
        in said
    )
    assert f"run: python -m decant new {file} --task mine --no-quotes --dry-run" in said
    assert main(["new", str(file), "--task", TASK, "--no-quotes"]) == 0
    assert "(300 rows, 2 columns, 1 file)" in capsys.readouterr().out


def test_train_and_test_without_a_class_in_common_are_refused(workspace, inbox, capsys):
    for name, labels in {"train": ("yes", "no"), "test": ("Ja", "Nein")}.items():
        part = slice(0, 200) if name == "train" else slice(200, 300)
        write_csv(inbox / "posts" / f"{name}.csv", {"text": texts()[part], "label": cycle(*labels)[part]})
    found = refused(workspace, capsys, str(inbox / "posts"), "--task", TASK)
    assert "train and test share no class: train has 'no', 'yes', test has 'Ja', 'Nein'" in found
    assert main(["new", str(inbox / "posts"), "--task", TASK, "--no-splits"]) == 0
    assert "splits" not in tree(workspace)[TASK]["source"]


def test_a_guard_that_is_taken_away_is_warned_about(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", {"text": texts(12), "label": cycle("a", "b", "c", rows=12)})
    assert main(["new", str(file), "--task", TASK, "--dry-run"]) == 0
    assert "warning: split.least: 0 takes a guard away, for a has 4 rows, " in capsys.readouterr().out


def test_long_texts_are_said_to_be_cut_with_the_key_that_reads_them_whole(workspace, inbox, capsys):
    long = [" ".join([text] * (40 if n % 2 else 1)) for n, text in enumerate(texts())]
    assert main(["new", str(write_csv(inbox / "rows.csv", GOOD | {"text": long})), "--task", TASK, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "warning: tokens.max_length 256 holds 50 % of the texts whole" in said
    assert "runtime.long_texts: chunk" in said


def test_a_mark_is_no_separator_of_numbers_and_names_are_given_by_what_columns_hold():
    column = Column("x", rows=4)
    column.values.update({"1,2": 2, "1": 2})
    column.kinds.update({"string": 4, "comma": 4})
    assert separators(column) == {}
    assert names_for([column, Column("y")]) == ["column_1", "column_2"]
