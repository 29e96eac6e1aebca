"""A kind of head that the project does not have: labels in an order, with an output for each step from one to the next.

It has fewer outputs than labels and is softmax in one thing, sigmoid in another, so that code which takes an output for a
label, or asks for a kind by name, fails here.
"""

import numpy as np
import pandas as pd
import pytest
import torch

from decant import decision, tables
from decant.decision import Rule
from decant.heads import KINDS, Sigmoid, Softmax, layout, likely, probabilities, width
from decant.members import crossfit, fitting
from decant.scoring import calibration
from decant.training import losses

RECORDS = {
    "stars": {"kind": "steps", "labels": ["bad", "middling", "good"]},
    "urgency": {"kind": "regression", "labels": []},
    "topic": {"kind": "sigmoid", "labels": ["crypto"]},
}
STARS = np.random.default_rng(0).integers(3, size=300)


class Steps(Sigmoid):
    kind, least, several, rule = "steps", 2, False, "argmax"

    @property
    def outputs(self):
        return tuple(f"{label} or more" for label in self.labels[1:])

    def targets(self, frame, file):
        return Softmax.targets(self, frame, file).argmax(axis=1)[:, None] > np.arange(len(self.outputs))

    def of_labels(self, chances):
        ends = np.ones((len(chances), 1)), np.zeros((len(chances), 1))
        return -np.diff(np.concatenate([ends[0], np.minimum.accumulate(chances, axis=1), ends[1]], axis=1), axis=1)

    def answers(self, logits):
        return Softmax.answers(self, self.of_labels(self.probabilities(logits)))


@pytest.fixture
def heads(monkeypatch):
    monkeypatch.setitem(KINDS, "steps", Steps)
    monkeypatch.setitem(losses.LOSSES, "steps", losses.BinaryCrossEntropy)
    return layout(RECORDS)


@pytest.fixture
def frame():
    labels = np.array(RECORDS["stars"]["labels"], dtype=object)
    frame = pd.DataFrame({"id": [str(row) for row in range(300)], "stars": labels[STARS]})
    return frame.assign(urgency=STARS / 2, **{"topic.crypto": STARS == 1})


def test_it_lies_among_the_others(heads, frame):
    assert [(head.start, head.stop) for head in heads] == [(0, 2), (2, 3), (3, 4)]
    assert (width(heads), likely(heads)) == (4, [0, 1, 3])
    assert tables.columns(heads) == ["stars", "urgency", "topic.crypto"]
    wanted = np.column_stack([STARS > 0, STARS > 1, STARS / 2, STARS == 1])
    np.testing.assert_array_equal(tables.targets(frame, heads), wanted)


def test_rules_read_its_labels(heads, frame):
    targets = tables.targets(frame, heads)
    likeliest = Rule("argmax", head="stars")
    assert decision.classes(likeliest, heads) == ["bad", "middling", "good"]
    assert decision.gold(likeliest, heads, targets).argmax(axis=1).tolist() == STARS.tolist()
    chances = np.array([[0.9, 0.2, 7.0, 0.5], [0.9, 0.8, 7.0, 0.5], [0.3, 0.4, 7.0, 0.5]])
    np.testing.assert_allclose(
        decision.scores(likeliest, heads, chances), [[0.1, 0.7, 0.2], [0.1, 0.1, 0.8], [0.7, 0, 0.3]], atol=1e-12
    )
    listed = Rule("priority", order=("good", "crypto"), otherwise="rest")
    np.testing.assert_allclose(decision.evidence(listed, heads, chances), [[0.2, 0.5], [0.8, 0.5], [0.3, 0.5]])
    found = decision.gold(listed, heads, targets).argmax(axis=1)
    assert found.tolist() == [{2: 0, 1: 1, 0: 2}[star] for star in STARS]


def test_linear_members_learn_it(heads, frame):
    targets = tables.targets(frame, heads)
    features = np.column_stack([STARS, STARS == 1, np.ones(300)]).astype(float)
    chosen = {head.name: fitting.Candidate(100.0) for head in heads}
    logits = fitting.fit(features, targets, heads, chosen, 13, "here").logits(features)
    stars = heads[0]
    assert crossfit.scores(logits[:, stars.slice], targets, stars)["macro_f1"] == 1
    ignorant = crossfit.scores(crossfit.knowing_nothing(targets, stars), targets, stars)
    assert ignorant["nll"] > 0.5
    found = calibration.report(logits, targets, heads, 10)
    assert list(found) == ["stars", "topic"]
    assert found["stars"]["nll"] < 0.1
    assert calibration.temperatures(logits, targets, heads).keys() == found.keys()


def test_torch_learns_it(heads, frame):
    targets = tables.targets(frame, heads)
    bias = losses.start_bias(targets, heads)
    np.testing.assert_allclose(probabilities(bias[None], heads)[0], targets.mean(axis=0), atol=1e-5)
    weights = losses.class_weights(targets, heads, "balanced", 50.0)
    assert weights.shape == (4,)
    wanted, given = torch.from_numpy(targets), torch.from_numpy(bias).repeat(300, 1)
    sure = (wanted * 2 - 1) * 9
    sure[:, 2] = wanted[:, 2]
    assert losses.head_loss(sure, wanted, heads, weights) < 1e-3 < losses.head_loss(given, wanted, heads, weights)
    assert losses.soft_loss(sure, sure, heads, 1.0) < losses.soft_loss(given, sure, heads, 1.0)
