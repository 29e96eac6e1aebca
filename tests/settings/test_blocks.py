"""Task blocks of params.yaml: misspelt sections, splits that contradict each other, names that metrics could not tell apart."""

import pytest
from test_params import GONE, PRIORITY, TREE, YAML_SAFE, changed, refuses, saying

from decant.errors import ParamsError
from decant.settings import params

MINILM = TREE["catalogue"]["minilm"]
SPLITS = {"column": "part", "values": {"train": ["tr"], "valid": ["dev", "val"], "test": ["te"]}}


@pytest.mark.bad_input
def test_a_misspelt_section_is_named(tmp_path):
    unknown = "params.yaml: scam.teachr: unknown key; allowed here: source, generator,"
    refuses(tmp_path, {"scam.teachr": {"epochs": 3}}, unknown, "did you mean 'teacher'?")


@pytest.mark.bad_input
@pytest.mark.parametrize("name", ["code", "shared", "my.task", "my task"])
def test_a_task_needs_a_name_that_a_file_in_checked_can_have(tmp_path, name):
    file = tmp_path / "params.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(TREE | {name: TREE["demo"]}, stream)
    with pytest.raises(ParamsError, match=saying(f"params.yaml: {name}: no name for a task")):
        params.read("demo", file)


def test_a_section_that_a_block_does_not_name_comes_from_the_defaults(tmp_path):
    assert "teacher" not in TREE["demo"]
    assert params.read("demo", changed(tmp_path, {"defaults.teacher.epochs": 7})).teacher.epochs == 7


def test_a_misspelt_section_without_defaults_is_named_beside_the_one_that_is_missing(tmp_path):
    changes = {"scam.decisoin": PRIORITY, "scam.decision": GONE}
    refuses(tmp_path, changes, "scam.decisoin: unknown key", "did you mean 'decision'?", "scam.decision: missing key")


MEANT = {
    "a key of a section": ({"scam.teacher": {"epoch": 3}}, "scam.teacher.epoch: unknown key", "did you mean 'epochs'?"),
    "a key of the catalogue": (
        {"catalogue.minilm.poling": "mean"},
        "catalogue.minilm.poling",
        "did you mean 'pooling'?",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", MEANT.values(), ids=MEANT)
def test_a_misspelt_key_is_answered_by_the_one_that_is_like_it(tmp_path, case):
    refuses(tmp_path, *case)


CONTRADICTIONS = {
    "carving from test": (
        {"toxicity.split.carve": {"calib": {"source": "test", "share": 0.5}}},
        "toxicity.split: carve.calib takes rows from test, which is what is published and compared; take them from train",
    ),
    "order of time beside given splits": (
        {"demo.source.splits": SPLITS, "demo.split": {"order": "time"}},
        "demo: split.order: time would place rows that source.splits has placed already; take one of the two out",
    ),
    "a value for two splits": (
        {"demo.source.splits": SPLITS | {"values": {"train": ["a", "b"], "test": ["c", "b"]}}},
        "demo.source.splits: values: 'b' stands for both train and test; keep one of the two",
    ),
    "a quote between cells": ({"demo.source.delimiter": '"'}, "demo.source.delimiter: '\"' cannot part cells"),
    "a line break between cells": ({"demo.source.delimiter": "\n"}, "demo.source.delimiter: '\\n' cannot part cells"),
    "a return between cells": ({"demo.source.delimiter": "\r"}, "demo.source.delimiter: '\\r' cannot part cells"),
    # dvc shows no such keys, and the stages that write them would stop after hours of training
    "an encoder with a dot": (
        {"encoders": ["minilm", "tiny.v2"], "catalogue": {"minilm": MINILM, "tiny.v2": MINILM}},
        "catalogue: 'tiny.v2' cannot be a name: a name has letters",
    ),
    "encoders with one slug": (
        {"encoders": ["minilm", "MiniLM"], "catalogue": {"minilm": MINILM, "MiniLM": MINILM}},
        "encoders: 'minilm' and 'MiniLM' are both 'minilm' in the metrics",
    ),
    "a teacher that dvc has no stage for": (
        {"demo.teachers": ["minilm", "mpnet"]},
        "demo.teachers: 'mpnet' is not among encoders. Write at the top: encoders: [minilm, mpnet]",
    ),
    "a teacher that nobody knows": (
        {"scam.teachers": ["nobody"], "scam.baseline.probe_encoder": "nobody", "scam.distil.encoder": "nobody"},
        "scam.teachers: 'nobody' is not in the catalogue: minilm",
    ),
    "an encoder that teaches no task": (
        {"encoders": ["minilm", "mpnet"], "demo.teachers": ["minilm"]},
        "encoders: 'mpnet' teaches none of the tasks demo: each names others in its teachers.",
    ),
    "a student of an encoder that teaches other tasks": (
        {"tasks": ["demo", "scam"], "encoders": ["minilm", "mpnet"], "demo.teachers": ["mpnet"]},
        "demo.baseline.probe_encoder: 'minilm' is not among its teachers: mpnet",
    ),
    "a transfer from a teacher that the first task has not": (
        {
            "tasks": ["demo", "scam"],
            "encoders": ["minilm", "mpnet"],
            "scam.teachers": ["minilm"],
            "transfers": {"demo": {"first": "scam", "encoder": "mpnet", "seed": 13}},
        },
        "transfers.demo: encoder 'mpnet' is not among encoders: minilm; there would be no such teacher",
    ),
    "no teacher": ({"demo.teachers": []}, "demo.teachers: found []"),
    "a head with a blank": (
        {"demo.heads.how much": {"kind": "regression"}, "demo.source.labels.how much": {"column": "urgency"}},
        "demo: heads: 'how much' cannot be a name: a name has letters",
    ),
    "heads with one slug": (
        {"demo.heads.Scam": {"kind": "regression"}, "demo.source.labels.Scam": {"column": "urgency"}},
        "demo: heads: 'scam' and 'Scam' are both 'scam' in the metrics",
    ),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_named(tmp_path, case):
    refuses(tmp_path, *case)


ALLOWED = {
    "a tab between cells": {"demo.source.delimiter": "\t"},
    "a value twice for one split": {"demo.source.splits": SPLITS | {"values": {"train": ["a", "a"], "test": ["c"]}}},
    "two splits carved from one": {
        "toxicity.split.carve": {name: {"source": "train", "share": 0.1} for name in ("valid", "calib")}
    },
    "a test set carved from train": {"toxicity.split.carve": {"test": {"source": "train", "share": 0.1}}},
    "order of time without given splits": {"demo.split": {"order": "time"}},
    "other teachers of a task that is not built": {"scam.teachers": ["minilm", "mpnet"]},
    "another teacher of one task alone": {
        "tasks": ["demo", "scam"],
        "encoders": ["minilm", "mpnet"],
        "demo.teachers": ["minilm"],
    },
}


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_what_does_no_harm_is_allowed(tmp_path, changes):
    assert params.read("demo", changed(tmp_path, changes)).task == "demo"


def test_a_task_that_leaves_its_teachers_open_has_every_encoder(tmp_path):
    file = changed(tmp_path, {"tasks": ["demo", "scam"], "encoders": ["minilm", "mpnet"], "demo.teachers": ["minilm"]})
    assert params.read("demo", file).teachers == ["minilm"]
    assert params.read("scam", file).teachers == ["minilm", "mpnet"]
