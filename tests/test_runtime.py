"""The shipped classifier from Python: what it takes, what it gives, and that threads, neighbours and time change nothing."""

import gc
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from bundles import HEADS, WORDS, write_bundle, write_task

from decant import decision, runtime
from decant.errors import InputError
from decant.files import read_json, write_json
from decant.heads import probabilities
from stages import bundle as stage

TEXTS = [f"{one} {two} {three}" for one in WORDS for two in WORDS for three in WORDS]


@pytest.fixture
def folder(workspace):
    return write_bundle(workspace)


@pytest.fixture
def bundle(folder):
    return runtime.Bundle(folder)


def changed(folder, changes: dict) -> runtime.Bundle:
    record = read_json(folder / "decant.json")
    write_json(folder / "decant.json", record | changes)
    return runtime.Bundle(folder)


# --- what it takes: every way of asking, tests/shipped/test_texts.py has every wrong text --------------------------------


@pytest.mark.parametrize("method", ["logits", "predict", "predict_proba"])
def test_a_text_that_is_not_in_a_list_is_no_list_of_its_letters(bundle, method):
    with pytest.raises(InputError, match=r"texts: found str, expected a list of str; put one text in a list: \[text\]"):
        getattr(bundle, method)("abc")


@pytest.mark.parametrize("method", ["logits", "predict", "predict_proba"])
def test_what_is_no_text_is_named_by_its_position(bundle, method):
    with pytest.raises(InputError, match=r"texts\[1\]: found nan, expected str; leave the row out"):
        getattr(bundle, method)(["btc", math.nan])


def test_what_is_no_text_has_no_explanation(bundle):
    with pytest.raises(InputError, match=r"texts\[0\]: found bytes, expected str; decode it"):
        bundle.explain(b"btc")


def test_a_text_is_refused_from_one_character_over_what_the_bundle_records(folder):
    bundle = changed(folder, {"runtime": {"max_characters": 30, "long_texts": "cut", "overlap": 16}})
    assert bundle.predict(["btc" + " " * 27])[0]["answer"] == "crypto"
    with pytest.raises(InputError, match=r"texts\[0\]: 31 characters, this bundle takes 30 \(runtime.max_characters"):
        bundle.predict(["btc" + " " * 28])


def test_the_bundle_records_the_section_of_params(folder):
    assert read_json(folder / "decant.json")["runtime"] == {
        "max_characters": 20000, "long_texts": "cut", "overlap": 16,
    }  # fmt: skip


def test_a_bundle_of_before_opens_with_the_defaults(folder):
    record = read_json(folder / "decant.json")
    del record["runtime"]
    write_json(folder / "decant.json", record)
    bundle = runtime.Bundle(folder)
    assert bundle.predict(["hello " * 3333])[0]["answer"] == "clean"
    with pytest.raises(InputError, match="this bundle takes 20,000"):
        bundle.predict(["hello " * 3334])


# --- what it gives ----------------------------------------------------------------------------------------------------


def test_probabilities_have_a_row_per_text_and_a_column_per_class(bundle):
    found = bundle.predict_proba(TEXTS)
    assert bundle.classes_ == ["scam", "crypto", "clean"]
    np.testing.assert_array_equal(
        found, decision.scores(bundle.rule, HEADS, probabilities(bundle.logits(TEXTS), HEADS))
    )
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert found[TEXTS.index("btc btc btc")].argmax() == 1


@pytest.mark.parametrize("thresholds", [{"crypto": 0.5, "money": 0.1}, {"crypto": 0.99, "money": 0.99}])
def test_probabilities_of_a_threshold_rule_are_those_of_its_labels(folder, thresholds):
    bundle = changed(folder, {"decision": {"rule": "thresholds", "head": "topic"}, "thresholds": thresholds})
    assert bundle.classes_ == ["crypto", "money"]
    assert bundle.predict_proba(["btc"])[0] == pytest.approx([0.8808, 0.1192], abs=1e-4)


def test_nothing_in_nothing_out_in_the_same_shapes(bundle):
    assert bundle.predict([]) == []
    assert bundle.logits([]).shape == (0, 5)
    assert bundle.predict_proba([]).shape == (0, 3)


def test_a_series_of_numpy_texts_is_a_list_too(bundle):
    assert bundle.predict(np.array(["btc", "hello"])) == bundle.predict(["btc", "hello"])
    assert bundle.predict(text for text in ["btc"]) == bundle.predict(["btc"])


def test_the_words_that_moved_the_answer_add_up(bundle):
    """airdrop airdrop is a scam because of both; hello says nothing, and each has its place in the raw text."""
    text = "  airdrop\thello airdrop"
    found = bundle.explain(text)
    assert [word for word, *_ in found] == ["airdrop", "hello", "airdrop"]
    assert [text[start:end] for _, start, end, _ in found] == ["airdrop", "hello", "airdrop"]
    whole, without = bundle.predict_proba(["airdrop airdrop", "airdrop"])[:, 0]
    assert [effect for *_, effect in found] == pytest.approx([whole - without, 0, whole - without], abs=1e-6)


def test_words_of_chinese_and_japanese_are_their_characters(bundle):
    text = "btc涨了! キロ"
    assert [word for word, *_ in bundle.explain(text)] == ["btc", "涨", "了", "!", "キ", "ロ"]
    assert [text[start:end] for _, start, end, _ in bundle.explain(text)] == ["btc", "涨", "了", "!", "キ", "ロ"]


def test_what_speaks_against_the_answer_has_an_effect_below_zero(bundle):
    effects = {word: effect for word, _, _, effect in bundle.explain("btc airdrop")}
    assert bundle.predict(["btc airdrop"])[0]["answer"] == "crypto"
    assert effects["btc"] > 0 > effects["airdrop"]


def test_explained_is_the_answer_and_not_what_scores_most(folder):
    """scam has .88 and the threshold .9: the answer is clean, whose .1 falls without `hello` and rises without airdrop."""
    bundle = changed(folder, {})
    assert bundle.predict(["airdrop"])[0]["answer"] == "clean"
    assert bundle.predict_proba(["airdrop"])[0].argmax() == 0
    ((_, _, _, effect),) = bundle.explain("airdrop")
    assert effect < 0


@pytest.mark.parametrize(("thresholds", "column"), [((0.5, 0.01), 0), ((0.99, 0.01), 1), ((0.99, 0.99), 0)])
def test_of_several_answers_the_likeliest_is_explained_and_of_none_the_likeliest_class(folder, thresholds, column):
    rule = {"decision": {"rule": "thresholds", "head": "topic"}}
    bundle = changed(folder, rule | {"thresholds": dict(zip(["crypto", "money"], thresholds, strict=True))})
    whole, without = bundle.predict_proba(["btc", ""])[:, column]
    assert bundle.explain("btc")[0][3] == pytest.approx(whole - without, abs=1e-6)


def test_a_text_without_words_has_none_to_explain(bundle):
    assert bundle.explain(" \n") == []


def test_a_word_behind_the_cut_moves_nothing_and_costs_no_run(bundle):
    real, shapes = bundle.model._together, []
    bundle.model._together = lambda windows: shapes.append(len(windows)) or real(windows)
    found = bundle.explain("btc " * 40 + "hello " * 1000)
    assert len(found) == 1040
    assert {effect for *_, effect in found[46:]} == {0}
    assert sum(shapes) < 60


# --- what must not change it ------------------------------------------------------------------------------------------


def test_threads_that_share_a_bundle_get_the_answers_of_one(bundle):
    alone = bundle.predict(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: bundle.predict([text])[0], TEXTS * 3))
    assert found == alone * 3


def test_the_length_and_windows_of_a_shared_bundle_stay_as_they_are(folder):
    bundle = changed(folder, {"runtime": {"max_characters": 20000, "long_texts": "chunk", "overlap": 4}})
    long = ["hello " * 200 + word for word in WORDS]
    alone = bundle.logits(long)
    with ThreadPoolExecutor(8) as pool:
        found = np.concatenate(list(pool.map(lambda text: bundle.logits([text]), long * 5)))
    np.testing.assert_array_equal(found, np.tile(alone, (5, 1)))


def test_a_chunked_text_is_read_to_its_end(folder):
    text = "hello " * 100 + "airdrop " * 40
    cut = changed(folder, {})
    assert cut.predict([text])[0]["answer"] == "clean"
    chunked = changed(folder, {"runtime": {"max_characters": 20000, "long_texts": "chunk", "overlap": 16}})
    assert chunked.predict([text])[0]["answer"] == "scam"


def test_the_stage_proves_a_chunking_bundle_on_texts_of_several_windows(workspace):
    write_task(workspace, ["hello " * 100 + "airdrop"])
    params = workspace / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert "long_texts: cut  # at tokens" in text
    params.write_text(text.replace("long_texts: cut  # at tokens", "long_texts: chunk  # at tokens"), encoding="utf-8")
    stage.main("demo")
    bundle = runtime.Bundle(workspace / "models/demo/bundle")
    assert bundle.runtime["long_texts"] == "chunk"
    assert len(bundle.model.windows("hello " * 100)) > 1


def grown(call, calls: int) -> int:
    """Bytes that the process has grown by over so many calls, after a tenth of them."""
    process = psutil.Process()
    for number in range(calls // 10):
        call(number)
    gc.collect()
    before = process.memory_info().rss
    for number in range(calls):
        call(number)
    gc.collect()
    return process.memory_info().rss - before


MOST = 8_000_000  # bytes over 3,000 calls; python -m benchmarks.memory has 100,000


def test_memory_is_flat_over_calls(bundle):
    assert grown(lambda number: bundle.predict([f"{TEXTS[number % len(TEXTS)]} {number}"]), 3000) < MOST


def test_a_bundle_that_keeps_what_it_was_given_would_be_seen(bundle):
    kept = []
    leak = lambda number: kept.append(bytearray(40_000)) or bundle.predict([f"btc {number}"])  # noqa: E731
    assert grown(leak, 3000) > MOST
