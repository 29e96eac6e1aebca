"""The linear model of a bundle against scikit-learn, and what is refused."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from graph import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_bundles import TEXTS, write_linear
from sklearn.feature_extraction.text import CountVectorizer

from decant.errors import BundleError
from decant.shipped.linear import TERMS, WEIGHTS, Linear, characters, words
from decant.text import WORD

NASTY = st.text(st.sampled_from("ab Iİıßﬀ é\n\t\u3000\x1c中文🙂_-9'’\u200d"), max_size=30)


@pytest.mark.parametrize("longest", [1, 2, 3])
@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_words_are_those_of_scikit_learn(longest, text):
    theirs = CountVectorizer(ngram_range=(1, longest), token_pattern=WORD).build_analyzer()
    assert Counter(words(text.lower(), longest)) == Counter(theirs(text))


@pytest.mark.parametrize("longest", [2, 3, 5])
@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_characters_are_those_of_scikit_learn(longest, text):
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(2, longest)).build_analyzer()
    assert Counter(characters(text.lower(), longest)) == Counter(theirs(text))


@pytest.mark.parametrize(("word", "char"), [(1, 0), (2, 4), (0, 3)])
def test_logits_are_those_of_what_was_fitted(tmp_path, word, char):
    fitted = write_linear(tmp_path, word, char)
    texts = [*TEXTS, "", "nothing of that", "CLAIM claim claim", "airdrop" * 30]
    assert np.abs(Linear(tmp_path).logits(texts) - fitted(texts)).max() < 1e-5


def test_logits_do_not_hang_on_the_other_texts(tmp_path):
    write_linear(tmp_path)
    model = Linear(tmp_path)
    assert (model.logits(TEXTS) == np.concatenate([model.logits([text]) for text in TEXTS])).all()


def test_ids_are_the_places_of_terms(tmp_path):
    write_linear(tmp_path, 1, 0)
    terms = json.loads((tmp_path / TERMS).read_text())["word"]["terms"]
    assert Linear(tmp_path).ids("now now CLAIM unheard") == [terms.index("claim"), terms.index("now")]


def test_it_needs_numpy_alone(tmp_path):
    write_linear(tmp_path)
    code = (
        "import sys\n"
        "for name in ('sklearn', 'scipy', 'onnxruntime', 'tokenizers', 'torch', 'pandas', 'pydantic', 'ftfy'): sys.modules[name] = None\n"
        "from decant.shipped.linear import Linear\n"
        f"print(Linear({str(tmp_path)!r}).logits(['claim now']).shape)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "(1, 2)\n"


def without(key):
    return lambda told: told.pop(key)


@pytest.mark.bad_input
@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (without("intercept"), "'intercept'"),
        (lambda told: told["word"].pop("terms"), "'terms'"),
        (lambda told: told["word"]["terms"].append("more"), "has .* terms"),
        (lambda told: told["intercept"].append(0.0), "3 logits"),
        (lambda told: told.update(intercept=["x", "y"]), "could not convert"),
        (lambda told: told["word"].update(ngrams="two"), "invalid literal"),
        (lambda told: told["word"].update(terms=[["a"]]), "unhashable"),
        (lambda told: told.update(word=3), "not subscriptable"),
    ],
)
def test_terms_of_another_form_are_refused(tmp_path, break_it, words):
    write_linear(tmp_path)
    told = json.loads((tmp_path / TERMS).read_text())
    break_it(told)
    (tmp_path / TERMS).write_text(json.dumps(told))
    with pytest.raises(BundleError, match=words):
        Linear(tmp_path)


@pytest.mark.bad_input
def test_weights_that_claim_more_than_the_file_holds_are_refused_before_memory_is_taken(tmp_path):
    write_linear(tmp_path)
    content = (tmp_path / WEIGHTS).read_bytes()
    shape = content[content.index(b"'shape'") : content.index(b"}")]
    (tmp_path / WEIGHTS).write_bytes(content.replace(shape, b"'shape': (9999999999999, 3), ".ljust(len(shape))))
    with pytest.raises(BundleError, match=WEIGHTS):
        Linear(tmp_path)


@pytest.mark.bad_input
@pytest.mark.parametrize("content", [b"", b"no numpy", np.lib.format.MAGIC_PREFIX])
def test_weights_that_are_no_array_are_refused(tmp_path, content):
    write_linear(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(content)
    with pytest.raises(BundleError, match=WEIGHTS):
        Linear(tmp_path)


@pytest.mark.bad_input
def test_pickled_objects_are_refused(tmp_path):
    write_linear(tmp_path)
    with open(tmp_path / WEIGHTS, "wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError, match=WEIGHTS):
        Linear(tmp_path)
