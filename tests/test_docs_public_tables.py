"""docs/first-hour.md: what it types for six public tables, and one in Arabic, works on tables like them, down to the splits."""

import json
import random
import re
import shlex

import pandas as pd
import pytest
from graph import ROOT
from newtask import cycle, texts, tree, write_csv

from decant.__main__ import main
from stages import prepare, split

PAGE = (ROOT / "docs/first-hour.md").read_text(encoding="utf-8")
COMMANDS = {
    arguments[0]: arguments
    for line in re.findall(r"^python -m decant new (.+)$", PAGE, re.MULTILINE)
    for arguments in [shlex.split(line)]
    if "://" not in arguments[0]  # a database: tests/new/test_new_database.py
}


def put(folder, name, lines, encoding="utf-8"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding=encoding)


def sms(folder):
    rows = zip(cycle("ham", "ham", "spam"), texts(), strict=True)
    put(folder, "SMSSpamCollection", [f'{label}\t"{text}' for label, text in rows])


def banking(folder):
    for name, part in (("train", slice(0, 240)), ("test", slice(240, 300))):
        write_csv(
            folder / f"banking77/{name}.csv",
            {"text": texts()[part], "category": cycle("card_arrival", "lost_or_stolen_card", "top_up_failed")[part]},
        )


def clinc(folder):
    rows = [list(pair) for pair in zip(texts(), cycle("translate", "transfer", "timer"), strict=True)]
    beside = [[text.replace("number", "question"), "oos"] for text in texts(90)]
    splits = {"oos_val": beside[:30], "val": rows[:60], "train": rows[60:240], "oos_test": beside[30:60]}
    splits |= {"test": rows[240:], "oos_train": beside[60:]}
    (folder / "data_full.json").write_text(json.dumps(splits), encoding="utf-8")


def tweets(folder):
    put(folder, "emotion/mapping.txt", [f"{number}\t{name}" for number, name in enumerate(("anger", "joy", "sadness"))])
    for name, part in (("train", slice(0, 180)), ("val", slice(180, 240)), ("test", slice(240, 300))):
        put(folder, f"emotion/{name}_text.txt", texts()[part])
        put(folder, f"emotion/{name}_labels.txt", cycle("0", "1", "2")[part])


def trec(folder):
    lines = [f"{label} {text} caf\xe9 ?" for label, text in zip(cycle("DESC:manner", "NUM:date"), texts(), strict=True)]
    put(folder, "trec/train_5500.label", lines[:240], "latin-1")
    put(folder, "trec/TREC_10.label", lines[240:], "latin-1")


def bbc(folder):
    for number, (label, text) in enumerate(zip(cycle("business", "sport", "tech"), texts(), strict=True)):
        put(
            folder, f"bbc/{label}/{number:03}.txt", [text, "", f"\xa3{number} m"], "cp1252"
        )  # as the published ones are


def reviews(folder):
    words = "شكرا الخدمة ممتازة سريع جدا رائع جميل أحببت المنتج نظيف لم يصل الطلب أحد يرد مكسور متأخر رديء خسارة المال".split()
    rows = [" ".join(random.Random(row).choices(words, k=9)) for row in range(300)]
    write_csv(folder / "reviews_ar.csv", {"text": rows, "label": cycle("good", "bad")})


ALIKE = {  # what is typed -> what makes a table like it, and the answers that its rows have
    "SMSSpamCollection": (sms, {"ham", "spam"}),
    "banking77": (banking, {"card_arrival", "lost_or_stolen_card", "top_up_failed"}),
    "data_full.json": (clinc, {"translate", "transfer", "timer", "oos"}),
    "emotion": (tweets, {"anger", "joy", "sadness"}),
    "trec": (trec, {"DESC", "NUM"}),
    "bbc": (bbc, {"business", "sport", "tech"}),
    "reviews_ar.csv": (reviews, {"good", "bad"}),
}


def test_the_page_has_a_command_for_each_of_them():
    assert list(COMMANDS) == list(ALIKE)


@pytest.mark.parametrize("name", ALIKE)
def test_the_command_of_a_public_table_makes_a_task_of_one_that_looks_like_it(workspace, inbox, name):
    make, answers = ALIKE[name]
    inbox.mkdir()
    make(inbox)
    file, *options = COMMANDS[name]
    assert main(["new", str(inbox / file), *options]) == 0
    (task,) = [block for block in tree(workspace) if block == options[options.index("--task") + 1]]
    prepare.main(task)
    split.main(task)
    parts = [
        pd.read_parquet(workspace / "data" / task / f"{part}.parquet") for part in ("train", "valid", "calib", "test")
    ]
    assert all(len(part) for part in parts)
    assert set().union(*(part["answer"] for part in parts)) == answers
