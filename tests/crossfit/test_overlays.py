"""What an overlay may say, and how a wrong one is told."""

import pytest
from ruamel.yaml import YAML

from decant.crossfit import road
from decant.crossfit.plan import merged, read_overlay, validated
from decant.errors import ParamsError
from decant.settings import written


@pytest.fixture
def base(workspace):
    return written.read(workspace / "params.yaml").tree


def overlay(workspace, text: str):
    file = workspace / "more.yaml"
    file.write_text(text)
    return file


def check(workspace, base: dict, text: str, task: str = "demo"):
    file = overlay(workspace, text)
    return validated(merged(task, base, read_overlay(file)), file)


def test_sections_are_merged_over_the_tasks_and_shared_keys_over_those_of_all(workspace, base):
    shared, tasks = check(workspace, base, "distil: {epochs: 20}\nseeds: [1, 2]\n")
    own, before = tasks["demo"], check(workspace, base, "threads: 1\n")[1]["demo"]
    assert (own.distil.epochs, shared.seeds) == (20, [1, 2])
    assert own.distil.layers == before.distil.layers
    assert own.teacher == before.teacher
    assert list(own.heads) == list(before.heads)  # in their order, which is that of the logits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("distill: {epochs: 3}\n", r"more\.yaml: distill: unknown key; .*did you mean 'distil'"),
        ("distil: {epoch: 3}\n", r"more\.yaml: demo\.distil\.epoch: unknown key; .*did you mean 'epochs'"),
        ("distil: {epochs: many}\n", r"more\.yaml: demo\.distil\.epochs: found 'many'"),
        (
            "demo: {distil: {epochs: 3}}\n",
            r"more\.yaml: demo: unknown key; an overlay has sections of a task at its top",
        ),
        ("tasks: [scam]\n", r"more\.yaml: tasks: unknown key"),
        ("encoders: [nobody]\n", r"more\.yaml: encoders: 'nobody' is not in the catalogue"),
        ("split: {fold: {of: 5, number: 0, rows: all}}\n", r"more\.yaml: split\.fold: a cross-fitted road sets it"),
        ("- distil\n", r"more\.yaml: found list"),
    ],
)
def test_a_wrong_overlay_is_refused_in_its_own_name(workspace, base, text, words):
    with pytest.raises(ParamsError, match=words):
        check(workspace, base, text)


def test_an_overlay_that_is_not_there_is_named(workspace):
    with pytest.raises(ParamsError, match=r"nowhere\.yaml: missing"):
        read_overlay(workspace / "nowhere.yaml")


def test_another_teacher_needs_no_other_gates(workspace, base):
    """A gate on a teacher that the overlay takes out would stop a fold, which nobody releases."""
    base["demo"]["gates"]["teacher"] = {"metric": "test", "key": "teacher_minilm_13.macro_f1", "min": 0.5}
    _, tasks = check(workspace, base, "seeds: [14]\n")
    assert list(tasks["demo"].gates) == ["leakage"]


def test_a_task_whose_encoder_comes_from_another_brings_that_one_along(workspace, base):
    base["transfers"] = {"feelings": {"first": "goemotions", "encoder": "minilm", "seed": 13}}
    tree = merged("feelings", base, {"distil": {"epochs": 2}})
    assert tree["tasks"] == ["feelings", "goemotions"]
    assert tree["feelings"]["distil"]["epochs"] == 2
    assert "epochs" not in base["feelings"]["split"]
    assert tree["goemotions"]["distil"] == base["goemotions"]["distil"]
    assert merged("scam", base, {})["transfers"] == {}


def test_the_road_is_evaluate_and_all_before_it(workspace):
    from graph import ROOT

    found = road.stages(ROOT / "dvc.yaml")
    every = list(YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text())["stages"])
    off = ["profile", "gain", "capacity", "learning", "crossfit", "benchmark", "gate", "report"]
    assert found == [name for name in every if name not in off]
    read = road.sections(ROOT / "dvc.yaml")
    assert {"split", "teacher", "distil", "thresholds", "seeds", "catalogue"} <= read
    assert not {"gates", "card", "capacity", "gain", "benchmark", "crossfit"} & read


def test_encoders_of_other_tasks_are_left_out_where_the_task_names_its_teachers(workspace, base):
    base["encoders"], base["demo"]["teachers"] = ["minilm", "mpnet"], ["minilm"]
    shared, tasks = check(workspace, base, "threads: 1\n")
    assert (shared.encoders, tasks["demo"].teachers) == (["minilm"], ["minilm"])
    shared, tasks = check(workspace, base, "teachers: [minilm, distilbert]\n")
    assert shared.encoders == tasks["demo"].teachers == ["minilm", "distilbert"]
    with pytest.raises(ParamsError, match=r"more\.yaml: encoders: 'mpnet' teaches none of the tasks demo"):
        check(workspace, base, "encoders: [minilm, mpnet]\n")
