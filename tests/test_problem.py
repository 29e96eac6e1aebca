"""A problem is built from sections of params.yaml, and says what they say."""

import dataclasses

import pytest
from graph import ROOT

from decant.decision import Rule
from decant.heads import Regression, Sigmoid, Softmax, records
from decant.problem import Problem
from decant.settings.decision import Decision, rule_of
from decant.settings.heads import HeadSettings, heads_of
from decant.settings.params import read

HEADS = {
    "scam": HeadSettings(kind="softmax", labels=["no", "yes"], groups={"all": ["yes", "no"]}),
    "topic": HeadSettings(kind="sigmoid", labels=["crypto"]),
    "urgency": HeadSettings(kind="regression"),
}


def test_the_heads_are_those_of_the_settings_in_their_order():
    assert heads_of(HEADS) == (
        Softmax("scam", ("no", "yes"), 0, (("all", ("yes", "no")),)),
        Sigmoid("topic", ("crypto",), 2),
        Regression("urgency", (), 3),
    )
    assert records(heads_of(HEADS)) == {name: head.model_dump() for name, head in HEADS.items()}
    assert [head.name for head in heads_of(dict(reversed(HEADS.items())))] == ["urgency", "topic", "scam"]


@pytest.mark.parametrize(
    ("decision", "rule"),
    [
        (Decision(rule="argmax", head="scam"), Rule("argmax", "scam")),
        (
            Decision(rule="priority", order=["yes", "crypto"], otherwise="clean"),
            Rule("priority", None, ("yes", "crypto"), "clean"),
        ),
    ],
    ids=["argmax", "priority"],
)
def test_the_rule_is_that_of_the_settings(decision, rule):
    assert rule_of(decision) == rule
    assert rule.record() == decision.model_dump()


@pytest.mark.parametrize("task", ["demo", "scam", "goemotions"])
def test_a_problem_is_all_three_of_them(task):
    p = read(task, ROOT / "params.yaml")
    found = Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)
    assert found == Problem(heads_of(p.heads), rule_of(p.decision), p.tokens.max_length)


def test_a_problem_does_not_change():
    found = Problem(heads_of(HEADS), Rule("argmax", "scam"), 48)
    for part, field in ((found, "max_length"), (found.rule, "head"), (found.heads[0], "start")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(part, field, 1)
    assert hash(found) == hash(Problem(heads_of(HEADS), Rule("argmax", "scam"), 48))
