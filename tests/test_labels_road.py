"""One table whose labels are any texts that somebody can see goes down the whole road, with an encoder of random weights.

What comes out is read as a user reads it: metrics by their keys, pages, figures, sheets, the bundle and its answers, files of
`predict`, the service, and the page. The stages run in this process: what is tested is what becomes of labels.
"""

import csv
import importlib
import json
import random
import warnings
import zipfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import fresh
import numpy as np
import pandas as pd
import pytest
import tiny
from anylabels import ANY
from graph import ROOT
from markdown_it import MarkdownIt
from python_calamine import CalamineWorkbook
from ruamel.yaml import YAML

from decant import paths
from decant.__main__ import main
from decant.data import formulas
from decant.data.answered import parted
from decant.files import read_json, write_json
from decant.keys import STUDENT_INT8, class_keys
from decant.report.glyphs import TOLD
from decant.runtime import Bundle
from decant.settings import params
from decant.verdict import champion

TASK = "labels"
SOME = ["p|q", "p", "q", "back\\slash"]  # of which any may hold
ROWS = 8  # of each label
STAGES = (
    "prepare split unlabelled encoder adapt gain search profile baseline noise teacher soften distil capacity learning export quantize "
    "thresholds bundle evaluate crossfit benchmark gate report"
).split()
OF_ENCODER = {"encoder", "adapt", "gain", "search"}
SAFE = YAML(typ="safe", pure=True)
SAFE.sort_base_mapping_type_on_output = False


def rows() -> list[dict]:
    draw = random.Random(7)
    words = (
        "train order friend north late price phone garden music winter letter doctor river window coffee market".split()
    )
    return [
        {
            "id": f"r{number}",
            "text": f"{' '.join(draw.choices(words, k=7))} w{number % len(ANY)} number {number}",
            "kind": ANY[number % len(ANY)],
            "also": [label for label in SOME if draw.random() < 0.5],
        }
        for number in range(ROWS * len(ANY))
    ]


def arrange(folder: Path) -> None:
    raw = folder / paths.raw(TASK)
    raw.mkdir(parents=True)
    (raw / "rows.jsonl").write_text("\n".join(map(json.dumps, rows())), encoding="utf-8")
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    tiny.shrink(
        folder / "params.yaml", tiny.write_encoder(folder / "source", [row["text"] for row in rows()], layers=2)
    )
    tree = SAFE.load((folder / "params.yaml").read_text(encoding="utf-8"))
    tree = {key: tree[key] for key in ("encoders", "seeds", "threads", "catalogue", "transfers", "defaults")}
    defaults = tree["defaults"]
    defaults["split"] |= {"least": 0, "max_drift": 1.0}
    defaults["baseline"] |= {"folds": 2, "strengths": [10.0]}
    defaults["distil"] |= {"layers": [0], "start": "encoder", "epochs": 1}
    defaults["teacher"] |= {"epochs": 1}
    defaults["quantize"] |= {"min_agreement": 0.0, "recipes": ["channel"]}
    defaults["export"]["rows"] = 50
    keys = class_keys(ANY)
    gates = {
        "emoji": {"metric": "test", "key": f"{STUDENT_INT8}.classes.{keys['😀']}.recall", "min": 0.0},
        "pipe": {"metric": "paired", "key": f"minus_linear.classes.{keys['a|b']}.f1", "min": -1.0},
    }
    tree[TASK] = {
        "source": {
            "files": ["rows.jsonl"], "id": "id", "text": "text",
            "labels": {"kind": {"column": "kind"}, "also": {"column": "also"}},
        },
        "heads": {
            "kind": {"kind": "softmax", "labels": ANY, "groups": {"<g>|": ANY[:9], "情": ANY[9:]}},
            "also": {"kind": "sigmoid", "labels": SOME},
        },
        "decision": {"rule": "argmax", "head": "kind"},
        "gates": gates,
    }  # fmt: skip
    with (folder / "params.yaml").open("w", encoding="utf-8") as stream:
        SAFE.dump({"tasks": [TASK]} | tree, stream)


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """The folder after all stages, in which every test stands; a figure that could not draw a label has warned."""
    folder = tmp_path_factory.mktemp("labels")
    arrange(folder)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*[Gg]lyph.*")
        warnings.filterwarnings("error", message=".*starting with.*_.*")  # of a legend, which leaves it out
        patch.chdir(folder)
        patch.setenv("DVC_STAGE", "labels")
        patch.setenv("PYTHONPATH", str(ROOT))
        for name in STAGES:
            more = ["tiny"] if name in OF_ENCODER else ["tiny", "13"] if name == "teacher" else []
            importlib.import_module(f"stages.{name}").main(TASK, *more)
        yield folder


KEYS = class_keys(ANY)


def test_every_label_has_rows_and_figures_of_its_own(road):
    counted = Counter(row["kind"] for row in rows())
    prepared = pd.read_parquet(paths.prepared(TASK))
    assert Counter(prepared["kind"]) == counted
    assert read_json(paths.metrics(TASK, "prepare"))["answers"] == {KEYS[name]: counted[name] for name in ANY}
    assert len(set(KEYS.values())) == len(ANY)
    test = read_json(paths.metrics(TASK, "test"))
    shown = pd.read_parquet(paths.split_file(TASK, "test"))["kind"]
    for contestant in ("linear", "ensemble", STUDENT_INT8):
        found = {KEYS[name]: int((shown == name).sum()) for name in ANY}
        assert {key: entry["support"] for key, entry in test[contestant]["classes"].items()} == found
    assert read_json(paths.metrics(TASK, "gate"))["gates"].keys() >= {"emoji", "pipe"}


def test_predictions_and_the_prepared_table_hold_each_answer_once_and_whole(road):
    found = pd.read_parquet(paths.predictions(TASK))
    test = pd.read_parquet(paths.split_file(TASK, "test")).set_index("id")
    for row in found.itertuples():
        assert parted(row.answer) == [test.loc[row.id, "kind"]]
    assert {label for answer in found[STUDENT_INT8] for label in parted(answer)} <= set(ANY)
    assert [name for name in found if name.startswith("score_")] == [f"score_{KEYS[name]}" for name in ANY]


def test_a_champion_is_compared_answer_by_answer(road):
    champion.crown(TASK, "0" * 32)
    frame = pd.read_parquet(paths.split_file(TASK, "test"))
    numbers, chosen = champion.answers(TASK, frame, ANY)
    given = pd.read_parquet(paths.predictions(TASK)).set_index("id").loc[frame["id"], STUDENT_INT8]
    assert numbers.tolist() == list(range(len(frame)))
    assert [[ANY[place] for place in np.flatnonzero(row)] for row in chosen] == given.map(parted).tolist()


def test_the_bundle_knows_every_label_by_its_own_name(road):
    bundle = Bundle(paths.bundle(TASK))
    config = read_json(paths.bundle(TASK) / "config.json")
    assert list(config["id2label"].values()) == [*ANY, *SOME]
    assert config["label2id"] == {name: place for place, name in enumerate([*ANY, *SOME])}
    assert read_json(paths.bundle(TASK) / "decant.json")["heads"]["kind"]["labels"] == ANY
    (prediction,) = bundle.predict(["train order"])
    assert prediction["answer"] in ANY
    assert list(prediction["heads"]["kind"]) == ANY
    assert list(prediction["heads"]["also"]) == SOME


class Tags(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.text, self.links = Counter(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.text.append(data)


def cells(markdown: str, title: str) -> list[list[str]]:
    """The rows of the first table below a title, as a reader of Markdown sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown[markdown.index(title) :])
    found, inside = [], False
    for token in tokens:
        if token.type == "tr_open":
            found.append([])
        if token.type == "inline" and inside:
            found[-1].append("".join(part.content for part in token.children if part.type != "html_inline"))
        inside = token.type in ("td_open", "th_open") or (inside and token.type != "td_close")
        if token.type == "table_close":
            break
    return found


def visible(label: str) -> str:
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in label)


@pytest.mark.parametrize("name", ["report", "card"])
def test_a_page_in_markdown_has_a_row_for_each_label_and_no_markup_of_theirs(road, name):
    text = paths.page(TASK, name).read_text(encoding="utf-8")
    title = f"## {STUDENT_INT8}, class by class" if name == "report" else "| class |"
    table = cells(text, title)
    assert len({len(row) for row in table}) == 1, "a | in a label ends no cell"
    assert [row[0] for row in table[1:]] == [visible(label) for label in ANY]
    read = Tags(MarkdownIt("commonmark").enable("table").render(text.split("\n---\n", 1)[-1]))
    assert not {"script", "b"} & set(read.tags)
    assert "http://a.example" not in read.links


def test_pages_in_html_show_labels_and_run_none(road):
    for file in (paths.page(TASK, "report").with_suffix(".html"), paths.page(TASK, "data").with_suffix(".html")):
        text = file.read_text(encoding="utf-8")
        assert "<script>alert" not in text
    read = Tags(paths.page(TASK, "report").with_suffix(".html").read_text(encoding="utf-8"))
    shown = "\n".join(read.text)
    for label in ANY:
        assert label in shown, label


def test_the_figures_say_what_their_font_lacks(road):
    assert TOLD in paths.page(TASK, "report").read_text(encoding="utf-8")
    assert "(U+6B63)" in paths.page(TASK, "data").read_text(encoding="utf-8")


def test_a_sheet_has_labels_as_text_and_no_formula(road):
    sheet = CalamineWorkbook.from_path(paths.ledger(TASK)).get_sheet_by_name("classes").to_python()
    assert {line[1] for line in sheet[1:]} == set(ANY)
    with zipfile.ZipFile(paths.ledger(TASK)) as archive:
        written = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert written
    assert not [text for text in written if "<f>" in text or "<hyperlink" in text]


def test_tables_behind_the_plots_keep_labels_apart(road):
    for name, columns in (("confusion", ["actual", "predicted"]), ("roc", ["label"]), ("precision_recall", ["label"])):
        with (paths.plots(TASK) / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            found = {row[column] for row in csv.DictReader(stream) for column in columns}
        assert found <= set(ANY)
        assert len(found) > 10


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_predict_writes_each_answer_so_that_it_is_read_again(road, suffix):
    texts = [row["text"] for row in rows()][:40]
    Path("texts.jsonl").write_text("\n".join(json.dumps({"post": text}) for text in texts), encoding="utf-8")
    assert (
        main(
            ["predict", "--task", TASK, "texts.jsonl", "--text", "post", "--out", f"scored.{suffix}", "--workers", "1"]
        )
        == 0
    )
    if suffix == "csv":
        with open("scored.csv", encoding="utf-8", newline="") as stream:
            found = [formulas.plain(row["answer"]) for row in csv.DictReader(stream)]
    elif suffix == "jsonl":
        found = [json.loads(line)["answer"] for line in Path("scored.jsonl").read_text(encoding="utf-8").splitlines()]
    else:
        found = pd.read_parquet("scored.parquet")["answer"].tolist()
    assert found == [one["answer"] for one in Bundle(paths.bundle(TASK)).predict(texts)]


def test_look_shows_the_labels_and_runs_none(road):
    assert main(["look", "--task", TASK]) == 0
    text = paths.look(TASK).read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;, answered " in text


def test_params_of_such_labels_are_checked_as_any(road):
    assert list(params.read(TASK).heads["kind"].labels) == ANY
    fresh.record(TASK)
    write_json("checked.json", fresh.contents(params.FILE.read_bytes(), params.FILE.absolute())[TASK])
    assert json.loads(read_json("checked.json")["heads"])["kind"]["labels"] == ANY
