"""new: what follows from the rows for split, tokens and warnings."""

import json
from pathlib import Path

import pandas as pd
import pytest
from newtask import GOOD, ROWS, SAFE, TASK, cycle, proposed, refused, texts, tree, write_csv, write_rows

from decant.__main__ import main
from decant.errors import DataError
from decant.new import lengths
from decant.paths import SPLITS
from stages import prepare, split

RARE = ["odd", "odd", "odd", "badd"]


def rare(inbox) -> Path:
    return write_csv(inbox / "rows.csv", {"text": texts(), "label": [*RARE, *cycle("good", "bad")[4:]]})


def test_rare_classes_are_named_and_the_others_keep_their_guard(workspace, inbox, capsys):
    assert main(["new", str(rare(inbox)), "--task", TASK]) == 0
    assert "split" not in tree(workspace)[TASK]  # least: 5, as in defaults
    said = capsys.readouterr().out
    for line in (
        "warning: dvc repro will stop at split, which asks for 5 rows of each class in every split (split.least). These have too few:",
        "  odd: 3 rows, none in valid",
        "  badd: 1 row, none in valid, misspelt bad?",
        "  Change the block mine in params.yaml. For such a class, either",
        "    merge it: move its raw label to another class in source.labels.label.classes,",
        '    leave it out: set source.ignore: ["badd", "odd"] and source.labels.label.unlabelled: drop,',
        "    or keep it: set split.least: 0, for all classes.",
        "  A class that is merged or left out also goes from source.labels.label.classes and heads.label.labels.",
        "The block mine is at the end of params.yaml. Change it as said above, then:",
    ):
        assert line in said.splitlines(), line
    prepare.main(TASK)
    with pytest.raises(DataError, match=r"class 'badd' has 1 rows.*split\.least asks for 5"):
        split.main(TASK)


def merge(block: dict) -> None:
    classes = block["source"]["labels"]["label"]["classes"]
    classes["bad"] += classes.pop("badd") + classes.pop("odd")
    block["heads"]["label"]["labels"] = ["bad", "good"]


def leave_out(block: dict) -> None:
    labels = block["source"]["labels"]["label"]
    block["source"]["ignore"], labels["unlabelled"] = ["badd", "odd"], "drop"
    del labels["classes"]["badd"], labels["classes"]["odd"]
    block["heads"]["label"]["labels"] = ["bad", "good"]


def keep(block: dict) -> None:
    block["split"] = {"least": 0}


@pytest.mark.parametrize(("change", "rows"), [(merge, 300), (leave_out, 296), (keep, 300)])
def test_each_way_out_of_rare_classes_works(workspace, inbox, change, rows):
    assert main(["new", str(rare(inbox)), "--task", TASK]) == 0
    params = tree(workspace)
    change(params[TASK])
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        SAFE.dump(params, stream)
    prepare.main(TASK)
    split.main(TASK)
    held = [pd.read_parquet(workspace / "data" / TASK / f"{name}.parquet") for name in SPLITS]
    assert sum(map(len, held)) == rows


def test_rare_labels_of_several_and_of_given_splits_are_named_too(workspace, inbox, capsys):
    tags = ["new", *cycle("hot", "hot|cold", "cold")[1:]]
    part = cycle("train", "train", "valid", "test")
    flags = {"is_new": ["yes", *["no"] * (ROWS - 1)], "is_hot": cycle("yes", "no"), "is_old": cycle("no", "yes", "no")}
    for columns, words in (
        ({"tags": tags}, ['leave it out: set source.ignore: ["new"],', "source.labels.tags.classes,"]),
        (flags, ["leave it out: take its column out of source.labels.labels.columns,"]),
        (
            {"tags": tags, "part": part},
            ["take the given splits out: source.splits and split.carve,", "1 row, none in v"],
        ),
    ):
        assert (
            main(["new", str(write_csv(inbox / "rows.csv", {"text": texts()} | columns)), "--task", TASK, "--dry-run"])
            == 0
        )
        said = capsys.readouterr().out
        assert [one for one in ["dvc repro will stop at split", *words] if one not in said] == []


def test_least_is_as_high_as_the_smallest_class_allows(workspace, inbox, capsys):
    labels = ["odd"] * 25 + cycle("good", "bad")[25:]
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": labels}))
    assert block["split"] == {"least": 2}
    assert "split.least: 2, below the default 5 (odd has 25 rows, valid gets 2)" in capsys.readouterr().out


def test_a_small_table_of_nothing_but_rare_classes_keeps_what_guard_it_can(workspace, inbox, capsys):
    columns = {"text": texts(12), "label": cycle("a", "b", "c", rows=12)}
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["split"]["least"] == 0
    said = capsys.readouterr().out
    assert "split.least: 0, below the default 5 (a has 4 rows, " in said
    assert "will stop" not in said
    assert "warning: class a has 4 rows; next to nothing can be learnt or said about it" in said


def test_a_larger_drift_is_said_with_its_reason(workspace, inbox, capsys):
    labels = ["good"] * 160 + cycle("good", "bad", "bad", "bad", rows=140)
    authors = ["a0"] * 160 + [f"a{n // 4}" for n in range(140)]
    columns = {"text": texts(), "label": labels, "author": authors}
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    drift = block["split"]["max_drift"]
    found = json.loads((workspace / "metrics" / TASK / "split.json").read_text(encoding="utf-8"))
    assert drift - 0.01 < max(found[name]["drift"] for name in SPLITS) <= drift
    said = capsys.readouterr().out
    assert f"split.max_drift: {drift}, above the default 0.05 (valid has " in said
    assert " % bad, all rows 35 %: valid gets 16 rows and up to 164 rows stay together)" in said


def test_too_few_pieces_for_four_splits_are_refused(workspace, inbox, capsys):
    columns = GOOD | {"author": cycle("x", "y", "z")}
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", columns)), "--task", TASK)
    assert (
        "300 rows make 3 pieces (equal and similar texts, and rows of one group, stay together): too few for" in found
    )
    assert "would be empty. Add rows, or leave the group out: python -m decant new " in found
    assert found.rstrip().endswith("--task mine --ignore author")


def test_rows_that_are_left_out_and_conflicts_are_said(workspace, inbox, capsys):
    labels = cycle("good", "bad", rows=60)
    labels[3] = ""
    columns = {"text": texts(60), "label": labels}
    columns["text"][10:13] = [columns["text"][11], columns["text"][11], "  "]
    block, frame = proposed(workspace, write_csv(inbox / "rows.csv", columns))
    assert block["source"]["labels"]["label"]["unlabelled"] == "drop"
    assert len(frame) == 58
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")] == [
        "warning: 1 row with nothing in label, left out",
        "warning: 1 row without a text, left out",
        "warning: 1 text with more than one answer; see duplicates.conflicts",
        "warning: 58 rows in all are few; every figure will have a wide interval",
    ]


NOTHING = {
    "one of them": (["yes", "no", "yes", "no"], {"": "", "null": None, "missing": ..., "blank": " "}, "drop", 240),
    "any of them": (
        [["a"], ["a", "b"], ["b"], ["b"]],
        {"list": [], "null": None, "missing": ..., "": ""},
        "allow",
        300,
    ),
}


@pytest.mark.parametrize("name", NOTHING)
def test_an_empty_label_is_the_same_in_every_form(workspace, inbox, capsys, name):
    values, empties, rule, rows = NOTHING[name]
    written = {}
    for form, empty in empties.items():
        file = write_rows(inbox / "rows.jsonl", {"text": texts(), "label": cycle(*values, empty)})
        written[form] = printed(file, capsys)
    marks = ["|".join(one) if isinstance(one, list) else one for one in values]
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle(*marks, "")})
    block, frame = proposed(workspace, file)
    assert len({text for text in written.values()}) == 1
    for source in (
        block["source"]["labels"],
        *(SAFE.load(text)[TASK]["source"]["labels"] for text in written.values()),
    ):
        assert source["label"]["unlabelled"] == rule
    assert len(frame) == rows
    assert capsys.readouterr().out.count("warning: 60 rows with nothing in label") == 1


def printed(file: Path, capsys) -> str:
    """The block of a dry run."""
    assert main(["new", str(file), "--task", TASK, "--dry-run"]) == 0
    said = capsys.readouterr().out
    return said[said.index(f"\n{TASK}:") : said.index("nothing was written")]


@pytest.mark.parametrize(("times", "length"), [(1, 32), (5, 64), (12, 192), (40, 256)])
def test_max_length_holds_nearly_all_texts(workspace, inbox, capsys, times, length):
    file = write_csv(
        inbox / "rows.csv", {"text": [" ".join([text] * times) for text in texts()], "label": cycle("yes", "no")}
    )
    block, _ = proposed(workspace, file)
    assert block["tokens"] == {"max_length": length}
    assert f"tokens: max_length {length} (holds " in capsys.readouterr().out


def test_without_the_encoder_the_length_stays_the_default(workspace, inbox, capsys, monkeypatch):
    monkeypatch.setattr(lengths.packaged.importlib.util, "find_spec", lambda name: None)
    block, _ = proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")}))
    assert "tokens" not in block
    assert "tokens: max_length 96, the default (encoder minilm is not installed" in capsys.readouterr().out
