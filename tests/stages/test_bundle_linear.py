"""The bundle of a task with `ship: linear`, and what a wrong one is stopped by."""

import numpy as np
import pytest
from bundles import HEADS, write_task
from linear_bundles import TEXTS, fit
from ruamel.yaml import YAML

from decant import paths
from decant.errors import ParityError
from decant.files import read_json, write_json
from decant.heads import tempered
from decant.members import portable
from decant.runtime import Bundle
from decant.shipped import golden
from decant.shipping import RIVAL
from stages import bundle as stage

TEMPERATURES = {"scam": 2.0, "topic": 0.5}
LIMITS = {"scam": 0.1, "crypto": 0.6}


@pytest.fixture
def fitted(workspace):
    """What the stage reads; logits of the linear member, as it was fitted."""
    write_task(workspace, TEXTS)
    yaml = YAML()
    tree = yaml.load((workspace / "params.yaml").read_text())
    tree["demo"]["ship"] = "linear"
    gates = {"int8_size": None, "not_below_linear": None}
    tree["demo"]["gates"] = gates | {"bytes": {"metric": "benchmark", "key": "bundle_bytes", "max": 9}}
    with (workspace / "params.yaml").open("w") as file:
        yaml.dump(tree, file)
    write_json(paths.thresholds("demo"), {"student_int8": {"scam": 0.9, "crypto": 0.9}, "linear": LIMITS})
    write_json(paths.soft("demo") / "ensemble.json", {"temperatures": {"linear": TEMPERATURES}})
    return fit(paths.baseline("demo"), 2, 3, HEADS[-1].stop)


def test_the_bundle_answers_as_the_calibrated_linear_model(fitted):
    stage.main("demo")
    bundle = Bundle(paths.bundle("demo"))
    wanted = tempered(fitted(TEXTS), HEADS, TEMPERATURES)
    assert np.abs(bundle.logits(TEXTS) - wanted).max() < 1e-5
    assert bundle.thresholds == LIMITS
    assert {found["answer"] for found in bundle.predict(TEXTS)} <= set(bundle.classes_)
    assert bundle.explain("claim it now")[0][0] == "claim"


def test_the_record_says_which_model_it_is_and_the_golden_texts_hold(fitted):
    stage.main("demo")
    record = read_json(paths.bundle("demo") / "decant.json")
    assert record["model"] == "linear"
    assert not {"max_length", "normalizer", "batches"} & set(record)
    assert golden.check(paths.bundle("demo")) == 60
    assert "alone" not in read_json(paths.bundle("demo") / golden.FILE)["texts"][0]


def test_the_same_inputs_give_the_same_bytes(fitted):
    stage.main("demo")
    before = {path: path.read_bytes() for path in paths.bundle("demo").rglob("*") if path.is_file()}
    stage.main("demo")
    assert {path: path.read_bytes() for path in paths.bundle("demo").rglob("*") if path.is_file()} == before


def test_a_bundle_that_answers_otherwise_than_the_model_is_refused(fitted, monkeypatch):
    """Planted: the temperatures are left out."""
    real = portable.write
    cold = dict.fromkeys(TEMPERATURES, 1.0)
    monkeypatch.setattr(stage.portable, "write", lambda member, heads, _, folder: real(member, heads, cold, folder))
    with pytest.raises(ParityError, match="the bundle and the linear model differ by"):
        stage.main("demo")
    assert not paths.bundle("demo").exists()


def test_each_contestant_that_may_ship_has_a_rival():
    assert {RIVAL[RIVAL[name]] for name in RIVAL} == set(RIVAL)
