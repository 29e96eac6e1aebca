"""Shards: the same scores whatever the sizes, kept over a kill, and never taken for another model's."""

import numpy as np
import pytest

from decant.runs import shards

TEXTS = [f"text {row}" for row in range(25)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shards, "SIZE", 10)


class Model:
    """Scores a text by its number; dies when told to."""

    def __init__(self, dies_at: int | None = None, plus: float = 0.0):
        self.calls, self.dies_at, self.plus = [], dies_at, plus

    def __call__(self, part):
        if len(self.calls) == self.dies_at:
            raise KeyboardInterrupt
        self.calls.append(len(part))
        numbers = np.array([float(text.split()[1]) for text in part], dtype=np.float32) + self.plus
        return numbers[:, None], np.stack([numbers, -numbers], axis=1)


def test_shards_give_what_one_call_would():
    model = Model()
    first, second = shards.score(model, TEXTS, "demo/soft", "key")
    assert model.calls == [10, 10, 5]
    np.testing.assert_array_equal(first[:, 0], np.arange(25))
    np.testing.assert_array_equal(second[:, 1], -np.arange(25))


def test_a_killed_run_scores_only_what_is_missing():
    with pytest.raises(KeyboardInterrupt):
        shards.score(Model(dies_at=2), TEXTS, "demo/soft", "key")
    again = Model()
    first, _ = shards.score(again, TEXTS, "demo/soft", "key")
    assert again.calls == [5]
    np.testing.assert_array_equal(first[:, 0], np.arange(25))


@pytest.mark.parametrize("what", ["key", "texts"])
def test_shards_of_another_model_or_table_are_not_used(what):
    shards.score(Model(), TEXTS, "demo/soft", "key")
    other = Model(plus=100)
    texts = TEXTS if what == "key" else [*TEXTS[:-1], "text 99"]
    first, _ = shards.score(other, texts, "demo/soft", "other" if what == "key" else "key")
    assert other.calls == [10, 10, 5]
    assert first.min() == 100


def test_finished_shards_are_forgotten():
    shards.score(Model(), TEXTS, "demo/soft", "key")
    shards.forget("demo/soft")
    again = Model()
    shards.score(again, TEXTS, "demo/soft", "key")
    assert again.calls == [10, 10, 5]
