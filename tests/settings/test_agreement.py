"""Sections of a task, or of all tasks, that contradict one another: nothing runs, and the error names what would do."""

import copy
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.errors import ParamsError
from decant.settings import params

SAFE = YAML(typ="safe", pure=True)
SAFE.sort_base_mapping_type_on_output = False
TREE = SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
GONE = object()
DEMO = TREE["demo"]
LABELS = DEMO["source"]["labels"]
SCAM = {"column": "kind", "classes": {"scam": ["scam"], "honest": ["clean"]}}


def written(folder: Path, changes: dict[tuple[str, ...], object]) -> Path:
    """params.yaml with demo and scam alone, and some values replaced; GONE takes the key out."""
    tree = copy.deepcopy({key: value for key, value in TREE.items() if not isinstance(value, dict) or key in KEPT})
    for (*way, last), value in changes.items():
        node = tree
        for step in way:
            node = node.setdefault(step, {})
        if value is GONE:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    file = folder / "params.yaml"
    with file.open("w", encoding="utf-8") as stream:
        SAFE.dump(tree, stream)
    return file


KEPT = ("defaults", "catalogue", "transfers", "demo", "scam")


def demo(changes: dict[str, object]) -> dict[tuple[str, ...], object]:
    return {("demo", *name.split(".")): value for name, value in changes.items()}


def shared(**changes) -> dict[tuple[str, ...], object]:
    return {(name,): value for name, value in changes.items()}


SPLITS = {"column": "split", "values": {"train": ["a"], "valid": ["b"], "calib": ["c"], "test": ["d"]}}
FROM_FILES = {"source.files": ["posts.csv", "more"]}
SCRATCH = {"layers": 2, "hidden_size": 32, "heads": 4, "intermediate_size": 64, "seed": 1}
CATALOGUE = {"small": {"scratch": SCRATCH, "vocab_size": 500, "pooling": "mean"}}
SMALL = {
    ("catalogue",): CATALOGUE,
    ("encoders",): ["small"],
    ("defaults", "baseline", "probe_encoder"): "small",
    ("defaults", "distil", "encoder"): "small",
    ("defaults", "distil", "layers"): [0, 1],
    ("demo", "distil"): {},
    ("scam", "distil"): {},
    ("scam", "capacity"): {},
}

WITHIN = {
    "a layer twice": ({"distil.layers": [0, 1, 1]}, "demo: distil.layers: 1 stands there twice"),
    "a layer of another size twice": (
        {"capacity": {"sweep": [{"layers": [0, 0], "min_count": 1}]}},
        "demo: capacity.sweep.0.layers: 0 stands there twice",
    ),
    "a size twice": (
        {"capacity": {"sweep": [{"layers": [0], "min_count": 1}, {"layers": [0], "min_count": 1}]}},
        "demo: capacity.sweep: ",
    ),
    "soft labels for text that is not there": (
        {"soften": {"unlabelled": True}},
        "demo: soften.unlabelled needs source.unlabelled",
    ),
    "a file twice": ({"source.files": ["posts.csv", "posts.csv"]}, "demo: source.files: 'posts.csv' stands there twice"),
    "a text twice": ({"source.text": ["text", "text"]}, "demo: source.text: 'text' stands there twice"),
    "the id in the text": ({"source.id": "text"}, "demo: source.id: 'text' is the text too"),
    "the answer in the text": (
        {"source.text": ["text", "kind"]},
        "demo: source.labels.scam: column 'kind' is source.text too",
    ),
    "the id as a label": ({"source.id": "topics"}, "demo: source.labels.topic: column 'topics' is source.id too"),
    "a header of named fields": (
        {"source.format": "jsonl", "source.header": ["id", "text"]},
        "demo: source.header names columns of csv, tsv, xlsx files, and of json of lists; jsonl has its own names",
    ),
    "a header that repeats": ({"source.header": ["id", "id"]}, "demo: source.header: 'id' stands there twice"),
    "a slice as the column of a label": (
        {"source.slices": {"topic.money": {"columns": ["handle"]}}},
        "demo: source.slices: 'topic.money' is a column of a head",
    ),
    "slices of one key": (
        {"source.slices": {"作者": {"columns": ["handle"]}, "来源": {"columns": ["handle"]}}},
        "demo: source.slices: '作者' and '来源' are both 'label' in subgroups.json",
    ),
    "a class of no raw label": (
        {"source.labels.scam": SCAM | {"classes": {"scam": [], "honest": ["clean"]}}},
        "demo: source.labels.scam.classes.scam: no raw label means it",
    ),
    "a class behind another": (
        {"source.labels.scam": SCAM | {"classes": {"scam": ["scam", "x"], "honest": ["x"]}}},
        "demo: source.labels.scam.classes.honest: 'x' stands for 'scam' already",
    ),
    "a raw label twice": (
        {"source.labels.scam": SCAM | {"classes": {"scam": ["scam", "scam"], "honest": ["clean"]}}},
        "demo: source.labels.scam.classes.scam: 'scam' stands there twice",
    ),
    "one file for two splits": (
        FROM_FILES | {"source.splits": {"files": {"train": "posts.csv", "test": "posts.csv"}}},
        "demo: source.splits.files: 'posts.csv' stands for both train and test",
    ),
    "a split inside of another": (
        FROM_FILES | {"source.splits": {"files": {"train": "more", "test": "more/x.csv"}}},
        "demo: source.splits.files: 'more/x.csv' of test lies in 'more' of train",
    ),
    "one file of ids for two splits": (
        {"source.splits": {"ids": {"train": "a.csv", "test": "a.csv"}}},
        "demo: source.splits.ids: 'a.csv' stands for both train and test",
    ),
    "a split of no value": (
        {"source.splits": SPLITS | {"values": SPLITS["values"] | {"test": []}}},
        "demo: source.splits.values.test: no value means it",
    ),
    "a rate of 2 for 2 %": ({"gates.scam_fpr.max": 2}, "demo: gates.scam_fpr.max: 2, but", "between 0 and 1", "0.02 is 2 %"),
    "a difference of more than all": (
        {"gates.not_below_linear.min": -4},
        "demo: gates.not_below_linear.min: -4, but",
        "between -1 and 1",
    ),
    "a gate with a dot": ({"gates": {"a.b": DEMO["gates"]["scam_fpr"]}}, "demo: gates: 'a.b' cannot be a name"),
    "a gate of a thousand letters": ({"gates": {"x" * 1000: DEMO["gates"]["scam_fpr"]}}, "for it has 1000 bytes"),
    "a head with a blank": (
        {"heads.my head": {"kind": "regression"}, "source.labels.my head": {"column": "n"}},
        "demo: heads: 'my head' cannot be a name: a name has letters",
    ),
    "a head that is a number": (
        {"heads.2": {"kind": "regression"}, "source.labels.2": {"column": "n"}},
        "demo: heads: '2' is a number, and JavaScript sorts such keys",
    ),
    "heads of one key": (
        {
            "heads": DEMO["heads"] | {"情感": {"kind": "regression"}, "话题": {"kind": "regression"}},
            "source.labels": LABELS | {"情感": {"column": "n"}, "话题": {"column": "m"}},
        },
        "demo: heads: '情感' and '话题' are both 'label' in the metrics, which have a to z",
    ),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("case", WITHIN.values(), ids=WITHIN)
def test_a_task_that_contradicts_itself_is_refused(tmp_path, case):
    changes, *words = case
    refuses(tmp_path, demo(changes), *words)


def refuses(folder: Path, changes: dict[tuple[str, ...], object], *words: str) -> None:
    with pytest.raises(ParamsError) as error:
        params.read_all(written(folder, changes))
    for word in words:
        assert word in str(error.value)


DASHED = {"tasks": ["demo", "demo-small"], "encoders": ["minilm", "small-minilm"]}
ACROSS = {
    "no task": (shared(tasks=[]), "params.yaml: tasks: found []; list should have at least 1 item"),
    "no list of tasks": (shared(tasks=None), "params.yaml: tasks: found None; input should be a valid list"),
    "a misspelt task": (shared(tasks=["dmeo"]), "params.yaml: tasks: no block named 'dmeo'; blocks are demo, scam"),
    "tasks apart by case": (
        {("Demo",): {key: value for key, value in DEMO.items() if key != "generator"}},
        "demo and Demo: one name but for its case",
    ),
    "a task that is a path": ({("../x",): DEMO}, "params.yaml: ../x: no name for a task: '../x' cannot be a name: a name has letters"),
    "a task that is a command": ({("$(touch x)",): DEMO}, "$(touch x): no name for a task: '$(touch x)' cannot be a name"),
    "a task with a dot": ({("my.task",): DEMO}, "my.task: no name for a task: 'my.task' cannot be a name"),
    "a task with a blank": ({("my task",): DEMO}, "my task: no name for a task: 'my task' cannot be a name"),
    "a task that is an option": ({("-x",): DEMO}, "-x: no name for a task: '-x' cannot be a name"),
    "a task that is a device": ({("aux",): DEMO}, "aux: no name for a task: 'aux' cannot be a name: Windows"),
    "a task in the folder of raw tables": ({("raw",): DEMO}, "raw: no name for a task"),
    "a task in the folder of the hub": ({("hub",): DEMO}, "hub: no name for a task"),
    "a task in the file of the code": ({("Code",): DEMO}, "Code: no name for a task"),
    "a task that is generated too": ({("again",): DEMO}, "again.generator: only demo is generated"),
    "an encoder with a dot": (
        {("catalogue", "mini.lm"): TREE["catalogue"]["minilm"]},
        "params.yaml: catalogue: 'mini.lm' cannot be a name",
    ),
    "names that dvc joins into one": (
        {(name,): value for name, value in DASHED.items()}
        | {("demo-small",): {key: value for key, value in DEMO.items() if key != "generator"}}
        | {("catalogue", "small-minilm"): TREE["catalogue"]["minilm"]},
        "tasks: demo and demo-small with the encoders minilm, small-minilm are both demo-small-minilm in dvc",
    ),
    "a layer that scratch has not": (
        SMALL | {("demo", "distil"): {"layers": [0, 2]}},
        "demo.distil.layers: 2: the encoder small starts from nothing, with layers 0 to 1",
    ),
    "heads that scratch has not": (
        SMALL | {("demo", "capacity"): {"sweep": [{"layers": [0], "min_count": 1, "heads": 5}]}},
        "demo.capacity.sweep.0.heads: 5: the encoder small starts from nothing, with 4",
    ),
    "a section of the defaults that is none": (
        {("defaults", "card"): "mit"},
        "params.yaml: defaults.card: found 'mit', expected a section with keys",
    ),
}  # fmt: skip


@pytest.mark.bad_input
@pytest.mark.parametrize("case", ACROSS.values(), ids=ACROSS)
def test_tasks_and_encoders_that_get_in_each_others_way_are_refused(tmp_path, case):
    refuses(tmp_path, *case)


ACCEPTED = {
    "nothing changed": {},
    "a scratch encoder": SMALL,
    "an open rate": demo({"gates.scam_fpr.max": 1.0}),
    "one raw label of two classes of which any may hold": demo(
        {"source.labels.topic.classes": {"crypto": ["x"], "money": ["x"]}}
    ),
    "a class with one raw label of its own behind another": demo(
        {"source.labels.scam": SCAM | {"classes": {"scam": ["scam", "x"], "honest": ["x", "clean"]}}}
    ),
    "a split carved from what the rest is": demo(
        {
            "source.splits": {"column": "split", "values": {"test": ["d"]}, "rest": "train"},
            "split": {"carve": {"calib": {"source": "train", "share": 0.1}, "valid": {"source": "train", "share": 0.1}}},
        }
    ),
    "a file in a folder beside a split": demo(
        FROM_FILES | {"source.splits": {"files": {"train": "posts.csv", "test": "more"}}}
    ),
    "names of one beginning": {
        ("tasks",): ["demo", "demo-small"],
        ("demo-small",): {key: value for key, value in DEMO.items() if key != "generator"},
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_no_contradiction_passes(tmp_path, changes):
    _, tasks = params.read_all(written(tmp_path, changes))
    assert {"demo", "scam"} <= set(tasks)
