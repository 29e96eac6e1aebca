"""What is timed: texts of exactly one length, the rows of each contestant, and the figures that come of it."""

import numpy as np
import pandas as pd
import pytest
import tiny
from tokenizers import Tokenizer

from decant.errors import DataError
from decant.members import clock, speed


@pytest.fixture(scope="module")
def tokenizer(texts, tmp_path_factory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny.write_tokenizer(folder, texts[:100], 60)  # few words: most are several tokens
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.mark.parametrize("tokens", [4, 8, 33, 96])
def test_texts_of_a_length_have_exactly_that_many_tokens(tokenizer, texts, tokens):
    found = speed.of_length(tokenizer, texts, tokens)
    assert [len(tokenizer.encode(text).ids) for text in found] == [tokens] * speed.OF_A_LENGTH
    assert len(set(found)) > 10
    assert all(text in " ".join([*texts, *texts]) for text in found), "the table's own words, in its order"


def test_a_few_short_texts_are_read_again_until_they_are_long_enough(tokenizer):
    (found,) = speed.of_length(tokenizer, ["now"], 40)
    assert found.split() == ["now"] * len(found.split())
    assert len(tokenizer.encode(found).ids) == 40


def test_a_length_that_no_text_can_have_is_refused(tokenizer):
    class Pairs:  # every word is two tokens, which never stand alone
        def encode(self, text, add_special_tokens=True):
            return type("Encoding", (), {"ids": [0] * (2 * len(text.split()) + 2 * add_special_tokens),
                                         "offsets": [(0, len(text))] * 2 * len(text.split())})  # fmt: skip

    with pytest.raises(
        DataError, match=r"valid: 2 texts, and no run of them has 9 tokens\. Take 9 out of benchmark\.len"
    ):
        speed.of_length(Pairs(), ["one two", "three"], 9)


def people(kinds: dict[str, str], rows: int, slow_texts: int, monkeypatch) -> tuple[dict, np.ndarray]:
    """Contestants of these kinds that answer nothing, over texts of 1 to `rows` tokens in a mixed order."""
    monkeypatch.setattr(speed, "opened", lambda recipe: lambda texts: texts)
    counts = np.random.default_rng(0).permutation(rows) + 1
    frame = pd.DataFrame({name: [f"{name} {count}" for count in counts] for name in ("text", "linear", "raw")})
    return speed.crew({name: {"kind": kind} for name, kind in kinds.items()}, frame, counts, slow_texts), counts


def test_each_contestant_reads_its_own_column_and_the_slow_ones_fewer_rows_of_all_lengths(monkeypatch):
    kinds = {"a": "linear", "b": "bundle", "c": "onnx", "d": "torch", "e": "probe"}
    crew, counts = people(kinds, 50, 5, monkeypatch)
    assert {name: one.texts.iloc[0].split()[0] for name, one in crew.items()} == {
        "a": "linear", "b": "raw", "c": "text", "d": "text", "e": "text"
    }  # fmt: skip
    assert [len(one.texts) for one in crew.values()] == [50, 50, 50, 5, 5]
    assert sorted(counts[crew["d"].texts.index]) == [1, 13, 25, 38, 50]
    assert [f"text {counts[row]}" for row in crew["d"].texts.index] == crew["d"].texts.tolist()


def test_fewer_rows_than_the_slow_ones_want_are_all_of_them(monkeypatch):
    crew, _ = people({"a": "torch"}, 3, 32, monkeypatch)
    assert crew["a"].texts.index.tolist() == [0, 1, 2]


def test_batches_hold_every_row_once_and_rows_of_like_length(monkeypatch):
    crew, _ = people({"a": "onnx"}, 50, 5, monkeypatch)
    asked = []
    crew = {"a": speed.Contestant({}, asked.append, crew["a"].texts)}
    monkeypatch.setattr(clock.Clock, "seconds", lambda self, call, given: call(given) or 0.5)
    rates = speed.in_batches(crew, np.array([int(text.split()[1]) for text in crew["a"].texts]), 20, clock.Clock(1))
    assert rates == {"a": 50 / 1.5}
    sizes = [[int(text.split()[1]) for text in batch] for batch in asked]
    assert next(batch for batch in sizes if batch[0] == 1) == list(range(1, 21))
    assert sorted(size for batch in {tuple(batch) for batch in sizes} for size in batch) == list(range(1, 51))


def test_a_ratio_is_taken_on_the_rows_that_both_answered():
    shipped = pd.Series([0.001, 0.002, 0.003, 0.010])
    found = speed.figures(pd.Series([0.004, 0.012], index=[1, 2]), shipped)
    assert found["texts"] == 2
    assert found["to_int8"] == pytest.approx(0.016 / 0.005)
    assert (found["ms_p50"], found["ms_p95"]) == (pytest.approx(8.0), pytest.approx(11.6))


def test_the_ensemble_takes_as_long_as_all_its_members_that_vote():
    times = {
        "linear": pd.Series([1.0, 2.0, 3.0]),
        "probe": pd.Series([100.0], index=[1]),
        "teacher": pd.Series([10.0, 20.0], [0, 2]),
    }
    found = speed.summed(times, {"linear": 0.5, "probe": 0.0, "teacher": 0.5})
    assert found.to_dict() == {0: 11.0, 2: 23.0}


def test_a_length_has_both_precisions_beside_their_floor(monkeypatch):
    """int8 takes 4 ms and fp32 8 at any length; a product of PRODUCT multiply-adds takes one millisecond, or two."""
    taken = {"int8": 0.004, "fp32": 0.008}
    monkeypatch.setattr(
        speed.floor, "product", lambda kind, threads: lambda given: {"int8": 0.001, "fp32": 0.002}[kind]
    )
    monkeypatch.setattr(speed.floor, "multiply_adds", lambda file, tokens: tokens * 1_000_000)
    monkeypatch.setattr(clock.Clock, "seconds", lambda self, call, given: call(given))
    twins = {kind: (lambda given, seconds=seconds: seconds) for kind, seconds in taken.items()}
    lengths, best = speed.at_lengths(twins, {8: ["a"], 64: ["b", "c"]}, "model.onnx", 2, clock.Clock(1), 1)
    assert list(lengths) == ["8", "64"]
    assert best == {
        "int8_gmacs": pytest.approx(speed.floor.PRODUCT / 1e6),
        "fp32_gmacs": pytest.approx(speed.floor.PRODUCT / 2e6),
    }
    under = 64e6 / speed.floor.PRODUCT
    assert lengths["64"] == pytest.approx({
        "int8_ms_p50": 4.0, "int8_ms_p95": 4.0, "int8_floor_ms": under, "fp32_ms_p50": 8.0, "fp32_ms_p95": 8.0,
        "fp32_floor_ms": 2 * under, "int8_to_fp32": 0.5, "int8_to_floor": 4.0 / under, "multiply_adds": 64_000_000,
    })  # fmt: skip
