"""The linear baseline of the toxicity notebook (system 003 of the references) is one setting of ours.

It takes word 1- to 3-grams that at least two rows and at most 95 % of them have, the 100,000 most frequent, sublinear, and
chooses among 72 candidates by the macro F1 of five folds: six values of C, three class weights, two penalties, and two of
max_iter. Those two are one: more iterations do not make another model of a fit that has converged, and one that has not
stops this stage. One of the three class weights was set by hand (1.2, 0.8, 1.2), between the other two. What is left are
24. Its vectorizer had seen the held-out rows; here it does not.
"""

from itertools import product

import numpy as np
import pytest
from graph import ROOT
from mini import YAML_SAFE, phrases

from decant.heads import layout
from decant.settings.params import read
from stages import baseline

# <task>.baseline in params.yaml; of its six values of C only the best are published, 1 and 2
REFERENCE = {
    "word_ngrams": [3],
    "char_ngrams": [0],
    "min_df": [2],
    "max_df": [0.95],
    "max_features": [100000],
    "strengths": [0.1, 0.5, 1.0, 2.0, 5.0, 10.0],
    "penalties": ["l1", "l2"],
    "class_weights": ["none", "balanced"],
    "resampling": ["none"],
    "select": "macro_f1",
    "folds": 5,
}
HEADS = layout({"sentiment": {"kind": "softmax", "labels": ["negative", "neutral", "positive"]}})
CUES = {"negative": "awful so awful", "neutral": "the bus", "positive": "lovely so lovely"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    tree = YAML_SAFE.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tree["toxicity"]["baseline"] = REFERENCE
    file = tmp_path_factory.mktemp("reference") / "params.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree, stream)
    return read("toxicity", file).baseline


@pytest.fixture(scope="module")
def fitted(settings):
    """Vectorizer and member on 240 tweets, of which two in three say what they are."""
    rng = np.random.default_rng(0)
    names = list(CUES)
    labels = rng.choice(3, size=240, p=[0.25, 0.4, 0.35])
    texts = [
        f"{text} {CUES[names[label]] if rng.random() < 0.67 else 'well'}"
        for text, label in zip(phrases(240, 1), labels, strict=True)
    ]
    targets = np.eye(3, dtype=np.float32)[labels]
    fold = baseline.folds(targets > 0, settings.folds, settings.seed, "toxicity")
    return baseline.text_member(texts, targets, HEADS, fold, settings, "toxicity.baseline")


def test_its_candidates_are_tried_and_ranked_by_macro_f1(settings, fitted):
    _, member = fitted
    table = baseline.table({"linear": member})
    tried = set(zip(table["C"], table["penalty"], table["class_weight"], strict=True))
    assert tried == set(product(REFERENCE["strengths"], ["l1", "l2"], ["none", "balanced"]))
    assert len(table) == len(tried) == 24
    best = table["macro_f1"].max()
    assert table.loc[table["chosen"], "macro_f1"].tolist() == [best]
    assert best > 0.6


def test_its_features_are_words_alone(fitted):
    tfidf, member = fitted
    assert list(tfidf.counters) == ["word"]
    terms = tfidf.counters["word"].vocabulary_
    assert {"awful", "so lovely", "awful so awful"} <= set(terms)
    assert member.weights.coef.shape == (len(terms), 3)
    assert member.out_of_fold.shape == (240, 3)
