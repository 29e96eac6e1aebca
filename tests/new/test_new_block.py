"""new: the block in params.yaml, the names in it, and that an error leaves everything as it was."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from newtask import GOOD, SAFE, TASK, cycle, everything, proposed, refused, stopped, texts, tree, write_csv

from decant.__main__ import main
from decant.errors import ParamsError
from decant.new import blocks, propose
from decant.new.blocks import Block, appended, checked
from decant.new.naming import classes_of
from decant.settings.names import fault
from decant.settings.params import read


def test_a_dry_run_prints_the_block_and_writes_nothing(workspace, inbox, capsys):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = everything(workspace)
    assert main(["new", str(file), "--task", TASK, "--dry-run"]) == 0
    assert everything(workspace) == before
    printed = capsys.readouterr().out
    assert "nothing was written (--dry-run)" in printed
    block = SAFE.load(printed[printed.index(f"\n{TASK}:") : printed.index("nothing was written")])
    assert main(["new", str(file), "--task", TASK]) == 0
    assert tree(workspace)[TASK] == block[TASK]


def test_build_edits_the_line_of_tasks_alone(workspace, inbox):
    file = write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})
    before = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert main(["new", str(file), "--task", TASK, "--build"]) == 0
    after = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert after.startswith(before.replace("\ntasks: [demo]", "\ntasks: [demo, mine]"))
    assert tree(workspace)["tasks"] == ["demo", "mine"]


def test_a_missing_last_line_break_is_added(workspace, inbox):
    params = workspace / "params.yaml"
    params.write_bytes(params.read_bytes().rstrip(b"\n"))
    proposed(workspace, write_csv(inbox / "rows.csv", {"text": texts(), "label": cycle("yes", "no")}))


def test_each_line_of_a_block_fits_and_has_its_comment(workspace, inbox):
    columns = {
        f"is {word} in the eyes of whoever reads it": cycle("yes", "no", "no")
        for word in ("kind", "rude", "odd", "dull")
    }
    columns |= {"text": texts()}
    before = (workspace / "params.yaml").read_text(encoding="utf-8")
    proposed(workspace, write_csv(inbox / "rows.csv", columns))
    added = (workspace / "params.yaml").read_text(encoding="utf-8").removeprefix(before).splitlines()
    assert max(map(len, added)) <= 120
    keys = [line for line in added if re.match(r" {2,8}[\w-]+: ", line)]
    assert len(keys) >= 6
    assert [line for line in keys if "  # " not in line] == []


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1), min_size=1))
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_a_block_is_read_back_or_refused(values):
    block = Block("mine")
    block.put("source", "labels", "x", "classes", value=values, note="a note")
    text = appended(b"tasks: [demo]  # one\n", block, False)
    assert text.startswith(b"tasks: [demo]  # one\n\nmine:")
    if all("".join([key, *items]).isprintable() for key, items in values.items()):
        assert SAFE.load(text)["mine"] == block.tree


def test_what_yaml_cannot_hold_is_refused(workspace, monkeypatch):
    content = (workspace / "params.yaml").read_bytes()
    demo = SAFE.load(content)["demo"]
    block = Block("mine", demo | {"source": demo["source"] | {"text": "a #b"}})
    monkeypatch.setattr(blocks, "flow", str)  # as if a value could be written in no way that reads back
    with pytest.raises(ParamsError, match=r"params\.yaml: mine: a name in the table cannot be written there|not YAML"):
        checked(appended(content, block, False), block, False)


@pytest.mark.parametrize("stop", ["read", "copy"])
def test_an_error_while_writing_puts_everything_back(workspace, inbox, capsys, monkeypatch, stop):
    write_csv(inbox / "posts" / "rows.csv", {"text": texts(), "label": cycle("yes", "no")})

    def fail(*arguments):
        raise ParamsError("planted")

    if stop == "read":
        real = propose.params.read
        monkeypatch.setattr(propose.params, "read", lambda task, *file: real(task, *file) if file else fail())
    else:
        monkeypatch.setattr(propose, "rewrite", fail)
    with pytest.MonkeyPatch.context() as patch:
        if stop == "copy":
            patch.setattr(propose.intake.shutil, "copyfile", fail)
            patch.setattr(propose, "rewrite", lambda content: None)
        assert stopped(workspace, capsys, str(inbox / "posts"), "--task", TASK).endswith("error: planted\n")
    assert not (workspace / "data").exists()


PATTERN = "cannot be a name"
# name -> words of the error, and the name that it offers
BAD = {
    "": (PATTERN, "task"),
    "../x": (PATTERN, "x"),
    "a b": (PATTERN, "a_b"),
    "my.task": (PATTERN, "my_task"),
    "-x": (PATTERN, "x"),
    "$(touch x)": (PATTERN, "touch_x"),
    "aux": ("Windows has a device of that name", "aux_2"),
    "é" * 40: ("for it has 80 bytes", f"'{'é' * 30}'"),
    "E\u0301te\u0301": (PATTERN, "'Été'"),  # signs that join a letter are none
    "Demo": ("one name but for its case", "Demo_2"),
    "demo": ("has such a block already", "demo_2"),
    "Raw": ("all tasks share files of that name", "Raw_2"),
    "defaults": ("means something else by it", "defaults_2"),
    "catalogue": ("means something else by it", "catalogue_2"),
    "null": ("means something else by it", "null_2"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("task", BAD)
def test_a_bad_name_is_refused_with_a_good_one(workspace, inbox, capsys, task):
    words, offered = BAD[task]
    # = for what begins with a dash
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", GOOD)), f"--task={task}")
    assert words in found
    assert found.rstrip().endswith(f"--task {offered}")
    assert fault(offered.strip("'")) is None


@pytest.mark.parametrize("task", ["Mine", "1a", "my-task", "défi", "任务", "123", "no", "x" * 64])
def test_every_name_of_the_one_pattern_will_do(workspace, inbox, task):
    assert main(["new", str(write_csv(inbox / "rows.csv", GOOD)), "--task", task, "--build"]) == 0
    assert tree(workspace)["tasks"] == ["demo", task]
    assert read(task).tasks == ["demo", task]


def test_a_taken_name_is_refused(workspace, inbox, capsys):
    found = refused(workspace, capsys, str(write_csv(inbox / "rows.csv", GOOD)), "--task", "demo")
    assert "--task demo: params.yaml has such a block already" in found


def test_an_invalid_params_file_says_so_before_anything_is_read(workspace, capsys):
    params = workspace / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("tasks: [demo]", "tasks: [dmeo]"), encoding="utf-8")
    assert "no block named 'dmeo'" in stopped(workspace, capsys, "nowhere.csv", "--task", TASK)


NAMES = {
    "words": (["good", "bad"], {"bad": ["bad"], "good": ["good"]}),
    "numbers": (["10", "-1", "9"], {"x_minus_1": ["-1"], "x_9": ["9"], "x_10": ["10"]}),
    "fractions": (["0.5", "+1"], {"x_0_5": ["0.5"], "x_1": ["+1"]}),
    "case": (["Spam", "spam", "ham"], {"ham": ["ham"], "Spam": ["Spam", "spam"]}),
    "case, the other more often": (["spam", "Spam", "ham"], {"ham": ["ham"], "spam": ["Spam", "spam"]}),
    "signs": (["C", "C++", "C#"], {"C": ["C"], "C#": ["C#"], "C++": ["C++"]}),
    "accents": (["größe", "café au lait"], {"café au lait": ["café au lait"], "größe": ["größe"]}),
    "other scripts": (["хорошо", "плохо", "👍"], {"плохо": ["плохо"], "хорошо": ["хорошо"], "👍": ["👍"]}),
    "of another head": (["accuracy", "n", "speed"], {"x_accuracy": ["accuracy"], "x_n": ["n"], "speed": ["speed"]}),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes(name):
    raws, named = NAMES[name]
    assert classes_of("x", raws, {"n", "accuracy"}) == named


@given(st.sets(st.text(min_size=1).filter(str.strip), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_classes_have_names_that_differ_and_no_label_is_lost(raws):
    named = classes_of("head", raws, set())
    assert sorted(raw for members in named.values() for raw in members) == sorted(raws)
    assert all(name.strip() for name in named)
