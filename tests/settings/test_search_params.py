"""The search section of params.yaml: a space that cannot be drawn from, or not compared by, is refused by its key."""

import pytest
from pydantic import ValidationError

from decant.settings.search import Search, Space

BASE = {"on": True, "method": "tpe", "trials": 20, "pruner": "median", "seed": 13, "teacher_seed": 13}
SPAN = {"low": 1.0e-5, "high": 1.0e-3, "log": True}


def search(space: dict, **changes) -> Search:
    return Search.model_validate(BASE | changes | {"space": space})


def test_a_space_is_a_span_or_choices():
    found = search({"learning_rate": SPAN, "batch_size": {"choices": [16, 32]}, "epochs": {"low": 2, "high": 4}}).space
    assert found["learning_rate"].named() == [1.0e-5, 1.0e-3]
    assert found["batch_size"].named() == [16, 32]
    assert [type(value) for value in found["epochs"].named()] == [int, int]


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "has low and high, or choices; null takes away what the defaults give"),
        ({"low": 1}, "has low and high, or choices"),
        ({"low": 1, "high": 2, "choices": [1]}, "has low and high, or choices"),
        ({"low": 2, "high": 2}, "low 2 must be below high 2"),
        ({"low": 0.0, "high": 2.0, "log": True}, "low 0.0 must be .* above 0 if log is true"),
        ({"choices": []}, "choices is empty"),
        ({"choices": [16, 32, 16]}, "choices repeat"),
        ({"choices": [16, 32], "log": True}, "choices have no log; set it to false"),
    ],
)
def test_a_space_of_no_kind_is_refused(space, words):
    with pytest.raises(ValidationError, match=words):
        Space.model_validate(space)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"epoch": SPAN}, "space: the teacher section has no 'epoch'; it has epochs, learning_rate"),
        ({"select": {"choices": ["nll", "accuracy"]}}, r"space: trials are compared by teacher\.select; it must be the same"),
        ({"schedule": SPAN}, "space: schedule is no number and has no low and high; give choices"),
        ({"checkpointing": {"low": 0, "high": 1}}, "space: checkpointing is no number"),
        ({"schedule": {"choices": ["linear", "cosin"]}}, "space: schedule: found 'cosin'; Input should be 'linear', 'cosine'"),
        ({"batch_size": {"choices": [16, 0]}}, "space: batch_size: found 0; Input should be greater than or equal to 1"),
        ({"batch_size": {"choices": [16, 16.5]}}, "space: batch_size: found 16.5; Input should be a valid integer"),
        ({"batch_size": {"low": 8.0, "high": 64}}, "space: batch_size: found 8.0; Input should be a valid integer"),
        ({"batch_size": {"choices": ["16"]}}, "space: batch_size: found '16'; Input should be a valid integer"),
        ({"checkpointing": {"choices": [1, 0]}}, "space: checkpointing: found 1; Input should be a valid boolean"),
        ({"warmup": {"low": 0, "high": 1.5}}, "space: warmup: found 1.5; Input should be less than or equal to 1"),
        ({"learning_rate": {"low": 0.0, "high": 0.1}}, "space: learning_rate: found 0.0; Input should be greater than 0"),
    ],
)  # fmt: skip
def test_values_that_the_teacher_section_would_refuse_are_refused(space, words):
    with pytest.raises(ValidationError, match=words):
        search(space)


def test_a_grid_needs_choices():
    with pytest.raises(ValidationError, match="a grid needs choices, learning_rate has low and high"):
        search({"learning_rate": SPAN, "batch_size": {"choices": [16]}}, method="grid")


def test_a_search_needs_a_space():
    with pytest.raises(ValidationError, match="space: nothing to search"):
        search({})
    assert search({}, on=False).space == {}
